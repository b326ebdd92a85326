"""From opening a home to the first step of a mission that has all but one of its steps behind it."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table, at_most
from bench.measure import in_turns, process, took
from bench.noop import Noop, approved, engine_in, plan_of
from mission_fsm.core.events import Recorded
from mission_fsm.core.mission import Mission
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.planfile.canonical import plan_from_json

# Long enough that it is taken up from a snapshot, too.
_OTHER = 100

# What a new process does, and one that has carried on with another mission before.
_NEW = """
from bench.resume import first_step
print(first_step({folder!r}, {mission_id!r}))
"""
_WARM = """
from bench.resume import first_step
first_step({other!r}, {other_id!r})
print(first_step({folder!r}, {mission_id!r}))
"""

_MEANING = """\
A new process, its imports done, opens a home whose mission was paused after all but one of its steps, and runs it. The
time counts until the start of the last step is on record. Only the events after the last snapshot are folded, so it
must not grow with the steps done; the plan is read whole, and that part does. A process that has carried on with
another mission before has already made what reads them."""


def measure(effort: Effort) -> Table:
    """The figures."""
    figures: list[Figure] = []
    with TemporaryDirectory() as name:
        folders = {steps: Path(name) / f"of-{steps}" for steps in effort.lengths}
        ids = {steps: _prepare(folder, steps) for steps, folder in folders.items()}
        other = Path(name) / "other"
        other_id = _prepare(other, _OTHER)
        for steps, folder in folders.items():
            names = {"folder": str(folder), "mission_id": ids[steps], "other": str(other), "other_id": other_id}
            new_s, plan_s, warm_s = in_turns(
                effort.few,
                partial(_seconds, _NEW.format(**names)),
                partial(_plan, folder, ids[steps]),
                partial(_seconds, _WARM.format(**names)),
            )
            rest_ms = (new_s - plan_s) * 1e3
            figures += [
                Figure(f"N = {steps:,}, in a new process", new_s * 1e3, "ms"),
                Figure("of which the plan is read in", plan_s * 1e3, "ms"),
                Figure("besides the plan", rest_ms, "ms", aim=at_most(rest_ms, 5, "ms")),
                Figure("where another mission was carried on before", warm_s * 1e3, "ms"),
            ]
    return Table("From opening the home to the first step, at step N - 1 of N", _MEANING, tuple(figures))


def _prepare(folder: Path, steps: int) -> str:
    """A home with a mission that was paused before its last step; its id."""

    def pause_before_last(step_id: str) -> None:
        if step_id == f"step-{steps - 2}":
            engine.interrupt()

    engine = engine_in(folder, Noop(pause_before_last))
    mission = approved(engine, folder, plan_of(steps))
    engine.run(mission.mission_id)
    engine.close()
    return mission.mission_id


def first_step(folder: str, mission_id: str) -> float:
    """Seconds from opening a copy of the home in that folder to the first step that is on record."""
    with TemporaryDirectory(dir=folder) as fresh:
        copy = Path(fresh)
        shutil.copytree(Path(folder) / "home", copy / "home")
        began: list[float] = []

        def listen(entry: Recorded, _: Mission) -> None:
            if entry.type == "step_started":
                began.append(time.perf_counter())

        opened = time.perf_counter()
        with engine_in(copy) as engine:
            engine.subscribe(listen)
            engine.run(mission_id)
        return began[0] - opened


def _seconds(program: str) -> float:
    return float(process("-c", program))


def _plan(folder: Path, mission_id: str) -> float:
    """Seconds that it takes to read the plan alone, from a store that is open."""
    store = SqliteStore.open(folder / "home")
    try:
        # As it is read for the first time: the engine remembers the last ones.
        return took(lambda: plan_from_json(store.blob(store.row(mission_id).plan_digest)))
    finally:
        store.close()
