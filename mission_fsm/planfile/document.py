"""The plan as its author writes it: the classes from which plans are read, and their schema and reference made."""

# ruff: noqa: RUF009 (`option` makes an attrs field, which a linter cannot know)

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from attrs import frozen

from mission_fsm.core.globs import problem_with
from mission_fsm.core.options import option
from mission_fsm.core.plan import Tool
from mission_fsm.planfile.rules import Duration, Rule

MAX_STEPS = 10_000
STEP_ID = "[A-Za-z0-9._-]{1,64}"

Version = Annotated[int, Rule("1, the only version there is", {"const": 1})]
Text = Annotated[str, Rule("text that is not empty", {"pattern": r"^[\s\S]*\S[\s\S]*$"})]
StepId = Annotated[str, Rule("1 to 64 letters, digits, dots, underscores or dashes", {"pattern": f"^{STEP_ID}$"})]
Attempts = Annotated[int, Rule("a whole number from 1 to 1000", {"minimum": 1, "maximum": 1000})]
Count = Annotated[int, Rule("a whole number that is not negative", {"minimum": 0})]


def _are_globs(_: object, attribute: Any, globs: tuple[str, ...]) -> None:
    for index, glob in enumerate(globs):
        if problem := problem_with(glob):
            raise ValueError(f"{attribute.name}[{index}]: {problem}")


@frozen
class ScopeDocument:
    """The bounds that every step is held to."""

    paths: tuple[str, ...] = option(
        "Globs, relative to the workspace: only files that match one may be left changed.",
        default=("**",),
        validator=_are_globs,
    )
    max_files: Count | None = option("How many files the whole mission may change.", default=None)
    max_lines: Count | None = option("How many lines, added plus removed, the whole mission may change.", default=None)
    max_time_s: Count | None = option(
        "For how many seconds the mission may be at work; what it waits for people does not count.", default=None
    )
    max_tool_calls: Count | None = option(
        "How many searches, commands and edits it may make, all together.", default=None
    )
    allowed_tools: tuple[Tool, ...] = option("What its stages may touch.", default=tuple(Tool))


@frozen
class StepDocument:
    """One thing to be done."""

    step_id: StepId = option("The step's name, unique in the plan.")
    description: Text = option("What is to be done; its verb chooses the stage where none is given.")
    stage: Text | None = option("The stage that performs the step.", default=None)
    with_: Mapping[str, object] | None = option("The stage's options.", default=None)
    timeout: Duration | None = option("How long one attempt's command may take.", default=None)
    max_attempts: Attempts = option("How many times the step may be tried.", default=10)


Steps = Annotated[
    tuple[StepDocument, ...], Rule(f"a list of 1 to {MAX_STEPS} steps", {"minItems": 1, "maxItems": MAX_STEPS})
]


@frozen
class PlanDocument:
    """A plan: what a person approves, and what is then done, in this order, and nothing else."""

    version: Version = option("The version of this format.")
    goal: Text = option("What is to be true in the end.")
    steps: Steps = option("What is to be done, in order.")
    assumptions: tuple[Text, ...] = option("What is taken for granted; shown to the approver.", default=())
    success_criteria: tuple[Text, ...] = option("How to tell that it worked; shown to the approver.", default=())
    risks: tuple[Text, ...] = option("What may go wrong; shown to the approver.", default=())
    scope_contract: ScopeDocument = option("The bounds that every step is held to.", default=ScopeDocument())
    approval_timeout: Duration | None = option("How long a request for approval may wait.", default=None)
    author_may_approve: bool = option("Whether who makes the mission may approve the plan too.", default=True)
