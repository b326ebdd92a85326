"""What was declared before a plan runs: which stages write, what a stage touches, which commands are covered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan, Step, Tool
from mission_fsm.core.replies import CommandSpec
from mission_fsm.registry import Registry
from mission_fsm.stage import Failed, Outcome, ProposeChange, RunCommand, Stage


def writing_stages(plan: Plan, registry: Registry) -> frozenset[str]:
    """Those of the plan's stages that may propose changes, and so open a checkpoint."""
    installed = {step.stage for step in plan.steps} & set(registry.stage_names())
    return frozenset(name for name in installed if Tool.WRITE in registry.stage(name).touches)


def is_covered(mission: Mission, spec: CommandSpec) -> bool:
    """Whether the plan's approval covers the command: it stands as `run` in the step under way, word for word.

    There it is the step's own, or, for one that is run in a copy of the workspace, an editor's. In a repair, the step
    that holds the repair and the step whose test it runs again count too.
    """
    steps = [mission.plan.steps[mission.cursor]]
    if mission.repair is not None or steps[0].stage == "repair":
        options_step = mission.repair.options_step if mission.repair else None
        tested = mission.last_test.step_id if mission.last_test else None
        steps += [step for i, step in enumerate(mission.plan.steps) if i == options_step or step.step_id == tested]
    return any(_holds(step, spec) for step in steps)


def _holds(step: Step, spec: CommandSpec) -> bool:
    return any(
        options.get("run") == list(spec.argv)
        and options.get("cwd", ".") == spec.cwd
        and (options.get("env") or {}) == dict(spec.env)
        and options.get("sandbox", "auto") == spec.sandbox
        and options.get("network", False) == spec.network
        for options in (_of_editors(step.options) if spec.isolated else (step.options,))
    )


def _of_editors(options: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in (options, *options.get("tries", ())):
        yield from (value for value in entry.values() if isinstance(value, Mapping))


def answered_as_declared(stage: Stage, outcome: object, touches: frozenset[Tool], allowed: tuple[Tool, ...]) -> Outcome:
    """The outcome, or a failure where it is none, or asks for what the stage or the plan does not allow.

    touches: what the stage declares to touch, and its step's editors.
    """
    if not isinstance(outcome, get_args(Outcome)):
        return Failed("stage_error", f"stage {stage.name} answered with {outcome!r}, which is no outcome")
    needed = _NEEDS.get(type(outcome))
    if needed is not None and needed not in touches:
        return Failed("stage_error", f"stage {stage.name} asked to {needed}, and does not declare that it does")
    if needed is not None and needed not in allowed:
        return Failed("scope", f"stage {stage.name} asked to {needed}, and the scope contract does not allow it")
    return cast(Outcome, outcome)


_NEEDS: dict[type, Tool] = {ProposeChange: Tool.WRITE, RunCommand: Tool.EXEC}
