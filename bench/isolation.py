"""A copy of a workspace for a program to change, and what it changed there, beside a mere copy by `cp`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table
from bench.measure import in_turns, took
from mission_fsm.workspace.harvest import harvest
from mission_fsm.workspace.isolation import copy_workspace, size_of
from mission_fsm.workspace.paths import Root

_FILES_IN_A_FOLDER = 100
_CHANGED = 5

_MEANING = f"""\
What the `command` editor adds to its program: the workspace is copied, and what the program changed is found again
({_CHANGED} files here). `cp -a` makes the same copy. `cp --reflink=always` shares the blocks of files, where the file
system can do that, as the copy then does too."""


def measure(effort: Effort) -> Table:
    """The figures."""
    figures: list[Figure] = []
    for files in sorted({effort.files // 100, effort.files // 10, effort.files}):
        figures += _of(files, effort.few)
    return Table("A copy of a workspace for a program to change", _MEANING, tuple(figures))


def _of(files: int, repeats: int) -> list[Figure]:
    # No copy is removed before the last one is made: ext4 makes files slowly where many were just deleted.
    with TemporaryDirectory() as name:
        top = Path(name)
        workspace = top / "workspace"
        _fill(workspace, files)
        numbers = count()
        found: list[float] = []

        def copied() -> float:
            into = top / f"copy-{next(numbers)}"
            with Root(workspace) as root:
                return took(lambda: found.append(_copy_and_harvest(root, into)))

        def by_cp(*options: str) -> float:
            into = top / f"copy-{next(numbers)}"
            command = ["cp", *options, str(workspace), str(into)]
            return took(lambda: subprocess.run(command, check=True))

        subjects: dict[str, Callable[[], float]] = {"": copied, "`cp -a`": lambda: by_cp("-a")}
        if _can_share_blocks(top):
            subjects["`cp -a --reflink=always`"] = lambda: by_cp("-a", "--reflink=always")
        taken = dict(zip(subjects, in_turns(repeats, *subjects.values()), strict=True))
    whole = taken.pop("")
    return [
        *(Figure(f"{how} of {files:,} files", seconds, "s") for how, seconds in taken.items()),
        Figure(f"copied, and found again, of {files:,} files", whole, "s", whole / taken["`cp -a`"], "`cp -a`"),
        Figure(f"of that, found again, of {files:,} files", sorted(found)[len(found) // 2], "s"),
    ]


def _copy_and_harvest(root: Root, into: Path) -> float:
    """Copy, change some files and find them; gives the seconds that the finding takes."""
    size_of(root)
    copied = copy_workspace(root, into, lambda: True)
    for path in list(copied)[:_CHANGED]:
        (into / path).write_bytes(b"changed")
    with Root(into) as copy:
        return took(lambda: harvest(root, copy, copied))


def _can_share_blocks(top: Path) -> bool:
    (top / "one").write_bytes(b"x" * 8192)
    done = subprocess.run(
        ["cp", "--reflink=always", str(top / "one"), str(top / "two")], capture_output=True, check=False
    )
    return done.returncode == 0


def _fill(folder: Path, files: int) -> None:
    for number in range(files):
        path = folder / str(number // _FILES_IN_A_FOLDER) / f"{number}.txt"
        if number % _FILES_IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"line\n" * 800)
