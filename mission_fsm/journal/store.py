"""What every store is. The contract suite in `mission_fsm.testing` says it in tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from attrs import frozen

from mission_fsm.core.events import Event, Recorded
from mission_fsm.journal.chain import Entry


@frozen
class Listing:
    """A mission as the store lists it: a projection, kept in step with each append.

    holds_workspace: whether the mission, unfinished, keeps others out of its workspace.
    """

    mission_id: str
    workspace: str
    source: str | None
    plan_digest: str
    goal: str
    created: str
    state: str
    holds_workspace: bool
    sequence: int
    head: str


@frozen
class Standing:
    """What an append says about its mission for the listing."""

    state: str
    holds_workspace: bool


@frozen
class Snapshot:
    """A mission as it stood at a sequence: disposable, and used only where `hash` is that event's.

    schema: of the state; a snapshot with another one than the reader's is passed over.
    state: JSON text.
    """

    sequence: int
    hash: str
    schema: str
    state: str


@frozen
class Sizes:
    """How much is kept, in bytes.

    events: of each mission's events, by its id. blobs: of each blob, by its digest.
    used_bytes: what all of it takes, with what keeps it in order.
    disk_bytes: what is taken from the disk for it, with what is free in that at the moment.
    """

    events: Mapping[str, int]
    blobs: Mapping[str, int]
    used_bytes: int
    disk_bytes: int


@frozen
class Holder:
    """Who holds a lease: for people, in a sentence.

    runner: a name such as `pid 4711 on host`.
    since: RFC 3339 time.
    """

    runner: str
    since: str


class Lease(Protocol):
    """The sole right to append to a mission, until released, taken over, or until its process ends."""

    @property
    def mission_id(self) -> str: ...

    @property
    def token(self) -> int:
        """The fencing token: higher than that of every lease before."""
        ...

    @property
    def held(self) -> bool:
        """Whether it has not been released. That it has been taken over shows when it is used."""
        ...

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        ...


class Store(Protocol):
    """Missions, their events and their blobs. All methods raise JournalError or a class below it.

    A store may be used from several threads, and one home from several processes.
    """

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
        """Begin a mission with its first events, numbered from 1, in one commit.

        mission_id: 1 to 64 letters, digits, `-` and `_`, not taken yet; else UsageError or JournalError.
        Raises Held when another mission holds the workspace that this one would hold.
        """
        ...

    def adopt(self, row: Listing, entries: Sequence[Entry], blobs: Mapping[str, bytes]) -> None:
        """Take in a mission as another journal kept it, in one commit: no lease is on it, and nobody asks for it.

        row: says where its events end, and whether it holds its workspace here.
        Raises JournalDamaged unless the entries are its chain, and else as `create` does.
        """
        ...

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
        """Append in one durable commit, with the blobs that the events refer to.

        expected: the sequence of the mission's last event.
        stage: the stage in force before these events; `stage_changed` moves it.
        snapshot_state: (schema, state) of the mission after these events, to be kept as its snapshot.
        Raises StaleAppend when the mission stands at another sequence or the lease has been taken over,
        and Held when another mission holds the workspace that this standing would hold.
        """
        ...

    def read(
        self, mission_id: str, *, after: int = 0, upto: int | None = None, types: Collection[str] | None = None
    ) -> Iterator[Recorded]:
        """The events with after < sequence <= upto, in order, of the given types or of all.

        As they are when this is called; what is appended while they are taken in is not among them.
        """
        ...

    def entries(self, mission_id: str, *, upto: int | None = None) -> Iterator[Entry]:
        """The events up to that sequence, or all, as they are kept: not in today's form, and unchecked."""
        ...

    def snapshot(self, mission_id: str) -> Snapshot | None:
        """The mission's snapshot, if it has one whose hash is that of the event at its sequence."""
        ...

    def row(self, mission_id: str) -> Listing:
        """The mission's row. Raises UnknownMission."""
        ...

    def rows(self, *, workspace: str | None = None, prefix: str = "", holding: bool = False) -> list[Listing]:
        """The missions of that workspace, or of all, whose id begins with prefix; newest first.

        holding: only those that hold their workspace: few, however many there are.
        """
        ...

    def blob(self, digest: str) -> bytes:
        """The bytes with that SHA-256. Raises JournalDamaged when they are missing or have changed."""
        ...

    def has_blobs(self, digests: Collection[str]) -> frozenset[str]:
        """Those of the digests whose blobs are there."""
        ...

    def acquire(self, mission_id: str, runner: str, time: str, *, take_over: bool = False) -> Lease:
        """Take the mission's lease with a new fencing token. Raises Held, naming the holder.

        take_over: also from a holder that lives, such as one that is stopped or hangs, unless it has the pen.
        """
        ...

    def pen(self, lease: Lease) -> AbstractContextManager[tuple[int, ...]]:
        """The right to write the mission's files, and run its command: nobody takes the mission over meanwhile.

        Not to be taken twice at once. It gives the descriptors by which another process keeps the pen when this one
        is gone. Raises StaleAppend when the lease has been taken over.
        """
        ...

    def fenced_lives(self, mission_id: str) -> bool:
        """Whether a runner lives that the mission was taken from: it can do nothing, but may have hold of something."""
        ...

    def holder(self, mission_id: str) -> Holder | None:
        """Who holds the mission's lease now, or None."""
        ...

    def post(self, mission_id: str, request: str) -> int:
        """Leave a request for the runner that holds the mission; returns its number."""
        ...

    def take(self, lease: Lease) -> list[str]:
        """The requests that were left for the mission, oldest first; they are gone once taken.

        Raises StaleAppend when there are some, but the lease was released or taken over.
        """
        ...

    def posted(self, number: int) -> bool:
        """Whether the request with that number has not been taken yet."""
        ...

    def changed(self) -> bool:
        """Whether others may have written since this thread last asked: cheap, and never wrongly False.

        Others are other threads, processes and stores; a request that this thread itself has left counts too.
        """
        ...

    def check(self, mission_id: str) -> None:
        """Check the store's own integrity, the mission's hash chain, its sequence and its head.

        What the events say is for those who read them to check.
        Raises JournalDamaged, which names the first bad position.
        """
        ...

    def backup(self, path: Path) -> int:
        """Copy all that is kept, as it is at one instant, to a file that is not there yet; gives how many missions.

        The file is its owner's alone, and by itself a journal of the same kind. Others go on meanwhile.
        Raises JournalDamaged where what is kept is not sound, and JournalError where nothing is kept, the file
        cannot be written, or the store has no such files.
        """
        ...

    def used_bytes(self) -> int:
        """What all that is kept takes, as in `Sizes`: as cheap as a small read, however much that is."""
        ...

    def sizes(self) -> Sizes:
        """How much is kept, as it is at one instant."""
        ...

    def remove(self, leases: Collection[Lease], unneeded: Callable[[], Collection[str]]) -> None:
        """Remove the missions that those leases hold, with all that is kept of them, and blobs, in one commit.

        unneeded: gives the digests of these blobs, of which no other mission may speak. It is called while nobody
            else writes, so that nobody comes to count on one of them; it may read this store, and nothing more.
        An id that was removed may be taken again. Raises StaleAppend when a lease was released or taken over.
        """
        ...

    def compact(self) -> None:
        """Give what was taken from the disk, and is free by now, back to it. Others who write wait meanwhile.

        Raises JournalError where that cannot be done, such as for want of the room that it takes itself.
        """
        ...

    def close(self) -> None:
        """Release what the store holds open."""
        ...
