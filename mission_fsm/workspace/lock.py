"""The hold on a workspace: one runner at a time, also when each has its own home for missions."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from mission_fsm.core.wording import workspace_held
from mission_fsm.errors import Held, WorkspaceError

# How long somebody who only looks whether a mark is free may be in the way.
_LOOKED_AT_S = 0.1


class Mark(Protocol):
    """A lock that tells for which mission a workspace is held: it is held by whoever holds the workspace for that."""

    def open(self) -> int: ...

    def acquire(self, timeout_s: float) -> bool: ...

    def is_free(self) -> bool: ...

    def close(self) -> None: ...


class WorkspaceLock:
    """A hold on a workspace, until it is released or its process ends."""

    def __init__(self, workspace: Path, mark: Mark | None) -> None:
        self._workspace, self._mark = workspace, mark
        self._own = False
        try:
            self._fd = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise WorkspaceError(f"cannot open the workspace {workspace}: {error.strerror}") from error

    def secure(self) -> None:
        """See that it holds: one that was lent is taken as soon as it is free. Raises Held where another has it."""
        if self._own:
            return
        if self._mark is not None:
            # Before: nothing but taking it comes between having the workspace and having the mark.
            self._mark.open()
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._mark is None or self._mark.is_free():
                raise Held(workspace_held(str(self._workspace))) from None
            return
        except OSError as error:
            raise WorkspaceError(f"cannot lock the workspace {self._workspace}: {error.strerror}") from error
        self._own = True
        if self._mark is not None:
            self._mark.acquire(_LOOKED_AT_S)

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self._mark is not None:
            # First, so that it never speaks for a hold that is another's by now.
            self._mark.close()
        if self._fd >= 0:
            if self._own:
                # A process that is just being started may have the descriptor still.
                fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def hold(workspace: Path, mark: Mark | None = None) -> WorkspaceLock:
    """Take hold of the workspace, by flock(2) on the folder itself: no file is made in it.

    mark: of the mission that it is held for. Where a runner that the mission was taken from still has the workspace,
        it has the mark too: the workspace is lent then, and taken over as soon as it is free.
    Raises Held where another runner has it, and WorkspaceError where it cannot be locked.
    """
    lock = WorkspaceLock(workspace, mark)
    try:
        lock.secure()
    except BaseException:
        lock.release()
        raise
    return lock
