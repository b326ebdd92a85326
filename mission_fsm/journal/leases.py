"""Leases on missions in a home folder: a lock that dies with its process, and a fencing token in the journal.

The lock (`<home>/locks/<mission id>`) keeps a second runner out while the first one lives. The token keeps out a
first one that was thought to be gone: it is raised with each lease, and every append has to name the last one.
"""

from __future__ import annotations

from pathlib import Path

from mission_fsm.errors import JournalError
from mission_fsm.journal.locks import FileLock


class FileLease:
    """A lease on a mission, held as long as its lock is."""

    def __init__(self, mission_id: str, token: int, lock: FileLock) -> None:
        self._mission_id, self._token, self._lock = mission_id, token, lock
        self._held = True

    @property
    def mission_id(self) -> str:
        return self._mission_id

    @property
    def token(self) -> int:
        return self._token

    @property
    def held(self) -> bool:
        return self._held

    def release(self) -> None:
        self._held = False
        self._lock.close()


def lock_of(home: Path, mission_id: str) -> FileLock:
    """The lock of that mission, not taken yet, in a folder that is made at need."""
    folder = home / "locks"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise JournalError(f"cannot make {folder}: {error.strerror}; make the home writable for you") from error
    return FileLock(folder / mission_id)


def is_locked(home: Path, mission_id: str) -> bool:
    """Whether somebody holds that mission's lock. It is tried, so nobody else may try it at the same time."""
    path = home / "locks" / mission_id
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        return not lock.try_acquire()
    finally:
        lock.close()
