"""A lock on a file keeps everybody else out, and nobody longer than its holder lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from mission_fsm.errors import JournalError
from mission_fsm.journal.locks import FileLock


def test_one_at_a_time(tmp_path: Path) -> None:
    one, two = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.try_acquire()
    assert not two.try_acquire()
    assert not two.acquire(0.002)
    one.release()
    assert two.acquire(0.0)
    assert not one.try_acquire()
    two.close()
    assert one.try_acquire()
    one.close()


def test_the_file_stays_so_that_all_lock_the_same_one(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.try_acquire()
    before = (tmp_path / "lock").stat().st_ino
    lock.close()
    assert (tmp_path / "lock").stat().st_ino == before


def test_giving_back_what_is_not_held_does_nothing(tmp_path: Path) -> None:
    holder, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert holder.try_acquire()
    other.release()
    other.try_acquire()
    other.release()
    other.close()
    other.close()
    assert not other.try_acquire()
    other.close()
    holder.close()


def test_where_there_can_be_no_lock_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot open .*; make its folder writable"):
        FileLock(tmp_path / "missing" / "lock").try_acquire()


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="cannot open"):
        FileLock(tmp_path / "lock").try_acquire()
    assert not (tmp_path / "elsewhere").exists()
