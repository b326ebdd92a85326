"""Which events mark a move of the lifecycle, and which move: each move has exactly one event that marks it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.lifecycle import TABLE, TRIGGERS
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.moves import AWAITING, Move, move_of, transition
from mission_fsm.core.plan import ScopeContract
from tests.unit.core.driver import plan_of

S = State
REQUEST = Request("approval-8", ApprovalKind.DIFF, "abc", "a change")
ASKED = {"pending": REQUEST}

# The state before, the mission's fields, the event, and the move that it marks.
MARKS: list[tuple[State, dict[str, Any], e.Event, Move | None]] = [
    (S.IDLE, {}, e.ApprovalResolved("approval-2", "plan", "approved", "ann", "api", "d"), Move("approve", S.IDLE)),
    (S.IDLE, {}, e.ApprovalResolved("approval-2", "plan", "rejected", "ann", "api", "d"), Move("reject", S.IDLE)),
    (S.IDLE, {}, e.MissionStarted("goal", 2, ScopeContract()), Move("start", S.RUNNING)),
    (S.RUNNING, {}, e.StepStarted("fix", 1, "do fix", "edit", 1), Move("advance", S.RUNNING)),
    (S.RUNNING, {}, e.StepCompleted("fix", 1, success=True), Move("advance", S.RUNNING)),
    *(
        (S.RUNNING, ASKED, e.ExecutionPaused(reason), Move("request_approval", S.AWAITING_APPROVAL))
        for reason in (
            "awaiting_diff_approval",
            "awaiting_command_approval",
            "awaiting_answer",
            "awaiting_scope_approval",
        )
    ),
    (S.AWAITING_APPROVAL, {}, e.ExecutionResumed("approved"), Move("approve", S.RUNNING)),
    (S.AWAITING_APPROVAL, {}, e.ExecutionPaused("rejected"), Move("reject", S.PAUSED)),
    (S.AWAITING_APPROVAL, {}, e.ExecutionPaused("expired"), Move("expire", S.PAUSED)),
    (S.AWAITING_APPROVAL, {}, e.ExecutionResumed("drifted"), Move("void", S.RUNNING)),
    (S.RUNNING, {}, e.ExecutionPaused("awaiting_input"), Move("request_input", S.PAUSED)),
    (S.RUNNING, {}, e.ExecutionPaused("manual"), Move("pause", S.PAUSED)),
    (S.AWAITING_APPROVAL, ASKED, e.ExecutionPaused("interrupted"), Move("pause", S.PAUSED)),
    (S.PAUSED, {}, e.ExecutionResumed("resumed"), Move("resume", S.RUNNING)),
    (S.PAUSED, ASKED, e.ExecutionResumed("resumed"), Move("resume", S.AWAITING_APPROVAL)),
    (S.RUNNING, {}, e.ExecutionPaused("failure"), Move("fail", S.FAILED)),
    (S.FAILED, {}, e.ExecutionResumed("retry"), Move("retry", S.RUNNING)),
    (S.PAUSED, {}, e.ExecutionResumed("retry"), Move("retry", S.RUNNING)),
    (S.FAILED, {}, e.RepairStarted("repair-9", "fix", 1, "plan", 3), Move("repair", S.RUNNING)),
    (S.RUNNING, {}, e.RepairStarted("repair-9", "fix", 2, "plan", 3), None),
    (S.PAUSED, {}, e.CheckpointRestored("checkpoint-9", ("a",), "ann", "checkpoint-30"), Move("rollback", S.PAUSED)),
    (S.FAILED, {}, e.CheckpointRestored("checkpoint-9", ("a",), "ann", "checkpoint-30"), Move("rollback", S.PAUSED)),
    (S.STOPPED, {}, e.CheckpointRestored("checkpoint-9", ("a",), "ann", "checkpoint-30"), Move("rollback", S.STOPPED)),
    (
        S.COMPLETE,
        {},
        e.CheckpointRestored("checkpoint-9", ("a",), "ann", "checkpoint-30"),
        Move("rollback", S.COMPLETE),
    ),
    (S.RUNNING, {}, e.MissionRecovered("pid 1"), Move("recover", S.RUNNING)),
    (S.RUNNING, {}, e.MissionRecovered("pid 1", ("deploy",)), None),
    (S.RUNNING, {}, e.ExecutionPaused("in_doubt"), Move("recover", S.PAUSED)),
    (S.FAILED, {}, e.ExecutionStopped("manual", "ann"), Move("stop", S.STOPPED)),
    (S.RUNNING, {}, e.Final(success=True, steps_completed=2, duration_s=1.0), Move("finish", S.COMPLETE)),
    (S.AWAITING_APPROVAL, {}, e.ApprovalResolved("approval-8", "diff", "approved", "ann", "api", "d"), None),
    (S.AWAITING_APPROVAL, {}, e.ApprovalExpired("approval-8", "2024-01-01T10:00:00Z"), None),
    (S.RUNNING, {}, e.FailureDetected("fix", "broken", "it broke", "sig"), None),
    (S.PAUSED, {}, e.CheckpointSecured("checkpoint-30", ("a",), 7, "m", scope="rollback"), None),
]
SILENT = {
    e.MissionCreated,
    e.StageChanged,
    e.RetrievalStarted,
    e.RetrievalCompleted,
    e.DiffProposed,
    e.CommandProposed,
    e.ApprovalRequested,
    e.ApprovalExpired,
    e.ApprovalVoided,
    e.GrantGiven,
    e.GrantRevoked,
    e.InputRequested,
    e.InputReceived,
    e.CheckpointCreated,
    e.CheckpointSecured,
    e.DiffApplied,
    e.TestStarted,
    e.TestCompleted,
    e.CommandStarted,
    e.CommandCompleted,
    e.FilesChanged,
    e.ScopeExpansionRequested,
    e.TimeSpent,
    e.RepairCompleted,
    e.FailureDetected,
}


def _mission(state: State, fields: dict[str, Any]) -> Mission:
    made = Mission("m1", plan_of("find:retrieve", "fix:edit"), "/w", None, "ann", state, 20, cursor=1, reached=2)
    return attrs.evolve(made, **fields)


@pytest.mark.parametrize(
    ("state", "fields", "event", "move"),
    [pytest.param(*mark, id=f"{mark[0]}-{e.type_of(type(mark[2]))}-{at}") for at, mark in enumerate(MARKS)],
)
def test_an_event_marks_this_move_and_no_other(
    state: State, fields: dict[str, Any], event: e.Event, move: Move | None
) -> None:
    assert move_of(event, _mission(state, fields)) == move


def test_every_row_of_the_table_has_an_event_that_marks_it() -> None:
    marked = {(state, move.trigger, move.dest) for state, _, _, move in MARKS if move}
    for row in TABLE:
        if row.trigger == "stop":
            move = move_of(e.ExecutionStopped("manual", "ann"), _mission(row.source, {}))
            assert move == Move("stop", row.lands)
        else:
            assert (row.source, row.trigger, row.lands) in marked


def test_every_event_either_can_mark_a_move_or_never_does() -> None:
    marking = {type(event) for _, _, event, move in MARKS if move}
    assert marking | SILENT == set(e.EVENT_CLASSES.values())
    assert not marking & SILENT


def test_a_transition_says_which_event_marks_it_where_it_led_and_why() -> None:
    made = transition(_mission(S.RUNNING, {}), Move("pause", S.PAUSED), e.ExecutionPaused("manual", "fix", "ann"))
    assert attrs.astuple(made) == (21, "pause", S.RUNNING, S.PAUSED, "fix", "manual")


def test_each_kind_of_request_but_the_plan_has_its_own_reason_to_pause() -> None:
    assert set(AWAITING) == set(ApprovalKind) - {ApprovalKind.PLAN}
    assert len(set(AWAITING.values())) == len(AWAITING)


def test_every_trigger_is_marked_by_some_event() -> None:
    assert {move.trigger for _, _, _, move in MARKS if move} == set(TRIGGERS)
