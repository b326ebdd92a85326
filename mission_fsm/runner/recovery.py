"""What a mission whose runner is gone cannot simply go on with."""

from __future__ import annotations

from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import Interrupted
from mission_fsm.registry import Registry


def in_doubt(mission: Mission, registry: Registry) -> tuple[str, ...]:
    """The command that was under way, unless its stage is there and says that it may simply run again.

    Of one that ran in a copy of the workspace nothing is left, so it may.
    """
    active = mission.active
    if active is None or active.command is None or active.command.run_id is None or active.command.spec.isolated:
        return ()
    installed = active.stage in registry.stage_names()
    if installed and registry.stage(active.stage).when_interrupted is Interrupted.RUN_AGAIN:
        return ()
    return (" ".join(active.command.spec.argv),)
