"""From opening a home to the first step of a mission that has all but one of its steps behind it."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import figure, heading, in_turns, took
from bench.noop import Noop, approved, engine_in
from mission_fsm.core.events import Recorded
from mission_fsm.core.mission import Mission
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.runner.loading import load_plan_of

_LENGTHS = (100, 1_000, 5_000)


def measure() -> None:
    """Print the figures."""
    heading("From opening the home to the first step, at step N - 1 of N")
    with TemporaryDirectory() as name:
        folders = {steps: Path(name) / str(steps) for steps in _LENGTHS}
        ids = {steps: _prepare(folder, steps) for steps, folder in folders.items()}
        subjects = [
            partial(subject, folders[steps], ids[steps]) for steps in _LENGTHS for subject in (_first_step, _plan)
        ]
        times = in_turns(9, *subjects)
    for index, steps in enumerate(_LENGTHS):
        total_s, plan_s = times[2 * index], times[2 * index + 1]
        figure(f"N = {steps:,}", total_s * 1e3, "ms", f"reading the plan {plan_s * 1e3:.3f}")
        figure("  without the plan", (total_s - plan_s) * 1e3, "ms")


def _prepare(folder: Path, steps: int) -> str:
    """A home with a mission that was paused before its last step; its id."""

    def pause_before_last(step_id: str) -> None:
        if step_id == f"step-{steps - 2}":
            engine.interrupt()

    engine = engine_in(folder, Noop(pause_before_last))
    mission = approved(engine, folder, steps)
    engine.run(mission.mission_id)
    engine.close()
    return mission.mission_id


def _first_step(folder: Path, mission_id: str) -> float:
    """Seconds from opening a copy of the home to the first step that is on record."""
    with TemporaryDirectory(dir=folder) as fresh:
        copy = Path(fresh)
        shutil.copytree(folder / "home", copy / "home")
        began: list[float] = []

        def listen(entry: Recorded, _: Mission) -> None:
            if entry.type == "step_started":
                began.append(time.perf_counter())

        opened = time.perf_counter()
        with engine_in(copy) as engine:
            engine.subscribe(listen)
            engine.run(mission_id)
        return began[0] - opened


def _plan(folder: Path, mission_id: str) -> float:
    """Seconds that it takes to read the plan alone, from a store that is open."""
    store = SqliteStore.open(folder / "home")
    try:
        return took(lambda: load_plan_of(store, mission_id))
    finally:
        store.close()
