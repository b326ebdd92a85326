"""What was declared before a plan runs: which stages write, what a stage touches, which commands are covered."""

from __future__ import annotations

from mission_fsm.core.plan import Plan, Tool
from mission_fsm.core.replies import CommandSpec
from mission_fsm.registry import Registry
from mission_fsm.stage import Failed, Outcome, ProposeChange, RunCommand, Stage


def writing_stages(plan: Plan, registry: Registry) -> frozenset[str]:
    """Those of the plan's stages that may propose changes, and so open a checkpoint."""
    return frozenset(name for name in {step.stage for step in plan.steps} if Tool.WRITE in registry.stage(name).touches)


def stands_in_plan(plan: Plan, spec: CommandSpec) -> bool:
    """Whether the command stands in the plan word for word, so that the plan's approval covers it."""
    argv, env = list(spec.argv), dict(spec.env)
    return any(
        argv in step.options.values()
        and step.options.get("cwd", ".") == spec.cwd
        and (step.options.get("env") or {}) == env
        for step in plan.steps
    )


def within_touches(stage: Stage, outcome: Outcome) -> Outcome:
    """The outcome, or a failure where the stage asks for what it does not declare that it touches."""
    needed = _NEEDS.get(type(outcome))
    if needed is None or needed in stage.touches:
        return outcome
    return Failed("stage_error", f"stage {stage.name} asked to {needed}, and does not declare that it does")


_NEEDS: dict[type, Tool] = {ProposeChange: Tool.WRITE, RunCommand: Tool.EXEC}
