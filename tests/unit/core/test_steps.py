"""How a step goes: it begins in its turn, is completed once, and its failure halts the mission."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.mission import State
from mission_fsm.errors import IllegalTransition
from tests.unit.core.driver import WRITING, Driver

Drive = Callable[..., Driver]


def _types(events: tuple[e.Event, ...]) -> list[str]:
    return [e.type_of(type(event)) for event in events]


def test_a_stage_is_announced_only_where_it_is_another_than_before(drive: Drive) -> None:
    driver = drive("a:retrieve", "b:retrieve", "c:test")
    assert driver.events[-1] == e.StageChanged("none", "retrieve", "a")
    assert _types(driver.complete()) == ["step_completed", "step_started"]
    assert driver.complete()[-1] == e.StageChanged("retrieve", "test", "c")


def test_a_checkpoint_is_opened_when_a_step_begins_whose_stage_may_write(drive: Drive) -> None:
    driver = drive("find:retrieve", "fix:edit")
    assert "checkpoint_created" not in driver.types()
    assert driver.complete()[-1] == e.CheckpointCreated(
        "checkpoint-10", "before edit in step fix, attempt 1", "edit", "fix"
    )


def test_completing_a_step_begins_the_next_one_in_the_same_commit_unless_the_mission_is_to_pause(drive: Drive) -> None:
    driver = drive("a:retrieve", "b:retrieve", "c:retrieve")
    assert driver.complete() == (
        e.StepCompleted("a", 0, success=True, summary="done"),
        e.StepStarted("b", 1, "do b", "retrieve", 1),
    )
    assert driver.complete(proceed=False) == (e.StepCompleted("b", 1, success=True, summary="done"),)
    assert (driver.state, driver.mission.active) == (State.RUNNING, None)
    driver(c.Pause("ann"), c.Resume("ann"))
    assert driver(c.BeginStep(WRITING)) == (e.StepStarted("c", 2, "do c", "retrieve", 1),)


def test_evidence_goes_on_record_with_the_step(drive: Drive) -> None:
    driver = drive("a:retrieve")
    completed, _ = driver.outcome(o.Completed("looked", {"hits": 3}))
    assert completed == e.StepCompleted("a", 0, success=True, summary="looked", evidence={"hits": 3})


def test_completing_the_last_step_ends_the_mission_even_where_it_was_to_pause(drive: Drive) -> None:
    driver = drive("a:retrieve", "b:retrieve")
    driver.complete()
    assert driver.complete(proceed=False)[-1] == e.Final(success=True, steps_completed=2, duration_s=3.5)
    assert driver.state is State.COMPLETE
    with pytest.raises(IllegalTransition):
        driver(c.BeginStep(WRITING))


def test_a_failure_halts_the_mission_at_its_step(drive: Drive) -> None:
    driver = drive("a:retrieve", "b:retrieve")
    failure, paused = driver.fail("broken", signature="abc")
    assert failure == e.FailureDetected("a", "broken", "it broke", "abc")
    assert paused == e.ExecutionPaused("failure", "a")
    assert (driver.state, driver.mission.cursor, driver.mission.active) == (State.FAILED, 0, None)
    with pytest.raises(IllegalTransition):
        driver(c.BeginStep(WRITING))


def test_a_failure_without_a_signature_is_given_one_that_is_the_same_for_the_same_cause(drive: Drive) -> None:
    signatures = []
    for kind in ("broken", "broken", "missing"):
        driver = drive("a:retrieve")
        driver.fail(kind)
        assert driver.mission.failure is not None
        signatures.append(driver.mission.failure.signature)
    assert signatures[0] == signatures[1] != signatures[2]
    assert all(len(signature) == 16 for signature in signatures)


def test_attempts_are_counted_for_each_step_by_itself(drive: Drive) -> None:
    driver = drive("a:retrieve", "b:retrieve")
    driver.fail()
    driver(c.Retry("ann"), c.BeginStep(WRITING))
    driver.complete()
    driver.fail()
    driver(c.Retry("ann"))
    driver(c.BeginStep(WRITING))
    assert [driver.mission.attempts(0), driver.mission.attempts(1)] == [2, 2]
    driver.complete()
    attempts = [(event.step_id, event.attempt) for event in driver.events if isinstance(event, e.StepStarted)]
    assert attempts == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_gate_asks_before_it_pauses_and_tells_the_risk_and_the_limit(drive: Drive) -> None:
    driver = drive("fix:edit")
    _, requested, paused = driver.propose("a.py", expires_at="2024-01-01T10:00:00Z")
    assert requested == e.ApprovalRequested(
        "approval-9", "diff", "change-7", "a change", "fix", "low", expires_at="2024-01-01T10:00:00Z"
    )
    assert paused == e.ExecutionPaused("awaiting_diff_approval", "fix")


def test_no_grant_answers_a_question(drive: Drive) -> None:
    driver = drive("ask:plan")
    driver(c.GiveGrant("all", "ann"))
    driver.outcome(o.AskQuestion("which port?"), digest="question")
    assert driver.state is State.AWAITING_APPROVAL
    assert driver.events[-1] == e.ExecutionPaused("awaiting_answer", "ask")
