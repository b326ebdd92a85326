"""The report that a command writes: read only where this run of the command has written it."""

from __future__ import annotations

from mission_fsm.errors import UnsafePath, WorkspaceError
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader


class ReportFile:
    """A report's path, and what stood there before the command ran: a report left over from another run is none."""

    def __init__(self, root: Root, path: str | None) -> None:
        self._root = root
        self._path = path
        self._before = self._stamp()

    def written(self) -> bytes | None:
        """The report's bytes, or None where the command wrote none, or wrote it where it may not."""
        if self._path is None or self._stamp() in (None, self._before):
            return None
        try:
            return Reader(self._root).read(self._path)
        except (UnsafePath, WorkspaceError):
            return None

    def _stamp(self) -> tuple[int, int, int] | None:
        if self._path is None:
            return None
        try:
            status = (self._root.path / self._path).lstat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
