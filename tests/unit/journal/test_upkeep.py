"""What removing missions leaves in the journal's file, and in its folder."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from mission_fsm.errors import JournalError, StaleAppend
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, elsewhere, started, take_lease
from mission_fsm.testing.store_upkeep_contract import OWN


def ask(home: Path, query: str) -> object:
    """The one value that a query of the journal's file gives."""
    with closing(sqlite3.connect(home / "journal.db")) as connection:
        return connection.execute(query).fetchone()[0]


def test_the_number_of_a_mission_that_was_removed_is_never_given_again(home: Path) -> None:
    for mission_id in ("m", "n", "o"):
        with closing(SqliteStore.open(home)) as store:
            begin(store, mission_id)
            store.remove([take_lease(store, mission_id)], tuple)
            store.compact()
    with closing(SqliteStore.open(home)) as store:
        begin(store, "p")
        assert ask(home, "SELECT mission FROM missions") == 4
        assert ask(home, "SELECT count(*) FROM sqlite_sequence WHERE name = 'missions'") == 1
        store.check("p")


def test_nothing_is_left_of_a_mission_that_was_removed_not_even_its_locks(home: Path) -> None:
    with closing(SqliteStore.open(home)) as store:
        begin(store, blobs=OWN)
        begin(store, "m2")
        lease = take_lease(store)
        append(store, lease, 1, started(0), snapshot_state=("1", "{}"))
        store.post("m", "pause")
        take_lease(store, "m2").release()
        store.remove([lease], lambda: OWN)
        lease.release()
        store.compact()
    assert not [path for path in (home / "locks").iterdir() if path.name.split(".")[0] == "m"]
    assert (home / "locks" / "m2").exists()
    for table in ("snapshots", "requests", "blobs"):
        assert ask(home, f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - one of these tables
    assert ask(home, "SELECT count(*) FROM events") == 1
    assert b"own" * 100 not in (home / "journal.db").read_bytes()
    assert ask(home, "PRAGMA integrity_check") == "ok"


def test_whoever_had_a_mission_before_it_was_removed_and_taken_in_again_appends_to_the_new_one(home: Path) -> None:
    with closing(SqliteStore.open(home)) as mine, closing(SqliteStore.open(home)) as other:
        begin(mine)
        lease = take_lease(mine)
        append(mine, lease, 1, started(0))
        append(mine, lease, 2, started(1))
        lease.release()
        other.remove([take_lease(other)], tuple)
        row, entries = elsewhere()
        other.adopt(row, entries, {})
        again = take_lease(mine)
        append(mine, again, 3, started(2))
        mine.check("m")
        with pytest.raises(StaleAppend):
            append(mine, lease, 4, started(3))


def test_giving_room_back_waits_for_nobody_who_reads_for_long(home: Path) -> None:
    with closing(SqliteStore.open(home)) as store:
        begin(store, blobs=OWN)
        begin(store, "n")
        store.remove([take_lease(store)], lambda: OWN)
        with closing(sqlite3.connect(home / "journal.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            worker = threading.Thread(target=store.compact)
            worker.start()
            worker.join(10)
            assert not worker.is_alive()
            append(store, take_lease(store, "n"), 1, started(0))
            assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
        store.check("n")


def test_a_journal_that_cannot_be_made_smaller_says_so_and_is_as_it_was(home: Path) -> None:
    with closing(SqliteStore.open(home)) as store:
        begin(store, blobs=OWN)
        with closing(sqlite3.connect(home / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with store._database.reading() as connection:
                connection.execute("PRAGMA busy_timeout = 1")
            with pytest.raises(JournalError, match="cannot use the journal"):
                store.compact()
        assert store.has_blobs(OWN) == OWN.keys()
        store.check("m")
