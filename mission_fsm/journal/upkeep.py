"""The upkeep of a journal as a whole: checked, copied, measured, and made smaller."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path

from mission_fsm.errors import JournalDamaged
from mission_fsm.journal import tables
from mission_fsm.journal.chain import verified
from mission_fsm.journal.changes import Changes
from mission_fsm.journal.copying import copy_journal
from mission_fsm.journal.database import Database, version_of
from mission_fsm.journal.leases import Leases
from mission_fsm.journal.schema import SEQUENCE_BITS
from mission_fsm.journal.store import Lease, Sizes

# How long those who still read an old state of the journal are waited for, while all who write wait.
_READERS_WAIT_MS = 500


class Upkeep:
    """What `Store` says of the whole, for the store that has the journal."""

    def __init__(self, database: Database, leases: Leases, changes: Changes) -> None:
        self._database = database
        self._leases = leases
        self._changes = changes
        # The version of the file that SQLite last found sound.
        self._sound: object = None

    def check(self, mission_id: str) -> None:
        """As `Store.check`; the store's own integrity is what SQLite's `integrity_check` finds.

        The quick one would pass over an index that has lost an event, and reads the whole file too. It is made anew
        only once something was written, for those who check one mission after another.
        """
        with self._database.reading() as connection:
            now = (version_of(connection), self._changes.writes)
        with self._database.apart() as connection:
            head = self._head(connection, mission_id)
            every = tables.entries(connection, mission_id, head.mission)
            for _ in verified(mission_id, every, head.sequence, head.hash):
                pass
            if now == self._sound:
                return
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise JournalDamaged(f"the journal {self._database.path} is damaged: {verdict}; restore it from a backup")
        self._sound = now

    def backup(self, path: Path) -> int:
        """As `Store.backup`."""
        with self._database.apart() as connection:
            return copy_journal(connection, self._database.path, path)

    def used_bytes(self) -> int:
        """As `Store.used_bytes`: the pages that hold anything, which SQLite counts in the file's header."""
        with self._database.reading() as connection:
            return _used_bytes(connection)

    def sizes(self) -> Sizes:
        """As `Store.sizes`."""
        path = self._database.path
        with self._database.apart() as connection:
            return Sizes(
                dict(connection.execute(_EVENT_BYTES, {"bits": SEQUENCE_BITS})),
                dict(connection.execute("SELECT digest, length(content) FROM blobs")),
                used_bytes=_used_bytes(connection),
                disk_bytes=sum(map(_size_of, (path, path.with_name(f"{path.name}-wal")))),
            )

    def remove(self, leases: Collection[Lease], unneeded: Callable[[], Collection[str]]) -> None:
        """As `Store.remove`."""
        with self._database.writing() as connection:
            for lease in leases:
                self._leases.refuse_stale(connection, lease)
            missions = [self._head(connection, lease.mission_id).mission for lease in leases]
            digests = unneeded()
            tables.delete_missions(connection, missions)
            tables.delete_blobs(connection, digests)
            # In the same turn: whoever takes a lock has first seen, in turn, that there is such a mission.
            for lease in leases:
                self._leases.forget(lease.mission_id)
        self._changes.wrote()

    def compact(self) -> None:
        """As `Store.compact`: SQLite writes all that is left anew, by way of its log, and cuts the file off there."""
        with self._database.exclusive() as connection:
            connection.execute("VACUUM")
            (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {_READERS_WAIT_MS}")
            try:
                # Where somebody still reads an old state, a later checkpoint cuts it off.
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.execute(f"PRAGMA busy_timeout = {patience_ms}")

    def _head(self, connection: sqlite3.Connection, mission_id: str) -> tables.Head:
        return tables.known_head(connection, mission_id, str(self._database.home))


# The texts, and the two hashes of 32 bytes each.
_EVENT_BYTES = """
    SELECT mission_id, coalesce((
        SELECT sum(length(CAST(data AS BLOB)) + length(type) + length(stage) + length(time) + 64) FROM events
        WHERE position BETWEEN mission << :bits AND (mission + 1 << :bits) - 1
    ), 0) FROM missions
"""


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # not there, or no longer
        return 0
