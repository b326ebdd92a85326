"""What must stand before each event. A journal that says otherwise was not written by a mission.

Which moves may be made stands in the lifecycle table. These are the facts that the events lean on: nothing is
applied that was not approved and secured, nothing is decided that was not asked, no step begins out of its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mission_fsm.core import events as e
from mission_fsm.core.lifecycle import FINAL, rows
from mission_fsm.core.mission import Active, Mission, ProposedChange, ProposedCommand, State
from mission_fsm.core.objections import OBJECTIONS

# The work on a step: nothing of it happens unless the mission runs.
_WORK: frozenset[type] = frozenset(
    {
        e.StageChanged,
        e.RetrievalStarted,
        e.RetrievalCompleted,
        e.CheckpointCreated,
        e.CommandProposed,
        e.InputRequested,
        e.DiffApplied,
        e.TestStarted,
        e.TestCompleted,
        e.CommandStarted,
        e.CommandCompleted,
        e.FilesChanged,
        e.ScopeExpansionRequested,
        e.FailureDetected,
        e.MissionRecovered,
    }
)


def contradiction(mission: Mission, event: e.Event) -> str | None:
    """What that event contradicts in the mission as it stood before it, in words, or None."""
    if type(event) in _WORK and mission.state is not State.RUNNING:
        return f"{e.type_of(type(event))} in a mission that is {mission.state}"
    check = _CHECKS.get(type(event))
    return check(mission, event) if check else None


# --- steps


def _mission_created(_: Mission, __: e.MissionCreated) -> str | None:
    return "a mission is created once"


def _mission_started(mission: Mission, _: e.MissionStarted) -> str | None:
    return None if mission.plan_decision == "approved" else "its plan is not approved"


def _step_started(mission: Mission, event: e.StepStarted) -> str | None:
    if event.step_index != mission.cursor or mission.cursor >= len(mission.plan.steps):
        return f"step {event.step_index} was started where {mission.cursor} was the plan's next one"
    step = mission.plan.steps[mission.cursor]
    if (event.step_id, event.stage) != (step.step_id, step.stage):
        return f"step {event.step_id} ({event.stage}) is not the plan's, which is {step.step_id} ({step.stage})"
    if event.attempt != mission.attempts(mission.cursor) + 1:
        return f"attempt {event.attempt} follows {mission.attempts(mission.cursor)}"
    if mission.active is not None and not _repairs_in_place(mission, mission.active):
        return f"step {mission.active.step_id} is still under way"
    return None


def _repairs_in_place(mission: Mission, active: Active) -> bool:
    return mission.repair is not None and mission.repair.in_place and active.stage == "repair"


def _stage_changed(mission: Mission, event: e.StageChanged) -> str | None:
    return None if event.from_ == mission.stage else f"the stage was {mission.stage}, not {event.from_}"


def _step_completed(mission: Mission, event: e.StepCompleted) -> str | None:
    active = mission.active
    if active is None or (event.step_id, event.step_index) != (active.step_id, active.step_index):
        return f"step {event.step_id} is not under way"
    if active.change is not None or active.command is not None:
        return f"step {event.step_id} has a change or a command on its way"
    return None


def _final(mission: Mission, _: e.Final) -> str | None:
    left = len(mission.plan.steps) - mission.cursor
    return f"{left} of the plan's steps are not completed" if left else None


def _retrieval_completed(mission: Mission, event: e.RetrievalCompleted) -> str | None:
    retrieval_id = mission.active.retrieval_id if mission.active else None
    return None if event.retrieval_id == retrieval_id else f"{event.retrieval_id} has not been started"


def _failure_detected(mission: Mission, event: e.FailureDetected) -> str | None:
    return None if mission.active and mission.active.step_id == event.step_id else f"{event.step_id} is not under way"


# --- changes and commands


def _checkpoint_created(mission: Mission, _: e.CheckpointCreated) -> str | None:
    open_id = mission.active.checkpoint_id if mission.active else None
    return f"{open_id} is open already" if open_id is not None else None


def _diff_proposed(mission: Mission, event: e.DiffProposed) -> str | None:
    # A stage proposes while the mission runs, and a reviewer at the gate.
    if mission.state is not (State.RUNNING if event.revises is None else State.AWAITING_APPROVAL):
        return f"diff_proposed in a mission that is {mission.state}"
    if mission.active is None or mission.active.checkpoint_id is None:
        return f"no checkpoint was opened before {event.diff_id}"
    change = mission.active.change
    if event.revises is not None:
        reviewed = change is not None and mission.pending is not None and mission.pending.digest == change.digest
        if reviewed and change is not None and event.revises == change.diff_id:
            return None
        return f"{event.revises} is not waiting for a decision"
    return f"{change.diff_id} is on its way already" if change else None


def _command_proposed(mission: Mission, _: e.CommandProposed) -> str | None:
    return "a command is on its way already" if _command(mission) else None


def _checkpoint_secured(mission: Mission, event: e.CheckpointSecured) -> str | None:
    if event.scope == "rollback":
        return _rollback_secured(mission, event)
    change = _change(mission)
    if mission.state is not State.RUNNING or change is None or not change.approved:
        return "no approved change is on its way"
    if mission.active is None or event.checkpoint_id != mission.active.checkpoint_id:
        return f"{event.checkpoint_id} is not the checkpoint that was opened"
    return None


def _diff_applied(mission: Mission, event: e.DiffApplied) -> str | None:
    change = _change(mission)
    if change is None or not change.approved or event.digest != change.digest:
        return f"a change with digest {event.digest} was not approved"
    if mission.active is None or change.manifest is None or event.checkpoint_id != mission.active.checkpoint_id:
        return f"{event.checkpoint_id} was not secured"
    return None


def _command_started(mission: Mission, _: e.TestStarted | e.CommandStarted) -> str | None:
    command = _command(mission)
    if command is None or not command.approved:
        return "no approved command is on its way"
    return f"{command.run_id} is under way already" if command.run_id is not None else None


def _command_ended(mission: Mission, event: e.TestCompleted | e.CommandCompleted) -> str | None:
    command = _command(mission)
    run_id = event.test_id if isinstance(event, e.TestCompleted) else event.command_id
    return None if command is not None and command.run_id == run_id else f"{run_id} is not under way"


def _files_changed(mission: Mission, event: e.FilesChanged) -> str | None:
    command = _command(mission)
    if command is None or command.run_id != event.run_id:
        return f"{event.run_id} is not under way"
    return f"what {event.run_id} changed is on record already" if command.surveyed else None


def _scope_expansion_requested(mission: Mission, _: e.ScopeExpansionRequested) -> str | None:
    return f"{mission.pending.approval_id} is still waiting for a decision" if mission.pending is not None else None


def _time_spent(mission: Mission, event: e.TimeSpent) -> str | None:
    if mission.state in FINAL:
        return f"the mission is {mission.state}"
    return f"{event.spent_s} s follow {mission.spent_s} s" if event.spent_s < mission.spent_s else None


def _change(mission: Mission) -> ProposedChange | None:
    return mission.active.change if mission.active else None


def _command(mission: Mission) -> ProposedCommand | None:
    return mission.active.command if mission.active else None


# --- repairs and rollbacks


def _repair_started(mission: Mission, event: e.RepairStarted) -> str | None:
    if mission.repair is not None:
        return f"{mission.repair.repair_id} is under way already"
    if mission.cursor >= len(mission.plan.steps) or event.step_id != mission.plan.steps[mission.cursor].step_id:
        return f"step {event.step_id} is not the one to be repaired"
    if mission.state not in (State.RUNNING, State.FAILED):
        return f"the mission is {mission.state}"
    return None


def _repair_completed(mission: Mission, event: e.RepairCompleted) -> str | None:
    if mission.repair is not None and mission.repair.repair_id == event.repair_id:
        return None
    return f"{event.repair_id} is not under way"


def _rollback_secured(mission: Mission, event: e.CheckpointSecured) -> str | None:
    if not rows("rollback", mission.state):
        return f"a rollback in a mission that is {mission.state}"
    if mission.restoring is not None:
        return f"the rollback {mission.restoring.checkpoint_id} is not finished"
    entry = mission.edit(event.target or "")
    if entry is None or entry.undone_by is not None:
        return f"{event.target} is not there to be rolled back"
    if event.cursor is None or not 0 <= event.cursor <= entry.cursor:
        return f"{event.target} does not lead back to step {event.cursor}"
    return None


def _checkpoint_restored(mission: Mission, event: e.CheckpointRestored) -> str | None:
    restoring = mission.restoring
    if restoring and (restoring.target, restoring.checkpoint_id) == (event.checkpoint_id, event.undo_checkpoint):
        return None
    return f"no rollback to {event.checkpoint_id} is under way"


_CHECKS: dict[type, Callable[[Mission, Any], str | None]] = {
    **OBJECTIONS,
    e.MissionCreated: _mission_created,
    e.MissionStarted: _mission_started,
    e.StepStarted: _step_started,
    e.StageChanged: _stage_changed,
    e.StepCompleted: _step_completed,
    e.Final: _final,
    e.RetrievalCompleted: _retrieval_completed,
    e.FailureDetected: _failure_detected,
    e.CheckpointCreated: _checkpoint_created,
    e.DiffProposed: _diff_proposed,
    e.CommandProposed: _command_proposed,
    e.CheckpointSecured: _checkpoint_secured,
    e.DiffApplied: _diff_applied,
    e.TestStarted: _command_started,
    e.CommandStarted: _command_started,
    e.TestCompleted: _command_ended,
    e.CommandCompleted: _command_ended,
    e.FilesChanged: _files_changed,
    e.ScopeExpansionRequested: _scope_expansion_requested,
    e.TimeSpent: _time_spent,
    e.RepairStarted: _repair_started,
    e.RepairCompleted: _repair_completed,
    e.CheckpointRestored: _checkpoint_restored,
}
