"""Peak memory of a process that runs a mission, beside one that has only opened a database."""

from __future__ import annotations

from bench.effort import Effort
from bench.figures import Figure, Table
from bench.measure import process

_PEAK = "from bench.peak import peak_mib; print(peak_mib())"

_DATABASE = "import sqlite3; sqlite3.connect(':memory:')\n"

_MISSION = """
from pathlib import Path
from tempfile import TemporaryDirectory
from bench.noop import approved, engine_in, plan_of
with TemporaryDirectory() as folder, engine_in(Path(folder)) as engine:
    engine.run(approved(engine, Path(folder), plan_of({steps})).mission_id)
"""

_MEANING = """\
The peak of the whole process (RSS), interpreter and libraries included, that makes a mission, approves it and runs it
to its end. A Python that has only opened a database in memory stands beside it."""


def measure(effort: Effort) -> Table:
    """The figures."""
    bare = _peak_mib(_DATABASE)
    figures = [Figure("a Python with SQLite", bare, "MiB")]
    for steps in effort.lengths:
        peak = _peak_mib(_MISSION.format(steps=steps))
        figures.append(Figure(f"a mission of {steps:,} no-op steps", peak, "MiB", peak / bare, "a Python with SQLite"))
    return Table("Peak memory", _MEANING, tuple(figures))


def _peak_mib(program: str) -> float:
    return float(process("-c", program + _PEAK))
