"""The journal's file in its home folder: made whole, opened, read, and written in one transaction at a time.

SQLite runs in WAL mode with `synchronous=FULL`: when a commit returns, it is on the disk. All who write take turns
by a lock on `journal.lock`, around the whole transaction and the checkpoint of the log that may follow it. So
nobody is told that the database is locked, and no checkpoint ever meets a commit of another process, in which
SQLite before 3.51.3 could lose what was committed (its "WAL-reset bug").
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mission_fsm.errors import JournalDamaged, JournalError
from mission_fsm.journal import schema
from mission_fsm.journal.complaints import is_no_right_to_write, told
from mission_fsm.journal.files import identity, is_there
from mission_fsm.journal.locks import FileLock
from mission_fsm.journal.processes import holder_of, is_suspended

PATIENCE_S = 30.0
"""How long a writer waits for its turn."""

# When to look whether whoever is in the way can go on at all.
_SUSPECT_S = 1.0


class Database:
    """One connection to `journal.db`, for any thread, one at a time. Not to be used across a fork.

    The file is made by the first write. Until then an empty journal in memory is read in its place.
    Never open the file by other means while it is open here: closing it would drop SQLite's locks on it.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "journal.db"
        self._turn = FileLock(home / "journal.lock")
        # Whoever has the connection may read by it while it is in a transaction of theirs.
        self._thread = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        # Whether a commit is on the disk when it returns; None where that is not known.
        self._on_disk: bool | None = None
        self._empty: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, outside any transaction. Fetch what is read before you leave."""
        with self._thread:
            try:
                yield self._readable()
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise told(error, self.path) from error

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """The connection, while nobody else writes."""
        with self.reading() as connection:
            if connection is self._empty:
                yield connection
                return
            try:
                self._take_turn()
                yield connection
            finally:
                self._turn.release()

    @contextmanager
    def writing(self, *, on_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction, committed and on disk on leaving, or rolled back if that raises.

        on_disk: False for what need not outlive the machine's next loss of power; it is on disk with the next commit.
        """
        with self._thread:
            try:
                connection = self._writable()
                self._take_turn()
                self.refuse_replaced()
                if self._on_disk is not on_disk:
                    # Not known, until it is done: one that was cut short leaves nothing to the next.
                    self._on_disk = None
                    connection.execute(f"PRAGMA synchronous = {'FULL' if on_disk else 'NORMAL'}")
                    self._on_disk = on_disk
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                if isinstance(error, sqlite3.Error | UnicodeEncodeError):
                    raise told(error, self.path) from error
                raise
            finally:
                self._turn.release()

    @contextmanager
    def apart(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own in a read transaction, for long work that should hold up nobody."""
        with self.reading() as connection:
            other = _empty() if connection is self._empty else _connect(self.path)
        try:
            other.execute("BEGIN")
            yield other
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise told(error, self.path) from error
        finally:
            other.close()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._thread:
            self._closed = True
            if self._empty is not None:
                self._empty.close()
            if self._connection is not None:
                self._connection.close()
            self._turn.close()

    def _readable(self) -> sqlite3.Connection:
        if self._closed:
            raise JournalError(f"the journal {self.path} has been closed; open it again")
        if self._connection is not None:
            return self._connection
        if is_there(self.path):
            self._identity = identity(self.path)
            self._connection, self._on_disk = _connect(self.path), True
            return self._connection
        if self._empty is None:
            self._empty = _empty()
        return self._empty

    def _writable(self) -> sqlite3.Connection:
        if self._readable() is self._empty:
            _make_home(self.home)
            self._take_turn()
            _make(self.path)
        return self._readable()

    def refuse_replaced(self) -> None:
        """Raise JournalDamaged where the file is no longer the one that was opened."""
        # What is written to a file that has been removed is durable for nobody.
        if identity(self.path) != self._identity:
            raise JournalDamaged(
                f"the journal {self.path} was removed or replaced while it was open; nothing was recorded. "
                "Put it back, or open the home again"
            )

    def _take_turn(self) -> None:
        if self._turn.acquire(_SUSPECT_S):
            return
        holder = holder_of(self.home / "journal.lock")
        if holder is not None and is_suspended(holder):
            raise JournalError(
                f"process {holder} is suspended while it writes to {self.path}: let it go on (`fg` in its terminal, or "
                f"`kill -CONT {holder}`), or end it"
            )
        if not self._turn.acquire(PATIENCE_S):
            raise JournalError(
                f"another process has been writing to {self.path} for {PATIENCE_S:.0f} s; "
                f"see whether one is stopped or hangs, and end it"
            )

    def _roll_back(self) -> None:
        connection = self._connection
        if connection is None or not connection.in_transaction:
            return
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:
            # What cannot be rolled back is dropped with its connection; the next use opens another.
            connection.close()
            self._connection = None


def _make_home(home: Path) -> None:
    """Make the home folder, for its owner alone, and its missing parents, on the disk."""
    try:
        missing = [folder for folder in (home, *home.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700 if folder == home else 0o777, exist_ok=True)
            _sync(folder.parent)
        if not home.is_dir():
            raise JournalError(f"the home {home} is not a folder; choose another")
    except OSError as error:
        raise JournalError(f"cannot make the home {home}: {error.strerror}; choose another") from error


def _make(path: Path) -> None:
    """Make an empty journal beside its place and move it there. To be done in turn, so that one of many does."""
    if is_there(path):
        return
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            schema.define(connection)
            schema.write_ahead(connection)
        finally:
            connection.close()
        draft.rename(path)
        _sync(path.parent)
    except OSError as error:
        raise JournalError(f"cannot make the journal {path}: {error.strerror}; choose another home") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    schema.define(connection)
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return _configured(path, "mode=rw")
    except sqlite3.OperationalError as error:
        log = path.with_name(f"{path.name}-wal")
        if not is_no_right_to_write(error) or (log.exists() and log.stat().st_size):
            raise
        # A journal that was closed properly, in a home where SQLite may not make the files that readers share.
        # Nobody has it open, or its log would be there, so it can be read as a file that does not change.
        return _configured(path, "mode=ro&immutable=1")


def _configured(path: Path, mode: str) -> sqlite3.Connection:
    # Threads take turns in Database, so SQLite need not refuse them.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        schema.recognise(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Some builds overwrite all that is removed. That would take as much room, on a full disk, as is to be freed.
        connection.execute("PRAGMA secure_delete = FAST")
        # On macOS a plain fsync leaves the data in the drive's own cache. Elsewhere these change nothing.
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def version_of(connection: sqlite3.Connection) -> tuple[sqlite3.Connection, int]:
    """Another value once another connection has written; the number means something only on its own connection."""
    (number,) = connection.execute("PRAGMA data_version").fetchone()
    return connection, number
