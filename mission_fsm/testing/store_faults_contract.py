"""What every durable store promises though its process is killed, or its disk refuses: tests that its author inherits.

class PostgresStoreFaultsSuite(StoreFaultsContract):
    def opening(self, place): ...
"""
# ruff: noqa: S101 (asserting is what a contract suite does)

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from mission_fsm.errors import MissionError
from mission_fsm.journal.store import Store
from mission_fsm.testing.faults import EVERY_POINT, Ended, Fault, durable, in_child, once, spread, strike
from mission_fsm.testing.store_samples import append, begin, completed, started, take_lease

CONTENTS = [b"one", b"two", b"three"]
BLOBS = {sha256(content).hexdigest(): content for content in CONTENTS}

# After the first event, each append adds two.
COMMITTED = [1, 3, 5, 7]


class StoreFaultsContract:
    """Whoever inherits says how their store is opened. most: the calls that are tried where not all of them are."""

    most = 12

    def opening(self, place: Path) -> Callable[[], Store]:
        """How to open a store that goes by that folder's path: a new one first, and the same one from then on."""
        raise NotImplementedError("say how the store is opened")

    def test_killed_anywhere(self, tmp_path: Path) -> None:
        """What was acknowledged is there, each commit is there whole or not at all, and more can be appended."""
        for opened, ended in self._struck(tmp_path, "SIGKILL"):
            assert_nothing_lost(opened, ended)

    @pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES"])
    def test_refused_anywhere(self, tmp_path: Path, error: str) -> None:
        """What a disk refuses is a MissionError, nothing that was acknowledged is lost, and more can be appended."""
        for opened, ended in self._struck(tmp_path, error):
            assert ended.status in {0, MissionError.exit_status}, ended.err
            assert_nothing_lost(opened, ended)

    def test_killed_while_removing(self, tmp_path: Path) -> None:
        """A mission that is removed is gone with its blobs, or there with all of them; the other is as it was."""
        rehearsed = durable(self._removed(tmp_path / "first", None)[1].calls)
        for place in range(len(rehearsed)) if EVERY_POINT else spread(rehearsed, self.most):
            assert_gone_or_whole(*self._removed(tmp_path / str(place), once(rehearsed[place], "SIGKILL")))

    def _removed(self, place: Path, fault: Fault | None) -> tuple[Callable[[], Store], Ended]:
        place.mkdir()
        opened = self.opening(place)
        assert in_child(lambda: write_two(opened)).status == 0
        return opened, strike(lambda: remove_one(opened), fault)

    def _struck(self, folder: Path, effect: str) -> Iterator[tuple[Callable[[], Store], Ended]]:
        rehearsed = durable(self._written(folder / "first", None)[1].calls)
        for place in range(len(rehearsed)) if EVERY_POINT else spread(rehearsed, self.most):
            yield self._written(folder / str(place), once(rehearsed[place], effect))

    def _written(self, place: Path, fault: Fault | None) -> tuple[Callable[[], Store], Ended]:
        place.mkdir()
        opened = self.opening(place)
        return opened, strike(lambda: write(opened), fault)


def write(opened: Callable[[], Store]) -> int:
    """Create a mission and append to it. Each sequence is printed once it is acknowledged."""
    try:
        store = opened()
        begin(store)
        print(1)  # noqa: T201 - to the parent
        carry_on(store, 1)
        store.close()
    except MissionError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return MissionError.exit_status
    return 0


OWN, SHARED = list(BLOBS)[:2]


def write_two(opened: Callable[[], Store]) -> int:
    """Create two missions, of which one has a blob of its own, and one blob is both's."""
    store = opened()
    begin(store, blobs={OWN: BLOBS[OWN], SHARED: BLOBS[SHARED]})
    begin(store, "other", workspace="/other", blobs={SHARED: BLOBS[SHARED]})
    store.close()
    return 0


def remove_one(opened: Callable[[], Store]) -> int:
    """Remove the one, and give its room back."""
    store = opened()
    lease = take_lease(store)
    store.remove([lease], lambda: [OWN])
    print("removed")  # noqa: T201 - to the parent
    lease.release()
    store.compact()
    store.close()
    return 0


def assert_gone_or_whole(opened: Callable[[], Store], ended: Ended) -> None:
    """What was removed is gone, or nothing is; the store can be written. Looked at in another process."""

    def look() -> int:
        store = opened()
        left = {row.mission_id for row in store.rows()}
        assert left == {"other"} or ("removed" not in ended.out and left == {"m", "other"})
        assert store.has_blobs([OWN, SHARED]) == ({OWN, SHARED} if "m" in left else {SHARED})
        assert store.blob(SHARED) == BLOBS[SHARED]
        for mission_id in left:
            store.check(mission_id)
            lease = take_lease(store, mission_id)
            append(store, lease, 1, started(0))
            lease.release()
        store.compact()
        store.check("other")
        store.close()
        return 0

    looked = in_child(look)
    assert looked.status == 0, f"{ended.calls[-1:]}\n{ended.out}\n{looked.err}"


def carry_on(store: Store, sequence: int) -> None:
    """Append what is still missing."""
    lease = take_lease(store)
    for at in COMMITTED[COMMITTED.index(sequence) : -1]:
        digest = list(BLOBS)[at // 2]
        blobs, state = {digest: BLOBS[digest]}, ("1", f'"{at + 2}"')
        append(store, lease, at, started(at), completed(at), blobs=blobs, snapshot_state=state)
        print(at + 2)  # noqa: T201
    lease.release()


def assert_nothing_lost(opened: Callable[[], Store], ended: Ended) -> None:
    """The store holds what was acknowledged and nothing by halves, and takes the rest. Looked at in another process."""

    def look() -> int:
        store = opened()
        if not store.rows():
            assert "1\n" not in ended.out
            begin(store)
        there = [entry.sequence for entry in store.read("m")]
        assert there == list(range(1, there[-1] + 1))
        assert there[-1] in COMMITTED
        assert there[-1] >= max([int(word) for word in ended.out.split() if word.isdigit()], default=0)
        assert store.has_blobs(BLOBS) == set(list(BLOBS)[: there[-1] // 2])
        store.check("m")
        carry_on(store, there[-1])
        store.check("m")
        assert store.row("m").sequence == COMMITTED[-1]
        store.close()
        return 0

    looked = in_child(look)
    assert looked.status == 0, f"{ended.calls[-1:]}\n{ended.out}\n{looked.err}"
