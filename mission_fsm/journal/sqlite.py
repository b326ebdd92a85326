"""The store in SQLite: one journal for all the missions of a home folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from hashlib import sha256
from pathlib import Path

from mission_fsm.core.events import Event, Recorded
from mission_fsm.errors import StaleAppend
from mission_fsm.journal import refusals, tables
from mission_fsm.journal.chain import Entry, verified
from mission_fsm.journal.changes import Changes
from mission_fsm.journal.codec import CODEC, Codec
from mission_fsm.journal.database import Database, version_of
from mission_fsm.journal.files import is_there
from mission_fsm.journal.leases import Leases
from mission_fsm.journal.store import Holder, Lease, Listing, Sizes, Snapshot, Standing
from mission_fsm.journal.upkeep import Upkeep

_BATCH = 256


class SqliteStore:
    """The journal `<home>/journal.db`, for every thread of a process, and for every process of its owner.

    All is as `Store` says. A read gives what was there when it was asked for, and holds up nobody while it is
    taken in. Where the home cannot be written, a journal that was closed properly can still be read, as it was
    when it was opened. A store is not to be used across a fork, nor from a signal handler.
    """

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec
        self._leases = Leases(database)
        self._changes = Changes()
        self._upkeep = Upkeep(database, self._leases, self._changes)
        # Where the missions stand that were appended to from here. An append checks it, and so does not read it.
        self._heads: dict[str, tables.Head] = {}

    @classmethod
    def open(cls, home: Path, *, create: bool = True, codec: Codec = CODEC) -> SqliteStore:
        """Open the journal of a home folder. Nothing is made before the first mission is.

        create: whether a home without a journal is one without missions; otherwise it is a JournalError.
        codec: for readers that know other versions of events.
        Raises JournalDamaged for a file that is not a database or was cut short, JournalNewer for a journal of a
        later version, and JournalError for another program's database, or a file that cannot be read.
        """
        database = Database(home)
        if not create and not is_there(database.path):
            raise refusals.no_journal(str(home))
        with database.reading():
            return cls(database, codec)

    # --- writing

    def create(
        self,
        mission_id: str,
        *,
        workspace: str,
        source: str | None,
        plan_digest: str,
        goal: str,
        events: Sequence[Event],
        time: str,
        standing: Standing,
        blobs: Mapping[str, bytes],
    ) -> list[Recorded]:
        row, entries, recorded = self._codec.begin(
            mission_id,
            workspace=workspace,
            source=source,
            plan_digest=plan_digest,
            goal=goal,
            events=events,
            time=time,
            standing=standing,
        )
        self._add(row, entries, blobs)
        return recorded

    def adopt(self, row: Listing, entries: Sequence[Entry], blobs: Mapping[str, bytes]) -> None:
        self._add(row, list(verified(row.mission_id, entries, row.sequence, row.head)), blobs)

    def _add(self, row: Listing, entries: Sequence[Entry], blobs: Mapping[str, bytes]) -> None:
        refusals.refuse_bad_id(row.mission_id)
        refusals.refuse_wrong_digests(blobs)
        with self._database.writing() as connection:
            if tables.head_of(connection, row.mission_id) is not None:
                raise refusals.id_taken(row.mission_id)
            if row.holds_workspace:
                tables.refuse_held_workspace(connection, row)
            mission = tables.insert_mission(connection, row)
            tables.insert_entries(connection, mission, entries)
            tables.insert_blobs(connection, blobs)
        self._changes.wrote()

    def append(
        self,
        lease: Lease,
        expected: int,
        events: Sequence[Event],
        *,
        time: str,
        stage: str,
        standing: Standing,
        blobs: Mapping[str, bytes] | None = None,
        snapshot_state: tuple[str, str] | None = None,
    ) -> list[Recorded]:
        mission_id = lease.mission_id
        if not lease.held:
            raise refusals.released(mission_id)
        if blobs:
            refusals.refuse_wrong_digests(blobs)
        with self._database.writing() as connection:
            head = self._heads.pop(mission_id, None)
            if head is None or head.sequence != expected:
                head = self._head(connection, mission_id)
                if head.sequence != expected:
                    raise self._stale(connection, lease, expected)
            entries, recorded = self._codec.seal(mission_id, expected, head.hash, events, time=time, stage=stage)
            last = entries[-1].hash if entries else head.hash
            after = tables.Head(head.mission, expected + len(entries), last, standing)
            if not tables.move_head(connection, head, after, lease.token):
                raise self._stale(connection, lease, expected)
            tables.insert_entries(connection, head.mission, entries)
            if blobs:
                tables.insert_blobs(connection, blobs)
            if snapshot_state is not None:
                tables.put_snapshot(connection, mission_id, after, *snapshot_state)
        self._heads[mission_id] = after
        self._changes.wrote()
        return recorded

    # --- reading

    def read(
        self, mission_id: str, *, after: int = 0, upto: int | None = None, types: Collection[str] | None = None
    ) -> Iterator[Recorded]:
        return map(partial(self._codec.unseal, mission_id), self._entries(mission_id, after, upto, types))

    def entries(self, mission_id: str, *, upto: int | None = None) -> Iterator[Entry]:
        return self._entries(mission_id, 0, upto, None)

    def _entries(self, mission_id: str, after: int, upto: int | None, types: Collection[str] | None) -> Iterator[Entry]:
        with self._database.reading() as connection:
            head = self._head(connection, mission_id)
        last = head.sequence if upto is None else min(upto, head.sequence)
        return self._batches(mission_id, head.mission, after, last, types)

    def _batches(
        self, mission_id: str, mission: int, after: int, upto: int, types: Collection[str] | None
    ) -> Iterator[Entry]:
        # In batches, because a statement that is left open holds an old state of the journal in its place.
        while after < upto:
            with self._database.reading() as connection:
                batch = list(
                    tables.entries(connection, mission_id, mission, after=after, upto=upto, types=types, limit=_BATCH)
                )
                # Removed meanwhile, it must not pass for one of fewer events.
                self._head(connection, mission_id)
            yield from batch
            after = batch[-1].sequence if len(batch) == _BATCH else upto

    def snapshot(self, mission_id: str) -> Snapshot | None:
        with self._database.reading() as connection:
            return tables.snapshot(connection, mission_id, self._head(connection, mission_id).mission)

    def row(self, mission_id: str) -> Listing:
        with self._database.reading() as connection:
            found = tables.rows(connection, "mission_id = ?", (mission_id,))
        if not found:
            raise refusals.unknown_mission(mission_id, str(self._database.home))
        return found[0]

    def rows(self, *, workspace: str | None = None, prefix: str = "", holding: bool = False) -> list[Listing]:
        where, parameters = "substr(mission_id, 1, ?) = ?", [len(prefix), prefix]
        if workspace is not None:
            where += " AND workspace = ?"
            parameters.append(workspace)
        if holding:
            where += f" AND mission IN ({tables.HOLDERS})"
        with self._database.reading() as connection:
            return tables.rows(connection, where, tuple(parameters))

    def blob(self, digest: str) -> bytes:
        with self._database.reading() as connection:
            content = tables.blob(connection, digest)
        if content is None:
            raise refusals.blob_missing(digest)
        if sha256(content).hexdigest() != digest:
            raise refusals.blob_changed(digest)
        return content

    def has_blobs(self, digests: Collection[str]) -> frozenset[str]:
        with self._database.reading() as connection:
            return frozenset(digest for digest in digests if tables.has_blob(connection, digest))

    # --- leases

    def acquire(self, mission_id: str, runner: str, time: str, *, take_over: bool = False) -> Lease:
        lease = self._leases.acquire(mission_id, runner, time, take_over=take_over)
        # It may have been removed, and taken in again, since it was last appended to from here.
        self._heads.pop(mission_id, None)
        self._changes.wrote()
        return lease

    def pen(self, lease: Lease) -> AbstractContextManager[tuple[int, ...]]:
        return self._leases.pen(lease)

    def fenced_lives(self, mission_id: str) -> bool:
        return self._leases.fenced_lives(mission_id)

    def holder(self, mission_id: str) -> Holder | None:
        return self._leases.holder(mission_id)

    # --- requests

    def post(self, mission_id: str, request: str) -> int:
        with self._database.writing() as connection:
            number = tables.insert_request(connection, self._head(connection, mission_id).mission, request)
        # For oneself as well: a runner may be asked by what it calls in its own thread.
        self._changes.wrote(also_for_me=True)
        return number

    def take(self, lease: Lease) -> list[str]:
        with self._database.reading() as connection:
            mission = self._head(connection, lease.mission_id).mission
            if not tables.requests(connection, mission):
                return []
        with self._database.writing() as connection:
            self._leases.refuse_stale(connection, lease)
            taken = tables.requests(connection, mission)
            tables.delete_requests(connection, mission)
        self._changes.wrote()
        return taken

    def posted(self, number: int) -> bool:
        with self._database.reading() as connection:
            return tables.has_request(connection, number)

    def changed(self) -> bool:
        with self._database.reading() as connection:
            return self._changes.changed(version_of(connection))

    # --- the whole

    def check(self, mission_id: str) -> None:
        self._upkeep.check(mission_id)

    def backup(self, path: Path) -> int:
        return self._upkeep.backup(path)

    def used_bytes(self) -> int:
        return self._upkeep.used_bytes()

    def sizes(self) -> Sizes:
        return self._upkeep.sizes()

    def remove(self, leases: Collection[Lease], unneeded: Callable[[], Collection[str]]) -> None:
        self._upkeep.remove(leases, unneeded)

    def compact(self) -> None:
        self._upkeep.compact()

    def close(self) -> None:
        self._database.close()

    def _head(self, connection: sqlite3.Connection, mission_id: str) -> tables.Head:
        return tables.known_head(connection, mission_id, str(self._database.home))

    def _stale(self, connection: sqlite3.Connection, lease: Lease, expected: int) -> StaleAppend:
        self._leases.refuse_stale(connection, lease)
        return refusals.moved_on(lease.mission_id, expected, self._head(connection, lease.mission_id).sequence)
