"""The store in memory: for tests, and for embedders who need a mission only as long as their process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import define, evolve, field

from mission_fsm.core.events import Event, Recorded
from mission_fsm.errors import JournalError
from mission_fsm.journal import refusals
from mission_fsm.journal.chain import Entry, verified
from mission_fsm.journal.changes import Changes
from mission_fsm.journal.codec import CODEC, Codec
from mission_fsm.journal.store import Holder, Lease, Listing, Sizes, Snapshot, Standing


@define
class _Mission:
    """All that is kept of one mission. The entries hold JSON text, so that what is read is what a file would give."""

    row: Listing
    entries: list[Entry]
    token: int = 0
    holder: Holder | None = None
    leases: list[_MemoryLease] = field(factory=list)
    at_work: bool = False
    snapshot: Snapshot | None = None
    requests: list[tuple[int, str]] = field(factory=list)


@define
class _MemoryLease:
    mission: _Mission
    token: int
    held: bool = True

    @property
    def mission_id(self) -> str:
        return self.mission.row.mission_id

    def release(self) -> None:
        if self.held and self.mission.token == self.token:
            self.mission.holder = None
        self.held = False


class MemoryStore:
    """A journal that is gone with its process. All is as `Store` says; a lease is one among threads."""

    def __init__(self, codec: Codec = CODEC) -> None:
        self._codec = codec
        self._lock = threading.RLock()
        self._missions: dict[str, _Mission] = {}
        self._blobs: dict[str, bytes] = {}
        self._requests = 0
        self._changes = Changes()
        self._closed = False

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
        refusals.refuse_wrong_digests(blobs or {})
        with self._lock:
            mission = self._held_mission(lease)
            row = mission.row
            if row.sequence != expected:
                raise refusals.moved_on(mission_id, expected, row.sequence)
            entries, recorded = self._codec.seal(mission_id, expected, row.head, events, time=time, stage=stage)
            row = evolve(
                row,
                state=standing.state,
                holds_workspace=standing.holds_workspace,
                sequence=expected + len(entries),
                head=entries[-1].hash if entries else row.head,
            )
            if row.holds_workspace and not mission.row.holds_workspace:
                self._refuse_held_workspace(row)
            mission.row = row
            mission.entries += entries
            self._blobs.update(blobs or {})
            if snapshot_state is not None:
                mission.snapshot = Snapshot(row.sequence, row.head, *snapshot_state)
        self._changes.wrote()
        return recorded

    def read(
        self, mission_id: str, *, after: int = 0, upto: int | None = None, types: Collection[str] | None = None
    ) -> Iterator[Recorded]:
        with self._lock:
            entries = self._mission(mission_id).entries[after:upto]
        wanted = (entry for entry in entries if types is None or entry.type in types)
        return (self._codec.unseal(mission_id, entry) for entry in wanted)

    def entries(self, mission_id: str, *, upto: int | None = None) -> Iterator[Entry]:
        with self._lock:
            return iter(self._mission(mission_id).entries[:upto])

    def snapshot(self, mission_id: str) -> Snapshot | None:
        with self._lock:
            return self._mission(mission_id).snapshot

    def row(self, mission_id: str) -> Listing:
        with self._lock:
            return self._mission(mission_id).row

    def rows(self, *, workspace: str | None = None, prefix: str = "", holding: bool = False) -> list[Listing]:
        with self._lock:
            self._refuse_closed()
            newest_first = [mission.row for mission in reversed(self._missions.values())]
        return [
            row
            for row in newest_first
            if row.mission_id.startswith(prefix)
            and (workspace is None or row.workspace == workspace)
            and (row.holds_workspace or not holding)
        ]

    def blob(self, digest: str) -> bytes:
        with self._lock:
            self._refuse_closed()
            content = self._blobs.get(digest)
        if content is None:
            raise refusals.blob_missing(digest)
        return content

    def has_blobs(self, digests: Collection[str]) -> frozenset[str]:
        with self._lock:
            self._refuse_closed()
            return frozenset(digest for digest in digests if digest in self._blobs)

    def acquire(self, mission_id: str, runner: str, time: str, *, take_over: bool = False) -> Lease:
        with self._lock:
            mission = self._mission(mission_id)
            if mission.holder is not None and not take_over:
                raise refusals.mission_held(mission_id, mission.holder)
            if mission.holder is not None and mission.at_work:
                raise refusals.mission_at_work(mission_id, mission.holder)
            mission.token += 1
            mission.holder = Holder(runner, time)
            mission.leases = [lease for lease in mission.leases if lease.held]
            mission.leases.append(_MemoryLease(mission, mission.token))
            return mission.leases[-1]

    @contextmanager
    def pen(self, lease: Lease) -> Iterator[tuple[int, ...]]:
        with self._lock:
            mission = self._held_mission(lease)
            mission.at_work = True
        try:
            yield ()
        finally:
            mission.at_work = False

    def fenced_lives(self, mission_id: str) -> bool:
        with self._lock:
            mission = self._mission(mission_id)
            return any(lease.held and lease.token != mission.token for lease in mission.leases)

    def holder(self, mission_id: str) -> Holder | None:
        with self._lock:
            return self._mission(mission_id).holder

    def post(self, mission_id: str, request: str) -> int:
        with self._lock:
            mission = self._mission(mission_id)
            self._requests += 1
            mission.requests.append((self._requests, request))
            number = self._requests
        self._changes.wrote(also_for_me=True)
        return number

    def take(self, lease: Lease) -> list[str]:
        with self._lock:
            mission = self._held_mission(lease)
            taken, mission.requests = mission.requests, []
        return [request for _, request in taken]

    def posted(self, number: int) -> bool:
        with self._lock:
            self._refuse_closed()
            return any(number == left for mission in self._missions.values() for left, _ in mission.requests)

    def changed(self) -> bool:
        with self._lock:
            self._refuse_closed()
            return self._changes.changed()

    def check(self, mission_id: str) -> None:
        with self._lock:
            mission = self._mission(mission_id)
            row, entries = mission.row, list(mission.entries)
        list(verified(mission_id, entries, row.sequence, row.head))

    def backup(self, path: Path) -> int:
        raise JournalError(f"a journal in memory has no copy of its own kind to be written to {path}")

    def used_bytes(self) -> int:
        return self.sizes().used_bytes

    def sizes(self) -> Sizes:
        with self._lock:
            self._refuse_closed()
            events = {name: sum(len(entry.data.encode()) for entry in m.entries) for name, m in self._missions.items()}
            blobs = {digest: len(content) for digest, content in self._blobs.items()}
        return Sizes(events, blobs, used_bytes=sum(events.values()) + sum(blobs.values()), disk_bytes=0)

    def remove(self, leases: Collection[Lease], unneeded: Callable[[], Collection[str]]) -> None:
        with self._lock:
            for lease in leases:
                self._held_mission(lease)
            for digest in unneeded():
                self._blobs.pop(digest, None)
            for lease in leases:
                del self._missions[lease.mission_id]
        self._changes.wrote()

    def compact(self) -> None:
        self._refuse_closed()

    def close(self) -> None:
        self._closed = True

    def _add(self, row: Listing, entries: list[Entry], blobs: Mapping[str, bytes]) -> None:
        refusals.refuse_bad_id(row.mission_id)
        refusals.refuse_wrong_digests(blobs)
        with self._lock:
            self._refuse_closed()
            if row.mission_id in self._missions:
                raise refusals.id_taken(row.mission_id)
            if row.holds_workspace:
                self._refuse_held_workspace(row)
            self._missions[row.mission_id] = _Mission(row, entries)
            self._blobs.update(blobs)
        self._changes.wrote()

    def _mission(self, mission_id: str) -> _Mission:
        self._refuse_closed()
        mission = self._missions.get(mission_id)
        if mission is None:
            raise refusals.unknown_mission(mission_id, "this process's memory")
        return mission

    def _held_mission(self, lease: Lease) -> _Mission:
        if not lease.held:
            raise refusals.released(lease.mission_id)
        mission = self._mission(lease.mission_id)
        if mission.token != lease.token:
            lease.release()
            raise refusals.taken_over(lease.mission_id, lease.token, mission.token)
        return mission

    def _refuse_held_workspace(self, row: Listing) -> None:
        refusals.refuse_held_workspace(row, (mission.row for mission in self._missions.values()))

    def _refuse_closed(self) -> None:
        if self._closed:
            raise JournalError("the journal has been closed")
