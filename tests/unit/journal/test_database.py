"""The journal's file: made at need, for its owner alone, and what is said where it cannot be used."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mission_fsm.errors import JournalDamaged, JournalError, JournalNewer
from mission_fsm.journal.schema import APPLICATION_ID, SCHEMA_VERSION, write_ahead
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, completed, started, take_lease

NOBODY = 65534


@pytest.fixture
def recorded(home: Path) -> Path:
    """A home with a mission of three events, closed."""
    store = SqliteStore.open(home)
    begin(store)
    lease = take_lease(store)
    append(store, lease, 1, started(0), completed(0))
    lease.release()
    store.close()
    return home


def refusal(home: Path, *, create: bool = True) -> str:
    """The sentence with which a home cannot be opened and listed."""
    with pytest.raises(JournalError) as refused, closing(SqliteStore.open(home, create=create)) as store:
        store.rows()
    return str(refused.value)


# --- a home


def test_nothing_is_made_before_the_first_write(store: SqliteStore, home: Path) -> None:
    assert store.rows() == []
    assert store.has_blobs(["d" * 64]) == frozenset()
    assert not home.exists()
    begin(store)
    assert (home / "journal.db").is_file()


def test_an_existing_journal_can_be_asked_for(home: Path, recorded: Path) -> None:
    assert "there is no journal in" in refusal(home / "elsewhere", create=False)
    store = SqliteStore.open(recorded, create=False)
    assert len(store.rows()) == 1
    store.close()


def test_everything_is_for_its_owner_alone_whatever_the_umask(store: SqliteStore, home: Path) -> None:
    before = os.umask(0o000)
    try:
        begin(store)
        take_lease(store)
    finally:
        os.umask(before)
    modes = {path.relative_to(home).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in [home, *home.rglob("*")]}
    assert modes == {
        ".": 0o700,
        "journal.db": 0o600,
        "journal.db-shm": 0o600,
        "journal.db-wal": 0o600,
        "journal.lock": 0o600,
        "locks": 0o700,
        "locks/m": 0o600,
        "locks/m.pen": 0o600,
    }


def test_the_modes_of_a_home_that_was_there_stay_as_they_are(store: SqliteStore, home: Path) -> None:
    home.mkdir(mode=0o755)
    begin(store)
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_a_file_that_cannot_be_put_into_the_mode_of_journals_becomes_none() -> None:
    # A database in memory cannot, just as one on a full disk; and of neither does SQLite raise it.
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(OSError, match="the disk is full"):
        write_ahead(connection)


def test_a_commit_is_on_disk_when_it_returns(store: SqliteStore) -> None:
    begin(store)
    with store._database.reading() as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "fullfsync", "checkpoint_fullfsync")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
    }


def test_a_closed_journal_is_one_file_that_says_what_it_is(recorded: Path) -> None:
    assert not list(recorded.glob("journal.db-*"))
    connection = sqlite3.connect(recorded / "journal.db")
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_a_home_below_folders_that_are_missing_is_made(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "a" / "b" / "home")
    begin(store)
    store.close()


@pytest.mark.parametrize("name", ["100% 'home'?mode=ro#x", "hömé ☃"])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = SqliteStore.open(tmp_path / name)
    begin(store)
    assert (tmp_path / name / "journal.db").is_file()
    store.close()


def test_what_was_left_of_a_journal_that_was_never_finished_is_replaced(store: SqliteStore, home: Path) -> None:
    home.mkdir()
    (home / "journal.db.new").write_bytes(b"cut short")
    begin(store)
    store.check("m")
    assert not (home / "journal.db.new").exists()


# --- what cannot be a journal


def test_a_home_that_is_a_file(home: Path) -> None:
    home.write_text("x")
    assert "Not a directory; choose another home" in refusal(home)


def test_a_home_below_a_file(home: Path) -> None:
    home.write_text("x")
    with pytest.raises(JournalError, match="choose another"), closing(SqliteStore.open(home / "below")) as store:
        begin(store)


def test_a_journal_that_is_a_folder(home: Path) -> None:
    (home / "journal.db").mkdir(parents=True)
    assert "is not a file; choose another home" in refusal(home)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is cut short"), (b"not a database" * 400, "file is not a database"), (b"short", "is cut short")],
    ids=["empty", "text", "short"],
)
def test_a_file_that_is_no_database(home: Path, content: bytes, said: str) -> None:
    home.mkdir()
    (home / "journal.db").write_bytes(content)
    with pytest.raises(JournalDamaged, match=f"{said}.*restore it from a backup"):
        SqliteStore.open(home)
    assert (home / "journal.db").read_bytes() == content


@pytest.mark.parametrize("kept", [50, 100, 600, 4096, 20_000])
def test_a_journal_that_was_cut_short(recorded: Path, kept: int) -> None:
    journal = recorded / "journal.db"
    assert journal.stat().st_size > kept
    os.truncate(journal, kept)
    with pytest.raises(JournalDamaged), closing(SqliteStore.open(recorded)) as store:
        store.check("m")


def test_a_log_without_its_journal_is_not_taken_for_a_new_ones(recorded: Path) -> None:
    (recorded / "journal.db").unlink()
    (recorded / "journal.db-wal").write_bytes(b"events that were not moved yet")
    with pytest.raises(JournalDamaged, match="is gone, but its log"):
        SqliteStore.open(recorded)
    assert not (recorded / "journal.db").exists()


def test_another_programs_database_is_left_alone(home: Path) -> None:
    home.mkdir()
    connection = sqlite3.connect(home / "journal.db")
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = (home / "journal.db").read_bytes()
    assert "the database of another program" in refusal(home)
    assert (home / "journal.db").read_bytes() == before


@pytest.mark.parametrize(("version", "error"), [(SCHEMA_VERSION + 1, JournalNewer), (0, JournalDamaged)])
def test_another_schema(recorded: Path, version: int, error: type[JournalError]) -> None:
    connection = sqlite3.connect(recorded / "journal.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(error, match=f"has schema {version}"):
        SqliteStore.open(recorded)


def test_a_table_that_is_not_there(recorded: Path) -> None:
    connection = sqlite3.connect(recorded / "journal.db")
    connection.execute("DROP TABLE blobs")
    connection.close()
    store = SqliteStore.open(recorded)
    with pytest.raises(JournalDamaged, match="no such table: blobs"):
        store.blob("d" * 64)
    store.close()


# --- a home that cannot be written


@pytest.fixture
def ordinary_home() -> Iterator[Path]:
    """A home of which modes hold for this process, even where it runs as root."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder / "home"
    shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write everywhere, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def write_mission(home: Path) -> SqliteStore:
    store = SqliteStore.open(home)
    begin(store)
    lease = take_lease(store)
    append(store, lease, 1, started(0), snapshot_state=("1", "{}"))
    lease.release()
    return store


@pytest.mark.parametrize("file_mode", [0o600, 0o400])
def test_a_home_that_is_read_only_can_be_read_and_says_so_when_written(ordinary_home: Path, file_mode: int) -> None:
    with as_nobody():
        write_mission(ordinary_home).close()
        (ordinary_home / "journal.db").chmod(file_mode)
        ordinary_home.chmod(0o500)
        try:
            store = SqliteStore.open(ordinary_home)
            assert [row.mission_id for row in store.rows()] == ["m"]
            assert len(list(store.read("m"))) == 2
            assert store.snapshot("m") is not None
            assert store.holder("m") is None
            store.check("m")
            writes: list[Callable[[], object]] = [
                lambda: store.post("m", "pause"),
                lambda: take_lease(store),
                lambda: begin(store, "n"),
            ]
            for write in writes:
                with pytest.raises(JournalError, match="make it and its folder writable"):
                    write()
            store.close()
        finally:
            ordinary_home.chmod(0o700)


def test_a_journal_that_is_read_only_says_so_when_written(ordinary_home: Path) -> None:
    with as_nobody():
        write_mission(ordinary_home).close()
        (ordinary_home / "journal.db").chmod(0o400)
        store = SqliteStore.open(ordinary_home)
        assert len(list(store.read("m"))) == 2
        with pytest.raises(JournalError, match="readonly database; make it and its folder writable"):
            store.post("m", "pause")
        store.close()


def test_a_journal_that_may_not_be_read(ordinary_home: Path) -> None:
    with as_nobody():
        write_mission(ordinary_home).close()
        (ordinary_home / "journal.db").chmod(0o000)
        assert "see that you may read and write it" in refusal(ordinary_home)


def test_a_home_that_cannot_be_made(ordinary_home: Path) -> None:
    with as_nobody():
        ordinary_home.parent.chmod(0o500)
        said = r"cannot make the home .*Permission denied; choose another"
        with pytest.raises(JournalError, match=said), closing(SqliteStore.open(ordinary_home)) as store:
            begin(store)


# --- a disk that is full


def test_a_full_disk_is_said_and_nothing_has_moved(store: SqliteStore) -> None:
    begin(store)
    lease = take_lease(store)
    with store._database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    before = store.row("m")
    with pytest.raises(JournalError, match="disk is full; free some space on its disk, and try again"):
        append(store, lease, 1, started(0), completed(0, summary="x" * 100_000))
    assert store.row("m") == before
    with store._database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    append(store, lease, 1, started(0), completed(0, summary="x" * 100_000))
    store.check("m")


def test_a_write_that_the_disk_refuses_is_said_and_the_mission_goes_on_afterwards(
    store: SqliteStore, home: Path
) -> None:
    begin(store)
    lease = take_lease(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (home / "journal.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, hard))
    try:
        with pytest.raises(JournalError, match=r"see whether its disk is full or failing|free some space"):
            append(store, lease, 1, started(0), completed(0, summary="x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.row("m").sequence == 1
    append(store, lease, 1, started(0), completed(0))
    store.check("m")


def test_text_that_is_not_unicode_has_no_place_in_a_listing(store: SqliteStore) -> None:
    with pytest.raises(JournalError, match="Unicode text alone"):
        begin(store, workspace="/caf\udce9")
    assert store.rows() == []
