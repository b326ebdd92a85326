"""What every store promises, as tests that its author inherits: one promise a test, said in its docstring.

    class PostgresStoreSuite(DurableStoreContract):
        @pytest.fixture
        def store(self): ...
        def reopen(self, store): ...
        def restore(self, backup): ...

Ask pytest for `register_assert_rewrite("mission_fsm.testing.store_contract")` in a conftest to see values in failures.
"""
# ruff: noqa: S101 (asserting is what a contract suite does)

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from mission_fsm.errors import Held, JournalError, UnknownMission, UsageError
from mission_fsm.journal.store import Holder, Store
from mission_fsm.testing.store_events_contract import StoreEventsContract
from mission_fsm.testing.store_samples import (
    DIGEST,
    HOLDING,
    TIME,
    ForgottenLease,
    append,
    begin,
    completed,
    started,
    take_lease,
)
from mission_fsm.testing.store_sharing_contract import StoreSharingContract
from mission_fsm.testing.store_upkeep_contract import OWN, StoreUpkeepContract


class StoreContract(StoreEventsContract, StoreSharingContract, StoreUpkeepContract):
    """What holds for every store. Give it a `store` that is empty."""

    def test_rows(self, store: Store) -> None:
        """A row says where its mission stands after each append."""
        begin(store)
        append(store, take_lease(store), 1, started(0), completed(0), standing=HOLDING)
        row, last = store.row("m"), list(store.read("m"))[-1]
        assert (row.mission_id, row.workspace, row.source, row.goal) == ("m", "/work", "plan.yaml", "g")
        assert (row.plan_digest, row.created, row.state) == (DIGEST, TIME, "running")
        assert (row.holds_workspace, row.sequence, row.head) == (True, 3, last.hash)

    def test_listing(self, store: Store) -> None:
        """Missions are listed newest first, by the beginning of their id and by workspace."""
        for mission_id, workspace in [("b_1", "/w"), ("bx2", "/v"), ("a", "/w"), ("B_3", "/w")]:
            begin(store, mission_id, workspace=workspace)
        assert [row.mission_id for row in store.rows()] == ["B_3", "a", "bx2", "b_1"]
        assert [row.mission_id for row in store.rows(prefix="b_")] == ["b_1"]
        assert [row.mission_id for row in store.rows(workspace="/w", prefix="b")] == ["b_1"]
        assert store.rows(workspace="/u") == store.rows(prefix="%") == []

    def test_ids(self, store: Store) -> None:
        """An id is taken once, and cannot be one that leads elsewhere as a file's name."""
        begin(store, "m")
        with pytest.raises(JournalError, match="already"):
            begin(store, "m", workspace="/other")
        for bad in ["", "..", "a/b", "-m", "m\n", "é"]:
            with pytest.raises(UsageError, match="cannot be a mission's id"):
                begin(store, bad)
        assert len(store.rows()) == 1

    def test_unknown_mission(self, store: Store) -> None:
        """Whatever is asked of a mission that does not exist is refused as such."""
        asks: list[Callable[[], object]] = [
            lambda: store.row("x"),
            lambda: store.read("x"),
            lambda: store.snapshot("x"),
            lambda: take_lease(store, "x"),
            lambda: store.holder("x"),
            lambda: store.post("x", "pause"),
            lambda: store.take(ForgottenLease("x", 1)),
            lambda: store.check("x"),
            lambda: append(store, ForgottenLease("x", 1), 1, started(0)),
        ]
        for existing in (False, True):
            for ask in asks:
                with pytest.raises(UnknownMission, match="'x'"):
                    ask()
            if not existing:
                begin(store)

    def test_closed(self, store: Store) -> None:
        """A store that was closed says so; closing it again does nothing."""
        begin(store)
        store.close()
        store.close()
        with pytest.raises(JournalError, match="closed"):
            store.rows()


class DurableStoreContract(StoreContract):
    """What holds besides for a store that outlives its process."""

    def reopen(self, store: Store) -> Store:
        """Another store on what that one keeps, which may still be open."""
        raise NotImplementedError("a durable store's tests say how it is opened again")

    def restore(self, backup: Path) -> Store:
        """A store on that copy, put where its journal would be."""
        raise NotImplementedError("a durable store's tests say how its backup is restored")

    def test_kept(self, store: Store) -> None:
        """What was recorded is there once the store is opened again."""
        content = b"output"
        digest = sha256(content).hexdigest()
        begin(store, blobs={digest: content})
        lease = take_lease(store)
        append(store, lease, 1, started(0), snapshot_state=("1", "{}"))
        store.post("m", "pause")
        lease.release()
        before = (store.row("m"), list(store.read("m")), store.snapshot("m"))
        store.close()
        again = self.reopen(store)
        assert (again.row("m"), list(again.read("m")), again.snapshot("m")) == before
        assert (again.blob(digest), again.take(take_lease(again))) == (content, ["pause"])
        again.check("m")
        again.close()

    def test_two_stores(self, store: Store) -> None:
        """Two stores on one journal keep each other out of a mission, and carry it on in turn."""
        begin(store)
        other = self.reopen(store)
        for sequence, (mine, theirs) in enumerate([(store, other), (other, store)] * 3, start=1):
            lease = take_lease(mine)
            with pytest.raises(Held, match="runner one"):
                take_lease(theirs, runner="runner two")
            assert theirs.holder("m") == Holder("runner one", TIME)
            append(mine, lease, sequence, started(sequence))
            lease.release()
        store.check("m")
        assert [event.sequence for event in other.read("m")] == list(range(1, 8))
        other.close()

    def test_changed_by_another(self, store: Store) -> None:
        """`changed` tells of what another store wrote, and of the first that is ever written."""
        assert store.changed()
        assert not store.changed()
        other = self.reopen(store)
        begin(other)
        assert store.changed()
        assert not store.changed()
        other.post("m", "pause")
        assert store.changed()
        assert store.take(take_lease(store)) == ["pause"]
        other.close()

    def test_backup(self, store: Store, tmp_path: Path) -> None:
        """A copy holds all that was kept when it was made, is its owner's alone, and is a journal of its own."""
        content = b"output"
        digest = sha256(content).hexdigest()
        begin(store, blobs={digest: content})
        lease = take_lease(store)
        append(store, lease, 1, started(0), snapshot_state=("1", "{}"))
        begin(store, "other", workspace="/other")
        before = (store.rows(), list(store.read("m")), store.snapshot("m"))
        assert store.backup(tmp_path / "copy") == 2
        assert (tmp_path / "copy").stat().st_mode & 0o077 == 0
        append(store, lease, 2, completed(0))
        copy = self.restore(tmp_path / "copy")
        assert (copy.rows(), list(copy.read("m")), copy.snapshot("m")) == before
        assert copy.blob(digest) == content
        copy.check("m")
        assert copy.holder("m") is None
        append(copy, take_lease(copy), 2, completed(0, summary="its own way"))
        copy.close()
        assert list(store.read("m"))[2].event == completed(0)
        store.check("m")

    def test_room_given_back(self, store: Store) -> None:
        """What is free by now goes back to the disk, whoever has the journal open, and no other store is misled."""
        begin(store, blobs=OWN)
        begin(store, "other", workspace="/other")
        other = self.reopen(store)
        append(other, take_lease(other, "other"), 1, started(0))
        before = store.sizes()
        store.remove([take_lease(store)], lambda: OWN)
        store.compact()
        after = store.sizes()
        assert after.disk_bytes < before.disk_bytes - len(b"own" * 5000) // 2
        assert other.sizes() == after
        begin(other, blobs=OWN)
        assert store.has_blobs(OWN) == OWN.keys()
        other.check("m")
        other.close()

    def test_backup_of_nothing(self, store: Store, tmp_path: Path) -> None:
        """Of a home without a journal there is no copy, and none is put over what is there."""
        with pytest.raises(JournalError, match="no journal"):
            store.backup(tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
        begin(store)
        (tmp_path / "copy").write_text("notes")
        with pytest.raises(JournalError, match="cannot write"):
            store.backup(tmp_path / "copy")
        assert (tmp_path / "copy").read_text() == "notes"
