"""Locks on files that die with their process: the kernel frees them, however the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from mission_fsm.errors import JournalError

_POLL_S = 0.0003


class FileLock:
    """An exclusive lock on a file (flock), made at need with mode 0600 and never removed.

    It belongs to this object: another object on the same file is kept out, in this process as in others.
    The file is closed on exec, so a program that is started does not inherit the lock; a process that was
    forked without exec shares it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free. Raises JournalError where there can be no such file."""
        descriptor = self.open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise JournalError(f"cannot lock {self._path}: {error.strerror}; choose a home on a local disk") from error
        return True

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock, waiting up to timeout_s seconds for it; whether it was got."""
        if self.try_acquire():
            return True
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            time.sleep(_POLL_S)
            if self.try_acquire():
                return True
        return False

    def is_free(self) -> bool:
        """Whether nobody holds the lock. Who looks at it keeps others from it for some microseconds."""
        descriptor = self.open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self.release()
        return True

    def replaced(self, aside: Path) -> FileLock:
        """A lock that is held on a new file in the place of this one, which goes aside with whoever holds it.

        Only for one who keeps all others from locking the file meanwhile. Raises JournalError where there can be
        no such file; the old one is then in its place.
        """
        draft = self._path.with_name(f"{self._path.name}.new")
        lock = FileLock(draft)
        try:
            for path in (aside, draft):
                path.unlink(missing_ok=True)
            lock.try_acquire()
            os.link(self._path, aside)
            draft.rename(self._path)
        except OSError as error:
            lock.close()
            raise JournalError(f"cannot replace {self._path}: {error.strerror}; make its folder writable") from error
        lock._path = self._path
        return lock

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Of the open file: a process that inherits it shares the lock, and keeps it when this one is gone."""
        return () if self._descriptor is None else (self._descriptor,)

    def release(self) -> None:
        """Give the lock back and keep the file open, to take it again soon; nothing where it is not held."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back, if it is held, and close the file; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def open(self) -> int:
        """Open the file, if it is not open: from then on one call takes the lock. Raises as `try_acquire`."""
        if self._descriptor is None:
            self._descriptor = self._opened()
        return self._descriptor

    def _opened(self) -> int:
        flags = os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            try:
                return os.open(self._path, flags | os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                # A lock asks for no right to write: in a home that is read-only, readers still keep order.
                return os.open(self._path, flags | os.O_RDONLY)
        except OSError as error:
            raise JournalError(
                f"cannot open {self._path}, a lock of the journal: {error.strerror}; make its folder writable"
            ) from error
