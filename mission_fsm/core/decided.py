"""What people, and rules and time for them, change in a mission: by requests decided, input given, interruptions.

Part of `consequences`, and like it a mapping of fields for each event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind, Grant, Request
from mission_fsm.core.changes import RiskLevel
from mission_fsm.core.mission import Mission, Widening
from mission_fsm.core.replies import Answer, Proposal
from mission_fsm.core.underway import active_of, with_active


def _approval_requested(_: Mission, event: e.ApprovalRequested) -> dict[str, Any]:
    return {
        "pending": Request(
            approval_id=event.approval_id,
            kind=ApprovalKind(event.kind),
            digest=event.digest,
            summary=event.summary,
            step_id=event.step_id,
            risk_level=RiskLevel(event.risk_level) if event.risk_level else None,
            rules=event.rules,
            choices=event.choices,
            expires_at=event.expires_at,
        )
    }


def _approval_resolved(mission: Mission, event: e.ApprovalResolved) -> dict[str, Any]:
    changes: dict[str, Any] = {"pending": None}
    if event.grant_id is not None:
        changes["grants"] = tuple(
            attrs.evolve(g, used=g.used + 1) if g.grant_id == event.grant_id else g for g in mission.grants
        )
    if event.kind == ApprovalKind.PLAN:
        return {**changes, "plan_decision": event.decision, "decided_by": event.decided_by}
    if event.decision != "approved":
        return {**changes, "active": None, "widening": None}
    if event.kind == ApprovalKind.SCOPE:
        return {**changes, **_widened(mission)}
    active = active_of(mission)
    if event.kind == ApprovalKind.DIFF and active.change is not None:
        return {**changes, **with_active(mission, change=attrs.evolve(active.change, approved=True))}
    if event.kind == ApprovalKind.COMMAND and active.command is not None:
        return {**changes, **with_active(mission, command=attrs.evolve(active.command, approved=True))}
    return {**changes, **with_active(mission, reply=Answer(event.answer or "", event.decided_by))}


def _widened(mission: Mission) -> dict[str, Any]:
    """What was beyond the contract is within it from here on."""
    if mission.widening is None:
        raise AssertionError("no contradiction was seen in a contract that nobody asked to widen")
    changes: dict[str, Any] = {"widened": mission.widening.scope, "widening": None}
    if mission.breaches:
        edits = tuple(attrs.evolve(edit, breaches=()) if edit.undone_by is None else edit for edit in mission.edits)
        changes |= {"breaches": (), "edits": edits}
    return changes


def _approval_expired(_: Mission, __: e.ApprovalExpired) -> dict[str, Any]:
    return {"pending": None, "active": None, "widening": None}


def _scope_expansion_requested(_: Mission, event: e.ScopeExpansionRequested) -> dict[str, Any]:
    return {"widening": Widening(event.breaches, event.scope_contract)}


def _approval_voided(mission: Mission, event: e.ApprovalVoided) -> dict[str, Any]:
    # The stage is run again with what it was told when it made the change; its checkpoint stays open.
    drifts = active_of(mission).drifts + (event.approval_id is None)
    return {"pending": None, **with_active(mission, change=None, drifts=drifts)}


def _grant_given(mission: Mission, event: e.GrantGiven) -> dict[str, Any]:
    return {"grants": (*mission.grants, Grant(event.grant_id, event.rule, event.by))}


def _grant_revoked(mission: Mission, event: e.GrantRevoked) -> dict[str, Any]:
    return {
        "grants": tuple(
            attrs.evolve(g, revoked_by=event.by) if g.grant_id == event.grant_id else g for g in mission.grants
        )
    }


def _input_requested(mission: Mission, event: e.InputRequested) -> dict[str, Any]:
    return with_active(mission, wants=event.what)


def _input_received(mission: Mission, event: e.InputReceived) -> dict[str, Any]:
    return with_active(mission, reply=Proposal(event.digest, event.by), wants=None)


def _execution_paused(mission: Mission, event: e.ExecutionPaused) -> dict[str, Any]:
    changes: dict[str, Any] = {"pause_reason": event.reason}
    if event.reason == "failure":
        changes["active"] = None
    elif mission.active is not None and mission.active.command is not None:
        # A command that was under way has been ended, and runs again as it was approved.
        changes |= with_active(mission, command=attrs.evolve(mission.active.command, run_id=None))
    return changes


def _execution_resumed(_: Mission, event: e.ExecutionResumed) -> dict[str, Any]:
    changes: dict[str, Any] = {"pause_reason": None}
    if event.reason == "retry":
        changes |= {"failure": None, "active": None}
    return changes


def _execution_stopped(_: Mission, event: e.ExecutionStopped) -> dict[str, Any]:
    return {"pause_reason": event.reason, "active": None, "pending": None, "widening": None}


DECIDED: dict[type, Callable[[Mission, Any], dict[str, Any]]] = {
    e.ApprovalRequested: _approval_requested,
    e.ApprovalResolved: _approval_resolved,
    e.ApprovalExpired: _approval_expired,
    e.ScopeExpansionRequested: _scope_expansion_requested,
    e.ApprovalVoided: _approval_voided,
    e.GrantGiven: _grant_given,
    e.GrantRevoked: _grant_revoked,
    e.InputRequested: _input_requested,
    e.InputReceived: _input_received,
    e.ExecutionPaused: _execution_paused,
    e.ExecutionResumed: _execution_resumed,
    e.ExecutionStopped: _execution_stopped,
}
