"""What each event changes in a mission, as a mapping of fields; where the mission stands is not among them.

Each is told of events that contradict nothing (see `contradictions`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from mission_fsm.core import events as e
from mission_fsm.core.changes import Risk, RiskLevel
from mission_fsm.core.decided import DECIDED
from mission_fsm.core.mission import (
    Active,
    Edit,
    Failure,
    Mission,
    ProposedChange,
    ProposedCommand,
    Repair,
    Restoring,
    State,
)
from mission_fsm.core.replies import Applied, LastTest, Proposal, RepairBegun, Reply, RetrievalBegun
from mission_fsm.core.rollback import marked
from mission_fsm.core.underway import active_of, with_active


def consequences(mission: Mission, event: e.Event) -> dict[str, Any]:
    """The fields of the mission that the event changes, with their new values."""
    handler = _HANDLERS.get(type(event))
    return handler(mission, event) if handler else {}


def _mission_started(mission: Mission, _: e.MissionStarted) -> dict[str, Any]:
    return {"started_sequence": mission.sequence + 1}


def _step_started(mission: Mission, event: e.StepStarted) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "active": Active(event.step_index, event.step_id, event.attempt, event.stage),
        "reached": max(mission.reached, event.step_index + 1),
        "failure": None,
    }
    if event.attempt > 1:
        changes["retried"] = {**mission.retried, event.step_id: event.attempt}
    return changes


def _stage_changed(_: Mission, event: e.StageChanged) -> dict[str, Any]:
    return {"stage": event.to}


def _step_completed(mission: Mission, _: e.StepCompleted) -> dict[str, Any]:
    return {"cursor": mission.cursor + 1, "active": None}


def _retrieval_started(mission: Mission, event: e.RetrievalStarted) -> dict[str, Any]:
    begun = with_active(mission, retrieval_id=event.retrieval_id, reply=RetrievalBegun(event.retrieval_id))
    return {"tool_calls": mission.tool_calls + 1, **begun}


def _retrieval_completed(mission: Mission, _: e.RetrievalCompleted) -> dict[str, Any]:
    return with_active(mission, retrieval_id=None)


def _checkpoint_created(mission: Mission, event: e.CheckpointCreated) -> dict[str, Any]:
    return with_active(mission, checkpoint_id=event.checkpoint_id)


def _diff_proposed(mission: Mission, event: e.DiffProposed) -> dict[str, Any]:
    risk = Risk(RiskLevel(event.risk_level), event.rules)
    change = ProposedChange(event.diff_id, event.digest, event.summary, event.files, event.lines, event.final, risk)
    changes = with_active(mission, change=change)
    if event.revises is not None and mission.pending is not None:
        # What is waiting for a decision is the revision from here on.
        changes["pending"] = attrs.evolve(mission.pending, digest=event.digest, risk_level=risk.level, rules=risk.rules)
    return changes


def _command_proposed(mission: Mission, event: e.CommandProposed) -> dict[str, Any]:
    command = ProposedCommand(event.digest, event.command, event.purpose, approved=event.covered)
    return with_active(mission, command=command)


def _checkpoint_secured(mission: Mission, event: e.CheckpointSecured) -> dict[str, Any]:
    if event.scope == "rollback":
        return {
            "restoring": Restoring(
                checkpoint_id=event.checkpoint_id,
                target=event.target or "",
                manifest=event.manifest,
                cursor=event.cursor or 0,
                undoes=event.undoes,
                by=event.by or "",
                means=event.means,
            )
        }
    change = active_of(mission).change
    secured = with_active(mission, change=change and attrs.evolve(change, manifest=event.manifest))
    return {"tool_calls": mission.tool_calls + 1, **secured}


def _diff_applied(mission: Mission, event: e.DiffApplied) -> dict[str, Any]:
    change = active_of(mission).change
    if change is None or change.manifest is None:
        raise AssertionError("no contradiction was seen in a change that is not secured")
    entry = Edit(
        checkpoint_id=event.checkpoint_id,
        kind="edit",
        step_id=mission.plan.steps[mission.cursor].step_id,
        cursor=mission.cursor,
        manifest=change.manifest,
        paths=change.paths,
        lines=change.lines,
    )
    applied = with_active(mission, change=None, checkpoint_id=None, reply=Applied(event.diff_id), drifts=0)
    return {"edits": (*mission.edits, entry), **applied}


def _checkpoint_restored(mission: Mission, event: e.CheckpointRestored) -> dict[str, Any]:
    restoring, target = mission.restoring, mission.edit(event.checkpoint_id)
    if restoring is None or target is None:
        raise AssertionError("no contradiction was seen in a rollback that is not under way")
    entry = Edit(
        checkpoint_id=restoring.checkpoint_id,
        kind="rollback",
        step_id=target.step_id,
        cursor=mission.cursor,
        manifest=restoring.manifest,
        paths=event.paths,
        lines=0,
        target=restoring.target,
    )
    edits = marked((*mission.edits, entry))
    changes: dict[str, Any] = {"restoring": None, "edits": edits, "breaches": _breaches_of(edits)}
    if mission.state in (State.PAUSED, State.FAILED):
        changes |= {
            "cursor": restoring.cursor,
            "active": None,
            "pending": None,
            "widening": None,
            "failure": None,
            "pause_reason": "rolled_back",
        }
    return changes


def _command_started(mission: Mission, event: e.TestStarted | e.CommandStarted) -> dict[str, Any]:
    command = active_of(mission).command
    run_id = event.test_id if isinstance(event, e.TestStarted) else event.command_id
    started = with_active(mission, command=command and attrs.evolve(command, run_id=run_id, surveyed=False))
    return {"tool_calls": mission.tool_calls + 1, **started}


def _test_completed(mission: Mission, event: e.TestCompleted) -> dict[str, Any]:
    command = active_of(mission).command
    report = LastTest(
        test_id=event.test_id,
        step_id=mission.plan.steps[mission.cursor].step_id,
        success=event.success,
        command=command.spec.argv if command else (),
        signature=event.signature,
        failing=event.failing,
        artifact=event.artifact,
    )
    return {"last_test": report, **with_active(mission, command=None)}


def _command_completed(mission: Mission, _: e.CommandCompleted) -> dict[str, Any]:
    return with_active(mission, command=None)


def _files_changed(mission: Mission, event: e.FilesChanged) -> dict[str, Any]:
    entry = Edit(
        checkpoint_id=event.checkpoint_id,
        kind="command",
        step_id=event.step_id,
        cursor=mission.cursor,
        manifest=event.manifest,
        paths=event.files,
        lines=event.lines,
        reports=event.reports,
        breaches=event.breaches,
    )
    command = active_of(mission).command
    surveyed = with_active(mission, command=command and attrs.evolve(command, surveyed=True))
    return {"edits": (*mission.edits, entry), "breaches": (*mission.breaches, *event.breaches), **surveyed}


def _breaches_of(edits: tuple[Edit, ...]) -> tuple[str, ...]:
    return tuple(breach for edit in edits if edit.undone_by is None for breach in edit.breaches)


def _time_spent(_: Mission, event: e.TimeSpent) -> dict[str, Any]:
    return {"spent_s": event.spent_s}


def _repair_started(mission: Mission, event: e.RepairStarted) -> dict[str, Any]:
    repair = Repair(
        repair_id=event.repair_id,
        step_id=event.step_id,
        attempt=event.attempt,
        max_attempts=event.max_attempts,
        origin=event.origin,
        options_step=event.options_step,
        patch=event.patch,
        signatures=event.signatures,
        keeps_edits=event.keeps_edits,
    )
    by_hand = event.patch is not None
    reply: Reply = Proposal(event.patch or "", event.by or "") if by_hand else RepairBegun(event.attempt)
    if repair.in_place or mission.active is None:
        attempt = mission.attempts(mission.cursor)
        active = {"active": Active(mission.cursor, event.step_id, attempt, "repair", reply=reply)}
    else:
        active = with_active(mission, reply=reply)
    return {"repair": repair, "failure": None, "pause_reason": None, **active}


def _repair_completed(_: Mission, __: e.RepairCompleted) -> dict[str, Any]:
    return {"repair": None}


def _failure_detected(_: Mission, event: e.FailureDetected) -> dict[str, Any]:
    failure = Failure(event.step_id, event.kind, event.message, event.signature, event.rollback_to, event.artifact)
    return {"failure": failure}


def _mission_recovered(mission: Mission, _: e.MissionRecovered) -> dict[str, Any]:
    if mission.active is None or mission.active.command is None:
        return {}
    return with_active(mission, command=attrs.evolve(mission.active.command, run_id=None))


_HANDLERS: dict[type, Callable[[Mission, Any], dict[str, Any]]] = {
    **DECIDED,
    e.MissionStarted: _mission_started,
    e.StepStarted: _step_started,
    e.StageChanged: _stage_changed,
    e.StepCompleted: _step_completed,
    e.RetrievalStarted: _retrieval_started,
    e.RetrievalCompleted: _retrieval_completed,
    e.CheckpointCreated: _checkpoint_created,
    e.DiffProposed: _diff_proposed,
    e.CommandProposed: _command_proposed,
    e.CheckpointSecured: _checkpoint_secured,
    e.CheckpointRestored: _checkpoint_restored,
    e.DiffApplied: _diff_applied,
    e.TestStarted: _command_started,
    e.CommandStarted: _command_started,
    e.TestCompleted: _test_completed,
    e.CommandCompleted: _command_completed,
    e.FilesChanged: _files_changed,
    e.TimeSpent: _time_spent,
    e.RepairStarted: _repair_started,
    e.RepairCompleted: _repair_completed,
    e.FailureDetected: _failure_detected,
    e.MissionRecovered: _mission_recovered,
}
