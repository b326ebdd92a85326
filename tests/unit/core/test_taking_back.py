"""`on_exhausted: rollback`: what a repair changed is taken back once it has failed for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.lifecycle import legal_triggers
from mission_fsm.core.mission import State
from mission_fsm.core.rollback import target_of
from mission_fsm.errors import GuardRefused
from tests.unit.core.driver import WRITING, Driver
from tests.unit.core.test_mission_machine import decided_anew

Drive = Callable[..., Driver]


def _in_place(drive: Drive, on_exhausted: str = "rollback") -> Driver:
    """A step that edits has run, the test after it has failed, and its repair has begun."""
    driver = drive("fix:edit", "check:test", "mend:repair")
    driver.edit("a.py")
    driver.test(passes=False, signature="red")
    driver(c.RepairStep("ann", options_step=2, max_attempts=2, on_exhausted=on_exhausted))
    return driver


def _in_turn(drive: Drive, on_exhausted: str = "rollback") -> Driver:
    """A step that edits has run, and the repair after it has begun."""
    driver = drive("fix:edit", "mend:repair")
    driver.edit("a.py")
    driver.outcome(o.BeginRepair(2, on_exhausted))
    return driver


def _fail(driver: Driver, *signatures: str) -> list[str]:
    """Make attempts, each of which edits and then fails with that signature; their checkpoints."""
    in_turn = driver.mission.repair is not None and not driver.mission.repair.in_place
    made = []
    for signature in signatures:
        made.append(driver.edit("a.py", final=not in_turn))
        driver.test(passes=False, signature=signature, may_repeat=True)
    return made


loops = pytest.mark.parametrize("begin", [_in_place, _in_turn], ids=["in place", "in turn"])
ends = pytest.mark.parametrize("signatures", [("1", "2"), ("1", "1")], ids=["attempts used up", "same failure again"])


@loops
@ends
def test_what_its_attempts_changed_is_due_to_go_back_and_nothing_older(
    drive: Drive, begin: Callable[[Drive], Driver], signatures: tuple[str, ...]
) -> None:
    driver = begin(drive)
    first, second = _fail(driver, *signatures)
    mission = driver.mission
    assert (driver.state, mission.rollback_due) == (State.FAILED, first)
    assert target_of(mission, mission.rollback_due).undoes == (second, first)
    assert decided_anew(driver.plan, driver.events) == mission


@loops
def test_once_it_is_taken_back_the_mission_is_paused_at_its_step_and_the_failure_is_on_record(
    drive: Drive, begin: Callable[[Drive], Driver]
) -> None:
    driver = begin(drive)
    _fail(driver, "1", "2")
    due, cursor = driver.mission.rollback_due, driver.mission.cursor
    target = target_of(driver.mission, due)
    driver(
        c.SecureRollback(target.checkpoint_id, cursor, target.undoes, ("a.py",), 7, "manifest", "ann", means="plan"),
        c.FinishRollback(("a.py",)),
    )
    restored = driver.events[-1]
    assert isinstance(restored, e.CheckpointRestored)
    assert (restored.checkpoint_id, restored.by, restored.means) == (due, "ann", "plan")
    mission = driver.mission
    assert (mission.state, mission.pause_reason, mission.cursor) == (State.PAUSED, "rolled_back", cursor)
    assert (mission.rollback_due, mission.failure) == (None, None)
    assert driver.types()[-4:] == ["failure_detected", "execution_paused", "checkpoint_secured", "checkpoint_restored"]
    assert [edit.undone_by is None for edit in mission.edits] == [True, False, False, True]
    assert decided_anew(driver.plan, driver.events) == mission
    assert driver(c.Resume("ann"), c.BeginStep(WRITING))[1].step_index == cursor  # type: ignore[union-attr]


@loops
def test_nothing_else_is_done_with_the_mission_before_but_a_rollback_or_a_stop(
    drive: Drive, begin: Callable[[Drive], Driver]
) -> None:
    driver = begin(drive)
    _fail(driver, "1", "2")
    assert legal_triggers(driver.mission) == ("rollback", "stop")
    for request in (c.Retry("ann"), c.RepairStep("ann", patch="patch")):
        with pytest.raises(GuardRefused, match="the plan has what the repair changed taken back first, to checkpoint"):
            driver(request)
    driver(c.Stop("ann"))
    assert driver.mission.rollback_due is None


@loops
def test_where_the_plan_does_not_say_so_nothing_is_due(drive: Drive, begin: Callable[..., Driver]) -> None:
    driver = begin(drive, "fail")
    _fail(driver, "1", "2")
    assert (driver.state, driver.mission.rollback_due) == (State.FAILED, None)
    assert "retry" in legal_triggers(driver.mission)


@loops
def test_a_repair_that_changed_nothing_leaves_nothing_to_take_back(
    drive: Drive, begin: Callable[[Drive], Driver]
) -> None:
    driver = begin(drive)
    driver.outcome(o.Failed("edit_failed", "the patch does not apply", may_repeat=True))
    driver.outcome(o.Failed("edit_failed", "nor does the other"))
    assert (driver.state, driver.mission.rollback_due) == (State.FAILED, None)


def test_a_patch_by_hand_for_a_failed_step_stays_where_it_is(drive: Drive) -> None:
    driver = drive("mend:repair")
    driver.outcome(o.BeginRepair(1, "rollback"))
    driver.fail()
    driver(c.RepairStep("bob", patch="patch"))
    _fail(driver, "1")
    assert (driver.state, driver.mission.rollback_due) == (State.FAILED, None)


def test_a_repair_that_works_keeps_what_it_changed(drive: Drive) -> None:
    driver = _in_place(drive)
    _fail(driver, "1")
    driver.edit("a.py")
    driver.test()
    assert driver.mission.cursor == 2
    assert all(edit.undone_by is None for edit in driver.mission.edits)


def test_a_failure_further_on_takes_nothing_back(drive: Drive) -> None:
    """Only the loop that failed is taken back, and not one that worked before."""
    driver = _in_place(drive)
    driver.edit("a.py")
    driver.test()
    driver.fail()
    assert (driver.state, driver.mission.rollback_due) == (State.FAILED, None)
