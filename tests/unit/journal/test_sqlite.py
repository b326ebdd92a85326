"""What the store in SQLite promises besides the contract: few pages, the right index, no harm from interruptions."""

from __future__ import annotations

from collections.abc import ItemsView
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from mission_fsm.core.events import Event, MissionRecovered
from mission_fsm.errors import JournalError
from mission_fsm.journal.schema import FREQUENT_TYPES
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, completed, started, take_lease, together

PAGE_AND_ITS_FRAME_BYTES = 4096 + 24


def plan_of(store: SqliteStore, types: list[str]) -> list[str]:
    """The plan by which SQLite reads a mission's events of these types."""
    said: list[str] = []
    with store._database.reading() as connection:
        connection.set_trace_callback(said.append)
    list(store.read("m", types=types))
    with store._database.reading() as connection:
        connection.set_trace_callback(None)
        (query,) = [statement for statement in said if "FROM events" in statement]
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]


def test_rare_types_are_read_by_their_index_and_frequent_ones_in_the_order_of_the_table(store: SqliteStore) -> None:
    begin(store)
    assert "USING INDEX rare_events (type=? AND rowid>? AND rowid<?)" in plan_of(store, ["final", "diff_applied"])[0]
    for frequent in FREQUENT_TYPES:
        assert "USING INTEGER PRIMARY KEY" in plan_of(store, ["final", frequent])[0]


def test_a_step_without_an_effect_writes_two_pages(store: SqliteStore, home: Path) -> None:
    """The mission's row and the end of its events, and now and then a new page of events; no index."""
    begin(store)
    lease = take_lease(store)
    append(store, lease, 1, started(0))
    log = home / "journal.db-wal"
    before = log.stat().st_size
    for index in range(100):
        append(store, lease, 2 + 2 * index, completed(index), started(index + 1))
    pages = (log.stat().st_size - before) / PAGE_AND_ITS_FRAME_BYTES
    assert 200 <= pages <= 240


class InterruptedMapping(dict[str, bytes]):
    """Blobs at whose second reading, in the middle of the transaction, somebody presses Ctrl-C."""

    readings = 0

    def items(self) -> ItemsView[str, bytes]:  # type: ignore[override]
        self.readings += 1
        if self.readings == 2:
            raise KeyboardInterrupt
        return super().items()


def test_an_append_that_is_interrupted_has_not_happened_and_can_be_made_again(store: SqliteStore) -> None:
    begin(store)
    lease = take_lease(store)
    append(store, lease, 1, started(0))
    content = b"output"
    blobs = InterruptedMapping({sha256(content).hexdigest(): content})
    with pytest.raises(KeyboardInterrupt):
        append(store, lease, 2, completed(0), blobs=blobs)
    assert store.row("m").sequence == 2
    append(store, lease, 2, completed(0), blobs=blobs)
    store.check("m")


def test_a_lease_that_could_not_be_recorded_is_not_held(store: SqliteStore) -> None:
    begin(store)
    with pytest.raises(JournalError, match="Unicode text alone"):
        take_lease(store, runner="caf\udce9")
    assert store.holder("m") is None
    take_lease(store)


def test_a_mission_can_be_checked_while_it_goes_on(store: SqliteStore) -> None:
    """A check sees the mission as it stood at one instant, and holds up nobody."""
    begin(store)
    lease = take_lease(store)

    def run() -> None:
        for sequence in range(1, 101):
            append(store, lease, sequence, started(sequence))

    def check() -> None:
        for _ in range(10):
            store.check("m")

    assert together([run, check, check]) == [None, None, None]
    assert store.row("m").sequence == 101


def test_many_missions_lie_side_by_side(store: SqliteStore) -> None:
    """Events of missions that take turns do not mix, whatever page they share."""
    names = [f"m{number}" for number in range(5)]
    for name in names:
        begin(store, name, workspace=f"/{name}")
    leases = {name: take_lease(store, name) for name in names}
    for sequence in range(1, 41):
        for name in names:
            event: Event = MissionRecovered(runner=f"{name} {sequence}")
            append(store, leases[name], sequence, event)
    for name in names:
        store.check(name)
        events = list(store.read(name, types=["mission_recovered"]))
        assert [event.event for event in events] == [MissionRecovered(runner=f"{name} {n}") for n in range(1, 41)]


def test_a_journal_that_appears_later_is_seen(home: Path) -> None:
    """Who looked at a home before its first mission sees the mission once it is there."""
    early, maker = SqliteStore.open(home), SqliteStore.open(home)
    assert early.rows() == []
    begin(maker)
    assert [row.mission_id for row in early.rows()] == ["m"]
    early.close()
    maker.close()


def test_stores_that_make_the_home_at_once_make_one(home: Path) -> None:
    stores = [SqliteStore.open(home) for _ in range(4)]
    makers = [partial(begin, store, f"m{at}", workspace=f"/{at}") for at, store in enumerate(stores)]
    assert all(isinstance(result, list) for result in together(makers))
    for store in stores:
        assert len(store.rows()) == 4
        store.close()
