"""A command of a plan runs in a sandbox, or it is said that it does not; where one is required, it does not run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mission_fsm.workspace.sandbox import lacking
from tests.acceptance.desk import Desk, Step, python

contained = pytest.mark.skipif(lacking("auto") is not None, reason=str(lacking("auto")))

LOOK = "import os; print(os.path.exists({home!r})); open('made', 'w')"


def _step(desk: Desk, sandbox: str, **options: object) -> Step:
    code = LOOK.format(home=str(desk.home / "journal.db"))
    return {
        "step_id": "check",
        "description": "Run the tests",
        "with": {"run": python(code), "sandbox": sandbox, **options},
    }


def _completed(desk: Desk) -> dict[str, Any]:
    told = [json.loads(line) for line in desk.run("log", "--json").out.splitlines()]
    [completed] = [entry["data"] for entry in told if entry["type"] == "test_completed"]
    return dict(completed)


@contained
def test_a_command_sees_nothing_of_the_home_and_the_record_says_that_it_was_contained(desk: Desk) -> None:
    done = desk.run("run", desk.plan(_step(desk, "required")), "--approve")
    assert done.status == 0
    assert (desk.home / "journal.db").exists()
    assert desk.run("output").out == "False\n"
    assert "not in a sandbox" not in done.err + desk.run("show").out + desk.run("log").out
    assert _completed(desk)["sandbox"] == "bubblewrap"
    assert desk.run("verify").status == desk.run("replay").status == 0


def test_where_there_is_none_one_that_is_required_fails_closed_in_a_sentence(desk: Desk) -> None:
    empty = desk.folder / "empty"
    empty.mkdir()
    done = desk.run("run", desk.plan(_step(desk, "required")), "--approve", env={"PATH": str(empty)})
    assert done.status == 5
    assert "the plan has `sandbox: required`, and there is none: " in done.out
    assert not (desk.workspace / "made").exists()


def test_where_there_is_none_a_command_runs_and_that_is_said_once_a_run_and_on_record(desk: Desk) -> None:
    empty = desk.folder / "empty"
    empty.mkdir()
    steps = [{**_step(desk, "auto"), "step_id": step_id} for step_id in ("one", "two")]
    done = desk.run("run", desk.plan(*steps), "--approve", env={"PATH": str(empty)})
    assert done.status == 0
    assert (desk.workspace / "made").exists()
    assert done.err.count("not in a sandbox: ") == 1
    assert "its last command ran not in a sandbox: " in desk.run("show").out
    assert desk.run("log").out.count("not in a sandbox: ") == 2


def test_whoever_approves_sees_in_what_a_command_is_to_run(desk: Desk) -> None:
    plan = desk.plan(_step(desk, "required", network=True))
    shown = desk.run("check", plan, "--full").out
    assert 'sandbox: "required"' in shown
    assert "network: true" in shown
