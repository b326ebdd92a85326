"""At a gate: a diff, a command or a question waits, and is decided by a person, by a grant, or by time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.mission import State
from mission_fsm.core.replies import Answer
from mission_fsm.errors import GuardRefused, IllegalTransition, UsageError
from tests.unit.core.driver import WRITING, Driver

Drive = Callable[..., Driver]
AT_TEN = "2024-01-01T10:00:00Z"


def test_approving_a_diff_runs_on_and_says_who_decided_and_how(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    assert driver.approve() == (
        e.ApprovalResolved("approval-9", "diff", "approved", "ann", "terminal", "change-7"),
        e.ExecutionResumed("approved", "fix", "ann"),
    )
    assert driver.state is State.RUNNING


def test_an_approval_is_void_where_something_has_drifted_or_its_time_has_passed(drive: Drive, idle: Driver) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py", expires_at=AT_TEN)
    with pytest.raises(GuardRefused, match=r"no longer what the diff was made from \(a.py was changed\)"):
        driver(c.Approve("ann", "api", drift=("a.py was changed",)))
    with pytest.raises(GuardRefused, match="is about digest another"):
        driver(c.Approve("ann", "api", digest="another"))
    for late in (c.Approve("ann", "api", now=AT_TEN), c.Reject("ann", "api", "no", now=AT_TEN)):
        with pytest.raises(GuardRefused, match="the request expired"):
            driver(late)
    with pytest.raises(GuardRefused, match=r"has changed since it was loaded \(goal\)"):
        idle(c.Approve("ann", "api", plan_changes=("goal",)))
    assert (driver.types()[-1], idle.types()[-1]) == ("execution_paused", "approval_requested")


def test_a_mission_is_not_started_where_the_world_is_not_ready(idle: Driver) -> None:
    idle(c.Approve("ann", "api"))
    for command, sentence in (
        (c.Start(WRITING, held_by="mission m2 holds the workspace"), "mission m2 holds the workspace"),
        (c.Start(WRITING, missing_stages=("deploy",)), "no plugin is installed for deploy"),
        (c.Start(WRITING, plan_changes=("goal",)), "the plan's file has changed"),
    ):
        with pytest.raises(GuardRefused, match=sentence):
            idle(command)
    assert idle.state is State.IDLE


def test_rejecting_a_diff_pauses_and_drops_it(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    assert driver.reject() == (
        e.ApprovalResolved("approval-9", "diff", "rejected", "ann", "terminal", "change-7", "not like this"),
        e.ExecutionPaused("rejected", "fix", "ann"),
    )
    assert (driver.state, driver.mission.active, driver.mission.pending) == (State.PAUSED, None, None)


def test_an_answer_reaches_the_stage_that_asked(drive: Drive) -> None:
    driver = drive("ask:plan")
    driver.outcome(o.AskQuestion("which port?", ("80", "8080")), digest="question")
    asked = driver.mission.pending
    assert asked is not None
    assert (asked.kind, asked.summary, asked.choices) == ("question", "which port?", ("80", "8080"))
    with pytest.raises(GuardRefused, match="the answer must be one of: 80, 8080"):
        driver.approve("81")
    with pytest.raises(GuardRefused, match="the question needs an answer"):
        driver.approve()
    resolved, _ = driver.approve("8080")
    assert resolved == e.ApprovalResolved(
        asked.approval_id, "question", "approved", "ann", "terminal", "question", answer="8080"
    )
    assert driver.mission.active is not None
    assert driver.mission.active.reply == Answer("8080", "ann")


def test_a_request_expires_at_its_limit_and_is_asked_again_when_the_mission_resumes(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py", expires_at=AT_TEN)
    with pytest.raises(GuardRefused, match="may be decided until"):
        driver(c.Expire("2024-01-01T09:59:59Z"))
    assert driver(c.Expire(AT_TEN)) == (
        e.ApprovalExpired("approval-9", AT_TEN),
        e.ExecutionPaused("expired", "fix"),
    )
    driver(c.Resume("ann"), c.BeginStep(WRITING))
    driver.propose("a.py")
    assert driver.mission.pending is not None
    assert driver.mission.pending.approval_id != "approval-9"


def test_a_grant_decides_at_once_with_the_same_record_and_counts_its_use(drive: Drive) -> None:
    driver = drive("fix:edit")
    assert driver(c.GiveGrant("edit:src/**", "ann")) == (e.GrantGiven("grant-8", "edit:src/**", "ann"),)
    proposed = driver.propose("src/a.py")
    assert [e.type_of(type(event)) for event in proposed] == [
        "diff_proposed",
        "approval_requested",
        "execution_paused",
        "approval_resolved",
        "execution_resumed",
    ]
    assert proposed[3] == e.ApprovalResolved(
        "approval-10", "diff", "approved", "ann", "grant", "change-8", "edit:src/**", grant_id="grant-8"
    )
    assert (driver.state, driver.mission.grants[0].used) == (State.RUNNING, 1)


def test_a_grant_that_does_not_cover_every_path_decides_nothing(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver(c.GiveGrant("edit:src/**", "ann"))
    driver.propose("src/a.py", "setup.py")
    assert (driver.state, driver.mission.grants[0].used) == (State.AWAITING_APPROVAL, 0)


def test_a_bad_rule_is_no_grant_and_an_ended_mission_takes_none(drive: Drive) -> None:
    driver = drive("fix:edit")
    with pytest.raises(UsageError, match="grant 'deploy' is not one of"):
        driver(c.GiveGrant("deploy", "ann"))
    driver(c.Stop("ann"))
    with pytest.raises(IllegalTransition, match="cannot grant a mission that is stopped"):
        driver(c.GiveGrant("edit", "ann"))
