"""Whatever happens to a journal behind the store's back is found, and where."""
# ruff: noqa: S608 (these tests write their SQL themselves)

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from mission_fsm.errors import JournalDamaged, UnknownMission
from mission_fsm.journal.chain import link
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, completed, started, take_lease

OUTPUT = b"output of a test"
OUTPUT_DIGEST = sha256(OUTPUT).hexdigest()
TEXTS = ["type", "time", "stage", "data"]
BYTES = ["previous_hash", "hash"]
ONE_MORE = """
    INSERT INTO events SELECT position + 1, type, version, time, stage, data, hash, hash
    FROM events WHERE position & 15 = 4
"""


@pytest.fixture
def recorded(home: Path) -> Path:
    """A home with a mission of four events and a snapshot, and another mission, closed."""
    store = SqliteStore.open(home)
    begin(store, blobs={OUTPUT_DIGEST: OUTPUT})
    lease = take_lease(store)
    append(store, lease, 1, started(0), completed(0, summary="naïve"), started(1), snapshot_state=("1", '{"at":4}'))
    lease.release()
    begin(store, "other", workspace="/other")
    store.close()
    return home


def change(home: Path, *statements: str) -> None:
    """Run SQL on a journal that nobody has open."""
    connection = sqlite3.connect(home / "journal.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def damage(home: Path, mission_id: str = "m") -> str:
    """What the check of a mission says."""
    store = SqliteStore.open(home)
    try:
        with pytest.raises(JournalDamaged) as found:
            store.check(mission_id)
    finally:
        store.close()
    return str(found.value)


def test_a_journal_as_it_was_written_passes(recorded: Path) -> None:
    store = SqliteStore.open(recorded)
    store.check("m")
    store.check("other")
    store.close()


@pytest.mark.parametrize("column", [*TEXTS, *BYTES])
def test_a_change_of_any_byte_of_an_event_is_found_at_that_event(recorded: Path, column: str) -> None:
    store = SqliteStore.open(recorded)
    connection = sqlite3.connect(recorded / "journal.db")
    positions = [position for (position,) in connection.execute("SELECT position FROM events WHERE position < 2 << 32")]
    assert len(positions) == 4
    kind = "TEXT" if column in TEXTS else "BLOB"
    query = f"UPDATE events SET {column} = CAST(? AS {kind}) WHERE position = ?"
    for sequence, position in enumerate(positions, start=1):
        (kept,) = connection.execute(
            f"SELECT CAST({column} AS BLOB) FROM events WHERE position = ?", (position,)
        ).fetchone()
        for at in range(len(kept)):
            changed = bytearray(kept)
            changed[at] ^= 1 << (at % 8)
            connection.execute(query, (bytes(changed), position))
            connection.commit()
            with pytest.raises(JournalDamaged, match=f"event {sequence} of mission m"):
                store.check("m")
        connection.execute(query, (kept, position))
        connection.commit()
    connection.close()
    store.check("m")
    store.close()


@pytest.mark.parametrize("version", [0, 2, -1, 1 << 40])
def test_another_version_is_found(recorded: Path, version: int) -> None:
    change(recorded, f"UPDATE events SET version = {version} WHERE position & 0xFFFFFFFF = 3")
    assert "event 3 of mission m is not what was written" in damage(recorded)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET data = CAST(data AS BLOB) WHERE position & 15 = 3", "event 3 of mission m holds a value"),
        ("UPDATE events SET data = x'ff' WHERE position & 15 = 3", "event 3 of mission m"),
        ("UPDATE events SET data = CAST(x'ff' AS TEXT) WHERE position & 15 = 3", "event 3 of mission m, or one after"),
        ("UPDATE events SET hash = 'text' WHERE position & 15 = 2", "event 2 of mission m is not what was written"),
        ("UPDATE events SET hash = 7 WHERE position & 15 = 2", "event 2 of mission m is not what was written"),
        ("UPDATE events SET version = 'one' WHERE position & 15 = 2", "event 2 of mission m is not what was written"),
        ("DELETE FROM events WHERE position & 15 = 1", "event 1 of mission m is missing"),
        ("DELETE FROM events WHERE position & 15 = 2", "event 2 of mission m is missing"),
        ("DELETE FROM events WHERE position & 15 = 4", "event 4 of mission m is missing"),
        ("DELETE FROM events", "event 1 of mission m is missing"),
        ("UPDATE events SET position = position + 1 WHERE position & 15 = 4", "event 4 of mission m is missing"),
        (ONE_MORE, "event 5 of mission m is not what was written"),
        ("UPDATE missions SET sequence = 5", "event 5 of mission m is missing"),
        ("UPDATE missions SET sequence = 3", "event 4 of mission m is one too many"),
        (f"UPDATE missions SET head = '{'0' * 64}'", "event 4 of mission m does not have the hash"),
    ],
)
def test_a_row_that_was_changed_lost_or_added_is_found(recorded: Path, statement: str, said: str) -> None:
    change(recorded, statement)
    assert said in damage(recorded)


def test_events_that_changed_places_are_found(recorded: Path) -> None:
    change(
        recorded,
        "UPDATE events SET position = -position WHERE position >> 32 = 1 AND position & 15 IN (2, 4)",
        "UPDATE events SET position = -position + 2 WHERE -position & 15 = 2",
        "UPDATE events SET position = -position - 2 WHERE position < 0",
    )
    assert "event 2 of mission m does not follow" in damage(recorded)


def test_a_mission_under_another_id_is_found(recorded: Path) -> None:
    change(recorded, "UPDATE missions SET mission_id = 'x' WHERE mission_id = 'm'")
    assert "event 1 of mission x is not what was written" in damage(recorded, "x")
    store = SqliteStore.open(recorded)
    with pytest.raises(UnknownMission):
        store.check("m")
    store.close()


def test_events_given_to_another_mission_are_found_in_both(recorded: Path) -> None:
    change(recorded, "UPDATE events SET position = position + (1 << 32) WHERE position >> 32 = 1 AND position & 15 > 1")
    assert "event 2 of mission m is missing" in damage(recorded)
    assert "event 2 of mission other does not follow" in damage(recorded, "other")


def test_an_event_that_cannot_be_decoded_is_found_by_its_readers_though_its_hash_is_right(recorded: Path) -> None:
    store = SqliteStore.open(recorded)
    (last,) = store.read("m", after=3)
    forged = link("m", 4, last.type, last.version, last.time, last.stage, "{}", last.previous_hash)
    store.close()
    change(
        recorded,
        f"UPDATE events SET data = '{{}}', hash = x'{forged}' WHERE position & 15 = 4",
        f"UPDATE missions SET head = '{forged}' WHERE mission_id = 'm'",
    )
    store = SqliteStore.open(recorded)
    store.check("m")
    with pytest.raises(JournalDamaged, match=r"event 4 of mission m \(step_started\) cannot be read: step_id: is req"):
        list(store.read("m"))
    store.close()


def test_a_change_in_the_file_itself_is_found(recorded: Path) -> None:
    journal = recorded / "journal.db"
    content = journal.read_bytes()
    at = content.index(b'"summary":"na')
    journal.write_bytes(content[:at] + b'"Summary' + content[at + 8 :])
    assert "event 3 of mission m is not what was written" in damage(recorded)


def test_an_index_that_lost_an_event_is_found(recorded: Path) -> None:
    change(
        recorded,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'mission_created', 'step_created') WHERE name = 'rare_events'",
    )
    change(recorded, "DROP INDEX rare_events", "CREATE INDEX rare_events ON events (type) WHERE type = 'none'")
    change(
        recorded,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, '= ''none''', '<> ''none''') WHERE name = 'rare_events'",
    )
    assert "missing from index rare_events" in damage(recorded)


@pytest.mark.parametrize("start", [0, 4096, 8192, 12288, 16384])
def test_a_page_that_was_overwritten_is_damage_and_never_a_traceback(recorded: Path, start: int) -> None:
    journal = recorded / "journal.db"
    content = journal.read_bytes()
    assert len(content) > start
    journal.write_bytes(content[:start] + b"\xaa" * 4096 + content[start + 4096 :])
    with pytest.raises(JournalDamaged), closing(SqliteStore.open(recorded)) as store:
        store.check("m")


@pytest.mark.parametrize("content", [b"output of a tesT", b"", b"output of a test\n"])
def test_a_blob_that_was_changed_is_not_handed_out(recorded: Path, content: bytes) -> None:
    change(recorded, f"UPDATE blobs SET content = x'{content.hex()}'")
    store = SqliteStore.open(recorded)
    with pytest.raises(JournalDamaged, match=f"the blob {OUTPUT_DIGEST} is not what was written"):
        store.blob(OUTPUT_DIGEST)
    store.close()


def test_a_snapshot_as_it_was_written_is_handed_out(recorded: Path) -> None:
    store = SqliteStore.open(recorded)
    kept = store.snapshot("m")
    assert kept is not None
    assert (kept.sequence, kept.state) == (4, '{"at":4}')
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE snapshots SET state = '{"at":5}'""",
        "UPDATE snapshots SET state = ''",
        "UPDATE snapshots SET schema = '2'",
        "UPDATE snapshots SET sequence = 3",
        "UPDATE snapshots SET hash = 'f' || substr(hash, 2), digest = digest",
        "UPDATE snapshots SET digest = '0' || substr(digest, 2)",
        "UPDATE events SET hash = zeroblob(32) WHERE position & 15 = 4",
        "DELETE FROM events WHERE position & 15 = 4",
        "UPDATE snapshots SET mission = 2",
    ],
)
def test_a_snapshot_that_does_not_fit_is_passed_over(recorded: Path, statement: str) -> None:
    change(recorded, statement)
    store = SqliteStore.open(recorded)
    assert store.snapshot("m") is None
    assert store.snapshot("other") is None
    store.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: list(store.read("m")),
        lambda store: list(store.read("m", types=["step_completed"])),
    ],
)
def test_reading_what_is_no_text_any_more_names_the_place(recorded: Path, ask: Callable[[SqliteStore], object]) -> None:
    change(recorded, "UPDATE events SET data = CAST(x'fe' AS TEXT) WHERE position & 15 = 3")
    store = SqliteStore.open(recorded)
    with pytest.raises(JournalDamaged, match=r"event \d of mission m, or one after it, cannot be read"):
        ask(store)
    store.close()


def test_an_append_where_an_event_stands_already_is_damage_and_changes_nothing(recorded: Path) -> None:
    change(recorded, ONE_MORE)
    store = SqliteStore.open(recorded)
    lease = take_lease(store)
    with pytest.raises(JournalDamaged, match="restore it from a backup"):
        append(store, lease, 4, completed(1))
    assert store.row("m").sequence == 4
    store.close()
