"""Workspaces for stages and editors: real folders, and edits carried out in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import Editor, FileEdit
from mission_fsm.testing.context import StageProbe
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from stages.editors.patch import Patch
from stages.editors.replace import Replace
from stages.editors.write import Write

Files = Mapping[str, str | bytes]
MakeWorkspace = Callable[[Files], Path]
RunEditor = Callable[..., tuple[FileEdit, ...]]


@pytest.fixture
def make_workspace(tmp_path: Path) -> MakeWorkspace:
    """Makes the workspace folder, with these files."""

    def make(files: Files) -> Path:
        folder = tmp_path / "workspace"
        folder.mkdir()
        for path, content in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return make


@pytest.fixture
def make_probe(tmp_path: Path) -> Callable[..., StageProbe]:
    """Makes a probe over a workspace, with the built-in editors."""

    def make(folder: Path, **situation: Any) -> StageProbe:
        editors: dict[str, Editor] = {"patch": Patch(), "replace": Replace(), "write": Write()}
        return StageProbe(folder=folder, scratches=tmp_path, editors=editors, **situation)

    return make


@pytest.fixture
def run_editor(tmp_path: Path) -> RunEditor:
    """Runs an editor on a workspace, in a fresh scratch folder."""
    runs = iter(range(1000))

    def run(editor: Editor, folder: Path, options: object) -> tuple[FileEdit, ...]:
        scratch = tmp_path / f"scratch{next(runs)}"
        scratch.mkdir()
        with Root(folder) as root:
            return editor.edit(options, Reader(root), scratch)

    return run


@pytest.fixture
def carry_out() -> Callable[[Path, Iterable[FileEdit]], None]:
    """Writes the post-images: what goes first, so that a file can take the place of a folder."""

    def write(folder: Path, edits: Iterable[FileEdit]) -> None:
        for edit in sorted(edits, key=lambda edit: edit.content is not None):
            place = folder / edit.path
            if edit.content is None or edit.link_target is not None or place.is_symlink():
                place.unlink(missing_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            if edit.link_target is not None:
                place.symlink_to(edit.link_target)
            elif edit.content is not None:
                place.write_bytes(edit.content)
                if edit.mode is not None:
                    place.chmod(edit.mode)
        for below in sorted(folder.rglob("*"), reverse=True):
            if below.is_dir() and not below.is_symlink() and not any(below.iterdir()):
                below.rmdir()

    return write
