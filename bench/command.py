"""What a test step adds to the command that it runs, beside the same command without any of it."""

from __future__ import annotations

import subprocess
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table, at_most
from bench.measure import in_turns, took
from bench.noop import approved
from mission_fsm.core.plan import Plan, Step
from mission_fsm.engine import Engine
from mission_fsm.planfile.canonical import with_digest
from mission_fsm.registry import Registry
from stages.test import Test

_STEPS = 5
_COMMAND = ("true",)

_MEANING = """\
A test step starts its command under a supervisor of its own, in a clean environment, sees that nothing of it is left,
judges it, and makes that durable. The command does nothing, so what is left is what the step adds to any test."""


def measure(effort: Effort) -> Table:
    """The figures."""
    turns = count()
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Engine.open(folder / "home", registry=Registry.of([Test()]), by="bench") as engine:

            def steps() -> float:
                mission = approved(engine, folder, _plan(next(turns)))
                return took(lambda: engine.run(mission.mission_id)) / _STEPS

            bare_s, step_s = in_turns(effort.repeats, lambda: took(_run), steps)
    added_ms = (step_s - bare_s) * 1e3
    return Table(
        "A test step",
        _MEANING,
        (
            Figure("the bare command", bare_s * 1e3, "ms"),
            Figure("a step that runs it", step_s * 1e3, "ms", step_s / bare_s, "the bare command"),
            Figure("what the step adds", added_ms, "ms", aim=at_most(added_ms, 50, "ms")),
        ),
    )


def _run() -> None:
    subprocess.run(_COMMAND, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def _plan(turn: int) -> Plan:
    options = {"run": list(_COMMAND)}
    steps = [Step(f"step-{number}", "Run the command", "test", options=options) for number in range(_STEPS)]
    return with_digest(Plan(f"run a command, in mission {turn}", tuple(steps), digest=""))
