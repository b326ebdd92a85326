"""What must stand before each event of a decision. Part of `contradictions`, and like it a check for each event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.moves import AWAITING
from mission_fsm.core.scope import digest_of


def _approval_requested(mission: Mission, event: e.ApprovalRequested) -> str | None:
    if mission.pending is not None:
        return f"{mission.pending.approval_id} is still waiting for a decision"
    if event.kind == ApprovalKind.PLAN:
        return None if event.digest == mission.plan.digest else "it asks about another plan"
    if mission.state is not State.RUNNING:
        return f"it asks while the mission is {mission.state}"
    if event.kind == ApprovalKind.QUESTION:
        return None
    if event.kind == ApprovalKind.SCOPE:
        asked = mission.widening is not None and event.digest == digest_of(mission, mission.widening)
        return None if asked else "it asks to widen another scope contract"
    if mission.active is None:
        return f"it asks about a {event.kind}, and no step is under way"
    subject = mission.active.change if event.kind == ApprovalKind.DIFF else mission.active.command
    if subject is None or subject.digest != event.digest:
        return f"no {event.kind} with digest {event.digest} is on its way"
    return None


def _approval_resolved(mission: Mission, event: e.ApprovalResolved) -> str | None:
    pending = mission.pending
    asked = pending and (pending.approval_id, pending.kind.value, pending.digest)
    if asked != (event.approval_id, event.kind, event.digest):
        return f"{event.approval_id} with digest {event.digest} was not waiting for a decision"
    if event.kind != ApprovalKind.PLAN and mission.state is not State.AWAITING_APPROVAL:
        return f"{event.approval_id} was decided while the mission was {mission.state}"
    return None


def _approval_expired(mission: Mission, event: e.ApprovalExpired) -> str | None:
    pending = mission.pending
    if mission.state is State.AWAITING_APPROVAL and pending and pending.approval_id == event.approval_id:
        return None
    return f"{event.approval_id} was not waiting for a decision"


def _approval_voided(mission: Mission, event: e.ApprovalVoided) -> str | None:
    change, pending = mission.active.change if mission.active else None, mission.pending
    if change is None or (change.diff_id, change.digest) != (event.diff_id, event.digest):
        return f"{event.diff_id} is not on its way"
    if mission.state is State.AWAITING_APPROVAL and pending is not None:
        return None if event.approval_id == pending.approval_id else f"{pending.approval_id} is what is waiting"
    return None if mission.state is State.RUNNING and change.approved else f"{event.diff_id} is not approved"


def _input_received(mission: Mission, _: e.InputReceived) -> str | None:
    return None if mission.awaits_input else "no proposal was asked for"


def _execution_paused(mission: Mission, event: e.ExecutionPaused) -> str | None:
    if event.reason in AWAITING.values() and mission.pending is None:
        return "nothing is waiting for a decision"
    return "no failure was detected" if event.reason == "failure" and mission.failure is None else None


def _execution_resumed(mission: Mission, event: e.ExecutionResumed) -> str | None:
    if event.reason == "resumed" or mission.pending is None:
        return None
    return f"{mission.pending.approval_id} is still waiting for a decision"


def _grant_given(mission: Mission, _: e.GrantGiven) -> str | None:
    return f"the mission is {mission.state}" if mission.state in FINAL else None


def _grant_revoked(mission: Mission, event: e.GrantRevoked) -> str | None:
    if mission.state in FINAL:
        return f"the mission is {mission.state}"
    stands = any(grant.grant_id == event.grant_id and grant.revoked_by is None for grant in mission.grants)
    return None if stands else f"{event.grant_id} does not stand"


OBJECTIONS: dict[type, Callable[[Mission, Any], str | None]] = {
    e.ApprovalRequested: _approval_requested,
    e.ApprovalResolved: _approval_resolved,
    e.ApprovalExpired: _approval_expired,
    e.ApprovalVoided: _approval_voided,
    e.InputReceived: _input_received,
    e.ExecutionPaused: _execution_paused,
    e.ExecutionResumed: _execution_resumed,
    e.GrantGiven: _grant_given,
    e.GrantRevoked: _grant_revoked,
}
