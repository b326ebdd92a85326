"""What a test step adds to the command that it runs, beside the same command without any of it."""

from __future__ import annotations

import subprocess
from functools import partial
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
from mission_fsm.workspace.sandbox import lacking
from stages.test import Test

_STEPS = 5
_COMMAND = ("true",)

_MEANING = """\
A test step starts its command under a supervisor of its own, in a clean environment, sees that nothing of it is left,
judges it, and makes that durable. The command does nothing, so what is left is what the step adds to any test: in a
sandbox, where one can be made here, and without."""


def measure(effort: Effort) -> Table:
    """The figures."""
    turns = count()
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Engine.open(folder / "home", registry=Registry.of([Test()]), by="bench") as engine:

            def steps(sandbox: str) -> float:
                mission = approved(engine, folder, _plan(next(turns), sandbox))
                return took(lambda: engine.run(mission.mission_id)) / _STEPS

            contained = ("auto",) if lacking("auto") is None else ()
            ways = [partial(steps, sandbox) for sandbox in ("off", *contained)]
            bare_s, *steps_s = in_turns(effort.repeats, lambda: took(_run), *ways)
    figures = [Figure("the bare command", bare_s * 1e3, "ms")]
    for step_s, how in zip(steps_s, ("", " in a sandbox"), strict=False):
        added_ms = (step_s - bare_s) * 1e3
        figures += [
            Figure(f"a step that runs it{how}", step_s * 1e3, "ms", step_s / bare_s, "the bare command"),
            Figure(f"what the step{how} adds", added_ms, "ms", aim=at_most(added_ms, 50, "ms")),
        ]
    return Table("A test step", _MEANING, tuple(figures))


def _run() -> None:
    subprocess.run(_COMMAND, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def _plan(turn: int, sandbox: str) -> Plan:
    options = {"run": list(_COMMAND), "sandbox": sandbox}
    steps = [Step(f"step-{number}", "Run the command", "test", options=options) for number in range(_STEPS)]
    return with_digest(Plan(f"run a command, in mission {turn}", tuple(steps), digest=""))
