"""Stages that do nothing, and missions of nothing else: what is left is what the engine itself costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan, Step
from mission_fsm.engine import Engine
from mission_fsm.planfile.canonical import with_digest
from mission_fsm.registry import Registry
from mission_fsm.stage import Answer, AskQuestion, Completed, Outcome, Stage, StageContext


class Noop(Stage):
    """Completes at once. before: is called with the id of each step first."""

    name = "noop"

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self._before = before

    def run(self, context: StageContext) -> Outcome:
        self._before(context.step.step_id)
        return Completed("done")


class Ask(Stage):
    """Waits at a gate for an answer, whichever it is."""

    name = "ask"

    def run(self, context: StageContext) -> Outcome:
        return Completed("answered") if isinstance(context.reply, Answer) else AskQuestion("Shall it go on?")


def plan_of(steps: int, *, goal: str = "do nothing", gate: bool = False) -> Plan:
    """A plan of that many steps that do nothing.

    goal: tells it from others; plans that are equal may be kept once.
    gate: whether a question comes before the steps.
    """
    entries = tuple(Step(f"step-{number}", f"Do nothing, for the {number}th time", "noop") for number in range(steps))
    question = (Step("gate", "Ask whether to go on", "ask"),) if gate else ()
    return with_digest(Plan(goal, question + entries, digest=""))


def engine_in(folder: Path, stage: Noop | None = None) -> Engine:
    """An engine whose home lies in that folder."""
    return Engine.open(folder / "home", registry=Registry.of([stage or Noop(), Ask()]), by="bench")


def approved(engine: Engine, folder: Path, plan: Plan) -> Mission:
    """A mission of that plan, approved, in the workspace of that folder."""
    workspace = folder / "workspace"
    workspace.mkdir(parents=True, exist_ok=True)
    mission = engine.create(plan, workspace)
    return engine.approve(mission.mission_id)
