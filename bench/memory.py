"""Peak memory of a process that runs a mission, beside one that has only opened a database."""

from __future__ import annotations

from bench.measure import figure, heading, process

# From /proc where it is: getrusage on Linux counts the memory of the process that started this one, too.
_PEAK = """
import pathlib, resource, sys
status = pathlib.Path("/proc/self/status")
if status.exists():
    kib = int(status.read_text().partition("VmHWM:")[2].split()[0])
else:
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(kib / 1024)
"""

_DATABASE = "import sqlite3; sqlite3.connect(':memory:')"

_MISSION = """
from pathlib import Path
from tempfile import TemporaryDirectory
from bench.noop import approved, engine_in
with TemporaryDirectory() as folder, engine_in(Path(folder)) as engine:
    engine.run(approved(engine, Path(folder), {steps}).mission_id)
"""


def measure() -> None:
    """Print the figures."""
    heading("Peak memory of the whole process (RSS)")
    figure("a Python with SQLite", _peak_mib(_DATABASE), "MiB")
    for steps in (100, 1_000, 5_000):
        figure(f"a mission of {steps:,} no-op steps", _peak_mib(_MISSION.format(steps=steps)), "MiB")


def _peak_mib(program: str) -> float:
    return float(process("-c", program + _PEAK))
