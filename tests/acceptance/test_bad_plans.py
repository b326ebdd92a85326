"""Plans that cannot be used are refused with a sentence, before anything is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk

STEP = {"step_id": "a", "description": "Modify it", "with": {"write": [{"path": "a.txt", "content": "a"}]}}


def _plan(*steps: object, **more: object) -> bytes:
    return json.dumps({"version": 1, "goal": "g", "steps": list(steps) or [STEP], **more}).encode()


def _writes(path: str) -> dict[str, object]:
    return {**STEP, "with": {"write": [{"path": path, "content": "a"}]}}


def _patches(text: str) -> dict[str, object]:
    return {**STEP, "with": {"patch": text}}


BAD: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("empty",)),
    "not text": (b"\xff\xfe\x00", ("UTF-8",)),
    "not JSON": (b'{\n  "version": 1,\n  goal}', ("line 3",)),
    "wrong type": (_plan(STEP, goal=["x"]), ("goal", "expected text")),
    "unknown key": (_plan(STEP, gaol="x"), ("unknown key 'gaol'", "did you mean 'goal'")),
    "unknown option": (_plan({**STEP, "with": {"wriet": []}}), ("steps[0].with", "'wriet'")),
    "unknown stage": (_plan({**STEP, "stage": "deploy"}), ("steps[0].stage", "'deploy'")),
    "maps to nothing": (_plan({**STEP, "description": "Hello there"}), ("steps[0].description", "stage:")),
    "duplicate ids": (_plan(STEP, STEP), ("steps[1].step_id", "'a'")),
    "no steps": (_plan(steps=[]), ("steps", "1 to")),
    "malformed patch": (_plan(_patches("@@ what is this\n")), ("steps[0].with.patch",)),
    "outside the scope": (_plan(STEP, scope_contract={"paths": ["src/**"]}), ("a.txt", "scope")),
    "patch outside the scope": (
        _plan(_patches("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"), scope_contract={"paths": ["src/**"]}),
        ("x", "scope"),
    ),
    "traversal": (_plan(_writes("../out.txt")), ("..", "out.txt")),
    "traversal by patch": (_plan(_patches("--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n")), ("..",)),
    "absolute path": (_plan(_writes("/etc/passwd")), ("/etc/passwd",)),
    "symbolic link": (_plan(_writes("link/out.txt")), ("link", "symbolic link")),
    "git folder": (_plan(_writes(".git/hooks/pre-commit")), (".git",)),
}


@pytest.mark.parametrize("what", BAD)
def test_a_plan_that_cannot_be_used_says_what_is_wrong_and_where(desk: Desk, what: str) -> None:
    content, words = BAD[what]
    outside = desk.folder / "outside"
    outside.mkdir()
    (desk.workspace / "link").symlink_to(outside)
    plan = desk.plans / "bad.json"
    plan.write_bytes(content)
    with desk.untouched():
        done = desk.run("run", plan, "--approve", "--grant", "all")
    assert done.status == 2
    assert all(word in done.err for word in ("bad.json", *words)), done.err
    assert not desk.home.exists()
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "word"), [("folder.json", "folder"), ("none.json", "not there"), ("plan.txt", ".txt")]
)
def test_what_is_no_plan_file_is_named(desk: Desk, name: str, word: str) -> None:
    (desk.plans / "folder.json").mkdir()
    (desk.plans / "plan.txt").write_bytes(_plan())
    done = desk.run("run", desk.plans / name)
    assert done.status == 2
    assert word in done.err
    assert not desk.home.exists()


def test_check_tells_every_problem_at_once_for_people_and_for_scripts(desk: Desk) -> None:
    plan = desk.plans / "bad.yaml"
    plan.write_text("version: 1\ngoal: 5\nsteps:\n  - step_id: a\n    description: Hello there\n    tiemout: 3\n")
    done = desk.run("check", plan, "--json")
    assert done.status == 2
    error: Any = done.json["error"]
    assert error["kind"] == "invalid_plan"
    assert {problem["line"] for problem in error["problems"]} == {2, 5, 6}
    assert all(problem["message"] in done.err for problem in error["problems"])


def test_check_shows_the_word_that_decided_each_stage_and_the_digest(desk: Desk) -> None:
    plan = desk.four_steps
    told = desk.run("check", plan, "--json").json
    assert [(step["step_id"], step["stage"], step["word"]) for step in told["steps"]] == [
        ("find", "retrieve", "Research"),
        ("fix", "edit", "Modify"),
        ("check", "test", "Run"),
        ("note", "edit", "Write"),
    ]
    shown = desk.run("check", plan, "--full")
    assert shown.status == 0
    for word in ("'Research'", told["plan_digest"], "Dear", "docs/CHANGES"):
        assert word in shown.out
    assert desk.run("run", plan, "--json").json["plan_digest"] == told["plan_digest"]


def test_a_command_line_that_makes_no_sense_is_told_as_such(desk: Desk) -> None:
    for arguments in (("run", "--wrong"), ("rollback", "a", "b", "c"), ("run", desk.four_steps, "--grant", "fly")):
        done = desk.run(*arguments, "--json")
        assert done.status == 2
        assert done.json["error"]["message"] in done.err
    assert not desk.home.exists()
