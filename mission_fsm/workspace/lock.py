"""The hold on a workspace: one runner at a time, also when each has its own home for missions."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mission_fsm.errors import Held, WorkspaceError


class WorkspaceLock:
    """A hold on a workspace, until it is released or its process ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def hold(workspace: Path) -> WorkspaceLock:
    """Take hold of the workspace, by flock(2) on the folder itself: no file is made in it.

    Raises Held where another runner has it, and WorkspaceError where it cannot be locked.
    """
    try:
        fd = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise WorkspaceError(f"cannot open the workspace {workspace}: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise Held(f"another mission is running in {workspace}; wait for it, or pause or stop it") from None
    except OSError as error:
        os.close(fd)
        raise WorkspaceError(f"cannot lock the workspace {workspace}: {error.strerror}") from error
    return WorkspaceLock(fd)
