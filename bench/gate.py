"""From a person's answer at a gate to the start of the next step, in process, beside one raw commit."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.disk import bytes_per_step
from bench.effort import Effort
from bench.figures import Figure, Table, at_most
from bench.measure import in_turns, took
from bench.noop import Noop, approved, engine_in, plan_of
from bench.raw import RawRows

_MEANING = """\
A mission waits for an answer, and nobody runs it. The time counts from the call that gives the answer until the stage
of the next step is called: the answer is made durable, a runner takes hold of the mission and its workspace, and the
step that asked is completed and the next one begun. Nothing polls; one raw commit is the least for the answer alone."""


def measure(effort: Effort) -> Table:
    """The figures."""
    started: list[float] = []
    turns = count()
    with TemporaryDirectory() as name:
        folder = Path(name)
        raw = RawRows(folder / "raw.db", bytes_per_step(folder / "size", effort.block))
        engine = engine_in(folder, Noop(lambda _: started.append(time.perf_counter())))

        def answer() -> float:
            plan = plan_of(1, goal=f"do nothing, in mission {next(turns)}", gate=True)
            mission = engine.run(approved(engine, folder, plan).mission_id)
            answered = time.perf_counter()
            engine.approve(mission.mission_id, answer="yes")
            engine.run(mission.mission_id)
            return started[-1] - answered

        gate_s, commit_s = in_turns(effort.gates, answer, lambda: took(raw.commit))
        engine.close()
        raw.close()
    return Table(
        "A gate",
        _MEANING,
        (
            Figure("a raw commit", commit_s * 1e3, "ms"),
            Figure(
                "from the answer to the next step",
                gate_s * 1e3,
                "ms",
                gate_s / commit_s,
                "a raw commit",
                at_most(gate_s * 1e3, 1, "ms"),
            ),
        ),
    )
