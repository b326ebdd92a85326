"""What every store promises to those who share it: runners, those who send them requests, and threads."""
# ruff: noqa: S101 (asserting is what a contract suite does)

from __future__ import annotations

from functools import partial
from hashlib import sha256

import pytest

from mission_fsm.errors import Held, StaleAppend
from mission_fsm.journal.store import Holder, Standing, Store
from mission_fsm.testing.store_samples import (
    HOLDING,
    TIME,
    WORKSPACE,
    ForgottenLease,
    StoreTests,
    append,
    begin,
    completed,
    started,
    take_lease,
    together,
)


class StoreSharingContract(StoreTests):
    """Who may append, and where; requests; threads."""

    # --- who may append, and where

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_expected_sequence(self, store: Store, expected: int) -> None:
        """An append that expects another sequence than the last one's is refused, and leaves everything as it is."""
        begin(store)
        lease = take_lease(store)
        append(store, lease, 1, started(0))
        row, content = store.row("m"), b"never kept"
        digest = sha256(content).hexdigest()
        with pytest.raises(StaleAppend, match="stands at event 2"):
            append(store, lease, expected, completed(0), blobs={digest: content}, snapshot_state=("1", "{}"))
        assert store.row("m") == row
        assert store.snapshot("m") is None
        assert not store.has_blobs([digest])
        append(store, lease, 2, completed(0))
        store.check("m")

    def test_fencing(self, store: Store) -> None:
        """Who was frozen while another took the lease over cannot append, even where nothing was appended since."""
        begin(store)
        lease = take_lease(store)
        append(store, lease, 1, started(0))
        frozen_runner = ForgottenLease("m", lease.token)
        lease.release()
        second = take_lease(store, runner="runner two")
        with pytest.raises(StaleAppend, match="another runner"):
            append(store, frozen_runner, 2, completed(0))
        append(store, second, 2, completed(0))
        with pytest.raises(StaleAppend, match="another runner"):
            append(store, frozen_runner, 3, started(1))
        assert store.row("m").sequence == 3

    def test_released(self, store: Store) -> None:
        """A lease that was released cannot be used, and releasing it again frees nobody else's."""
        begin(store)
        lease = take_lease(store)
        lease.release()
        assert not lease.held
        with pytest.raises(StaleAppend, match="released"):
            append(store, lease, 1, started(0))
        take_lease(store, runner="runner two")
        lease.release()
        assert store.holder("m") == Holder("runner two", TIME)

    def test_one_lease(self, store: Store) -> None:
        """A mission has one lease at a time; who comes second is told who holds it, and since when."""
        begin(store)
        assert store.holder("m") is None
        lease = take_lease(store)
        assert store.holder("m") == Holder("runner one", TIME)
        with pytest.raises(Held, match=f"runner one since {TIME}"):
            take_lease(store, runner="runner two")
        lease.release()
        assert store.holder("m") is None
        assert take_lease(store, runner="runner two").token > lease.token

    def test_take_over(self, store: Store) -> None:
        """A lease can be taken from a holder that lives: who had it can append nothing more, and is let go of."""
        begin(store)
        lease = take_lease(store)
        append(store, lease, 1, started(0))
        assert not store.fenced_lives("m")
        second = store.acquire("m", "runner two", TIME, take_over=True)
        assert second.token > lease.token
        assert store.holder("m") == Holder("runner two", TIME)
        assert store.fenced_lives("m")
        with pytest.raises(Held, match="runner two"):
            take_lease(store, runner="runner three")
        with pytest.raises(StaleAppend, match="another runner"):
            append(store, lease, 2, completed(0))
        assert not lease.held
        assert not store.fenced_lives("m")
        append(store, second, 2, completed(0))
        second.release()
        assert store.holder("m") is None

    def test_take_over_of_nobody(self, store: Store) -> None:
        """Where nobody holds the mission, to take it over is to take its lease."""
        begin(store)
        append(store, store.acquire("m", "runner two", TIME, take_over=True), 1, started(0))
        assert not store.fenced_lives("m")

    def test_pen(self, store: Store) -> None:
        """Who has the pen is not taken over from; who was taken over from before does not get it."""
        begin(store)
        lease = take_lease(store)
        with store.pen(lease), pytest.raises(Held, match="cannot be taken over: runner one"):
            store.acquire("m", "runner two", TIME, take_over=True)
        append(store, lease, 1, started(0))
        second = store.acquire("m", "runner two", TIME, take_over=True)
        with pytest.raises(StaleAppend, match="another runner"), store.pen(lease):
            pytest.fail("it has the pen")
        with store.pen(second):
            append(store, second, 2, completed(0))

    def test_pen_of_a_released_lease(self, store: Store) -> None:
        """A lease that was released gives no right to write files."""
        begin(store)
        lease = take_lease(store)
        lease.release()
        with pytest.raises(StaleAppend, match="released"), store.pen(lease):
            pytest.fail("it has the pen")

    def test_workspace(self, store: Store) -> None:
        """A workspace is held by one mission at a time; another is refused with its name, and gets it afterwards."""
        begin(store, "m", standing=HOLDING)
        with pytest.raises(Held, match="mission m, which is running, holds the workspace /work"):
            begin(store, "n", standing=HOLDING)
        assert [row.mission_id for row in store.rows()] == ["m"]
        begin(store, "n")
        other = take_lease(store, "n")
        with pytest.raises(Held, match="mission m"):
            append(store, other, 1, started(0), standing=HOLDING)
        assert (store.row("n").sequence, store.row("n").holds_workspace) == (1, False)
        append(store, take_lease(store, "m"), 1, completed(0), standing=Standing("complete", holds_workspace=False))
        append(store, other, 1, started(0), standing=HOLDING)
        assert store.row("n").holds_workspace

    @pytest.mark.parametrize("other", [f"{WORKSPACE}/inside/deep", "/", WORKSPACE])
    def test_workspaces_one_in_the_other(self, store: Store, other: str) -> None:
        """A mission holds the folders around and inside its workspace too; one that has a name like it is free."""
        begin(store, "m", standing=HOLDING)
        begin(store, "n", workspace=other)
        lease = take_lease(store, "n")
        with pytest.raises(Held, match="mission m, which is running, holds the workspace /work"):
            append(store, lease, 1, started(0), standing=HOLDING)
        with pytest.raises(Held, match="mission m"):
            begin(store, "o", workspace=other, standing=HOLDING)
        assert [(row.mission_id, row.sequence, row.holds_workspace) for row in store.rows()] == [
            ("n", 1, False),
            ("m", 1, True),
        ]
        begin(store, "p", workspace="/workshop", standing=HOLDING)
        append(store, take_lease(store, "m"), 1, started(0), standing=HOLDING)

    def test_starts_at_once_in_workspaces_one_in_the_other(self, store: Store) -> None:
        """Of missions that start at the same instant, one inside the other, just one comes to hold its workspace."""
        names = ("m", "n", "o")
        for depth, name in enumerate(names):
            begin(store, name, workspace=WORKSPACE + "/inside" * depth)
        leases = [take_lease(store, name) for name in names]
        results = together(partial(append, store, lease, 1, started(0), standing=HOLDING) for lease in leases)
        assert sorted(isinstance(result, Held) for result in results) == [False, True, True]
        assert [row.holds_workspace for row in store.rows()].count(True) == 1
        assert [row for row in store.rows() if row.holds_workspace] == store.rows(holding=True)

    # --- requests

    def test_requests(self, store: Store) -> None:
        """Requests are taken in the order in which they were left, once, each by its own mission."""
        begin(store, "m")
        begin(store, "n", workspace="/n")
        mine, lease = take_lease(store), take_lease(store, "n")
        assert store.take(mine) == []
        numbers = [store.post("m", "pause"), store.post("n", "stop"), store.post("m", "resume ☃")]
        assert numbers == sorted(set(numbers))
        assert [store.posted(number) for number in numbers] == [True, True, True]
        assert store.take(mine) == ["pause", "resume ☃"]
        assert [store.posted(number) for number in numbers] == [False, True, False]
        assert store.take(mine) == []
        assert store.take(lease) == ["stop"]
        assert store.post("m", "pause") > max(numbers)

    def test_requests_of_a_fenced_runner(self, store: Store) -> None:
        """Who was taken over from cannot take what was left for its successor."""
        begin(store)
        lease = take_lease(store)
        second = store.acquire("m", "runner two", TIME, take_over=True)
        store.post("m", "pause")
        with pytest.raises(StaleAppend, match="another runner"):
            store.take(lease)
        assert store.take(second) == ["pause"]

    def test_changed(self, store: Store) -> None:
        """`changed` is True at first, after a request, and another thread's write, and else False."""
        begin(store)
        assert store.changed()
        assert not store.changed()
        lease = take_lease(store)
        append(store, lease, 1, started(0))
        store.changed()
        together([lambda: append(store, lease, 2, completed(0))])
        assert store.changed()
        assert not store.changed()
        store.post("m", "pause")
        assert store.changed()
        together([lambda: store.post("m", "stop")])
        assert store.changed()
        assert not store.changed()

    # --- threads

    def test_threads(self, store: Store) -> None:
        """Threads that append to missions of their own, and read them, do not disturb each other."""

        def live(mission_id: str) -> list[int]:
            begin(store, mission_id, workspace=f"/{mission_id}")
            lease = take_lease(store, mission_id)
            for sequence in range(1, 21):
                append(store, lease, sequence, started(sequence), snapshot_state=("1", str(sequence)))
            return [event.sequence for event in store.read(mission_id)]

        names = ["a", "b", "c", "d"]
        assert together([partial(live, name) for name in names]) == [list(range(1, 22))] * 4
        for name in names:
            store.check(name)

    def test_race_for_a_lease(self, store: Store) -> None:
        """Of threads that want one lease at once, one gets it, and the others are told that it is held."""
        begin(store)
        results = together([lambda: take_lease(store)] * 5)
        assert sum(isinstance(result, Held) for result in results) == 4

    def test_race_for_a_sequence(self, store: Store) -> None:
        """Of threads that append at one sequence at once, one does, and the others are refused."""
        begin(store)
        lease = take_lease(store)
        results = together([partial(append, store, lease, 1, started(index)) for index in range(5)])
        assert sum(isinstance(result, StaleAppend) for result in results) == 4
        assert store.row("m").sequence == 2
        store.check("m")

    def test_race_for_requests(self, store: Store) -> None:
        """Of requests that are left and taken in several threads at once, none is lost and none is taken twice."""
        begin(store)
        lease = take_lease(store)

        def leave(name: str) -> None:
            for number in range(10):
                store.post("m", f"{name}{number}")

        def take() -> list[str]:
            return [request for _ in range(20) for request in store.take(lease)]

        results = together([lambda: leave("a"), lambda: leave("b"), take, take])
        taken = [request for result in results if isinstance(result, list) for request in result] + store.take(lease)
        assert sorted(taken) == sorted(f"{name}{number}" for name in "ab" for number in range(10))
