"""What scripts are told of a mission: where it stands, as the object that `--json` prints."""

from __future__ import annotations

from typing import TypedDict

from mission_fsm.core.approvals import Request
from mission_fsm.core.mission import Failure, Mission, State
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.replies import CommandSpec


class StepStatus(TypedDict):
    """status: `pending`, `running`, `awaiting_approval`, `paused`, `failed`, `stopped`, `completed`, or
    `rolled_back` where it was completed, and the last that it wrote has been taken back.
    """

    step_id: str
    stage: str
    status: str
    attempts: int


class CommandStatus(TypedDict):
    """A command, as it is to be run. report: where its reports are read from, or None."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    timeout_s: int
    isolated: bool
    sandbox: str
    network: bool
    report: str | None


class ScopeStatus(TypedDict):
    """A scope contract; None for what it does not limit."""

    paths: list[str]
    max_files: int | None
    max_lines: int | None
    max_time_s: int | None
    max_tool_calls: int | None
    allowed_tools: list[str]


class PendingStatus(TypedDict):
    """The decision that is waited for. risk_level: None for what is not a diff. rules: ids of those that gave it.

    command: None for what is no command. scope_contract: as it would be widened; None where that is not asked.
    """

    approval_id: str
    kind: str
    digest: str
    summary: str
    risk_level: str | None
    rules: list[str]
    expires_at: str | None
    command: CommandStatus | None
    scope_contract: ScopeStatus | None


class GrantStatus(TypedDict):
    """A decision given in advance. used: how many requests it has decided. revoked_by: None while it stands."""

    grant_id: str
    rule: str
    by: str
    used: int
    revoked_by: str | None


class FailureStatus(TypedDict):
    """Why the mission failed. rollback_to: the checkpoint to which the plan has it go back, not done yet; or None.

    artifact: digest of what shows why, such as an answer that could not be used; or None.
    """

    kind: str
    message: str
    signature: str
    rollback_to: str | None
    artifact: str | None


class EditStatus(TypedDict):
    """What the mission wrote. kind: `edit`, `command` for what a command changed by itself, or `rollback`.

    undone_by: the rollback that took it back, or None.
    """

    checkpoint_id: str
    kind: str
    step_id: str
    undone_by: str | None


class Status(TypedDict):
    """Where a mission stands. Scripts rely on these keys: some may be added, none renamed or removed.

    step_index: of the step that is next or under way; the number of steps once all are completed.
    widened: the scope contract as people have widened it for this mission; None where the plan's stands.
    """

    mission_id: str
    state: str
    plan_digest: str
    step_index: int
    steps: list[StepStatus]
    pending: PendingStatus | None
    failure: FailureStatus | None
    wants: str | None
    sequence: int
    edits: list[EditStatus]
    grants: list[GrantStatus]
    widened: ScopeStatus | None


def status(mission: Mission) -> Status:
    """The mission as a JSON object."""
    return {
        "mission_id": mission.mission_id,
        "state": mission.state.value,
        "plan_digest": mission.plan.digest,
        "step_index": mission.cursor,
        "steps": [
            {
                "step_id": step.step_id,
                "stage": step.stage,
                "status": step_status(mission, index),
                "attempts": mission.attempts(index),
            }
            for index, step in enumerate(mission.plan.steps)
        ],
        "pending": _pending(mission, mission.pending) if mission.pending else None,
        "failure": _failure(mission.failure) if mission.failure else None,
        "wants": mission.active.wants if mission.awaits_input and mission.active else None,
        "sequence": mission.sequence,
        "edits": [
            {
                "checkpoint_id": edit.checkpoint_id,
                "kind": edit.kind,
                "step_id": edit.step_id,
                "undone_by": edit.undone_by,
            }
            for edit in mission.edits
        ],
        "grants": [
            {
                "grant_id": grant.grant_id,
                "rule": grant.rule,
                "by": grant.by,
                "used": grant.used,
                "revoked_by": grant.revoked_by,
            }
            for grant in mission.grants
        ],
        "widened": _scope(mission.widened) if mission.widened else None,
    }


def step_status(mission: Mission, step_index: int) -> str:
    """What has become of the step at that index: the step at the cursor is in the state of the mission."""
    if step_index < mission.cursor:
        return "rolled_back" if _is_taken_back(mission, step_index) else "completed"
    if step_index > mission.cursor or mission.started_sequence is None or mission.state is State.IDLE:
        return "pending"
    return mission.state.value


def _is_taken_back(mission: Mission, step_index: int) -> bool:
    """Whether the last that the step wrote has been rolled back; it may have been run again since an earlier one."""
    edits = [edit for edit in mission.edits if edit.kind != "rollback" and edit.cursor == step_index]
    return bool(edits) and edits[-1].undone_by is not None


def _pending(mission: Mission, request: Request) -> PendingStatus:
    command, widening = mission.awaited_command, mission.widening
    return {
        "approval_id": request.approval_id,
        "kind": request.kind.value,
        "digest": request.digest,
        "summary": request.summary,
        "risk_level": request.risk_level.value if request.risk_level else None,
        "rules": list(request.rules),
        "expires_at": request.expires_at,
        "command": _command(command) if command else None,
        "scope_contract": _scope(widening.scope) if widening else None,
    }


def _scope(scope: ScopeContract) -> ScopeStatus:
    return {
        "paths": list(scope.paths),
        "max_files": scope.max_files,
        "max_lines": scope.max_lines,
        "max_time_s": scope.max_time_s,
        "max_tool_calls": scope.max_tool_calls,
        "allowed_tools": [tool.value for tool in scope.allowed_tools],
    }


def _command(spec: CommandSpec) -> CommandStatus:
    return {
        "argv": list(spec.argv),
        "cwd": spec.cwd,
        "env": dict(spec.env),
        "timeout_s": spec.timeout_s,
        "isolated": spec.isolated,
        "sandbox": spec.sandbox,
        "network": spec.network,
        "report": spec.report,
    }


def _failure(failure: Failure) -> FailureStatus:
    return {
        "kind": failure.kind,
        "message": failure.message,
        "signature": failure.signature,
        "rollback_to": failure.rollback_to,
        "artifact": failure.artifact,
    }
