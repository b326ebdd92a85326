"""The fold: a mission is what its events say, and events that contradict what came before them are refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import attrs
import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.approvals import Grant
from mission_fsm.core.evolve import begin, evolve
from mission_fsm.core.mission import State
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.replies import CommandSpec
from mission_fsm.errors import JournalDamaged
from tests.unit.core.driver import EXITED, PYTEST, Driver, folded, plan_of

Drive = Callable[..., Driver]
AT_TEN = "2024-01-01T10:00:00Z"


def test_a_mission_begins_idle_with_its_first_event() -> None:
    plan = plan_of("fix:edit")
    mission = begin("m1", plan, e.MissionCreated("make it right", "plan-digest", "/w", "ann", "plan.yaml"))
    assert attrs.asdict(mission, recurse=False, filter=lambda a, _: a.name in {"mission_id", "plan", "source"}) == {
        "mission_id": "m1",
        "plan": plan,
        "source": "plan.yaml",
    }
    assert (mission.state, mission.sequence, mission.workspace, mission.created_by) == (State.IDLE, 1, "/w", "ann")


def test_a_fold_can_be_taken_up_at_any_event(drive: Drive) -> None:
    driver = drive("fix:edit", "check:test")
    driver.edit("a.py")
    driver.test()
    for taken in range(1, len(driver.events)):
        snapshot = folded(driver.mission.plan, driver.events[:taken])
        assert reduce(evolve, driver.events[taken:], snapshot) == driver.mission


def test_evolving_gives_another_mission_and_leaves_the_first(drive: Drive) -> None:
    driver = drive("fix:edit")
    before = attrs.asdict(driver.mission)
    after = evolve(driver.mission, e.GrantGiven("grant-1", "edit", "ann"))
    assert after.grants == (Grant("grant-1", "edit", "ann"),)
    assert attrs.asdict(driver.mission) == before


def test_a_mission_is_at_rest_from_a_decision_until_the_next_effect_begins(drive: Drive) -> None:
    driver = drive("check:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=False))
    asked = driver.mission
    driver.approve()
    decided = driver.mission
    driver(c.StartCommand())
    assert [mission.at_rest for mission in (asked, decided, driver.mission)] == [False, True, False]


def test_a_repair_that_was_asked_for_and_has_not_begun_leaves_nothing_to_recover() -> None:
    assert _repairing().mission.at_rest


def test_a_change_that_is_secured_may_have_been_begun_whatever_was_decided_last() -> None:
    """Writing it is no event of its own, so a runner that died there must always be recovered from."""
    driver = _secured()
    driver(c.Pause("ann"), c.Resume("ann"))
    assert not driver.mission.at_rest


# --- what contradicts the events before it. Each case: how far the mission has come, the event, and the sentence.


def _idle() -> Driver:
    return Driver(plan_of("fix:edit", "check:test"))


def _running() -> Driver:
    return _idle().start()


def _proposed() -> Driver:
    driver = _running()
    driver.propose("a.py")
    return driver


def _approved() -> Driver:
    driver = _proposed()
    driver.approve()
    return driver


def _secured() -> Driver:
    driver = _approved()
    driver(c.SecureChange(("a.py",), 7, "manifest"))
    return driver


def _testing() -> Driver:
    driver = _running()
    driver.edit("a.py")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    return driver


def _asked_for_command() -> Driver:
    driver = _running()
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=False))
    return driver


def _paused_gate() -> Driver:
    driver = _proposed()
    driver(c.Pause("ann"))
    return driver


def _edited_and_paused() -> Driver:
    driver = _running()
    driver.edit("a.py")
    driver(c.Pause("ann"))
    return driver


def _rolling_back() -> Driver:
    driver = _edited_and_paused()
    driver.secure_rollback()
    return driver


def _repairing() -> Driver:
    driver = _running()
    driver.fail()
    driver(c.RepairStep("ann", patch="patch"))
    return driver


def _stopped() -> Driver:
    driver = _running()
    driver(c.Stop("ann"))
    return driver


def _failed() -> Driver:
    driver = _running()
    driver.fail()
    return driver


def _approval(**changes: Any) -> e.ApprovalResolved:
    right = e.ApprovalResolved("approval-9", "diff", "approved", "ann", "api", "change-7")
    return attrs.evolve(right, **changes)


SECURED = e.CheckpointSecured("checkpoint-7", ("a.py",), 7, "manifest")
APPLIED = e.DiffApplied("diff-8", "checkpoint-7", ("a.py",), "change-7")
ROLLBACK = e.CheckpointSecured(
    "checkpoint-20", ("a.py",), 7, "manifest", "rollback", target="checkpoint-7", undoes=("checkpoint-7",), cursor=0
)
RESTORED = e.CheckpointRestored("checkpoint-7", ("a.py",), "ann", "checkpoint-19")

# fmt: off
CONTRADICTIONS: list[tuple[Callable[[], Driver], e.Event, str]] = [
    (_idle, e.MissionCreated("goal", "plan-digest", "/w", "ann"), "a mission is created once"),
    (_idle, e.MissionStarted("goal", 2, ScopeContract()), "its plan is not approved"),
    (_running, e.StepStarted("check", 1, "do check", "test", 1), "step 1 was started where 0 was the plan's next one"),
    (_running, e.StepStarted("other", 0, "do other", "edit", 2), "step other (edit) is not the plan's, which is fix"),
    (_running, e.StepStarted("fix", 0, "do fix", "test", 2), "step fix (test) is not the plan's, which is fix (edit)"),
    (_running, e.StepStarted("fix", 0, "do fix", "edit", 7), "attempt 7 follows 1"),
    (_running, e.StepStarted("fix", 0, "do fix", "edit", 2), "step fix is still under way"),
    (_running, e.StepCompleted("check", 1, success=True), "step check is not under way"),
    (_approved, e.StepCompleted("fix", 0, success=True), "step fix has a change or a command on its way"),
    (_running, e.StageChanged("retrieve", "test", "fix"), "the stage was edit, not retrieve"),
    (_running, e.Final(success=True, steps_completed=2, duration_s=1.0), "2 of the plan's steps are not completed"),
    (_running, e.RetrievalCompleted("retrieval-7", 1, "one", "d"), "retrieval-7 has not been started"),
    (_running, e.FailureDetected("check", "broken", "it broke", "s"), "check is not under way"),
    (_running, e.CheckpointCreated("checkpoint-8", "again", "edit", "fix"), "checkpoint-7 is open already"),
    (_testing, e.DiffProposed("diff-9", "check", "?", "low", "d", ("a",), "a", 1), "no checkpoint was opened before"),
    (_approved, e.DiffProposed("diff-12", "fix", "?", "low", "d", ("a",), "a", 1), "diff-8 is on its way already"),
    (_running, SECURED, "no approved change is on its way"),
    (_proposed, SECURED, "no approved change is on its way"),
    (_approved, attrs.evolve(SECURED, checkpoint_id="checkpoint-1"), "checkpoint-1 is not the checkpoint that was"),
    (_running, APPLIED, "a change with digest change-7 was not approved"),
    (_proposed, APPLIED, "diff_applied in a mission that is awaiting_approval"),
    (_approved, APPLIED, "checkpoint-7 was not secured"),
    (_secured, attrs.evolve(APPLIED, digest="another"), "a change with digest another was not approved"),
    (_secured, attrs.evolve(APPLIED, checkpoint_id="checkpoint-1"), "checkpoint-1 was not secured"),
    (_running, e.TestStarted("test-9", ("rm",), "fix"), "no approved command is on its way"),
    (_asked_for_command, e.TestStarted("test-9", ("rm",), "fix"), "test_started in a mission that is awaiting"),
    (_testing, e.TestStarted("test-9", ("rm",), "check"), "is under way already"),
    (_testing, e.CommandProposed("check", "d", CommandSpec(("rm",)), "test", covered=True), "a command is on its way"),
    (_testing, e.TestCompleted("test-1", success=True, exit_status=0, duration_s=1.0), "test-1 is not under way"),
    (_running, e.CommandCompleted("command-1", 0, 1.0), "command-1 is not under way"),
    (_proposed, e.ApprovalRequested("approval-12", "diff", "d", "?"), "approval-9 is still waiting for a decision"),
    (_running, e.ApprovalRequested("approval-8", "diff", "d", "?"), "no diff with digest d is on its way"),
    (_running, e.ApprovalRequested("approval-8", "whim", "d", "?"), "no whim with digest d is on its way"),
    (_running, e.ApprovalRequested("approval-8", "plan", "d", "?"), "it asks about another plan"),
    (_stopped, e.ApprovalRequested("approval-8", "question", "d", "?"), "it asks while the mission is stopped"),
    (_running, _approval(), "approval-9 with digest change-7 was not waiting for a decision"),
    (_proposed, _approval(digest="another"), "approval-9 with digest another was not waiting for a decision"),
    (_proposed, _approval(approval_id="approval-1"), "approval-1 with digest change-7 was not waiting"),
    (_proposed, _approval(kind="command"), "was not waiting for a decision"),
    (_paused_gate, _approval(), "approval-9 was decided while the mission was paused"),
    (_running, e.ApprovalExpired("approval-9", AT_TEN), "approval-9 was not waiting for a decision"),
    (_paused_gate, e.ApprovalExpired("approval-9", AT_TEN), "approval-9 was not waiting for a decision"),
    (_edited_and_paused, e.InputReceived("fix", "patch", "ann", "api"), "no proposal was asked for"),
    (_running, e.ExecutionPaused("awaiting_diff_approval"), "nothing is waiting for a decision"),
    (_running, e.ExecutionPaused("failure"), "no failure was detected"),
    (_proposed, e.ExecutionResumed("approved"), "approval-9 is still waiting for a decision"),
    (_paused_gate, e.ExecutionResumed("retry"), "approval-9 is still waiting for a decision"),
    (_stopped, e.GrantGiven("grant-9", "edit", "ann"), "the mission is stopped"),
    (_repairing, e.RepairStarted("repair-30", "fix", 1, "plan", 3), "is under way already"),
    (_running, e.RepairStarted("repair-8", "check", 1, "plan", 3), "step check is not the one to be repaired"),
    (_stopped, e.RepairStarted("repair-9", "fix", 1, "plan", 3), "the mission is stopped"),
    (_running, e.RepairCompleted("repair-9", success=True), "repair-9 is not under way"),
    (_running, ROLLBACK, "a rollback in a mission that is running"),
    (_rolling_back, ROLLBACK, "the rollback checkpoint-19 is not finished"),
    (_edited_and_paused, attrs.evolve(ROLLBACK, target="checkpoint-1"), "checkpoint-1 is not there to be rolled back"),
    (_edited_and_paused, attrs.evolve(ROLLBACK, cursor=1), "checkpoint-7 does not lead back to step 1"),
    (_edited_and_paused, RESTORED, "no rollback to checkpoint-7 is under way"),
    (_rolling_back, attrs.evolve(RESTORED, undo_checkpoint="checkpoint-1"), "no rollback to checkpoint-7 is under way"),
]
MOVES_THAT_ARE_NOT_IN_THE_TABLE: list[tuple[Callable[[], Driver], e.Event, str]] = [
    (_running, e.MissionStarted("goal", 2, ScopeContract()), "start from running to running"),
    (_stopped, e.ExecutionResumed("resumed"), "resume from stopped to running"),
    (_stopped, e.ExecutionStopped("again", "ann"), "stop from stopped to stopped"),
    (_failed, e.ExecutionResumed("resumed"), "resume from failed to running"),
    (_failed, e.StepStarted("fix", 0, "do fix", "edit", 2), "advance from failed to failed"),
    (_edited_and_paused, e.ExecutionPaused("manual"), "pause from paused to paused"),
    (_edited_and_paused, e.StepCompleted("check", 1, success=True), "advance from paused to paused"),
    (_proposed, e.ExecutionPaused("failure"), "no failure was detected"),
    (_running, e.ExecutionPaused("rejected"), "reject from running to paused"),
    (_running, e.ExecutionResumed("approved"), "approve from running to running"),
]
# fmt: on


@pytest.mark.parametrize(
    ("reach", "event", "sentence"),
    [
        pytest.param(reach, event, sentence, id=f"{reach.__name__[1:]}-{e.type_of(type(event))}-{number}")
        for number, (reach, event, sentence) in enumerate(CONTRADICTIONS + MOVES_THAT_ARE_NOT_IN_THE_TABLE)
    ],
)
def test_a_journal_that_contradicts_itself_is_damaged(
    reach: Callable[[], Driver], event: e.Event, sentence: str
) -> None:
    mission = reach().mission
    with pytest.raises(JournalDamaged) as damage:
        evolve(mission, event)
    assert sentence in str(damage.value)


@pytest.mark.parametrize("reach", [_idle, _proposed, _edited_and_paused, _failed, _stopped])
def test_no_work_on_a_step_goes_on_record_unless_the_mission_runs(reach: Callable[[], Driver]) -> None:
    mission = reach().mission
    for event in (
        e.RetrievalStarted("retrieval-9", "?", "fix"),
        e.CheckpointCreated("checkpoint-9", "?", "edit", "fix"),
        e.InputRequested("fix", "?"),
        e.CommandStarted("command-9", ("rm",), "fix"),
        e.MissionRecovered("pid 1", ("rm",)),
        APPLIED,
    ):
        with pytest.raises(JournalDamaged, match=f"in a mission that is {mission.state}"):
            evolve(mission, event)


def test_damage_is_told_with_the_place_and_the_type_of_the_event() -> None:
    mission = _proposed().mission
    with pytest.raises(
        JournalDamaged, match=r"^event 11 \(approval_resolved\) contradicts those before it: approval-9"
    ):
        evolve(mission, _approval(digest="another"))


def test_an_event_of_a_step_needs_a_step(drive: Drive) -> None:
    driver = drive("a:retrieve", "b:retrieve")
    driver.complete(proceed=False)
    with pytest.raises(JournalDamaged, match="belongs to a step, and no step is under way"):
        evolve(driver.mission, e.RetrievalStarted("retrieval-9", "?", "b"))


def test_the_true_events_of_those_cases_are_taken() -> None:
    """What contradicts above is the change in the event, and not the event."""
    for reach, event in (
        (_proposed, _approval()),
        (_approved, SECURED),
        (_secured, APPLIED),
        (_edited_and_paused, ROLLBACK),
        (_rolling_back, RESTORED),
    ):
        mission = reach().mission
        assert evolve(mission, event).sequence == mission.sequence + 1
    driver = _testing()
    driver.outcome(o.Tested(success=True, message="passed"), result=EXITED)
    assert driver.state is State.COMPLETE
