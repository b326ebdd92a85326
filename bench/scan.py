"""What a command changed in a workspace, found by stamps, beside a bare look at every file, which it cannot beat."""

from __future__ import annotations

import os
import stat
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table, at_most
from bench.measure import in_turns, took
from mission_fsm.view import COARSEST_NS
from mission_fsm.workspace.baseline import Baseline
from mission_fsm.workspace.paths import Root

_FILES_IN_A_FOLDER = 100
_CHANGED = 5
# Seconds that looking before and after a command may take together, by the number of files.
_AIMS = {1_000: 0.03, 100_000: 1.5}

_MEANING = f"""\
What is done before and after every command: what is there is brought up to date in the baseline, and compared with it
afterwards. The first time all files are read and kept (4 KB each here); later on each is only looked at, twice. A bare
look is `os.scandir` and a stat of every file, once. {_CHANGED} files change, where some do. What is kept is synced."""


def measure(effort: Effort) -> Table:
    """The figures."""
    figures: list[Figure] = []
    for files in sorted({effort.files // 100, effort.files // 10, effort.files}):
        figures += _of(files, effort.repeats)
    return Table("What a command changed", _MEANING, tuple(figures))


def _of(files: int, repeats: int) -> list[Figure]:
    with TemporaryDirectory() as name:
        workspace = Path(name) / "workspace"
        _fill(workspace, files)
        # Until then no stamp is believed, as a file that has just changed could change again unseen.
        time.sleep(COARSEST_NS / 1e9 + 0.5)
        runs = map(str, count())
        with Root(workspace) as root, Baseline(Path(name) / "baseline") as baseline:
            first = took(lambda: baseline.take(root, next(runs)))
            bare, warm, unchanged = in_turns(
                repeats,
                lambda: took(lambda: _look(workspace)),
                lambda: took(lambda: baseline.take(root, next(runs))),
                lambda: took(lambda: baseline.changed(root)),
            )

            def changed() -> float:
                baseline.take(root, next(runs))
                for number in range(min(_CHANGED, files)):
                    (workspace / _name(number)).write_bytes(next(runs).encode())
                return took(lambda: baseline.changed(root))

            (some,) = in_turns(repeats, changed)
    both = warm + unchanged
    aim = at_most(both, _AIMS[files], "s") if files in _AIMS else None
    of = f"{files:,} files"
    return [
        Figure(f"bare look at {of}", bare, "s"),
        Figure(f"kept for the first time, {of}", first, "s"),
        Figure(f"brought up to date, {of}", warm, "s", warm / bare, "a bare look"),
        Figure(f"compared, nothing changed, {of}", unchanged, "s", unchanged / bare, "a bare look"),
        Figure(f"compared, {_CHANGED} changed, {of}", some, "s", some / bare, "a bare look"),
        Figure(f"before and after a command, {of}", both, "s", both / bare, "a bare look", aim),
    ]


def _look(folder: Path) -> None:
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            waiting += [entry.path for entry in entries if stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode)]


def _fill(folder: Path, files: int) -> None:
    for number in range(files):
        path = folder / _name(number)
        if number % _FILES_IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"%d\n" % number + b"line\n" * 800)


def _name(number: int) -> str:
    return f"{number // _FILES_IN_A_FOLDER}/{number}.txt"
