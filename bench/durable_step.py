"""What a durable step costs, by the length of the plan, beside one raw commit of the same bytes."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.disk import bytes_per_step
from bench.effort import Effort
from bench.figures import Figure, Table, at_most
from bench.measure import in_turns, took
from bench.noop import approved, engine_in, plan_of
from bench.raw import RawRows

_MEANING = """\
The whole engine at work, on steps that do nothing: decide, seal, append, commit and sync, once for each step. The raw
commit writes as many bytes to a table of its own with nothing around it, and no program that keeps a step through a
power loss can do with less. Nothing that a step does may grow with the steps before it: each length stands beside as
many raw commits."""


def measure(effort: Effort) -> Table:
    """The figures."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        size_bytes = bytes_per_step(folder / "size", effort.block)
        raw = RawRows(folder / "raw.db", size_bytes)
        engine = engine_in(folder)

        def run(steps: int) -> float:
            mission = approved(engine, folder, plan_of(steps))
            return took(lambda: engine.run(mission.mission_id)) / steps

        def computing() -> float:
            mission = approved(engine, folder, plan_of(effort.block))
            begun = time.process_time()
            engine.run(mission.mission_id)
            return (time.process_time() - begun) / effort.block

        def commits(number: int) -> float:
            return took(lambda: raw.commit(number)) / number

        block = effort.block
        commit_s, step_s, computing_s = in_turns(
            effort.repeats, partial(commits, block), partial(run, block), computing
        )
        by_length = {
            steps: in_turns(effort.few, partial(commits, steps), partial(run, steps)) for steps in effort.lengths
        }
        engine.close()
        raw.close()
    times = step_s / commit_s
    return Table(
        "A durable no-op step",
        _MEANING,
        (
            Figure(f"a raw commit of {size_bytes} bytes", commit_s * 1e3, "ms"),
            Figure("a step", step_s * 1e3, "ms", times, "a raw commit", at_most(times, 1.5, "times")),
            Figure("of which the processor is at work", computing_s * 1e3, "ms"),
            *(
                Figure(
                    f"a step of {steps:,}", of_length_s * 1e3, "ms", of_length_s / raw_s, "a raw commit at that time"
                )
                for steps, (raw_s, of_length_s) in by_length.items()
            ),
        ),
    )
