"""An index that is damaged, gone, held by another, or left by a process that was killed: the answer is the same."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.search import keeping, tables

SearchNow = Callable[..., dict[str, Any]]

# Searches again and again, and tells its answers.
SEARCHER = """
import json, sys
from pathlib import Path
from mission_fsm.stage import RetrievalBegun
from mission_fsm.testing.context import StageProbe
from stages.retrieve import Retrieve, Search
folder, scratches, times = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for number in range(times):
    if len(sys.argv) > 4:
        (folder / "own.py").write_text("horse " * (number % 50 + 1))
    probe = StageProbe(folder=folder, scratches=scratches, options=Search("zebra"), reply=RetrievalBegun("r"))
    print(json.dumps(json.loads(Retrieve().run(probe).result)), flush=True)
"""


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    """A workspace with something to find."""
    for number in range(30):
        (folder / f"file{number}.py").write_text("zebra\n" * number + f"def name_{number}(): pass\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "zebra.py").write_text("horse\n")


def _index(kept: Path) -> Path:
    (path,) = kept.glob("index-*.db")
    return path


def _searcher(folder: Path, scratches: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SEARCHER, str(folder), str(scratches), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("damage", ["empty", "cut", "zeros", "noise", "other", "folder", "version"])
def test_a_damaged_index_is_made_anew(search: SearchNow, kept: Path, damage: str) -> None:
    found = search()
    path = _index(kept)
    content = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            {
                "empty": b"",
                "cut": content[: len(content) // 2],
                "zeros": content[:4096] + bytes(len(content) - 4096),
                "noise": content[:4096] + hashlib.shake_128(b"noise").digest(len(content) - 4096),
                "other": b"something else",
                "version": content[:60] + b"\0\0\x7f\xff" + content[64:],
            }[damage]
        )
    assert search() == found
    assert search() == found


def test_no_byte_that_is_changed_makes_a_search_fail(search: SearchNow, kept: Path) -> None:
    search()
    path = _index(kept)
    content = path.read_bytes()
    for at in range(0, len(content), len(content) // 60):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        assert search()["query"] == "zebra"


def test_an_index_that_is_deleted_is_made_anew(search: SearchNow, kept: Path) -> None:
    found = search()
    _index(kept).unlink()
    assert search() == found
    shutil.rmtree(kept)
    assert search() == found
    assert _index(kept).stat().st_size > 0


def test_where_none_can_be_kept_one_is_made_for_the_search(search: SearchNow, kept: Path) -> None:
    found = search(anew=True)
    kept.mkdir(parents=True)
    (kept / "lock").mkdir()
    assert search() == found


def test_one_that_another_holds_and_does_not_let_go_is_done_without(
    search: SearchNow, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = search()
    monkeypatch.setattr(keeping, "_PATIENCE_S", 0.1)
    held = os.open(kept / "lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert search() == found
    finally:
        os.close(held)


def test_one_that_was_deleted_and_made_again_while_it_was_held_is_another(search: SearchNow, kept: Path) -> None:
    """So that whoever holds the old one can do the new one no harm."""
    search()
    held = os.open(kept / "lock", os.O_RDWR)
    try:
        old = _index(kept).name
        shutil.rmtree(kept)
        search()
        assert _index(kept).name != old
    finally:
        os.close(held)


def test_what_it_is_kept_in_is_for_its_owner_alone(search: SearchNow, kept: Path) -> None:
    search()
    assert kept.stat().st_mode & 0o077 == 0


def test_several_processes_at_once_get_the_same_answer(search: SearchNow, folder: Path, kept: Path) -> None:
    expected = search(anew=True)
    scratches = kept.parent.parent
    scratches.mkdir()
    searchers = [_searcher(folder, scratches, "8") for _ in range(3)]
    answers = [line for each in searchers for line in each.communicate()[0].splitlines()]
    assert [each.returncode for each in searchers] == [0, 0, 0]
    assert len(answers) == 24
    assert len(set(answers)) == 1
    assert search() == expected


def test_a_process_that_is_killed_at_any_instant_leaves_an_index_that_answers_right(
    search: SearchNow, folder: Path, kept: Path
) -> None:
    scratches = kept.parent.parent
    scratches.mkdir()
    for delay_s in (0.0, 0.003, 0.011, 0.024, 0.047):
        searcher = _searcher(folder, scratches, "100000", "edits")
        assert searcher.stdout is not None
        searcher.stdout.readline()
        end = time.monotonic() + delay_s
        while time.monotonic() < end:
            searcher.stdout.readline()
        searcher.send_signal(signal.SIGKILL)
        searcher.communicate()
        assert search() == search(anew=True)
        assert _is_sound(_index(kept))


@pytest.mark.parametrize("method", ["begin", "put_folder", "add_segment", "put_numbered", "put_paths", "commit"])
def test_a_process_that_is_killed_between_two_writes_leaves_an_index_that_answers_right(
    search: SearchNow, folder: Path, kept: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    search()
    (folder / "sub" / "more.py").write_text("zebra zebra\n")
    (folder / "file7.py").unlink()
    original = getattr(tables.Tables, method)

    def killed(*arguments: object) -> None:
        original(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(tables.Tables, method, killed)
        search()
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert search() == search(anew=True)
    assert _is_sound(_index(kept))


def _is_sound(path: Path) -> bool:
    found = sqlite3.connect(path)
    try:
        return bool(found.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        found.close()
