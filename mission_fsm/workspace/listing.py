"""Every folder of a workspace from the top down, with all that lies in it as lstat(2) tells of it."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Callable, Iterator, Sequence

from mission_fsm.core.paths import is_git_name
from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.paths import Root

Entries = list[tuple[str, os.stat_result]]

# How many numbers of 64 bits a stamp has here: see `stamps_of`; and how many bytes.
STAMP_NUMBERS = 5
STAMP_BYTES = 8 * STAMP_NUMBERS
INT64 = (1 << 63) - 1
_KIND, _FOLDER, _WITH_BYTES = 0o170000, 0o040000, frozenset({0o100000, 0o120000})

# What in a folder of git's own makes git run programs, or tells it what to pass over; and where more such folders are.
_GIT_RUNS = frozenset({"config", "config.worktree", "hooks", "info", "modules", "worktrees"})


def without_git(_base: str, names: Sequence[str]) -> list[str]:
    """Everything but git's own."""
    return [name for name in names if not is_git_name(name)]


def with_what_git_runs(base: str, names: Sequence[str]) -> Sequence[str]:
    """Everything; of git's own, what makes it run programs."""
    if not is_gits(base):
        return names
    *_, above, _ = base.split("/")
    if is_git_name(above) or ("HEAD" in names and above not in {"hooks", "info"}):
        return [name for name in names if name in _GIT_RUNS]
    return [name for name in names if not name.endswith(".sample")]


def is_gits(path: str) -> bool:
    """Whether a path, also of a folder with a `/` at its end, is git's own."""
    return any(map(is_git_name, path.split("/")))


def left_out(_base: str, _error: OSError | UnsafePath) -> None:
    """A folder that cannot be read is passed over."""


def folders(
    root: Root,
    choose: Callable[[str, Sequence[str]], Sequence[str]] = without_git,
    unread: Callable[[str, OSError | UnsafePath], None] = left_out,
) -> Iterator[tuple[str, int, Entries]]:
    """Each folder: its path with a `/` at its end (none for the workspace), a descriptor, and what lies in it.

    choose: which of the names in a folder are looked at. unread: told of each folder that cannot be read.
    """
    stack = [""]
    while stack:
        base = stack.pop()
        try:
            fd = root.open_folder(base.split("/")[:-1])
        except (OSError, UnsafePath) as error:
            unread(base, error)
            continue
        try:
            try:
                with os.scandir(fd) as found:
                    names = choose(base, [entry.name for entry in found])
                entries = _looked_at(fd, names)
            except OSError as error:
                unread(base, error)
                continue
            yield base, fd, entries
        finally:
            os.close(fd)
        stack += [f"{base}{name}/" for name, status in entries if stat.S_ISDIR(status.st_mode)]


def _looked_at(fd: int, names: Sequence[str]) -> Entries:
    entries: Entries = []
    for name in names:
        try:
            entries.append((name, os.stat(name, dir_fd=fd, follow_symlinks=False)))
        except FileNotFoundError:  # gone since the folder was listed
            continue
    return entries


def stamps_of(entries: Entries) -> array[int]:
    """Of each entry what tells that it has changed: size, times of content and of status, inode, mode.

    Of a folder the mode alone, since what lies in it has its own; of what has no bytes, inode and mode.
    """
    stamps = array("q")
    for _, status in entries:
        mode = status.st_mode
        kind = mode & _KIND
        if kind in _WITH_BYTES:
            stamps.extend((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & INT64, mode))
        else:
            stamps.extend((0, 0, 0, 0 if kind == _FOLDER else status.st_ino & INT64, mode))
    return stamps


def has_bytes(mode: int) -> bool:
    """Whether it is a regular file or a symbolic link."""
    return mode & _KIND in _WITH_BYTES
