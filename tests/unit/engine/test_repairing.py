"""A repair that fails for good, on real files: what it changed stays, or is taken back as the plan says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, Mission, State
from mission_fsm.core.events import ApprovalRequested, CheckpointRestored
from mission_fsm.errors import GuardRefused
from mission_fsm.testing.folders import contents

Steps = dict[str, dict[str, Any]]
Approved = Callable[..., str]

NOTE = {"step_id": "note", "description": "Write a note", "with": {"write": [{"path": "note.txt", "content": "note"}]}}
# Each of these changes a file and makes another, and neither mends the fault.
TRIES = [
    {
        "write": [
            {"path": "double.py", "content": f"def double(n):\n    return {wrong}\n"},
            {"path": f"new/{wrong}.txt", "content": "made by a repair\n", "mode": "600"},
        ]
    }
    for wrong in ("str", "None")
]
# What it prints tells each of the faults from the others.
CHECK = {
    "run": [sys.executable, "-B", "-c", "from double import double; assert double(2) == 4, f'it is {double(2)}'"],
}


def mend(**options: Any) -> dict[str, Any]:
    """A repair with two tries."""
    return {"step_id": "mend", "description": "Repair double", "with": {"tries": TRIES, **options}}


def in_turn(engine: Engine, approved: Approved, **options: Any) -> Mission:
    """A note is written, and then a repair has its turn, and fails."""
    return engine.run(approved(NOTE, mend(**CHECK, **options), grants=("edit:**", "repair:**")))


def in_place(engine: Engine, approved: Approved, **options: Any) -> Mission:
    """A note is written, a check fails, and its repair fails too."""
    check = {"step_id": "check", "description": "Run the check", "with": CHECK}
    mission_id = approved(NOTE, check, mend(repairs="check", **options), grants=("edit:**", "repair:**"))
    assert engine.run(mission_id).state is State.FAILED
    engine.repair(mission_id)
    return engine.run(mission_id)


Fail = Callable[..., Mission]
loops = pytest.mark.parametrize("fail", [in_turn, in_place])


@loops
def test_what_it_changed_is_taken_back_and_what_is_older_stays(
    engine: Engine, workspace: Path, approved: Approved, fail: Fail
) -> None:
    before = {**contents(workspace)}
    mission = fail(engine, approved, on_exhausted="rollback")
    assert (mission.state, mission.pause_reason, mission.cursor) == (State.PAUSED, "rolled_back", 1)
    (workspace / "note.txt").rename(workspace.parent / "note.txt")
    assert contents(workspace) == before
    (workspace.parent / "note.txt").rename(workspace / "note.txt")
    assert [edit.undone_by is None for edit in mission.edits] == [True, False, False, True]
    engine.verify(mission.mission_id)
    engine.checked_replay(mission.mission_id)


@loops
def test_the_failure_stays_on_record_and_the_rollback_says_that_the_plan_asked_for_it(
    engine: Engine, workspace: Path, approved: Approved, fail: Fail
) -> None:
    mission = fail(engine, approved, on_exhausted="rollback")
    entries = list(engine.events(mission.mission_id))
    assert [entry.type for entry in entries[-4:]] == [
        "failure_detected",
        "execution_paused",
        "checkpoint_secured",
        "checkpoint_restored",
    ]
    restored = entries[-1].event
    assert isinstance(restored, CheckpointRestored)
    assert (restored.by, restored.means) == (mission.decided_by, "plan")
    asked = [entry.event for entry in entries if isinstance(entry.event, ApprovalRequested)]
    assert {request.kind for request in asked} == {"plan", "diff"}, "nobody is asked about the rollback"


def test_it_can_be_undone_and_run_again(engine: Engine, workspace: Path, approved: Approved) -> None:
    mission = in_turn(engine, approved, on_exhausted="rollback")
    engine.rollback(mission.mission_id, mission.edits[-1].checkpoint_id)
    assert (workspace / "new/None.txt").stat().st_mode & 0o777 == 0o600
    assert (workspace / "double.py").read_text() == "def double(n):\n    return None\n"
    engine.rollback(mission.mission_id, mission.edits[1].checkpoint_id)
    assert not (workspace / "new").exists()
    again = engine.run(mission.mission_id)
    assert (again.state, again.pause_reason, again.attempts(1)) == (State.PAUSED, "rolled_back", 2)
    engine.checked_replay(mission.mission_id)


@loops
def test_without_a_word_in_the_plan_all_of_it_stays(
    engine: Engine, workspace: Path, approved: Approved, fail: Fail
) -> None:
    mission = fail(engine, approved)
    assert (mission.state, mission.rollback_due) == (State.FAILED, None)
    assert (workspace / "new/str.txt").exists()
    assert (workspace / "new/None.txt").exists()


def test_an_edit_that_does_not_fit_ends_a_loop_that_is_then_taken_back(
    engine: Engine, workspace: Path, approved: Approved
) -> None:
    """As a loop ends whose tries are used up, so does one whose last try cannot be made."""
    before = contents(workspace)
    unfit = {"replace": [{"path": "double.py", "search": "triple", "replace": "double"}]}
    step = {
        "step_id": "mend",
        "description": "Repair double",
        "with": {"tries": [TRIES[0], unfit], **CHECK, "on_exhausted": "rollback"},
    }
    assert engine.run(approved(step, grants=("repair:**",))).pause_reason == "rolled_back"
    assert contents(workspace) == before


# --- when files stand in the way


@pytest.fixture
def in_the_way(engine: Engine, workspace: Path, approved: Approved) -> Mission:
    """A failed repair that could not be taken back, because somebody had changed a file of it meanwhile."""

    def change(entry: Any, _: Mission) -> None:
        if entry.type == "failure_detected":
            (workspace / "double.py").write_text("mine\n")

    stop_telling = engine.subscribe(change)
    mission = in_turn(engine, approved, on_exhausted="rollback")
    stop_telling()
    return mission


def test_what_somebody_changed_meanwhile_is_not_overwritten_and_nothing_is_taken_back(
    engine: Engine, workspace: Path, in_the_way: Mission
) -> None:
    assert (in_the_way.state, in_the_way.rollback_due) == (State.FAILED, in_the_way.edits[1].checkpoint_id)
    assert (workspace / "double.py").read_text() == "mine\n"
    assert (workspace / "new/str.txt").exists()
    (told,) = engine.plan_rollback(in_the_way.mission_id, in_the_way.rollback_due).conflicts
    assert "double.py" in told
    assert engine.run(in_the_way.mission_id) == in_the_way
    for go_on in (engine.retry, engine.repair):
        with pytest.raises(GuardRefused, match="the plan has what the repair changed taken back first"):
            go_on(in_the_way.mission_id)
    engine.checked_replay(in_the_way.mission_id)


def test_once_nothing_stands_in_the_way_the_next_run_takes_it_back_and_no_more(
    engine: Engine, workspace: Path, in_the_way: Mission
) -> None:
    (workspace / "double.py").write_text("def double(n):\n    return None\n")
    mission = engine.run(in_the_way.mission_id)
    assert (mission.state, mission.pause_reason) == (State.PAUSED, "rolled_back")
    assert not (workspace / "new").exists()
    assert len(list(engine.events(mission.mission_id, types={"step_started"}))) == 2


def test_a_person_may_take_it_back_over_what_was_changed(engine: Engine, workspace: Path, in_the_way: Mission) -> None:
    mission = engine.rollback(in_the_way.mission_id, in_the_way.rollback_due, overwrite=True, by="grace")
    assert (mission.state, mission.rollback_due) == (State.PAUSED, None)
    assert (workspace / "double.py").read_text() == "def double(n):\n    return n + n + 1\n"
    (*_, last) = engine.events(mission.mission_id)
    assert isinstance(last.event, CheckpointRestored)
    assert (last.event.by, last.event.means) == ("grace", None)


# --- repairs that touch tests


@pytest.mark.parametrize("stage", ["edit", "repair"])
def test_a_repair_that_changes_a_test_says_so_by_a_rule_that_hosts_can_read(
    engine: Engine, workspace: Path, approved: Approved, stage: str
) -> None:
    """An edit that does the same is no repair; and a revision without the test is no longer flagged."""
    files = {"double.py": "def double(n):\n    return 2 * n\n", "tests/test_double.py": "assert True\n"}
    writes = {"write": [{"path": path, "content": content} for path, content in files.items()]}
    check = CHECK if stage == "repair" else {}
    mission_id = approved({"step_id": "s", "description": "Do it", "stage": stage, "with": {**writes, **check}})
    pending = engine.run(mission_id).pending
    assert pending is not None
    flagged = stage == "repair"
    assert (pending.risk_level, pending.rules) == (("high", ("repairs-tests",)) if flagged else ("low", ()))
    engine.approve(mission_id, files=["double.py"])
    proposed, revised = engine.events(mission_id, types={"diff_proposed"})
    assert (proposed.event.rules, revised.event.rules) == (pending.rules, ())  # type: ignore[union-attr]
    assert engine.run(mission_id).state is State.COMPLETE
    engine.checked_replay(mission_id)


def test_a_revision_of_a_repair_that_still_changes_a_test_is_still_flagged(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    """Also where it was a person's patch, for a step that failed."""
    mission_id = approved(steps["check"])
    engine.run(mission_id)
    test = "--- /dev/null\n+++ b/tests/test_double.py\n@@ -0,0 +1 @@\n+assert True\n"
    engine.repair(mission_id, (steps["fix"]["with"]["patch"] + test).encode())
    pending = engine.run(mission_id).pending
    assert pending is not None
    assert pending.rules == ("repairs-tests",)
    engine.approve(mission_id, files=["tests/**"])
    *_, revised = engine.events(mission_id, types={"diff_proposed"})
    assert revised.event.rules == ("repairs-tests",)  # type: ignore[union-attr]
