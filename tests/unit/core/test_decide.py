"""What people ask for: the events that each command comes to, and the refusals that leave none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import Risk, RiskLevel
from mission_fsm.core.decide import create, decide
from mission_fsm.core.mission import State
from mission_fsm.core.moves import PAUSES
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.replies import Proposal
from mission_fsm.errors import GuardRefused, IllegalTransition, UsageError
from tests.unit.core.driver import PYTEST, WRITING, Driver, change_set_of, plan_of

Drive = Callable[..., Driver]
AT_TEN = "2024-01-01T10:00:00Z"


def test_a_mission_is_created_idle_with_its_plan_waiting_for_approval() -> None:
    plan = plan_of("find:retrieve", "fix:edit")
    decision = create("m1", plan, "/w", source="plan.yaml", by="ann", expires_at=AT_TEN)
    assert decision.events == (
        e.MissionCreated("make it right", "plan-digest", "/w", "ann", "plan.yaml"),
        e.ApprovalRequested("approval-2", "plan", "plan-digest", "make it right (2 steps)", expires_at=AT_TEN),
    )
    assert decision.transitions == ()
    assert (decision.mission.state, decision.mission.sequence) == (State.IDLE, 2)


def test_the_flow_of_a_first_edit_is_that_of_the_specification() -> None:
    driver = Driver(plan_of("find:retrieve", "fix:edit", "check:test"))
    driver.start()
    driver.outcome(o.BeginRetrieval("rounding"))
    driver.outcome(o.Retrieved(2, "2 files", b"[]"), digest="results")
    change = change_set_of("a.py", "b.py", lines=5, digest="change")
    risk = Risk(RiskLevel.MEDIUM, ("build",))
    driver(c.ProposeDiff(change, "as shown", "round up", risk, final=True, writing_stages=WRITING))
    assert driver.events[3:] == [
        e.MissionStarted("make it right", 3, ScopeContract()),
        e.StepStarted("find", 0, "do find", "retrieve", 1),
        e.StageChanged("none", "retrieve", "find"),
        e.RetrievalStarted("retrieval-7", "rounding", "find"),
        e.RetrievalCompleted("retrieval-7", 2, "2 files", "results"),
        e.StepCompleted("find", 0, success=True, summary="2 files"),
        e.StepStarted("fix", 1, "do fix", "edit", 1),
        e.StageChanged("retrieve", "edit", "fix"),
        e.CheckpointCreated("checkpoint-12", "before edit in step fix, attempt 1", "edit", "fix"),
        e.DiffProposed(
            "diff-13", "fix", "round up", "medium", "change", ("a.py", "b.py"), "as shown", 5, ("build",), final=True
        ),
        e.ApprovalRequested("approval-14", "diff", "change", "round up", "fix", "medium", ("build",)),
        e.ExecutionPaused("awaiting_diff_approval", "fix"),
    ]
    assert driver.state is State.AWAITING_APPROVAL
    gate = len(driver.events)
    driver(c.Approve("bob", "terminal", digest="change", reason="looks right"))
    driver(c.SecureChange(("a.py", "b.py"), 70, "manifest"), c.FinishChange(WRITING))
    assert driver.events[gate:] == [
        e.ApprovalResolved("approval-14", "diff", "approved", "bob", "terminal", "change", "looks right"),
        e.ExecutionResumed("approved", "fix", "bob"),
        e.CheckpointSecured("checkpoint-12", ("a.py", "b.py"), 70, "manifest"),
        e.DiffApplied("diff-13", "checkpoint-12", ("a.py", "b.py"), "change"),
        e.StepCompleted("fix", 1, success=True, summary="round up", evidence={"files": 2, "lines": 5}),
        e.StepStarted("check", 2, "do check", "test", 1),
        e.StageChanged("edit", "test", "check"),
    ]


def test_approving_the_plan_leaves_the_mission_idle(idle: Driver) -> None:
    events = idle(c.Approve("bob", "api", digest="plan-digest", approval_id="approval-2", reason="go"))
    assert events == (e.ApprovalResolved("approval-2", "plan", "approved", "bob", "api", "plan-digest", "go"),)
    assert (idle.state, idle.mission.plan_decision, idle.mission.decided_by) == (State.IDLE, "approved", "bob")


def test_a_plan_that_was_rejected_can_never_be_started(idle: Driver) -> None:
    events = idle(c.Reject("bob", "api", "too broad"))
    assert events == (e.ApprovalResolved("approval-2", "plan", "rejected", "bob", "api", "plan-digest", "too broad"),)
    assert idle.state is State.IDLE
    for command in (c.Start(WRITING), c.Approve("bob", "api")):
        with pytest.raises(GuardRefused, match="rejected by bob"):
            decide(idle.mission, command)


def test_a_mission_can_be_made_of_a_plan_only_where_it_has_steps() -> None:
    with pytest.raises(UsageError, match="a plan needs at least one step"):
        create("m1", plan_of(), "/w", source=None, by="ann")


# --- starting, pausing, resuming, stopping


def test_starting_begins_the_first_step_in_the_same_commit(idle: Driver) -> None:
    idle(c.Approve("ann", "api"))
    decision = decide(idle.mission, c.Start(WRITING))
    assert [e.type_of(type(event)) for event in decision.events] == ["mission_started", "step_started", "stage_changed"]
    moves = [(t.sequence, t.trigger, t.source, t.dest, t.step_id) for t in decision.transitions]
    assert moves == [
        (4, "start", State.IDLE, State.RUNNING, None),
        (5, "advance", State.RUNNING, State.RUNNING, "find"),
    ]


def test_pausing_keeps_what_is_under_way_and_resuming_takes_it_up_again(drive: Drive) -> None:
    driver = drive("find:retrieve", "fix:edit")
    driver.outcome(o.BeginRetrieval("rounding"))
    before = driver.mission.active
    assert driver(c.Pause("ann")) == (e.ExecutionPaused("manual", "find", "ann"),)
    assert driver(c.Resume("bob")) == (e.ExecutionResumed("resumed", "find", "bob"),)
    assert (driver.state, driver.mission.active, driver.mission.pause_reason) == (State.RUNNING, before, None)


def test_a_gate_that_is_paused_is_a_gate_again_when_it_is_resumed(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    request = driver.mission.pending
    driver(c.Pause("ann"))
    with pytest.raises(IllegalTransition, match="cannot approve a mission that is paused"):
        driver.approve()
    driver(c.Resume("ann"))
    assert (driver.state, driver.mission.pending) == (State.AWAITING_APPROVAL, request)


@pytest.mark.parametrize("reason", sorted(PAUSES))
def test_nobody_can_pause_a_mission_for_a_reason_that_marks_another_move(drive: Drive, reason: str) -> None:
    driver = drive("fix:edit")
    with pytest.raises(UsageError, match="give another reason"):
        driver(c.Pause("ann", reason))


def test_stopping_ends_the_mission_for_good(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    assert driver(c.Stop("ann", "enough")) == (e.ExecutionStopped("enough", "ann"),)
    assert (driver.state, driver.mission.active, driver.mission.pending) == (State.STOPPED, None, None)
    for command in (c.Stop("ann"), c.Resume("ann"), c.Retry("ann"), c.Approve("ann", "api"), c.Pause("ann")):
        with pytest.raises(IllegalTransition, match="a mission that is stopped"):
            driver(command)


def test_a_command_that_was_paused_starts_again_as_it_was_approved(drive: Drive) -> None:
    driver = drive("check:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    driver(c.Pause("ann"), c.Resume("ann"))
    assert driver(c.StartCommand()) == (e.TestStarted("test-11", ("pytest", "-q"), "check"),)


# --- going on after a failure, a doubt or a question


def test_a_retry_begins_the_failed_step_again_in_its_next_attempt(drive: Drive) -> None:
    driver = drive("fix:edit", max_attempts=2)
    driver.fail()
    assert driver(c.Retry("ann")) == (e.ExecutionResumed("retry", "fix", "ann"),)
    assert driver(c.BeginStep(WRITING))[0] == e.StepStarted("fix", 0, "do fix", "edit", 2)
    driver.fail()
    with pytest.raises(GuardRefused, match="has used its 2 attempts"):
        driver(c.Retry("ann"))


def test_a_retry_drops_what_was_under_way_when_the_mission_was_paused(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    driver.approve()
    driver(c.Pause("ann"), c.Retry("ann"))
    assert driver.mission.active is None
    with pytest.raises(GuardRefused, match="SecureChange is reported, and BeginStep is what comes next"):
        driver(c.SecureChange(("a.py",), 7, "manifest"))


def test_a_step_that_asked_for_input_goes_on_with_what_it_is_given(drive: Drive) -> None:
    driver = drive("fix:edit")
    asked = driver.outcome(o.NeedInput("a patch for fix"))
    assert asked == (e.InputRequested("fix", "a patch for fix"), e.ExecutionPaused("awaiting_input", "fix"))
    assert driver(c.ReceiveInput("patch", "bob", "api")) == (
        e.InputReceived("fix", "patch", "bob", "api"),
        e.ExecutionResumed("resumed", "fix", "bob"),
    )
    assert driver.mission.active is not None
    assert driver.mission.active.reply == Proposal("patch", "bob")


def test_a_proposal_that_nothing_asked_for_is_refused(drive: Drive) -> None:
    driver = drive("fix:edit")
    for command in (c.Pause("ann"), c.Resume("ann"), c.Stop("ann")):
        with pytest.raises(GuardRefused, match="propose refused: no step is waiting for a proposal"):
            driver(c.ReceiveInput("patch", "bob", "api"))
        driver(command)


def test_a_mission_whose_runner_is_gone_runs_on_where_nothing_is_in_doubt(drive: Drive) -> None:
    driver = drive("check:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    assert driver(c.Recover("pid 2")) == (e.MissionRecovered("pid 2"),)
    assert driver.state is State.RUNNING
    # The command that was under way is begun again, not taken for done.
    assert driver(c.StartCommand()) == (e.TestStarted("test-10", ("pytest", "-q"), "check"),)


def test_a_doubt_is_stated_and_pauses_the_mission(drive: Drive) -> None:
    driver = drive("ship:deploy")
    driver(c.ProposeCommand(PYTEST, "digest", "command", covered=True))
    assert driver(c.Recover("pid 2", ("pytest -q",))) == (
        e.MissionRecovered("pid 2", ("pytest -q",)),
        e.ExecutionPaused("in_doubt", "ship"),
    )
    assert driver.state is State.PAUSED
