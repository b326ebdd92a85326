"""The contract of an editor, as tests: the author of a plugin inherits them, and adds the cases to try."""

# ruff: noqa: S101 - asserting is what a contract is for

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from attrs import frozen

from mission_fsm.core.outcomes import FileEdit
from mission_fsm.core.paths import problem_with_path
from mission_fsm.core.replies import CommandSpec
from mission_fsm.errors import EditFailed
from mission_fsm.registry import Registry
from mission_fsm.runner.running import OUTPUT_CAP_BYTES
from mission_fsm.stage import Editor, ProgramEditor
from mission_fsm.testing.folders import contents
from mission_fsm.workspace.isolated import run_isolated
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader


@frozen
class EditCase:
    """A workspace's folder and the editor's options. fails: whether `paths` or `edit` is to raise EditFailed."""

    folder: Path
    options: Any
    fails: bool = False


class EditorContract:
    """Inherit it under a name that pytest collects, and say which editor is meant and what it is given:

    class TestSort(EditorContract):
        editor = SortLines

        def cases(self, tmp_path):
            folder = tmp_path / "workspace"
            folder.mkdir()
            (folder / "words.txt").write_text("b\\na\\n")
            return [EditCase(folder, SortOptions("words.txt")), EditCase(folder, SortOptions("none"), fails=True)]
    """

    editor: ClassVar[type[Editor]]

    def cases(self, tmp_path: Path) -> Sequence[EditCase]:
        """What the editor is given: over fresh folders below `tmp_path`; at least one that fails and one that not."""
        raise NotImplementedError

    def test_a_registry_takes_it(self) -> None:
        """Its name and options are of the kinds that a registry asks for."""
        assert Registry.of(editors=[self.editor]).editor_names() == (self.editor.name,)

    def test_its_name_can_stand_in_a_plan(self) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", self.editor.name), f"{self.editor.name!r} is not a lower-case word"

    def test_the_cases_say_how_it_succeeds_and_how_it_fails(self, tmp_path: Path) -> None:
        assert {case.fails for case in self.cases(tmp_path)} == {True, False}
        for at, case in enumerate(self.cases(_fresh(tmp_path, "again"))):
            assert (self._edit(case, tmp_path / f"scratch{at}") is None) == case.fails

    def test_it_makes_the_same_of_the_same(self, tmp_path: Path) -> None:
        for at, case in enumerate(self.cases(tmp_path)):
            first = self._edit(case, tmp_path / f"scratch{at}")
            assert self._edit(case, tmp_path / f"scratch{at}-again") == first

    def test_it_writes_nothing_in_the_workspace(self, tmp_path: Path) -> None:
        for at, case in enumerate(self.cases(tmp_path)):
            before = contents(case.folder)
            self._edit(case, tmp_path / f"scratch{at}")
            assert contents(case.folder) == before

    def test_its_post_images_are_of_files_in_the_workspace(self, tmp_path: Path) -> None:
        for at, case in enumerate(self.cases(tmp_path)):
            edits = self._edit(case, tmp_path / f"scratch{at}") or ()
            assert [problem for edit in edits if (problem := problem_with_path(edit.path))] == []
            assert len({edit.path for edit in edits}) == len(edits), "a path is given twice"
            assert all(edit.mode is None or 0 <= edit.mode <= 0o777 for edit in edits)

    def test_it_touches_no_path_that_it_did_not_name(self, tmp_path: Path) -> None:
        """What `paths` says before approval is held against the scope contract."""
        for at, case in enumerate(self.cases(tmp_path)):
            edits = self._edit(case, tmp_path / f"scratch{at}")
            if edits is None:
                continue
            named = self.editor().paths(case.options)
            assert named is None or {edit.path for edit in edits} <= set(named)

    def _edit(self, case: EditCase, scratch: Path) -> tuple[FileEdit, ...] | None:
        """What it makes of the case, or None where it fails."""
        scratch.mkdir()
        editor = self.editor()
        with Root(case.folder) as root:
            try:
                editor.paths(case.options)
                if isinstance(editor, ProgramEditor):
                    return _run(editor, case.options, root, scratch)
                return editor.edit(case.options, Reader(root), scratch)
            except EditFailed as error:
                why = str(error)
        assert why.strip(), "it fails without saying why"
        return None


def _run(editor: ProgramEditor, options: Any, root: Root, scratch: Path) -> tuple[FileEdit, ...]:
    """What it makes of what its program does, which is run as in a mission, but for what a mission tells it."""
    asked = editor.program(options)
    spec = CommandSpec(
        asked.argv,
        asked.cwd,
        asked.env,
        asked.timeout_s,
        isolated=True,
        sandbox=asked.sandbox,
        network=asked.network,
    )
    ran = run_isolated(spec, root=root, places=[scratch], purpose="contract", cap_bytes=OUTPUT_CAP_BYTES)
    return editor.made(options, ran.result)


def _fresh(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made
