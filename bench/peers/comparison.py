"""Each library does the same work, each operation in a process of its own, next to the raw limit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from attrs import Factory, define, frozen

from bench.disk import size_of
from bench.peers.catalogue import Contender
from bench.peers.environment import PYTHON, ROOT, last_line
from bench.peers.protocol import CUT_SHORT

_PATIENCE_S = 600
# Work of so many steps is over so soon that one turn says little.
_SHORT = 100


@frozen
class Sizes:
    """How much is compared.

    lengths: of the work, in steps; the last is resumed. turns: how often short work is timed.
    missions: of ten steps. gates: answers.
    """

    lengths: tuple[int, ...] = (100, 1_000)
    turns: int = 3
    missions: int = 200
    gates: int = 10


@frozen
class Pace:
    """What a step took, and a raw commit right before, in seconds."""

    step_s: float
    raw_s: float


@define
class Row:
    """What a library came to. Missing is what it could not do, and `problems` say why.

    paces: by the length of the work.
    resume_s, redone: until the first step begins again, and how many steps were done again before the last.
    """

    name: str
    paces: dict[int, Pace] = Factory(dict)
    resume_s: float | None = None
    redone: int = 0
    many_per_s: float | None = None
    gate_s: float | None = None
    peak_mib: float | None = None
    bytes_per_step: float | None = None
    problems: list[str] = Factory(list)


class Unable(Exception):
    """A library could not do it. Its text is the last line of what it said."""


class Comparison:
    """Runs the operations. row_bytes: what the raw limit commits for each step."""

    def __init__(self, sizes: Sizes, row_bytes: int) -> None:
        self._sizes = sizes
        self._raw = Contender("limit: raw commits", "raw", str(row_bytes))

    def limit(self) -> Row:
        """What the raw commits come to."""
        return self.row(self._raw)

    def row(self, contender: Contender) -> Row:
        """What a library comes to."""
        row = Row(contender.name)
        with TemporaryDirectory() as name:
            for what, measure in (
                ("steps", self._steps),
                ("resume", self._resume),
                ("many", self._many),
                ("gate", self._gate),
            ):
                try:
                    measure(contender, Path(name) / what, row)
                except Unable as error:
                    row.problems.append(f"{what}: {error}")
        return row

    def _steps(self, contender: Contender, folder: Path, row: Row) -> None:
        for steps in self._sizes.lengths:
            times = []
            for turn in range(self._sizes.turns if steps <= _SHORT else 1):
                place = folder / f"{steps}-{turn}"
                raw = self._done(self._raw, "steps", steps, folder / f"raw-{steps}-{turn}")
                done = self._done(contender, "steps", steps, place)
                times.append((done["seconds"] / steps, raw["seconds"] / steps))
                row.peak_mib, row.bytes_per_step = done["peak_mib"], size_of(place) / steps
            row.paces[steps] = Pace(*map(median, zip(*times, strict=True)))

    def _resume(self, contender: Contender, folder: Path, row: Row) -> None:
        steps = self._sizes.lengths[-1]
        self._done(contender, "prepare", steps, folder, status=CUT_SHORT)
        done = self._done(contender, "resume", steps, folder)
        row.resume_s, row.redone = done["seconds"], done["redone"]

    def _many(self, contender: Contender, folder: Path, row: Row) -> None:
        done = self._done(contender, "many", self._sizes.missions, folder)
        row.many_per_s = self._sizes.missions / done["seconds"]

    def _gate(self, contender: Contender, folder: Path, row: Row) -> None:
        row.gate_s = self._done(contender, "gate", self._sizes.gates, folder)["seconds"]

    def _done(self, contender: Contender, what: str, n: int, folder: Path, status: int = 0) -> dict[str, Any]:
        """What the worker printed. Raises Unable where it ended otherwise than with that status."""
        python = str(PYTHON) if contender.packages else sys.executable
        arguments = [contender.module, contender.variant, what, str(n), str(folder)]
        said = _run([python, "-m", "bench.peers.worker", *arguments], status)
        return {} if status else json.loads(last_line(said))


def _run(command: Sequence[str], status: int) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise Unable(f"it was not done after {_PATIENCE_S} s") from None
    if done.returncode != status:
        raise Unable(last_line(done.stderr))
    return done.stdout
