"""What the guards of the lifecycle need to know of the world outside, as it is now."""

from __future__ import annotations

from pathlib import Path

from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.guards import Facts
from mission_fsm.core.mission import Mission, State
from mission_fsm.errors import Held, InvalidPlan, InvalidWorkspace, WorkspaceError
from mission_fsm.journal.refusals import refuse_held_workspace
from mission_fsm.journal.store import Store
from mission_fsm.planfile.canonical import differences
from mission_fsm.planfile.load import load_plan
from mission_fsm.planfile.options import bound_repair
from mission_fsm.registry import Registry
from mission_fsm.workspace import changeset, checkpoint
from mission_fsm.workspace.paths import Root, check_workspace


def facts_of(
    mission: Mission, store: Store, registry: Registry, home: Path | None, now: str, by: str | None = None
) -> Facts:
    """The facts about a mission: its plan's file, its plugins, its workspace and who else wants it. by: who asks."""
    missing = {step.stage for step in mission.plan.steps} - set(registry.stage_names())
    return Facts(
        by=by,
        missing_stages=tuple(sorted(missing)),
        held_by=held_by(mission, store),
        plan_changes=plan_changes(mission, registry),
        drift=_drift_or_why_not(mission, store, home),
        bound=mission.state is not State.FAILED or bound_repair(mission, registry)[0] is not None,
        now=now,
    )


def held_by(mission: Mission, store: Store) -> str | None:
    """The other mission that holds the workspace, or a folder around or inside it, in a sentence, or None."""
    try:
        refuse_held_workspace(store.row(mission.mission_id), store.rows(holding=True))
    except Held as refusal:
        return str(refusal)
    return None


def plan_changes(mission: Mission, registry: Registry) -> tuple[str, ...]:
    """What has changed in the plan's file since the mission was made from it, in words; nothing once it has started."""
    if mission.state is not State.IDLE or mission.source is None or not Path(mission.source).exists():
        return ()
    try:
        current = load_plan(Path(mission.source), registry, workspace=Path(mission.workspace)).plan
    except InvalidPlan as error:
        return (f"it no longer loads: {error.problems[0]}",)
    return tuple(differences(mission.plan, current))


def drift(mission: Mission, store: Store, home: Path | None) -> tuple[str, ...]:
    """What is no longer as it was when the diff that is waiting was made, in words.

    Raises InvalidWorkspace or WorkspaceError where that cannot be seen.
    """
    change = mission.active.change if mission.active else None
    if mission.pending is None or mission.pending.kind is not ApprovalKind.DIFF or change is None:
        return ()
    change_set = changeset.from_json(store.blob(change.digest))
    with Root(check_workspace(Path(mission.workspace), home=home)) as root:
        return tuple(f"{path} {words}" for path, words in checkpoint.drift(root, change_set))


def _drift_or_why_not(mission: Mission, store: Store, home: Path | None) -> tuple[str, ...]:
    try:
        return drift(mission, store, home)
    except (InvalidWorkspace, WorkspaceError) as error:
        return (str(error),)
