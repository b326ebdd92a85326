"""The reports that a command writes: read only where this run of the command has written them.

What lies there comes from the code under test. Nothing but a regular file is opened, no link is followed, and what
is read is bounded; whatever cannot be read is told rather than passed over, so that it cannot be taken for a pass.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from mission_fsm.core.globs import matches
from mission_fsm.core.paths import problem_with_path
from mission_fsm.core.replies import Report
from mission_fsm.core.verdict.junit import MAX_REPORT_BYTES
from mission_fsm.errors import UnsafePath, WorkspaceError
from mission_fsm.stage import stamp_of
from mission_fsm.workspace.paths import Root, explained

# How many reports are read, how much of all together, and how many files are looked at to find them.
MAX_REPORTS = 10_000
MAX_BYTES = 64 * 1024 * 1024
MAX_LOOKED_AT = 1_000_000

_WILD = frozenset("*?[")
# O_NONBLOCK: were a pipe to take the file's place, opening it would otherwise wait for a writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Stamps = dict[str, tuple[int, int, int, int]]


class Reports:
    """The reports at a path, or at those that a glob means, and what stood there before the command ran."""

    def __init__(self, root: Root, pattern: str | None) -> None:
        self._root = root
        self._pattern = pattern or ""
        self._before: Stamps = {}
        with suppress(UnsafePath, WorkspaceError):  # told once it is known that there is something to be read
            self._before = self._stamps()

    def written(self) -> tuple[Report, ...]:
        """Those that the command has written or changed, by path, up to the first that cannot be used."""
        try:
            paths = sorted(path for path, stamp in self._stamps().items() if self._before.get(path) != stamp)
        except (UnsafePath, WorkspaceError) as error:
            return (Report(self._pattern, problem=str(error)),)
        if len(paths) > MAX_REPORTS:
            return (Report(self._pattern, problem=f"{len(paths)} files are meant, and at most {MAX_REPORTS} are read"),)
        reports: list[Report] = []
        left_bytes = MAX_BYTES
        for path in paths:
            reports.append(self._read(path, left_bytes))
            left_bytes -= len(reports[-1].content)
            if reports[-1].problem is not None:
                break
        return tuple(reports)

    def _stamps(self) -> Stamps:
        """What stands there now, links and pipes too. Raises UnsafePath and WorkspaceError."""
        with explained(self._pattern, "look for"):
            if not _WILD.isdisjoint(self._pattern):
                return self._meant()
            with suppress(FileNotFoundError, NotADirectoryError):
                if self._pattern:
                    with self._root.parent(self._pattern) as (folder, name):
                        return {self._pattern: stamp_of(os.stat(name, dir_fd=folder, follow_symlinks=False))}
            return {}

    def _meant(self) -> Stamps:
        """What the glob means. Folders that it cannot lead into are not looked at."""
        parts = self._pattern.split("/")
        fixed = next(at for at, part in enumerate(parts) if not _WILD.isdisjoint(part))
        folders = ["/".join(parts[:fixed])]
        found: Stamps = {}
        looked_at = 0
        while folders:
            folder = folders.pop()
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError), self._root.folder(folder) as fd:
                for name, is_folder, stamp in _listed(fd):
                    path = f"{folder}/{name}" if folder else name
                    if is_folder and _leads_into(parts, path):
                        folders.append(path)
                    elif not is_folder and matches(self._pattern, path):
                        found[path] = stamp
                    looked_at += 1
            if looked_at > MAX_LOOKED_AT:
                raise WorkspaceError(f"more than {MAX_LOOKED_AT} files would be looked at: give a narrower glob")
        return found

    def _read(self, path: str, left_bytes: int) -> Report:
        try:
            with explained(path, "read"), self._root.parent(path) as (folder, name):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISREG(status.st_mode):
                    return Report(path, problem="it is not a regular file")
                with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb", buffering=0) as file:
                    # One byte more than is taken, so that a report which is too large shows.
                    content = file.read(min(status.st_size, MAX_REPORT_BYTES) + 1)
        except (UnsafePath, WorkspaceError) as error:
            return Report(path, problem=str(error))
        if len(content) > left_bytes:
            return Report(path, problem=f"all reports together have more than {MAX_BYTES // 1024**2} MiB")
        return Report(path, content)


def _listed(folder: int) -> list[tuple[str, bool, tuple[int, int, int, int]]]:
    """The names in the open folder, whether each is a folder, and its stamp."""
    with os.scandir(folder) as entries:
        return [
            (entry.name, entry.is_dir(follow_symlinks=False), stamp_of(entry.stat(follow_symlinks=False)))
            for entry in entries
        ]


def _leads_into(parts: list[str], folder: str) -> bool:
    """Whether below the folder there may be something that the glob of these parts means."""
    depth = folder.count("/") + 1
    may = "**" in parts[:depth] or (depth < len(parts) and matches("/".join(parts[:depth]), folder))
    return may and problem_with_path(folder) is None
