"""The bounded repair loop: in place, for a step that failed, and as a step of the plan that has its turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.mission import State
from mission_fsm.core.replies import Proposal, RepairBegun
from mission_fsm.errors import GuardRefused, IllegalTransition
from tests.unit.core.driver import WRITING, Driver

Drive = Callable[..., Driver]
BOUND = c.RepairStep("ann", options_step=2, max_attempts=3)


def _types(events: tuple[e.Event, ...]) -> list[str]:
    return [e.type_of(type(event)) for event in events]


def _failed(drive: Drive) -> Driver:
    """A mission whose test has failed with the signature `red`."""
    driver = drive("fix:edit", "check:test", "mend:repair")
    driver.edit("a.py")
    driver.test(passes=False, signature="red")
    return driver


def _repairs(driver: Driver) -> list[tuple[int, bool]]:
    """Attempts of the repairs so far, and whether each worked; every one that began must have ended."""
    attempts = {event.repair_id: event.attempt for event in driver.events if isinstance(event, e.RepairStarted)}
    ends = [event for event in driver.events if isinstance(event, e.RepairCompleted)]
    assert [end.repair_id for end in ends] == list(attempts)
    return [(attempts[end.repair_id], end.success) for end in ends]


# --- in place


def test_a_repair_that_the_plan_binds_is_begun_with_its_checkpoint(drive: Drive) -> None:
    driver = _failed(drive)
    started, stage, checkpoint = driver(BOUND)
    assert started == e.RepairStarted("repair-23", "check", 1, "plan", 3, 2, None, ("red",), "ann")
    assert stage == e.StageChanged("test", "repair", "check")
    assert checkpoint == e.CheckpointCreated("checkpoint-25", "before repair in step check, attempt 1", "edit", "check")
    assert (driver.state, driver.mission.failure) == (State.RUNNING, None)
    assert driver.mission.active is not None
    assert driver.mission.active.reply == RepairBegun(1)


def test_the_failed_step_runs_again_after_its_repair_and_judges_it(drive: Drive) -> None:
    driver = _failed(drive)
    driver(BOUND)
    driver.propose("a.py")
    driver.approve()
    assert _types(driver.land()) == ["checkpoint_secured", "diff_applied", "step_started", "stage_changed"]
    assert driver.events[-2] == e.StepStarted("check", 1, "do check", "test", 2)
    assert _types(driver.test())[3:6] == ["repair_completed", "step_completed", "step_started"]
    assert _repairs(driver) == [(1, True)]
    assert driver.mission.cursor == 2


def test_a_repair_that_did_not_help_is_tried_again_up_to_its_limit(drive: Drive) -> None:
    driver = _failed(drive)
    driver(BOUND)
    for attempt in (1, 2, 3):
        assert driver.mission.repair is not None
        assert driver.mission.repair.attempt == attempt
        driver.edit("a.py")
        driver.test(passes=False, signature=f"red-{attempt}")
    assert _repairs(driver) == [(1, False), (2, False), (3, False)]
    assert (driver.state, driver.mission.repair) == (State.FAILED, None)
    assert driver.mission.failure is not None
    assert driver.mission.failure.signature == "red-3"


@pytest.mark.parametrize("signatures", [("red",), ("amber", "red"), ("amber", "amber")])
def test_a_failure_that_comes_back_stops_the_loop_early(drive: Drive, signatures: tuple[str, ...]) -> None:
    driver = _failed(drive)
    driver(BOUND)
    for signature in signatures:
        assert driver.state is State.RUNNING
        driver.edit("a.py")
        driver.test(passes=False, signature=signature)
    assert driver.state is State.FAILED
    assert driver.mission.failure is not None
    assert driver.mission.failure.message == "1 failed (the same failure as before the repair)"
    assert len(_repairs(driver)) == len(signatures)


def test_a_repair_whose_edit_cannot_be_made_tries_the_next_one_where_there_is_one(drive: Drive) -> None:
    driver = _failed(drive)
    driver(BOUND)
    driver.outcome(o.Failed("edit_failed", "the patch does not apply", may_repeat=True))
    assert driver.mission.repair is not None
    assert driver.mission.repair.attempt == 2
    driver.outcome(o.Failed("edit_failed", "there is no other patch"))
    assert driver.state is State.FAILED
    assert _repairs(driver) == [(1, False), (2, False)]


def test_a_patch_by_hand_is_told_to_the_stage_and_has_one_attempt(drive: Drive) -> None:
    driver = _failed(drive)
    started, *_ = driver(c.RepairStep("bob", patch="patch"))
    assert started == e.RepairStarted("repair-23", "check", 1, "person", 1, None, "patch", ("red",), "bob")
    assert driver.mission.active is not None
    assert driver.mission.active.reply == Proposal("patch", "bob")
    driver.edit("a.py")
    driver.test(passes=False, signature="amber")
    assert (driver.state, _repairs(driver)) == (State.FAILED, [(1, False)])


def test_a_repair_is_refused_where_none_is_bound_or_nothing_has_failed(drive: Drive) -> None:
    driver = _failed(drive)
    with pytest.raises(GuardRefused, match="the plan binds no repair to this step"):
        driver(c.RepairStep("ann"))
    with pytest.raises(IllegalTransition, match="cannot repair a mission that is running"):
        drive("check:test")(BOUND)


# --- a repair that is cut off has ended, too


def _reject(driver: Driver) -> None:
    driver.propose("a.py")
    driver.reject()


def _expire(driver: Driver) -> None:
    driver.propose("a.py", expires_at="2024-01-01T10:00:00Z")
    driver(c.Expire("2024-01-01T10:00:00Z"))


def _retry(driver: Driver) -> None:
    driver(c.Pause("ann"), c.Retry("ann"))


def _roll_back(driver: Driver) -> None:
    driver(c.Pause("ann"))
    driver.roll_back()


def _stop(driver: Driver) -> None:
    driver(c.Stop("ann"))


def _conflict(driver: Driver) -> None:
    driver(c.ReportFailure("conflict", "a.py was changed"))


@pytest.mark.parametrize("cut_off", [_reject, _expire, _retry, _roll_back, _stop, _conflict])
@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "in turn"])
def test_a_repair_that_is_cut_off_did_not_work(
    drive: Drive, cut_off: Callable[[Driver], None], *, in_place: bool
) -> None:
    if in_place:
        driver = _failed(drive)
        driver(BOUND)
    else:
        driver = drive("fix:edit", "mend:repair")
        driver.edit("a.py")
        driver.outcome(o.BeginRepair(3))
    cut_off(driver)
    assert _repairs(driver) == [(1, False)]
    assert driver.mission.repair is None


def test_a_step_that_is_begun_again_after_a_rejected_repair_knows_nothing_of_it(drive: Drive) -> None:
    driver = _failed(drive)
    driver(BOUND)
    _reject(driver)
    driver(c.Resume("ann"))
    assert driver(c.BeginStep(WRITING))[0] == e.StepStarted("check", 1, "do check", "test", 2)
    driver.test(passes=False, signature="amber")
    assert (driver.state, _repairs(driver)) == (State.FAILED, [(1, False)])


# --- in turn


def test_a_repair_step_has_its_own_loop_and_completes_once_its_test_passes(drive: Drive) -> None:
    driver = drive("mend:repair")
    assert driver.outcome(o.BeginRepair(3)) == (e.RepairStarted("repair-8", "mend", 1, "step", 3, 0),)
    driver.edit("a.py", final=False)
    driver.test(passes=False, signature="red", may_repeat=True)
    assert driver.mission.active is not None
    assert driver.mission.active.reply == RepairBegun(2)
    driver.edit("a.py", final=False)
    assert _types(driver.test())[-3:] == ["repair_completed", "step_completed", "final"]
    assert _repairs(driver) == [(1, False), (2, True)]


@pytest.mark.parametrize(
    ("most", "signatures", "may_repeat"),
    [(2, ("red", "amber"), True), (9, ("red", "red"), True), (9, ("red",), False)],
    ids=["attempts used up", "same failure twice", "nothing left to try"],
)
def test_the_loop_of_a_repair_step_ends_in_a_failure(
    drive: Drive, most: int, signatures: tuple[str, ...], *, may_repeat: bool
) -> None:
    driver = drive("mend:repair")
    driver.outcome(o.BeginRepair(most))
    for signature in signatures:
        assert driver.state is State.RUNNING
        driver.edit("a.py", final=False)
        driver.test(passes=False, signature=signature, may_repeat=may_repeat)
    assert driver.state is State.FAILED
    assert _repairs(driver) == [(attempt + 1, False) for attempt in range(len(signatures))]


def test_a_repair_step_that_failed_takes_a_patch_by_hand_as_an_attempt_of_its_own(drive: Drive) -> None:
    driver = drive("mend:repair", "after:test")
    driver.outcome(o.BeginRepair(1))
    driver.edit("a.py", final=False)
    driver.test(passes=False, signature="red")
    started, *rest = driver(c.RepairStep("bob", patch="patch"))
    assert isinstance(started, e.RepairStarted)
    assert (started.origin, started.step_id, started.max_attempts) == ("step", "mend", 1)
    assert _types(tuple(rest)) == ["checkpoint_created"]
    assert driver.mission.active is not None
    assert driver.mission.active.reply == Proposal("patch", "bob")
    driver.edit("a.py", final=False)
    driver.test()
    assert _repairs(driver) == [(1, False), (1, True)]
    assert driver.mission.cursor == 1


def test_the_plan_binds_no_repair_to_a_repair_step(drive: Drive) -> None:
    driver = drive("mend:repair")
    driver.fail()
    with pytest.raises(GuardRefused, match="give one, as a patch"):
        driver(c.RepairStep("ann", options_step=0))


def test_a_repair_in_place_that_begins_another_breaks_its_contract(drive: Drive) -> None:
    driver = _failed(drive)
    driver(BOUND)
    driver.outcome(o.BeginRepair(1))
    assert driver.mission.failure is not None
    assert driver.mission.failure.kind == "stage_error"
    assert driver.mission.failure.message == "stage repair began a repair in the middle of one"


def test_a_step_that_repairs_itself_ends_the_repair_that_was_made_for_it(drive: Drive) -> None:
    driver = drive("own:third_party")
    driver.fail()
    driver(c.RepairStep("bob", patch="patch"))
    driver.edit("a.py")
    assert _types(driver.outcome(o.BeginRepair(2)))[:2] == ["repair_completed", "repair_started"]
    driver.complete()
    assert _repairs(driver) == [(1, False), (1, True)]
