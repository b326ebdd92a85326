"""What a durable step costs, beside the least that a durable row can cost: one commit of the same bytes in SQLite."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import compared, figure, heading, in_turns, took
from bench.noop import approved, engine_in

_BLOCK = 200
_LENGTHS = (100, 1_000, 5_000)


def measure() -> None:
    """Print the figures."""
    with TemporaryDirectory() as folder:
        _against_raw(Path(folder))
        _by_length(Path(folder))


def _against_raw(folder: Path) -> None:
    size_bytes = _bytes_per_step(folder / "size")
    heading(f"A durable no-op step, beside one raw commit of the same {size_bytes} bytes (SQLite {_SQLITE}, WAL, FULL)")
    engine = engine_in(folder / "steps")
    raw = _raw_journal(folder / "raw.db")
    row = "x" * size_bytes

    def steps() -> float:
        mission = approved(engine, folder / "steps", _BLOCK)
        return took(lambda: engine.run(mission.mission_id)) / _BLOCK

    def computing() -> float:
        mission = approved(engine, folder / "steps", _BLOCK)
        begun = time.process_time()
        engine.run(mission.mission_id)
        return (time.process_time() - begun) / _BLOCK

    def commits() -> float:
        begun = time.perf_counter()
        for _ in range(_BLOCK):
            _commit(raw, row)
        return (time.perf_counter() - begun) / _BLOCK

    step_s, commit_s, computing_s = in_turns(9, steps, commits, computing)
    engine.close()
    raw.close()
    figure("raw commit", commit_s * 1e3, "ms")
    figure("no-op step", step_s * 1e3, "ms", compared(step_s, commit_s, aim=2.0))
    figure("  of which the processor was at work", computing_s * 1e3, "ms")


def _by_length(folder: Path) -> None:
    heading("The same, by the length of the plan")
    engine = engine_in(folder / "lengths")

    def run_of(steps: int) -> float:
        mission = approved(engine, folder / "lengths", steps)
        return took(lambda: engine.run(mission.mission_id)) / steps

    times = in_turns(3, *[partial(run_of, steps) for steps in _LENGTHS])
    engine.close()
    for steps, time_s in zip(_LENGTHS, times, strict=True):
        figure(f"no-op step, of {steps:,}", time_s * 1e3, "ms", compared(time_s, times[0]))


_SQLITE = sqlite3.sqlite_version


def _bytes_per_step(folder: Path) -> int:
    """How many bytes of event one step adds to the journal."""
    with engine_in(folder) as engine:
        engine.run(approved(engine, folder, _BLOCK).mission_id)
    with sqlite3.connect(folder / "home" / "journal.db") as connection:
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(events)")]
        lengths = " + ".join(f"length(CAST({column} AS BLOB))" for column in columns)
        (total,) = connection.execute(f"SELECT sum({lengths}) FROM events").fetchone()  # noqa: S608
    connection.close()
    return int(total) // _BLOCK


def _raw_journal(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, content TEXT)")
    return connection


def _commit(connection: sqlite3.Connection, row: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO rows (content) VALUES (?)", (row,))
    connection.execute("COMMIT")
