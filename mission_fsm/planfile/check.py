"""Checking a plan that was made in code, as a plan's file is checked when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mission_fsm.core.globs import problem_with
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.wording import at
from mission_fsm.errors import InvalidPlan, MissionError, Problem
from mission_fsm.planfile.document import MAX_STEPS, STEP_ID
from mission_fsm.planfile.options import step_options, touched_by
from mission_fsm.registry import Registry


def check_plan(plan: Plan, registry: Registry) -> None:
    """Raise InvalidPlan with everything that is wrong with a plan that did not come from a file."""
    problems = [
        *_problems(plan),
        *(problem for i, step in enumerate(plan.steps) for problem in _step(i, step, plan, registry)),
    ]
    if problems:
        raise InvalidPlan("the plan", problems)


def _problems(plan: Plan) -> Iterator[Problem]:
    if not plan.goal.strip():
        yield Problem("goal", None, "is empty")
    if not 0 < len(plan.steps) <= MAX_STEPS:
        yield Problem("steps", None, f"expected 1 to {MAX_STEPS} steps, found {len(plan.steps)}")
    for index, glob in enumerate(plan.scope.paths):
        problem = problem_with(glob)
        if problem is not None:
            yield Problem(at("scope_contract.paths", index), None, problem)
    seen: set[str] = set()
    for index, step in enumerate(plan.steps):
        if step.step_id in seen:
            yield Problem(f"{at('steps', index)}.step_id", None, f"{step.step_id!r} is the id of an earlier step too")
        seen.add(step.step_id)


def _step(index: int, step: Step, plan: Plan, registry: Registry) -> Iterator[Problem]:
    place = at("steps", index)
    if not re.fullmatch(STEP_ID, step.step_id):
        yield Problem(f"{place}.step_id", None, f"{step.step_id!r} does not match {STEP_ID}")
    try:
        edits = step_options(step, registry).edits
        beyond = touched_by(registry.stage(step.stage), edits, registry) - set(plan.scope.allowed_tools)
    except MissionError as error:
        yield Problem(place, None, str(error))
        return
    if beyond:
        yield Problem(
            place, None, f"stage {step.stage} needs {', '.join(sorted(beyond))}, which allowed_tools does not hold"
        )
