"""decide(mission, command) -> events and the mission after them, or a refusal. Pure.

Here stand the decisions that people ask for; those at a gate stand in `gates`, and those that follow from the
runner's work in `report`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from mission_fsm.core import bounds, gates, report
from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.draft import Draft
from mission_fsm.core.evolve import begin
from mission_fsm.core.guards import NO_FACTS, Facts, no_rollback_is_open
from mission_fsm.core.mission import Mission, Repair
from mission_fsm.core.moves import PAUSES, Transition
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.rollback import target_of
from mission_fsm.core.steps import begin_step, give_up_repair, kept_edits, start_repair
from mission_fsm.core.wording import count
from mission_fsm.errors import GuardRefused, UsageError


@frozen
class Decision:
    """What a command comes to: events to be made durable, and the mission as it stands once they are."""

    events: tuple[e.Event, ...]
    transitions: tuple[Transition, ...]
    mission: Mission


def _decision(draft: Draft) -> Decision:
    return Decision(tuple(draft.events), tuple(draft.transitions), draft.mission)


def create(
    mission_id: str, plan: Plan, workspace: str, *, source: str | None, by: str, expires_at: str | None = None
) -> Decision:
    """A new mission, idle, with its plan waiting for approval. Raises UsageError for a plan without steps."""
    if not plan.steps:
        raise UsageError("a plan needs at least one step")
    created = e.MissionCreated(plan.goal, plan.digest, workspace, by, source)
    draft = Draft(begin(mission_id, plan, created))
    draft.events.append(created)
    draft.emit(
        e.ApprovalRequested(
            approval_id=draft.new_id("approval"),
            kind=ApprovalKind.PLAN,
            digest=plan.digest,
            summary=f"{plan.goal} ({count(len(plan.steps), 'step')})",
            expires_at=expires_at,
        )
    )
    return _decision(draft)


def decide(mission: Mission, command: c.Command) -> Decision:
    """What that command comes to now; the mission is not touched.

    Raises IllegalTransition or GuardRefused where the lifecycle says no, UsageError for a grant's rule or a
    pause's reason that cannot be.
    """
    draft = Draft(mission)
    if type(command) in _REPORTS:
        # What the runner did counts only in a mission that runs, and only if it was what came next.
        draft.fire("advance", Facts(effect=report.effect_of(command)))
        _REPORTS[type(command)](draft, command)
    else:
        _REQUESTS[type(command)](draft, command)
    return _decision(draft)


def _start(draft: Draft, command: c.Start) -> None:
    facts = Facts(held_by=command.held_by, missing_stages=command.missing_stages, plan_changes=command.plan_changes)
    draft.fire("start", facts)
    plan = draft.mission.plan
    draft.emit(e.MissionStarted(plan.goal, len(plan.steps), plan.scope))
    begin_step(draft, command.writing_stages)


def _pause(draft: Draft, command: c.Pause) -> None:
    if command.reason in PAUSES:
        raise UsageError(f"{command.reason!r} is why a mission pauses of its own accord; give another reason")
    draft.fire("pause")
    draft.emit(e.ExecutionPaused(command.reason, _current_step_id(draft.mission), command.by))


def _resume(draft: Draft, command: c.Resume) -> None:
    draft.fire("resume")
    draft.emit(e.ExecutionResumed("resumed", _current_step_id(draft.mission), command.by))


def _retry(draft: Draft, command: c.Retry) -> None:
    draft.fire("retry")
    give_up_repair(draft)
    draft.emit(e.ExecutionResumed("retry", _current_step_id(draft.mission), command.by))


def _repair(draft: Draft, command: c.RepairStep) -> None:
    mission = draft.mission
    step = _current_step(mission)
    # A repair step is not repaired in place: it takes the patch as another attempt of its own.
    is_repair = step is not None and step.stage == "repair"
    bound = command.patch is not None or (command.options_step is not None and not is_repair)
    draft.fire("repair", Facts(bound=bound))
    if step is None:
        raise AssertionError("a mission has failed with no step under way")
    failure = mission.failure
    origin = "plan" if command.patch is None else "step" if is_repair else "person"
    repair = Repair(
        repair_id="",
        step_id=step.step_id,
        attempt=1,
        max_attempts=command.max_attempts,
        origin=origin,
        options_step=command.options_step,
        patch=command.patch,
        signatures=(failure.signature,) if failure else (),
        keeps_edits=kept_edits(mission, command.on_exhausted),
    )
    start_repair(draft, repair, command.by)


def _receive_input(draft: Draft, command: c.ReceiveInput) -> None:
    if not draft.mission.awaits_input:
        why = "no step is waiting for a proposal; one whose change was rejected asks anew once it is run again"
        raise GuardRefused("propose", "input_is_awaited", why)
    draft.fire("resume")
    step_id = draft.active.step_id
    draft.emit(e.InputReceived(step_id, command.digest, command.by, command.means))
    draft.emit(e.ExecutionResumed("resumed", step_id, command.by))


def _stop(draft: Draft, command: c.Stop) -> None:
    draft.fire("stop")
    give_up_repair(draft)
    draft.emit(e.ExecutionStopped(command.reason, command.by))


def _secure_rollback(draft: Draft, command: c.SecureRollback) -> None:
    mission = draft.mission
    draft.fire("rollback", Facts(checkpoint=command.target, conflicts=command.conflicts))
    open_rollback = no_rollback_is_open(mission, NO_FACTS)
    if open_rollback is not None:
        raise GuardRefused("rollback", no_rollback_is_open.__name__, open_rollback)
    target = target_of(mission, command.target)
    if command.undoes != target.undoes or not 0 <= command.cursor <= target.cursor:
        reason = f"going back to {command.target} takes back {', '.join(target.undoes)} and no more or less"
        raise GuardRefused("rollback", "rollback_is_whole", reason)
    draft.emit(
        e.CheckpointSecured(
            checkpoint_id=draft.new_id("checkpoint"),
            paths=command.paths,
            size_bytes=command.size_bytes,
            manifest=command.manifest,
            scope="rollback",
            target=command.target,
            undoes=command.undoes,
            cursor=command.cursor,
            by=command.by,
            means=command.means,
        )
    )


def _finish_rollback(draft: Draft, command: c.FinishRollback) -> None:
    restoring = draft.mission.restoring
    if restoring is None:
        raise GuardRefused("rollback", "rollback_is_open", "no rollback is waiting to be finished")
    draft.fire("rollback", Facts(checkpoint=restoring.target))
    give_up_repair(draft)
    draft.emit(
        e.CheckpointRestored(restoring.target, command.paths, restoring.by, restoring.checkpoint_id, restoring.means)
    )


def _recover(draft: Draft, command: c.Recover) -> None:
    draft.fire("recover", Facts(in_doubt=command.in_doubt))
    draft.emit(e.MissionRecovered(command.runner, command.in_doubt))
    if command.in_doubt:
        draft.emit(e.ExecutionPaused("in_doubt", _current_step_id(draft.mission)))


def _current_step(mission: Mission) -> Step | None:
    steps = mission.plan.steps
    return steps[mission.cursor] if mission.cursor < len(steps) else None


def _current_step_id(mission: Mission) -> str | None:
    step = _current_step(mission)
    return step.step_id if step is not None else None


_REQUESTS: dict[type, Callable[[Draft, Any], None]] = {
    c.Approve: gates.approve,
    c.Reject: gates.reject,
    c.Expire: gates.expire,
    c.VoidRequest: gates.void,
    c.GiveGrant: gates.give_grant,
    c.RevokeGrant: gates.revoke_grant,
    c.Start: _start,
    c.Pause: _pause,
    c.Resume: _resume,
    c.Retry: _retry,
    c.RepairStep: _repair,
    c.ReceiveInput: _receive_input,
    c.Stop: _stop,
    c.SecureRollback: _secure_rollback,
    c.FinishRollback: _finish_rollback,
    c.Recover: _recover,
    c.NoteTime: bounds.time_noted,
}
_REPORTS: dict[type, Callable[[Draft, Any], None]] = {
    c.BeginStep: report.step_begun,
    c.RecordOutcome: report.outcome,
    c.ProposeDiff: report.diff,
    c.ProposeCommand: report.command,
    c.StartCommand: report.command_started,
    c.SecureChange: report.change_secured,
    c.FinishChange: report.change_applied,
    c.ReportFilesChanged: bounds.files_changed,
    c.AskScope: bounds.scope_asked,
    c.AskChange: report.change_asked,
    c.ReportDrift: report.drifted,
    c.ReportFailure: report.failure,
}
