"""What is refused, and when: a report of what was not next, a request that the state does not allow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import attrs
import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.decide import decide
from mission_fsm.core.mission import State
from mission_fsm.errors import GuardRefused, IllegalTransition, Refused
from tests.unit.core.driver import EXITED, PYTEST, WRITING, Driver, change_set_of, plan_of, propose

Drive = Callable[..., Driver]


def _at_rest(drive: Drive) -> dict[State, Driver]:
    """A mission in each of the seven states."""
    plan = ("fix:edit", "check:test")
    missions = {state: Driver(plan_of(*plan)) if state is State.IDLE else drive(*plan) for state in State}
    missions[State.AWAITING_APPROVAL].propose("a.py")
    missions[State.PAUSED](c.Pause("ann"))
    missions[State.FAILED].fail()
    missions[State.STOPPED](c.Stop("ann"))
    missions[State.COMPLETE].edit("a.py")
    missions[State.COMPLETE].test()
    assert {state: driver.state for state, driver in missions.items()} == {state: state for state in State}
    return missions


DONE = c.RecordOutcome(o.Completed("done"), WRITING)
REPORTS: list[c.Command] = [
    c.BeginStep(WRITING),
    DONE,
    c.RecordOutcome(o.Tested(success=True, message="passed"), WRITING, result=EXITED),
    propose(change_set_of("a.py")),
    c.ProposeCommand(PYTEST, "digest", "test", covered=True),
    c.StartCommand(),
    c.SecureChange(("a.py",), 7, "manifest"),
    c.FinishChange(WRITING),
    c.ReportFailure("conflict", "a.py was changed"),
]


@pytest.mark.parametrize("command", REPORTS, ids=lambda command: type(command).__name__)
def test_what_a_runner_reports_counts_only_while_the_mission_runs(drive: Drive, command: c.Command) -> None:
    for state, driver in _at_rest(drive).items():
        if state is not State.RUNNING:
            with pytest.raises(IllegalTransition, match=f"cannot advance a mission that is {state.replace('_', ' ')}"):
                driver(command)


@pytest.mark.parametrize("change_is", ["proposed", "secured"])
def test_an_approved_change_is_not_written_while_the_mission_is_paused(drive: Drive, change_is: str) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    driver.approve()
    secure = c.SecureChange(("a.py",), 7, "manifest")
    if change_is == "secured":
        driver(secure)
    driver(c.Pause("ann"))
    for command in (secure, c.FinishChange(WRITING)):
        with pytest.raises(IllegalTransition, match="cannot advance a mission that is paused"):
            driver(command)
    driver(c.Resume("ann"))
    driver(secure) if change_is == "proposed" else None
    assert isinstance(driver(c.FinishChange(WRITING))[0], e.DiffApplied)


def test_a_report_of_what_was_not_next_is_refused(drive: Drive) -> None:
    driver = drive("fix:edit")
    fitting = (c.ProposeDiff, c.ProposeCommand, c.ReportFailure)
    for command in REPORTS:
        if type(command) not in fitting and command != DONE:
            with pytest.raises(GuardRefused, match="RunStage is what comes next"):
                driver(command)
    driver.propose("a.py")
    driver.approve()
    for command in REPORTS:
        if type(command) not in (c.SecureChange, c.ReportFailure):
            with pytest.raises(GuardRefused, match="SecureChange is what comes next"):
                driver(command)
    assert driver.land()[1] == e.DiffApplied("diff-8", "checkpoint-7", ("a.py",), "change-7")


def test_what_is_refused_or_decided_does_not_touch_the_mission(drive: Drive) -> None:
    requests = (c.Stop("ann"), c.Pause("ann"), c.GiveGrant("edit", "ann"), c.Resume("ann"), c.Approve("ann", "api"))
    for driver in _at_rest(drive).values():
        before = attrs.asdict(driver.mission)
        for command in (*requests, *REPORTS):
            with contextlib.suppress(Refused):
                decide(driver.mission, command)
        assert attrs.asdict(driver.mission) == before


def test_a_failure_is_that_of_a_step_and_refused_where_none_is_under_way(drive: Drive) -> None:
    driver = drive("one:retrieve", "two:retrieve")
    driver.complete(proceed=False)
    with pytest.raises(GuardRefused, match="no step is under way"):
        driver(c.ReportFailure("conflict", "a.py was changed"))
