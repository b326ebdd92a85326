"""Leases on missions in a home folder: a lock that dies with its process, and a fencing token in the journal.

The lock (`<home>/locks/<mission id>`) keeps a second runner out while the first one lives. The token keeps out a
first one that was thought to be gone, or that the mission was taken from: it is raised with each lease, and every
append has to name the last one. The pen (`<home>/locks/<mission id>.pen`) is held while the mission's files are
written or its command runs, by what watches over the command too. The token is raised only by one who holds the
pen, so one look at the token, pen in hand, lasts. The lock of a runner that the mission was taken from goes aside
(`<home>/locks/<mission id>.<token>`): there it shows how long that runner lives.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from mission_fsm.errors import JournalError, MissionHeld
from mission_fsm.journal import refusals, tables
from mission_fsm.journal.database import PATIENCE_S, Database
from mission_fsm.journal.locks import FileLock
from mission_fsm.journal.store import Holder, Lease

# How long it may take to see out the command of a runner that is gone.
_SEEN_OUT_S = 20.0
# How long somebody who only looks whether a lock is free may be in the way.
_LOOKED_AT_S = 0.01


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


class Leases:
    """The leases on the missions of one journal: what `Store` says of them, for the store that has the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = database.home / "locks"

    def acquire(self, mission_id: str, runner: str, time: str, *, take_over: bool) -> FileLease:
        """As `Store.acquire`."""
        try:
            return self._acquire(mission_id, runner, time, take_over=take_over)
        except _StillEnding:
            # Not in turn: others go on while the command of a runner that is gone is seen out.
            with closing(self._pen(mission_id)) as pen:
                pen.acquire(_SEEN_OUT_S)
        return self._acquire(mission_id, runner, time, take_over=take_over)

    def _acquire(self, mission_id: str, runner: str, time: str, *, take_over: bool) -> FileLease:
        with closing(self._pen(mission_id)) as pen, ExitStack() as unless_durable:
            # A token has to outlive a process, but not the loss of power, which nobody survives who has an older one.
            with self._database.writing(on_disk=False) as connection:
                mission = self._mission(connection, mission_id)
                token, holder = tables.token_and_holder(connection, mission)
                self._make_folder()
                lock = FileLock(self._folder / mission_id)
                unless_durable.callback(lock.close)
                taken = lock.acquire(_LOOKED_AT_S)
                # One that a take-over has put aside counts until that take-over is made durable.
                free = taken and not self._is_aside(mission_id, token)
                if not free and not take_over:
                    raise refusals.mission_held(mission_id, holder)
                if not pen.try_acquire():
                    told = refusals.mission_at_work(mission_id, holder)
                    raise _StillEnding(*told.args) if free else told
                if not taken:
                    lock = lock.replaced(self._folder / f"{mission_id}.{token}")
                    unless_durable.callback(lock.close)
                tables.raise_token(connection, mission, token + 1, runner, time)
            unless_durable.pop_all()
        return FileLease(mission_id, token + 1, lock)

    @contextmanager
    def pen(self, lease: Lease) -> Iterator[tuple[int, ...]]:
        """As `Store.pen`."""
        with closing(self._pen(lease.mission_id)) as pen:
            # Others hold it no longer than it takes to raise the token.
            if not pen.acquire(PATIENCE_S):
                raise refusals.pen_held(lease.mission_id)
            with self._database.reading() as connection:
                self._database.refuse_replaced()
                self.refuse_stale(connection, lease)
            yield pen.descriptors

    def refuse_stale(self, connection: sqlite3.Connection, lease: Lease) -> None:
        """Raise StaleAppend where the lease was released, or the mission was taken over from it: it is let go of then.

        By that, whoever has the mission now sees that all else that was held for it is about to be free.
        """
        if not lease.held:
            raise refusals.released(lease.mission_id)
        token, _ = tables.token_and_holder(connection, self._mission(connection, lease.mission_id))
        if token != lease.token:
            lease.release()
            raise refusals.taken_over(lease.mission_id, lease.token, token)

    def holder(self, mission_id: str) -> Holder | None:
        """As `Store.holder`."""
        with self._database.reading() as connection:
            token, holder = tables.token_and_holder(connection, self._mission(connection, mission_id))
        locks = (self._folder / mission_id, self._folder / f"{mission_id}.{token}")
        return holder if any(map(_is_locked, locks)) else None

    def fenced_lives(self, mission_id: str) -> bool:
        """As `Store.fenced_lives`."""
        for path in self._folder.glob(f"{mission_id}.*"):
            if path.suffix[1:].isdigit():
                if _is_locked(path):
                    return True
                path.unlink(missing_ok=True)
        return False

    def forget(self, mission_id: str) -> None:
        """Remove the files of a mission that is removed itself. Only in turn, by who holds its lease."""
        for path in (self._folder / mission_id, *self._folder.glob(f"{mission_id}.*")):
            path.unlink(missing_ok=True)

    def _is_aside(self, mission_id: str, token: int) -> bool:
        """Whether the lock of that lease was put aside, and somebody holds it there."""
        lock, aside = self._folder / mission_id, self._folder / f"{mission_id}.{token}"
        # One that was cut short may have left the same file under both names.
        return aside.exists() and not aside.samefile(lock) and _is_locked(aside)

    def _pen(self, mission_id: str) -> FileLock:
        """The pen of that mission, not taken yet."""
        return FileLock(self._folder / f"{mission_id}.pen")

    def _make_folder(self) -> None:
        try:
            # Most often it is there, and one call says so.
            os.mkdir(self._folder, 0o700)  # noqa: PTH102
        except FileExistsError:
            return
        except OSError as error:
            raise JournalError(f"cannot make {self._folder}: {error.strerror}; make the home writable") from error

    def _mission(self, connection: sqlite3.Connection, mission_id: str) -> int:
        return tables.known_head(connection, mission_id, str(self._database.home)).mission


class _StillEnding(MissionHeld):
    """The runner that had the mission is gone, and what it had begun is about to be."""


def _is_locked(path: Path) -> bool:
    """Whether somebody holds that lock, if it is there."""
    if not path.exists():
        return False
    with closing(FileLock(path)) as lock:
        return not lock.is_free()
