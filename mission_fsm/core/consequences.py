"""What each event changes in a mission, as a mapping of fields; where the mission stands is not among them.

Each is told of events that contradict nothing (see `contradictions`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from mission_fsm.core import events as e
from mission_fsm.core import model as m
from mission_fsm.core.rollback import marked
from mission_fsm.errors import JournalDamaged


def consequences(mission: m.Mission, event: e.Event) -> dict[str, Any]:
    """The fields of the mission that the event changes, with their new values."""
    handler = _HANDLERS.get(type(event))
    return handler(mission, event) if handler else {}


def _active(mission: m.Mission) -> m.Active:
    if mission.active is None:
        raise JournalDamaged(f"event {mission.sequence + 1} belongs to a step, and no step is under way")
    return mission.active


def _with_active(mission: m.Mission, **changes: Any) -> dict[str, Any]:
    return {"active": attrs.evolve(_active(mission), **changes)}


def _mission_started(mission: m.Mission, _: e.MissionStarted) -> dict[str, Any]:
    return {"started_sequence": mission.sequence + 1}


def _step_started(mission: m.Mission, event: e.StepStarted) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "active": m.Active(event.step_index, event.step_id, event.attempt, event.stage),
        "reached": max(mission.reached, event.step_index + 1),
        "failure": None,
    }
    if event.attempt > 1:
        changes["retried"] = {**mission.retried, event.step_id: event.attempt}
    return changes


def _stage_changed(_: m.Mission, event: e.StageChanged) -> dict[str, Any]:
    return {"stage": event.to}


def _step_completed(mission: m.Mission, _: e.StepCompleted) -> dict[str, Any]:
    return {"cursor": mission.cursor + 1, "active": None}


def _retrieval_started(mission: m.Mission, event: e.RetrievalStarted) -> dict[str, Any]:
    return _with_active(mission, retrieval_id=event.retrieval_id, reply=m.RetrievalBegun(event.retrieval_id))


def _retrieval_completed(mission: m.Mission, _: e.RetrievalCompleted) -> dict[str, Any]:
    return _with_active(mission, retrieval_id=None)


def _checkpoint_created(mission: m.Mission, event: e.CheckpointCreated) -> dict[str, Any]:
    return _with_active(mission, checkpoint_id=event.checkpoint_id)


def _diff_proposed(mission: m.Mission, event: e.DiffProposed) -> dict[str, Any]:
    change = m.ProposedChange(event.diff_id, event.digest, event.summary, event.files, event.lines, event.final)
    return _with_active(mission, change=change)


def _command_proposed(mission: m.Mission, event: e.CommandProposed) -> dict[str, Any]:
    command = m.ProposedCommand(event.digest, event.command, event.purpose, approved=event.covered)
    return _with_active(mission, command=command)


def _approval_requested(_: m.Mission, event: e.ApprovalRequested) -> dict[str, Any]:
    return {
        "pending": m.Request(
            approval_id=event.approval_id,
            kind=m.ApprovalKind(event.kind),
            digest=event.digest,
            summary=event.summary,
            step_id=event.step_id,
            risk_level=m.RiskLevel(event.risk_level) if event.risk_level else None,
            rules=event.rules,
            choices=event.choices,
            expires_at=event.expires_at,
        )
    }


def _approval_resolved(mission: m.Mission, event: e.ApprovalResolved) -> dict[str, Any]:
    changes: dict[str, Any] = {"pending": None}
    if event.grant_id is not None:
        changes["grants"] = tuple(
            attrs.evolve(g, used=g.used + 1) if g.grant_id == event.grant_id else g for g in mission.grants
        )
    if event.kind == m.ApprovalKind.PLAN:
        return {**changes, "plan_decision": event.decision, "decided_by": event.decided_by}
    if event.decision != "approved":
        return {**changes, "active": None}
    active = _active(mission)
    if event.kind == m.ApprovalKind.DIFF and active.change is not None:
        return {**changes, **_with_active(mission, change=attrs.evolve(active.change, approved=True))}
    if event.kind == m.ApprovalKind.COMMAND and active.command is not None:
        return {**changes, **_with_active(mission, command=attrs.evolve(active.command, approved=True))}
    return {**changes, **_with_active(mission, reply=m.Answer(event.answer or "", event.decided_by))}


def _approval_expired(_: m.Mission, __: e.ApprovalExpired) -> dict[str, Any]:
    return {"pending": None, "active": None}


def _grant_given(mission: m.Mission, event: e.GrantGiven) -> dict[str, Any]:
    return {"grants": (*mission.grants, m.Grant(event.grant_id, event.rule, event.by))}


def _input_received(mission: m.Mission, event: e.InputReceived) -> dict[str, Any]:
    return _with_active(mission, reply=m.Proposal(event.digest, event.by))


def _execution_paused(mission: m.Mission, event: e.ExecutionPaused) -> dict[str, Any]:
    changes: dict[str, Any] = {"pause_reason": event.reason}
    if event.reason == "failure":
        changes["active"] = None
    elif mission.active is not None and mission.active.command is not None:
        # A command that was under way has been ended, and runs again as it was approved.
        changes |= _with_active(mission, command=attrs.evolve(mission.active.command, test_id=None))
    return changes


def _execution_resumed(_: m.Mission, event: e.ExecutionResumed) -> dict[str, Any]:
    changes: dict[str, Any] = {"pause_reason": None}
    if event.reason == "retry":
        changes |= {"failure": None, "active": None}
    return changes


def _execution_stopped(_: m.Mission, event: e.ExecutionStopped) -> dict[str, Any]:
    return {"pause_reason": event.reason, "active": None, "pending": None}


def _checkpoint_secured(mission: m.Mission, event: e.CheckpointSecured) -> dict[str, Any]:
    if event.scope == "rollback":
        return {
            "restoring": m.Restoring(
                checkpoint_id=event.checkpoint_id,
                target=event.target or "",
                manifest=event.manifest,
                cursor=event.cursor or 0,
                undoes=event.undoes,
                by=event.by or "",
            )
        }
    change = _active(mission).change
    return _with_active(mission, change=change and attrs.evolve(change, manifest=event.manifest))


def _diff_applied(mission: m.Mission, event: e.DiffApplied) -> dict[str, Any]:
    change = _active(mission).change
    if change is None or change.manifest is None:
        raise AssertionError("no contradiction was seen in a change that is not secured")
    entry = m.Edit(
        checkpoint_id=event.checkpoint_id,
        kind="edit",
        step_id=mission.plan.steps[mission.cursor].step_id,
        cursor=mission.cursor,
        manifest=change.manifest,
        paths=change.paths,
        lines=change.lines,
    )
    applied = _with_active(mission, change=None, checkpoint_id=None, reply=m.Applied(event.diff_id))
    return {"edits": (*mission.edits, entry), **applied}


def _checkpoint_restored(mission: m.Mission, event: e.CheckpointRestored) -> dict[str, Any]:
    restoring, target = mission.restoring, mission.edit(event.checkpoint_id)
    if restoring is None or target is None:
        raise AssertionError("no contradiction was seen in a rollback that is not under way")
    entry = m.Edit(
        checkpoint_id=restoring.checkpoint_id,
        kind="rollback",
        step_id=target.step_id,
        cursor=mission.cursor,
        manifest=restoring.manifest,
        paths=event.paths,
        lines=0,
        target=restoring.target,
    )
    changes: dict[str, Any] = {"restoring": None, "edits": marked((*mission.edits, entry))}
    if mission.state in (m.State.PAUSED, m.State.FAILED):
        changes |= {
            "cursor": restoring.cursor,
            "active": None,
            "pending": None,
            "failure": None,
            "pause_reason": "rolled_back",
        }
    return changes


def _command_started(mission: m.Mission, event: e.TestStarted | e.CommandStarted) -> dict[str, Any]:
    command = _active(mission).command
    run_id = event.test_id if isinstance(event, e.TestStarted) else event.command_id
    return _with_active(mission, command=command and attrs.evolve(command, test_id=run_id))


def _test_completed(mission: m.Mission, event: e.TestCompleted) -> dict[str, Any]:
    command = _active(mission).command
    report = m.LastTest(
        test_id=event.test_id,
        step_id=mission.plan.steps[mission.cursor].step_id,
        success=event.success,
        command=command.spec.argv if command else (),
        signature=event.signature,
        failing=event.failing,
        artifact=event.artifact,
    )
    return {"last_test": report, **_with_active(mission, command=None)}


def _command_completed(mission: m.Mission, _: e.CommandCompleted) -> dict[str, Any]:
    return _with_active(mission, command=None)


def _repair_started(mission: m.Mission, event: e.RepairStarted) -> dict[str, Any]:
    repair = m.Repair(
        repair_id=event.repair_id,
        step_id=event.step_id,
        attempt=event.attempt,
        max_attempts=event.max_attempts,
        origin=event.origin,
        options_step=event.options_step,
        patch=event.patch,
        signatures=event.signatures,
    )
    by_hand = event.patch is not None
    reply: m.Reply = m.Proposal(event.patch or "", event.by or "") if by_hand else m.RepairBegun(event.attempt)
    if repair.in_place or mission.active is None:
        attempt = mission.attempts(mission.cursor)
        active = {"active": m.Active(mission.cursor, event.step_id, attempt, "repair", reply=reply)}
    else:
        active = _with_active(mission, reply=reply)
    return {"repair": repair, "failure": None, "pause_reason": None, **active}


def _repair_completed(_: m.Mission, __: e.RepairCompleted) -> dict[str, Any]:
    return {"repair": None}


def _failure_detected(_: m.Mission, event: e.FailureDetected) -> dict[str, Any]:
    return {"failure": m.Failure(event.step_id, event.kind, event.message, event.signature)}


def _mission_recovered(mission: m.Mission, _: e.MissionRecovered) -> dict[str, Any]:
    if mission.active is None or mission.active.command is None:
        return {}
    return _with_active(mission, command=attrs.evolve(mission.active.command, test_id=None))


_HANDLERS: dict[type, Callable[[m.Mission, Any], dict[str, Any]]] = {
    e.MissionStarted: _mission_started,
    e.StepStarted: _step_started,
    e.StageChanged: _stage_changed,
    e.StepCompleted: _step_completed,
    e.RetrievalStarted: _retrieval_started,
    e.RetrievalCompleted: _retrieval_completed,
    e.CheckpointCreated: _checkpoint_created,
    e.DiffProposed: _diff_proposed,
    e.CommandProposed: _command_proposed,
    e.ApprovalRequested: _approval_requested,
    e.ApprovalResolved: _approval_resolved,
    e.ApprovalExpired: _approval_expired,
    e.GrantGiven: _grant_given,
    e.InputReceived: _input_received,
    e.ExecutionPaused: _execution_paused,
    e.ExecutionResumed: _execution_resumed,
    e.ExecutionStopped: _execution_stopped,
    e.CheckpointSecured: _checkpoint_secured,
    e.CheckpointRestored: _checkpoint_restored,
    e.DiffApplied: _diff_applied,
    e.TestStarted: _command_started,
    e.CommandStarted: _command_started,
    e.TestCompleted: _test_completed,
    e.CommandCompleted: _command_completed,
    e.RepairStarted: _repair_started,
    e.RepairCompleted: _repair_completed,
    e.FailureDetected: _failure_detected,
    e.MissionRecovered: _mission_recovered,
}
