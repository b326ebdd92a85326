"""What every store promises of its upkeep: missions and blobs are removed whole, and what is kept can be measured."""
# ruff: noqa: S101 (asserting is what a contract suite does)

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256

import pytest

from mission_fsm.errors import JournalDamaged, StaleAppend, UnknownMission
from mission_fsm.journal.store import Store
from mission_fsm.testing.store_samples import (
    ForgottenLease,
    StoreTests,
    append,
    begin,
    completed,
    elsewhere,
    started,
    take_lease,
)


def named(*contents: bytes) -> Mapping[str, bytes]:
    """The contents as blobs, by their digests."""
    return {sha256(content).hexdigest(): content for content in contents}


OWN, SHARED = named(b"own" * 5000), named(b"shared" * 5000)


class StoreUpkeepContract(StoreTests):
    """Removing, measuring, giving room back."""

    def test_removed(self, store: Store) -> None:
        """A mission that is removed is gone with all of it and the blobs that are named; others are as they were."""
        begin(store, blobs={**OWN, **SHARED})
        begin(store, "other", workspace="/other", blobs=SHARED)
        lease = take_lease(store)
        append(store, lease, 1, started(0), snapshot_state=("1", "{}"))
        store.post("m", "pause")
        before = (store.row("other"), list(store.read("other")))
        store.remove([lease], lambda: OWN)
        lease.release()
        with pytest.raises(UnknownMission):
            store.row("m")
        assert [row.mission_id for row in store.rows()] == ["other"]
        assert store.has_blobs({**OWN, **SHARED}) == SHARED.keys()
        with pytest.raises(JournalDamaged, match="is missing"):
            store.blob(*OWN)
        assert (store.row("other"), list(store.read("other"))) == before
        store.check("other")

    def test_removed_id(self, store: Store) -> None:
        """The id of a mission that was removed may be taken again, and nothing of the old one is found under it."""
        begin(store)
        lease = take_lease(store)
        append(store, lease, 1, started(0), snapshot_state=("1", "{}"))
        store.post("m", "pause")
        store.remove([lease], tuple)
        lease.release()
        row, entries = elsewhere()
        store.adopt(row, entries, OWN)
        assert (list(store.entries("m")), store.snapshot("m")) == (entries, None)
        again = take_lease(store)
        append(store, again, 3, started(1))
        store.check("m")

    def test_removed_in_turn(self, store: Store) -> None:
        """Nobody writes while it is asked which blobs are not needed, so none goes that somebody counts on by then."""
        begin(store, blobs=SHARED)
        begin(store, "other", workspace="/other")
        lease, others = take_lease(store), take_lease(store, "other")
        writer = threading.Thread(target=lambda: append(store, others, 1, started(0), blobs=SHARED))
        seen: list[int] = []

        def unneeded() -> Mapping[str, bytes]:
            writer.start()
            writer.join(0.05)
            seen.extend([store.row("m").sequence, store.row("other").sequence])
            return SHARED

        store.remove([lease], unneeded)
        writer.join()
        assert seen == [1, 1]
        assert store.row("other").sequence == 2
        assert store.blob(*SHARED) == b"shared" * 5000
        store.check("other")

    def test_removal_refused(self, store: Store) -> None:
        """Nothing is removed for a lease that was released or taken over, nor where it cannot be told what may go."""
        begin(store, blobs=OWN)
        begin(store, "other", workspace="/other")
        released, others = take_lease(store), take_lease(store, "other")
        released.release()
        current = take_lease(store)
        for stale in (released, ForgottenLease("m", released.token)):
            with pytest.raises(StaleAppend):
                store.remove([others, stale], lambda: OWN)

        def unsure() -> Mapping[str, bytes]:
            raise JournalDamaged("nobody knows")

        with pytest.raises(JournalDamaged, match="nobody knows"):
            store.remove([others, current], unsure)
        assert {row.mission_id for row in store.rows()} == {"m", "other"}
        assert store.has_blobs(OWN) == OWN.keys()
        append(store, current, 1, started(0))

    def test_removed_while_read(self, store: Store) -> None:
        """Who reads a mission while it is removed gets all of it, or is told that it is gone: never a part."""
        begin(store)
        lease = take_lease(store)
        append(store, lease, 1, *map(started, range(1000)))
        events = store.read("m")
        next(events)
        store.remove([lease], tuple)
        begin(store, "next")
        append(store, take_lease(store, "next"), 1, *map(completed, range(1000)))
        with suppress(UnknownMission):
            assert [entry.event for entry in events] == [*map(started, range(1000))]

    def test_sizes(self, store: Store) -> None:
        """The size of each mission's events and of each blob is told, and what is used grows and shrinks with them."""
        begin(store)
        empty = store.used_bytes()
        begin(store, "other", workspace="/other", blobs=OWN)
        lease = take_lease(store)
        small = store.sizes()
        append(store, lease, 1, started(0), blobs=SHARED)
        sizes = store.sizes()
        assert sizes.events.keys() == {"m", "other"}
        assert sizes.events["m"] > small.events["m"]
        assert sizes.events["other"] == small.events["other"] > 0
        assert sizes.blobs == {digest: len(content) for digest, content in {**OWN, **SHARED}.items()}
        assert sizes.used_bytes == store.used_bytes() >= empty + len(b"own" * 5000) + len(b"shared" * 5000)
        store.remove([lease, take_lease(store, "other")], lambda: {**OWN, **SHARED})
        assert store.used_bytes() <= empty
        assert store.sizes().events == store.sizes().blobs == {}

    def test_compact(self, store: Store) -> None:
        """Giving room back changes nothing of what is kept."""
        begin(store, blobs=OWN)
        begin(store, "other", workspace="/other", blobs=SHARED)
        store.remove([take_lease(store)], lambda: OWN)
        before = (store.rows(), list(store.read("other")), store.sizes().used_bytes)
        store.compact()
        after = (store.rows(), list(store.read("other")), store.sizes().used_bytes)
        assert after[:2] == before[:2]
        assert after[2] <= before[2]
        store.check("other")
        append(store, take_lease(store, "other"), 1, started(0))
