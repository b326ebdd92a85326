"""The bytes on disk that a step costs, beside the bytes of its events themselves."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table
from bench.noop import approved, engine_in, plan_of
from mission_fsm.planfile.canonical import canonical_json

_MEANING = """\
The whole home folder of one finished mission, by its steps: events, plan, last snapshot, and what SQLite needs around
them. The bytes of the events are those of their rows: who, when, what, and the two hashes of the chain. What a step
costs must not grow with the steps before it, as it does where a growing state is written anew each time."""


def measure(effort: Effort) -> Table:
    """The figures."""
    steps = effort.lengths[-1]
    plan = plan_of(steps)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with engine_in(folder) as engine:
            engine.run(approved(engine, folder, plan).mission_id)
        home = size_of(folder / "home") / steps
        events = _events_bytes(folder / "home") / steps
    return Table(
        f"Bytes on disk for each step, of {steps:,}",
        _MEANING,
        (
            Figure("events", events, "bytes"),
            Figure("the entry in the plan", len(canonical_json(plan)) / steps, "bytes"),
            Figure("the home folder", home, "bytes", home / events, "the events"),
        ),
    )


def bytes_per_step(folder: Path, steps: int) -> int:
    """How many bytes of events one step adds to a journal, tried with that many in a new home in that folder."""
    with engine_in(folder) as engine:
        engine.run(approved(engine, folder, plan_of(steps)).mission_id)
    return _events_bytes(folder / "home") // steps


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _events_bytes(home: Path) -> int:
    connection = sqlite3.connect(home / "journal.db")
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(events)")]
    lengths = " + ".join(f"length(CAST({column} AS BLOB))" for column in columns)
    (total,) = connection.execute(f"SELECT sum({lengths}) FROM events").fetchone()  # noqa: S608
    connection.close()
    return int(total)
