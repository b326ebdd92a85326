"""Journals that cannot be read or written, and disks that are full."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, tree_of

KIB = 1024


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """A file system of that size, mounted there; the test is skipped where none can be."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root, on Linux")
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk that the folder is on; gives the file that does it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_journal_that_is_not_a_database_is_told_and_left_as_it_is(desk: Desk) -> None:
    desk.home.mkdir()
    (desk.home / "journal.db").write_bytes(b"these are my notes, and not a database\n" * 100)
    before = tree_of(desk.workspace)
    for arguments in (("list",), ("run", desk.four_steps, "--approve"), ("verify",)):
        done = desk.run(*arguments)
        assert done.status == 8
        assert "journal.db" in done.err
    assert (desk.home / "journal.db").read_bytes().startswith(b"these are my notes")
    assert tree_of(desk.workspace) == before


def test_a_journal_that_was_cut_short_does_not_verify(desk: Desk) -> None:
    desk.begin(desk.four_steps, grants=("edit:*.py",))
    mission_id = desk.only()
    journal = desk.home / "journal.db"
    for log in desk.home.glob("journal.db-*"):
        log.unlink()
    whole = journal.read_bytes()
    before = tree_of(desk.workspace)
    journal.write_bytes(whole[: len(whole) // 2])
    for arguments in (("verify", mission_id), ("approve", mission_id), ("list",)):
        done = desk.run(*arguments)
        assert done.status == 8
        assert "journal" in done.err
    assert tree_of(desk.workspace) == before


def test_an_event_that_was_changed_does_not_verify_and_its_place_is_named(desk: Desk) -> None:
    desk.begin(desk.four_steps, grants=("all",))
    assert desk.run("verify").status == 0
    with sqlite3.connect(desk.home / "journal.db") as connection:
        connection.execute("UPDATE events SET data = replace(data, 'Research', 'Guess') WHERE type = 'step_started'")
    connection.close()
    done = desk.run("verify", "--json")
    assert done.status == 8
    assert done.json["error"]["kind"] == "journal_damaged"
    assert "event 6 of" in done.err


def test_a_journal_that_cannot_be_written_stops_everything_and_can_still_be_read(desk: Desk) -> None:
    with small_disk(desk.home, 8 * KIB * KIB):
        desk.begin(desk.four_steps)
        mission_id = desk.only()
        before = tree_of(desk.workspace)
        subprocess.run(["mount", "-o", "remount,ro", str(desk.home)], check=True)
        for arguments in (("approve",), ("run", desk.four_steps, "-C", desk.user), ("pause", mission_id)):
            done = desk.run(*arguments, env={"HOME": "/nowhere"})
            assert done.status == 1
            assert str(desk.home) in done.err
        assert desk.run("show", "--json").json["state"] == "awaiting_approval"
        assert desk.run("log").status == 0
        assert tree_of(desk.workspace) == before


def test_a_full_disk_under_the_journal_stops_the_mission_where_it_is_and_it_can_go_on(desk: Desk) -> None:
    big = {
        "step_id": "big",
        "description": "Write a lot",
        "with": {"write": [{"path": "big", "content": "0123456789abcdef" * 40_000}]},
    }
    with small_disk(desk.home, 8 * KIB * KIB):
        desk.begin(desk.plan(desk.edit, big, desk.note), grants=("edit:*.py",))
        mission_id = desk.only()
        before = tree_of(desk.workspace)
        filler = fill(desk.home)
        done = desk.run("approve", mission_id)
        assert done.status == 1
        assert "full" in done.err
        assert tree_of(desk.workspace) == before
        filler.unlink()
        assert desk.run("verify", mission_id).status == 0
        assert desk.state()["state"] == "awaiting_approval"
        assert desk.run("approve", mission_id).status == 3
        assert desk.run("approve", mission_id).status == 0


def test_a_test_that_fills_the_disk_of_the_journal_is_run_again_once_there_is_room(desk: Desk) -> None:
    filler = desk.home / "filler"
    code = (
        "import contextlib, os\n"
        "with contextlib.suppress(OSError), open('ran', 'ab', buffering=0) as ran, "
        f"open({str(filler)!r}, 'xb', buffering=0) as file:\n"
        "    while True: file.write(bytes(4096))\n"
        "os.write(1, os.urandom(500_000))"
    )
    with small_disk(desk.home, 8 * KIB * KIB):
        done = desk.run("run", desk.plan(desk.running(code)), "--approve")
        assert done.status == 1
        assert "full; free some space on its disk, and try again" in done.err.splitlines()[-1]
        assert desk.run("verify").status == 0
        assert desk.state()["state"] == "running"
        filler.write_bytes(b"")  # room again, and the test, which finds it there, leaves it alone
        assert desk.run("run").status == 0
        assert desk.state()["state"] == "complete"


def test_a_full_disk_under_the_workspace_leaves_it_as_it_was(desk: Desk) -> None:
    big = {
        "step_id": "big",
        "description": "Write a lot",
        "with": {
            "write": [
                {"path": "small", "content": "small"},
                {"path": "big", "content": "0123456789abcdef" * 40_000},
            ]
        },
    }
    shutil.rmtree(desk.workspace)
    with small_disk(desk.workspace, 256 * KIB):
        desk.file("kept", "as it was")
        before = tree_of(desk.workspace)
        done = desk.run("run", desk.plan(big), "--approve", "--grant", "all", "--json")
        assert done.status == 5
        assert "space" in done.json["failure"]["message"] or "full" in done.json["failure"]["message"]
        assert tree_of(desk.workspace) == before
