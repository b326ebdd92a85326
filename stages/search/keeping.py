"""Where an index is kept, who may use it, and what is done where it cannot be kept or is damaged."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from .tables import FAULTS, Tables

_LOCK = "lock"
# How long one waits, in seconds, for another process that uses the index, and how often one looks.
_PATIENCE_S, _POLL_S = 30.0, 0.05

Found = TypeVar("Found")


def with_index(folder: Path, use: Callable[[Tables], Found]) -> Found:
    """What `use` makes of the index in that folder, in one transaction that is committed when it is done.

    A damaged index is made anew. Where none can be kept (the folder is gone, the disk full, another process holds the
    index and does not let go), `use` gets an empty one in memory: it costs time, and the answer is the same.
    """
    with _held(folder) as path:
        if path is not None:
            with suppress(*FAULTS):
                return _used(path, use)
            _remove(path)
            with suppress(*FAULTS):
                return _used(path, use)
    return _used(None, use)


def _used(path: Path | None, use: Callable[[Tables], Found]) -> Found:
    with closing(Tables(path)) as tables:
        tables.begin()
        found = use(tables)
        tables.commit()
        return found


@contextmanager
def _held(folder: Path) -> Iterator[Path | None]:
    """The file of the index in the folder, while nobody else uses it; None where that cannot be had."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield None
        return
    try:
        yield _path(folder, lock) if _locked(lock) else None
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    """Whether the lock could be taken; it ends with its descriptor, so also with its process."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def _path(folder: Path, lock: int) -> Path:
    """Named for the lock: if the folder is deleted while it is used, and made again, that is another index."""
    path = folder / f"index-{os.fstat(lock).st_ino}.db"
    for other in set(folder.glob("index-*.db*")):
        if not other.name.startswith(path.name):
            with suppress(OSError):
                other.unlink()
    return path


def _remove(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}-journal")):
        with suppress(OSError):
            each.unlink()
