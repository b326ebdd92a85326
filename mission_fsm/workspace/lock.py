"""The hold on a workspace: one runner at a time, also when each has its own home for missions."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mission_fsm.core.wording import workspace_held
from mission_fsm.errors import Held, WorkspaceError


class WorkspaceLock:
    """A hold on a workspace, until it is released or its process ends."""

    def __init__(self, workspace: Path, lent: Callable[[], bool]) -> None:
        self._workspace, self._lent = workspace, lent
        self._own = False
        try:
            self._fd = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise WorkspaceError(f"cannot open the workspace {workspace}: {error.strerror}") from error

    def secure(self) -> None:
        """See that it holds: one that was lent is taken as soon as it is free. Raises Held where another has it."""
        if self._own:
            return
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._own = True
        except BlockingIOError:
            if not self._lent():
                raise Held(workspace_held(str(self._workspace))) from None
        except OSError as error:
            raise WorkspaceError(f"cannot lock the workspace {self._workspace}: {error.strerror}") from error

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def hold(workspace: Path, lent: Callable[[], bool] = lambda: False) -> WorkspaceLock:
    """Take hold of the workspace, by flock(2) on the folder itself: no file is made in it.

    lent: whether a runner lives that the mission was taken from; while it has the workspace, nobody else does.
    Raises Held where another runner has it, and WorkspaceError where it cannot be locked.
    """
    lock = WorkspaceLock(workspace, lent)
    try:
        lock.secure()
    except BaseException:
        lock.release()
        raise
    return lock
