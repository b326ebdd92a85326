"""What every store promises about events, and about the blobs and snapshots that go with them."""
# ruff: noqa: S101 (asserting is what a contract suite does)

from __future__ import annotations

from hashlib import sha256

import attrs
import pytest

from mission_fsm.core.events import StageChanged, StepCompleted
from mission_fsm.errors import Held, JournalDamaged, JournalError
from mission_fsm.journal.chain import GENESIS, verified
from mission_fsm.journal.store import Store
from mission_fsm.testing.store_samples import (
    DIGEST,
    HOLDING,
    LATER,
    StoreTests,
    append,
    begin,
    completed,
    elsewhere,
    started,
    take_lease,
)


class StoreEventsContract(StoreTests):
    """What is recorded, and how it is read again."""

    def test_sequence(self, store: Store) -> None:
        """The events of a mission are numbered from 1, without gaps, whatever goes on in other missions."""
        begin(store, "m")
        begin(store, "other", workspace="/other")
        one, two = take_lease(store, "m"), take_lease(store, "other")
        append(store, one, 1, started(0), completed(0))
        append(store, two, 1, started(0))
        append(store, one, 3, started(1))
        assert [event.sequence for event in store.read("m")] == [1, 2, 3, 4]
        assert [event.sequence for event in store.read("other")] == [1, 2]

    def test_recorded(self, store: Store) -> None:
        """What create and append return is what is read later."""
        told = begin(store)
        told += append(store, take_lease(store), 1, started(0), completed(0, summary="naïve ☃ \x00 \udcff \n"))
        assert list(store.read("m")) == told
        assert [event.event for event in told][1] == started(0)

    def test_envelope(self, store: Store) -> None:
        """An event bears its mission, type, version and time, and the stage that was announced last."""
        begin(store)
        moved = StageChanged(from_="edit", to="test", step_id="s0")
        before, change, after = append(store, take_lease(store), 1, started(0), moved, completed(0))
        assert (before.mission_id, before.type, before.version, before.time) == ("m", "step_started", 1, LATER)
        assert (before.stage, change.stage, after.stage) == ("edit", "test", "test")
        assert next(store.read("m")).stage == "none"

    def test_chain(self, store: Store) -> None:
        """Each event holds the hash of the one before it, the first 64 zeros, and the row that of the last."""
        begin(store)
        lease = take_lease(store)
        append(store, lease, 1, started(0), completed(0))
        append(store, lease, 3, started(0))
        events = list(store.read("m"))
        assert [event.previous_hash for event in events] == [GENESIS, *(event.hash for event in events[:-1])]
        assert len({event.hash for event in events}) == 4
        assert store.row("m").head == events[-1].hash
        store.check("m")

    def test_chain_of_another_mission(self, store: Store) -> None:
        """The same event has another hash in another mission, so events cannot be moved between them."""
        assert begin(store, "m", workspace="/w")[0].hash != begin(store, "n", workspace="/w")[0].hash

    def test_windows(self, store: Store) -> None:
        """A read gives the events after one sequence and up to another."""
        begin(store)
        append(store, take_lease(store), 1, *(started(index) for index in range(600)))
        assert [event.sequence for event in store.read("m", after=2, upto=5)] == [3, 4, 5]
        assert [event.sequence for event in store.read("m", after=598)] == [599, 600, 601]
        assert [event.sequence for event in store.read("m")] == list(range(1, 602))
        assert list(store.read("m", after=601)) == list(store.read("m", after=5, upto=5)) == []

    def test_types(self, store: Store) -> None:
        """A read gives the events of the types asked for, frequent or rare, in order."""
        begin(store)
        moved = StageChanged(from_="none", to="edit", step_id="s0")
        append(store, take_lease(store), 1, started(0), moved, completed(0), started(1), completed(1))
        cases: dict[tuple[str, ...], list[int]] = {
            ("mission_created",): [1],
            ("mission_created", "final", "diff_proposed"): [1],
            ("step_completed", "mission_created"): [1, 4, 6],
            ("step_started",): [2, 5],
            ("final",): [],
            (): [],
        }
        for types, sequences in cases.items():
            assert [event.sequence for event in store.read("m", types=types)] == sequences
        assert [event.sequence for event in store.read("m", after=1, upto=4, types=["step_completed"])] == [4]

    def test_read_while_appending(self, store: Store) -> None:
        """A read gives what was there when it was asked for, though events are appended while it is taken in."""
        begin(store)
        lease, reading = take_lease(store), store.read("m")
        append(store, lease, 1, started(0))
        assert [event.sequence for event in reading] == [1]

    def test_cannot_be_recorded(self, store: Store) -> None:
        """An event that JSON cannot hold is refused, and nothing of its append is kept."""
        begin(store)
        lease = take_lease(store)
        bad = StepCompleted(step_id="s", step_index=0, success=True, evidence={"ratio": float("nan")})
        with pytest.raises(JournalError, match="step_completed cannot be recorded"):
            append(store, lease, 1, started(0), bad)
        assert store.row("m").sequence == 1
        append(store, lease, 1, started(0))
        store.check("m")

    # --- what goes with the events

    def test_blobs(self, store: Store) -> None:
        """A blob is kept once, under its SHA-256, with the events that refer to it."""
        content, other = b"\x00output\xff", b""
        digest, empty = sha256(content).hexdigest(), sha256(other).hexdigest()
        begin(store, blobs={digest: content})
        append(store, take_lease(store), 1, started(0), blobs={digest: content, empty: other})
        assert (store.blob(digest), store.blob(empty)) == (content, other)
        assert store.has_blobs([digest, DIGEST]) == {digest}

    def test_missing_blob(self, store: Store) -> None:
        """A blob that is not there is a damage, since events refer only to what was kept with them."""
        with pytest.raises(JournalDamaged, match=DIGEST):
            store.blob(DIGEST)

    def test_wrong_digest(self, store: Store) -> None:
        """A blob under a digest that is not its own is refused, and nothing is recorded."""
        with pytest.raises(JournalError, match="not its own"):
            begin(store, blobs={DIGEST: b"something else"})
        assert store.rows() == []

    def test_snapshots(self, store: Store) -> None:
        """A mission's snapshot is the last one given, and names the event that it follows."""
        begin(store)
        lease = take_lease(store)
        assert store.snapshot("m") is None
        append(store, lease, 1, started(0), snapshot_state=("1", '{"cursor":0}'))
        (last,) = append(store, lease, 2, completed(0), snapshot_state=("2", '{"cursor":1}'))
        append(store, lease, 3, started(1))
        kept = store.snapshot("m")
        assert kept is not None
        assert (kept.sequence, kept.hash, kept.schema, kept.state) == (3, last.hash, "2", '{"cursor":1}')

    # --- missions that come from elsewhere

    def test_entries(self, store: Store) -> None:
        """The events as they are kept are those that are read, with the JSON text that their hashes cover."""
        begin(store)
        append(store, take_lease(store), 1, started(0), completed(0, summary="naïve"))
        kept = list(store.entries("m"))
        assert [entry.hash for entry in kept] == [event.hash for event in store.read("m")]
        assert list(verified("m", kept, 3, store.row("m").head)) == kept
        assert list(store.entries("m", upto=2)) == kept[:2]

    def test_adopt(self, store: Store) -> None:
        """A mission that was taken in is as it was where it came from, has no lease, and can be carried on."""
        content = b"output"
        blobs = {sha256(content).hexdigest(): content}
        row, entries = elsewhere()
        store.adopt(row, entries, blobs)
        assert (store.rows(), list(store.entries("m")), store.holder("m")) == ([row], entries, None)
        assert store.has_blobs(blobs) == blobs.keys()
        store.check("m")
        append(store, take_lease(store), 3, started(1))
        store.check("m")

    def test_adopt_taken(self, store: Store) -> None:
        """A mission is not taken in where its id is taken, its workspace held, or its chain broken."""
        row, entries = elsewhere()
        broken = [entries[0], entries[2]]
        for bad in (entries[:2], broken, [*entries[:2], entries[2]._replace(time="now")]):
            with pytest.raises(JournalDamaged, match=r"event [23] of mission m"):
                store.adopt(row, bad, {})
        with pytest.raises(JournalError, match="not its own"):
            store.adopt(row, entries, {DIGEST: b"something else"})
        assert store.rows() == []
        begin(store, "n", standing=HOLDING)
        with pytest.raises(Held, match="mission n"):
            store.adopt(attrs.evolve(row, holds_workspace=True), entries, {})
        store.adopt(row, entries, {})
        with pytest.raises(JournalError, match="already"):
            store.adopt(row, entries, {})
        assert [row.sequence for row in store.rows()] == [3, 1]
