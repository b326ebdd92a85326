"""What a mission whose runner is gone, or whose step has failed, can go on with."""

from __future__ import annotations

from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import Interrupted
from mission_fsm.planfile.options import step_options
from mission_fsm.registry import Registry


def in_doubt(mission: Mission, registry: Registry) -> tuple[str, ...]:
    """The command that was under way, unless its stage is there and says that it may simply run again."""
    active = mission.active
    if active is None or active.command is None or active.command.run_id is None:
        return ()
    installed = active.stage in registry.stage_names()
    if installed and registry.stage(active.stage).when_interrupted is Interrupted.RUN_AGAIN:
        return ()
    return (" ".join(active.command.spec.argv),)


def bound_repair(mission: Mission, registry: Registry) -> tuple[int | None, int]:
    """The index of the plan's step that is bound to repair the current one, and how many attempts it has."""
    if mission.cursor >= len(mission.plan.steps):
        return None, 0
    current = mission.plan.steps[mission.cursor].step_id
    for index, step in enumerate(mission.plan.steps):
        if step.stage == "repair" and step.options.get("repairs") == current:
            bound = step_options(step, registry)
            return index, min(bound.options.max_attempts, len(bound.edits))
    return None, 0
