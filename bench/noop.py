"""A stage that does nothing, and missions of nothing else: what is left is what the engine itself costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan, Step
from mission_fsm.engine import Engine
from mission_fsm.planfile.canonical import with_digest
from mission_fsm.registry import Registry
from mission_fsm.stage import Completed, Outcome, Stage, StageContext


class Noop(Stage):
    """Completes at once. before: is called with the id of each step first."""

    name = "noop"

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self._before = before

    def run(self, context: StageContext) -> Outcome:
        self._before(context.step.step_id)
        return Completed("done")


def plan_of(steps: int) -> Plan:
    """A plan of that many steps that do nothing."""
    entries = tuple(Step(f"step-{number}", f"Do nothing, for the {number}th time", "noop") for number in range(steps))
    return with_digest(Plan(f"do nothing {steps} times", entries, digest=""))


def engine_in(folder: Path, stage: Noop | None = None) -> Engine:
    """An engine whose home lies in that folder."""
    return Engine.open(folder / "home", registry=Registry.of([stage or Noop()]), by="bench")


def approved(engine: Engine, folder: Path, steps: int) -> Mission:
    """A mission of that many steps, approved, with a workspace of its own in that folder."""
    workspace = folder / f"workspace-{len(engine.missions())}"
    workspace.mkdir(parents=True)
    mission = engine.create(plan_of(steps), workspace)
    return engine.approve(mission.mission_id)
