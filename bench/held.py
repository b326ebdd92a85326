"""What a mission costs that a process holds in memory, beside the JSON of the same state."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table
from bench.measure import took
from bench.noop import engine_in, plan_of
from mission_fsm.planfile.canonical import canonical_json
from mission_fsm.runner.loading import snapshot_state

_STEPS = 10

_MEANING = """\
A host that shows many missions at once holds each as the `Mission` that `Engine.state` gives: its state, a plan of
its own with ten steps, and what waits for a decision. It holds no thread, no file and no machine of its own. Counted
by `tracemalloc`: what Python allocated for all of them and still holds, by their number."""


def measure(effort: Effort) -> Table:
    """The figures."""
    with TemporaryDirectory() as name, engine_in(Path(name)) as engine:
        workspace = Path(name) / "workspace"
        workspace.mkdir()
        plans = (plan_of(_STEPS, goal=f"do nothing, in mission {number}") for number in range(effort.held))
        ids = [engine.create(plan, workspace).mission_id for plan in plans]
        sample = ids[: effort.block]
        load_s = took(lambda: [engine.state(mission_id) for mission_id in sample]) / len(sample)
        gc.collect()
        tracemalloc.start()
        held = [engine.state(mission_id) for mission_id in ids]
        gc.collect()
        size_bytes = tracemalloc.get_traced_memory()[0] / len(held)
        tracemalloc.stop()
        json_bytes = len(snapshot_state(held[0])[1]) + len(canonical_json(held[0].plan))
    return Table(
        f"{effort.held:,} missions held in one process",
        _MEANING,
        (
            Figure("each as JSON, with its plan", json_bytes, "bytes"),
            Figure("each in memory", size_bytes, "bytes", size_bytes / json_bytes, "the JSON"),
            Figure("to load one", load_s * 1e3, "ms"),
        ),
    )
