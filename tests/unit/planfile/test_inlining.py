"""Files that a plan points at: read exactly, from the plan's folder only, and within bounds."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.errors import Problem
from mission_fsm.planfile import inlining
from mission_fsm.planfile.load import LoadedPlan
from mission_fsm.planfile.options import step_options
from mission_fsm.registry import Registry
from mission_fsm.stage import InlinedFile

Load = Callable[..., LoadedPlan]
Problems = Callable[..., list[Problem]]


def document(file: object) -> dict[str, Any]:
    """A plan whose one step takes a file."""
    step = {"step_id": "a", "description": "Run it", "with": {"run": ["cat"], "input": file}}
    return {"version": 1, "goal": "g", "steps": [step]}


@pytest.fixture
def inlined(load: Load, registry: Registry) -> Callable[[object], InlinedFile]:
    """What a file in a plan comes to, at run time."""

    def inlined(file: object) -> InlinedFile:
        [step] = load(document(file)).plan.steps
        found = step_options(step, registry).options.input
        assert isinstance(found, InlinedFile)
        return found

    return inlined


Inlined = Callable[[object], InlinedFile]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text\n",
        b"no break",
        b"one\r\ntwo\r\n",
        b"\xef\xbb\xbfmark",
        b"\xff\xfe\x00bin",
        "gr\u00f6\u00dfe\n".encode(),
        b"\0",
    ],
)
def test_a_file_is_inlined_byte_for_byte(inlined: Inlined, folder: Path, content: bytes) -> None:
    (folder / "in.txt").write_bytes(content)
    found = inlined("in.txt")
    assert found.content == content
    assert found.name == "in.txt"


def test_bytes_that_are_no_text_are_kept_as_base64(inlined: Inlined, folder: Path) -> None:
    (folder / "in.bin").write_bytes(b"\xff\x00")
    assert inlined("in.bin") == InlinedFile("in.bin", None, "/wA=")


def test_a_file_in_a_folder_below_the_plan_is_read_also_through_a_link_that_stays_there(
    inlined: Inlined, folder: Path
) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "in.txt").write_text("deep")
    (folder / "link.txt").symlink_to("deep/in.txt")
    (folder / "linked").symlink_to("deep")
    assert [inlined(path).content for path in ("deep/in.txt", "./deep/in.txt", "link.txt", "linked/in.txt")] == [
        b"deep"
    ] * 4


def test_text_with_a_line_break_is_the_content_itself(inlined: Inlined) -> None:
    assert inlined("one\r\ntwo\n") == InlinedFile(text="one\r\ntwo\n")


@pytest.mark.parametrize(
    ("given", "content", "name"),
    [
        ({"text": "no break"}, b"no break", ""),
        ({"text": ""}, b"", ""),
        ({"text": "a", "name": "x"}, b"a", "x"),
        ({"base64": "/wA="}, b"\xff\x00", ""),
        ({"text": None, "base64": base64.b64encode(b"text").decode()}, b"text", ""),
    ],
)
def test_a_mapping_holds_the_content_where_it_is_not_told_from_a_path(
    inlined: Inlined, given: object, content: bytes, name: str
) -> None:
    found = inlined(given)
    assert (found.content, found.name) == (content, name)


def test_changing_the_file_changes_the_digest_and_renaming_the_plan_does_not(load: Load, folder: Path) -> None:
    (folder / "in.txt").write_text("one")
    digest = load(document("in.txt")).plan.digest
    assert load(document("in.txt")).plan.digest == digest
    (folder / "in.txt").write_text("two")
    assert load(document("in.txt")).plan.digest != digest


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("missing.txt", "there is no file 'missing.txt' in the plan's folder"),
        ("some words", "text that is not a path needs a line break, or {text: ...}"),
        ("", "found an empty text"),
        ("/etc/passwd", "is absolute"),
        ("../secret.txt", "leads out of the plan's folder by .."),
        ("deep/../../secret.txt", "leads out of the plan's folder by .."),
        ("deep", "is a folder, and a file is expected"),
        (".", "is a folder, and a file is expected"),
        ("outside.txt", "leads out of the plan's folder through a symbolic link"),
        ("outside/secret.txt", "leads out of the plan's folder through a symbolic link"),
        ("loop", "cannot be read"),
        ("pipe", "is not a regular file"),
        ("x" * 300, "cannot be read"),
        ("in.txt/more", "cannot be read"),
        (5, "expected a path relative to the plan's folder, or text of more than one line, found 5"),
        (["in.txt"], "found a list"),
        ({}, "expected either text or base64"),
        ({"text": "a", "base64": "YQ=="}, "expected either text or base64"),
        ({"txet": "a"}, "unknown key 'txet': did you mean 'text'?"),
        ({"text": 5}, "expected text, found 5"),
        ({"base64": "*"}, "expected the base64 encoding"),
    ],
)
def test_what_is_no_file_of_the_plan_is_told_in_its_place(
    problems: Problems, folder: Path, file: object, message: str
) -> None:
    (folder / "deep").mkdir()
    (folder / "in.txt").write_text("x")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "outside.txt").symlink_to("../secret.txt")
    (folder / "outside").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    [problem] = problems(document(file))
    assert problem.place == "steps[0].with.input"
    assert message in problem.message


def test_the_plan_may_lie_anywhere_else_than_the_workspace(load: Load, folder: Path, tmp_path: Path) -> None:
    (folder / "in.txt").write_text("beside the plan")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "in.txt").write_text("in the workspace")
    [step] = load(document("in.txt"), workspace=workspace).plan.steps
    assert step.options["input"] == {"name": "in.txt", "text": "beside the plan", "base64": None}


def test_all_files_together_are_bounded(
    problems: Problems, load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlining, "MAX_INLINED_BYTES", 1024 * 1024)
    (folder / "half.txt").write_bytes(b"x" * (512 * 1024))
    half = document("half.txt")["steps"][0]
    whole: dict[str, Any] = {"version": 1, "goal": "g", "steps": [half, {**half, "step_id": "b"}]}
    assert len(load(whole).plan.steps) == 2
    for last in ("half.txt", "a\nb", {"text": "a"}):
        more = {**half, "step_id": "c", "with": {"run": ["cat"], "input": last}}
        [problem] = problems({**whole, "steps": [*whole["steps"], more]})
        assert problem.place == "steps[2].with.input"
        assert "may hold 1 MiB together" in problem.message


def test_a_file_larger_than_the_bound_is_not_read_to_its_end(problems: Problems, folder: Path) -> None:
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(10 * 1024**4)
    [problem] = problems(document("huge.txt"))
    assert "may hold 64 MiB together" in problem.message
