"""What a plan says before it runs: which of its stages write, and which commands its approval covers."""

from __future__ import annotations

from mission_fsm.core.model import CommandSpec, Plan, Tool
from mission_fsm.registry import Registry


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
