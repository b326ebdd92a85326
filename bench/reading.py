"""Replay, checked replay and verification of a long journal, beside reading the same rows with nothing around it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table
from bench.measure import in_turns, took
from bench.noop import approved, engine_in, plan_of
from mission_fsm.engine import Engine

_MEANING = """\
A replay folds every event into the mission again; a checked one also decides each again and compares; `verify` goes
over the hash chain, every transition and every digest, and has SQLite check its file. The raw reading takes the same
rows from the file, and does no more than `json.loads` and one SHA-256 for each."""


def measure(effort: Effort) -> Table:
    """The figures."""
    steps = effort.lengths[-1]
    with TemporaryDirectory() as name:
        folder = Path(name)
        with engine_in(folder) as engine:
            mission = engine.run(approved(engine, folder, plan_of(steps)).mission_id)

        def anew(read: Callable[[Engine], object]) -> float:
            with engine_in(folder) as engine:
                return took(lambda: read(engine))

        raw_s, *times = in_turns(
            effort.few,
            lambda: took(lambda: _read_raw(folder / "home")),
            lambda: anew(lambda engine: engine.replay(mission.mission_id)),
            lambda: anew(lambda engine: engine.checked_replay(mission.mission_id)),
            lambda: anew(lambda engine: engine.verify(mission.mission_id)),
        )
    figures = [Figure("raw reading", mission.sequence / raw_s, "events/s")]
    for what, time_s in zip(("replay", "checked replay", "verify"), times, strict=True):
        figures.append(Figure(what, mission.sequence / time_s, "events/s", time_s / raw_s, "the time of raw reading"))
    return Table(f"Reading a journal of {mission.sequence:,} events, {steps:,} steps", _MEANING, tuple(figures))


def _read_raw(home: Path) -> None:
    connection = sqlite3.connect(home / "journal.db")
    rows = connection.execute("SELECT type, time, stage, data, previous_hash, hash FROM events ORDER BY position")
    for kind, time, stage, data, previous_hash, _ in rows:
        json.loads(data)
        sha256(previous_hash + f"{kind}{time}{stage}{data}".encode()).digest()
    connection.close()
