"""Which recorded events mark a move of the lifecycle, and which move that is.

Each move is marked by exactly one event, so that a fold of events walks the table and nothing else.
"""

from __future__ import annotations

from attrs import frozen

from mission_fsm.core import events as e
from mission_fsm.core.mission import Mission, State


@frozen
class Move:
    """A trigger, and the state that it led to."""

    trigger: str
    dest: State


@frozen
class Transition:
    """A move as it was made: for the log, and for diagrams of what a mission did.

    sequence: of the event that marks it.
    """

    sequence: int
    trigger: str
    source: State
    dest: State
    step_id: str | None
    reason: str | None


AWAITING = {
    "diff": "awaiting_diff_approval",
    "command": "awaiting_command_approval",
    "question": "awaiting_answer",
    "scope": "awaiting_scope_approval",
}

# Why a mission pauses of its own accord: each of these marks a move, so nobody may pause it for such a reason.
PAUSES: dict[str, tuple[str, State]] = {
    **dict.fromkeys(AWAITING.values(), ("request_approval", State.AWAITING_APPROVAL)),
    "failure": ("fail", State.FAILED),
    "rejected": ("reject", State.PAUSED),
    "expired": ("expire", State.PAUSED),
    "awaiting_input": ("request_input", State.PAUSED),
    "in_doubt": ("recover", State.PAUSED),
}
_RESUMES = {"approved": "approve", "resumed": "resume", "retry": "retry", "drifted": "void"}


def move_of(event: e.Event, mission: Mission) -> Move | None:
    """The move that this event marks in that mission, as it stood before the event; None where it marks none."""
    here = mission.state
    match event:
        case e.StepStarted() | e.StepCompleted():
            return Move("advance", here)
        case e.ExecutionPaused(reason=reason):
            return Move(*PAUSES.get(reason, ("pause", State.PAUSED)))
        case e.ExecutionResumed(reason=reason):
            trigger = _RESUMES.get(reason, "resume")
            waiting = trigger == "resume" and mission.pending is not None
            return Move(trigger, State.AWAITING_APPROVAL if waiting else State.RUNNING)
        case e.ApprovalResolved(kind="plan", decision=decision):
            return Move("approve" if decision == "approved" else "reject", here)
        case e.MissionStarted():
            return Move("start", State.RUNNING)
        case e.RepairStarted() if here is State.FAILED:
            return Move("repair", State.RUNNING)
        case e.CheckpointRestored():
            return Move("rollback", State.PAUSED if here is State.FAILED else here)
        case e.MissionRecovered(in_doubt=()):
            return Move("recover", here)
        case e.ExecutionStopped():
            return Move("stop", State.STOPPED)
        case e.Final():
            return Move("finish", State.COMPLETE)
    return None


def transition(mission: Mission, move: Move, event: e.Event) -> Transition:
    """That move of that mission, as it stood before the event that marks it."""
    step_id = getattr(event, "step_id", None) or getattr(event, "current_step", None)
    reason = getattr(event, "reason", None)
    return Transition(mission.sequence + 1, move.trigger, mission.state, move.dest, step_id, reason)
