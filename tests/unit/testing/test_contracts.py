"""The contracts for plugin authors find what is wrong: each broken promise fails the test that is about it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, frozen

from mission_fsm.stage import (
    Completed,
    EditFailed,
    Editor,
    FileEdit,
    NoOptions,
    Outcome,
    ProposeChange,
    Retrieved,
    RunCommand,
    Stage,
    StageContext,
    Tool,
    WorkspaceReader,
    option,
)
from mission_fsm.testing.context import StageProbe
from mission_fsm.testing.editor_contract import EditCase, EditorContract
from mission_fsm.testing.stage_contract import StageContract


def stage_that(run: Callable[[StageContext], Any], **declared: Any) -> type[Stage]:
    """A stage class that runs so, and declares these."""

    class Made(Stage):
        name = "made"

        def run(self, context: StageContext) -> Outcome:
            answer: Outcome = run(context)
            return answer

    for attribute, value in declared.items():
        setattr(Made, attribute, value)
    return Made


def contract_of(made: type[Stage]) -> StageContract:
    """The contract, with one situation."""

    class Contract(StageContract):
        stage = made

        def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
            folder = tmp_path / "workspace"
            folder.mkdir()
            return [StageProbe(folder=folder, scratches=tmp_path)]

    return Contract()


def done(_: StageContext) -> Outcome:
    return Completed("done")


def _write(context: StageContext) -> Outcome:
    (context.workspace.root / "written").write_text("x")
    return Completed("done")


@define
class Thawed:
    """Options that can be changed."""

    text: str = option("A sentence.", default="")


@frozen
class Unsaid:
    """Options that nobody explains."""

    text: str = ""


CHANGE = ProposeChange((FileEdit("a", b""),), "change")
counter = iter(range(100))


@pytest.mark.parametrize(
    ("made", "test"),
    [
        (stage_that(done, name="Two Words"), "test_its_name_can_stand_in_a_plan"),
        (stage_that(done, words=("deploy", "deploy")), "test_its_words_are_verbs_in_lower_case_each_given_once"),
        (stage_that(done, words=("Deploys!",)), "test_its_words_are_verbs_in_lower_case_each_given_once"),
        (stage_that(done, options=Thawed), "test_its_options_are_frozen_and_each_has_a_sentence"),
        (stage_that(done, options=Unsaid), "test_its_options_are_frozen_and_each_has_a_sentence"),
        (stage_that(lambda _: "done"), "test_it_answers_with_an_outcome"),
        (stage_that(lambda _: Completed(str(next(counter)))), "test_it_answers_the_same_when_it_is_run_again"),
        (stage_that(_write), "test_it_writes_nothing_in_the_workspace"),
        (stage_that(lambda _: CHANGE), "test_it_asks_only_for_what_it_touches"),
        (stage_that(lambda _: RunCommand(("x",))), "test_it_asks_only_for_what_it_touches"),
        (stage_that(lambda _: Completed("done", {"x": (1,)})), "test_what_goes_on_record_is_json"),
        (stage_that(lambda _: Completed(" ")), "test_what_a_person_reads_says_something"),
        (stage_that(lambda _: ProposeChange((), "x")), "test_its_requests_are_whole"),
        (stage_that(lambda _: ProposeChange(CHANGE.files * 2, "x")), "test_its_requests_are_whole"),
        (stage_that(lambda _: RunCommand(())), "test_its_requests_are_whole"),
    ],
)
def test_a_broken_stage_fails_the_test_that_is_about_it(made: type[Stage], test: str, tmp_path: Path) -> None:
    check = getattr(contract_of(made), test)
    with pytest.raises(AssertionError):
        check(tmp_path) if "tmp_path" in check.__code__.co_varnames else check()


def test_a_result_that_is_not_json_is_found(tmp_path: Path) -> None:
    made = stage_that(lambda _: Retrieved(0, "nothing", b"{"), touches=frozenset({Tool.READ}))
    with pytest.raises(ValueError, match="Expecting"):
        contract_of(made).test_what_goes_on_record_is_json(tmp_path)


PEEKING = """
from mission_fsm.core.plan import Step
from mission_fsm.stage import Completed, Stage

class Peeking(Stage):
    name = "peeking"
    def run(self, context):
        return Completed("done")
"""


def test_an_import_from_behind_the_api_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contract_of(stage_that(done)).test_it_imports_nothing_of_the_project_but_the_plugin_api()
    (tmp_path / "peeking_plugin.py").write_text(PEEKING)
    monkeypatch.syspath_prepend(tmp_path)
    peeking = importlib.import_module("peeking_plugin").Peeking
    with pytest.raises(AssertionError, match=r"found \['mission_fsm\.core\.plan'\]"):
        contract_of(peeking).test_it_imports_nothing_of_the_project_but_the_plugin_api()


def editor_contract(edit: Callable[[WorkspaceReader], tuple[FileEdit, ...]], paths: tuple[str, ...]) -> EditorContract:
    """The contract, with an editor that edits so, and one case that is to succeed and one that is to fail."""

    class Made(Editor):
        name = "made"
        options = NoOptions

        def edit(self, options: Any, workspace: WorkspaceReader, scratch: Path) -> tuple[FileEdit, ...]:
            if workspace.root.name == "failing":
                raise EditFailed("it cannot be done")
            return edit(workspace)

        def paths(self, options: Any) -> tuple[str, ...]:
            return paths

    class Contract(EditorContract):
        editor = Made

        def cases(self, tmp_path: Path) -> Sequence[EditCase]:
            folders = [tmp_path / "workspace", tmp_path / "failing"]
            for folder in folders:
                folder.mkdir()
            return [EditCase(folders[0], NoOptions()), EditCase(folders[1], NoOptions(), fails=True)]

    return Contract()


ONE = (FileEdit("a", b""),)


@pytest.mark.parametrize(
    ("edit", "paths", "test"),
    [
        (lambda _: ONE, ("b",), "test_it_touches_no_path_that_it_did_not_name"),
        (lambda _: (FileEdit("../a", b""),), ("../a",), "test_its_post_images_are_of_files_in_the_workspace"),
        (lambda _: ONE * 2, ("a",), "test_its_post_images_are_of_files_in_the_workspace"),
        (lambda _: (FileEdit("a", b"", 0o4755),), ("a",), "test_its_post_images_are_of_files_in_the_workspace"),
        (lambda _: (FileEdit(str(next(counter)), b""),), ("a",), "test_it_makes_the_same_of_the_same"),
        (
            lambda workspace: (workspace.root / "a").write_text("x") and ONE,
            ("a",),
            "test_it_writes_nothing_in_the_workspace",
        ),
    ],
)
def test_a_broken_editor_fails_the_test_that_is_about_it(
    edit: Callable[[WorkspaceReader], Any], paths: tuple[str, ...], test: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError):
        getattr(editor_contract(edit, paths), test)(tmp_path)


def test_an_editor_that_keeps_its_promises_passes(tmp_path: Path) -> None:
    contract = editor_contract(lambda _: ONE, ("a",))
    tests = [name for name in dir(EditorContract) if name.startswith("test_")]
    for at, name in enumerate(tests):
        fresh = tmp_path / str(at)
        fresh.mkdir()
        test = getattr(contract, name)
        test(fresh) if "tmp_path" in test.__code__.co_varnames else test()
