"""Homes that vanish, come by halves, may not be written, or have lost or changed what a rollback needs."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mission_fsm import Engine
from mission_fsm.core.events import CheckpointSecured
from mission_fsm.workspace import checkpoint
from tests.acceptance.desk import Desk, tree_of
from tests.acceptance.terminal import PATIENCE_S

WAIT = "import time, pathlib; pathlib.Path('here').touch()\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)"


def copied(desk: Desk, *names: str) -> Path:
    """Another home with those files of the desk's alone."""
    home = desk.folder / "copy"
    home.mkdir()
    for name in names:
        shutil.copy(desk.home / name, home / name)
    return home


def killed_while_it_runs(desk: Desk) -> str:
    """A mission whose runner was killed, so that its last events are in the log; gives its id."""
    mission_id = desk.begin(desk.plan(desk.edit, desk.running(WAIT), desk.note), grants=("all",), run=False)
    runner = desk.start("run", mission_id)
    desk.until((desk.workspace / "here").exists)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    (desk.workspace / "go").touch()
    return mission_id


# --- vanished


def test_a_home_that_vanished_while_a_mission_waits_is_one_without_missions_and_nothing_is_made(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps)
    shutil.rmtree(desk.home)
    before = tree_of(desk.workspace)
    assert desk.run("list").status == 0
    for arguments in (("approve", mission_id), ("run", mission_id), ("rollback", mission_id), ("verify", mission_id)):
        done = desk.run(*arguments)
        assert done.status == 2
        assert mission_id in done.err
    assert desk.run("prune", "--older-than", "1d", "--yes").status == 0
    assert tree_of(desk.workspace) == before
    assert not desk.home.exists()


def test_a_home_that_vanishes_while_a_mission_runs_ends_that_before_the_next_step(desk: Desk) -> None:
    mission_id = desk.begin(desk.plan(desk.running(WAIT), desk.edit), grants=("all",), run=False)
    runner = desk.start("run", mission_id)
    desk.until((desk.workspace / "here").exists)
    shutil.rmtree(desk.home)
    (desk.workspace / "go").touch()
    assert runner.wait(PATIENCE_S) in (1, 8)
    assert "journal" in desk.said()
    assert "Traceback" not in desk.said()
    assert (desk.workspace / "greet.py").read_text() == "def greet(name):\n    return 'Hey ' + name\n"
    assert not (desk.home / "journal.db").exists()


# --- by halves


def test_a_journal_that_was_copied_without_its_log_is_never_taken_for_all_of_it(desk: Desk) -> None:
    mission_id = killed_while_it_runs(desk)
    assert (desk.home / "journal.db-wal").stat().st_size > 0
    half, original = copied(desk, "journal.db"), desk.home
    last = desk.state(mission_id)["sequence"]
    with Engine.open(original) as engine:
        head = engine.verify(mission_id).head
    desk.home = half
    done = desk.run("verify", mission_id, "--head", head)
    assert done.status in (2, 8)
    assert mission_id in done.err
    assert all(row.sequence < last for row in desk.missions())
    assert desk.run("verify", "--all").status == 0


def test_a_log_without_its_journal_is_told_by_whatever_is_asked(desk: Desk) -> None:
    mission_id = killed_while_it_runs(desk)
    desk.home = copied(desk, "journal.db-wal")
    before = tree_of(desk.workspace)
    for arguments in (("list",), ("show", mission_id), ("run", desk.four_steps, "--approve"), ("prune", mission_id)):
        done = desk.run(*arguments)
        assert done.status == 8
        assert "journal.db is gone, but its log journal.db-wal is not" in done.err
    assert tree_of(desk.workspace) == before
    assert not (desk.home / "journal.db").exists()


@pytest.mark.parametrize("kept", [0, 511, 4096, -4096])
def test_a_journal_that_was_cut_anywhere_is_damaged_and_is_not_made_anew(desk: Desk, kept: int) -> None:
    mission_id = desk.begin(desk.four_steps)
    journal = desk.home / "journal.db"
    journal.write_bytes(journal.read_bytes()[:kept])
    left = journal.read_bytes()
    before = tree_of(desk.workspace)
    for arguments in (("verify", mission_id), ("run", desk.four_steps, "-C", desk.user)):
        done = desk.run(*arguments, env={"HOME": "/nowhere"})
        assert done.status == 8, arguments
        assert "journal" in done.err
    assert tree_of(desk.workspace) == before
    assert journal.read_bytes() == left


# --- another's


def test_the_database_of_another_program_is_left_as_it_is(desk: Desk) -> None:
    desk.home.mkdir()
    with closing(sqlite3.connect(desk.home / "journal.db")) as connection:
        connection.execute("CREATE TABLE notes (note TEXT)")
    before = (desk.home / "journal.db").read_bytes()
    for arguments in (("list",), ("run", desk.four_steps, "--approve"), ("prune", "--state", "complete", "--yes")):
        done = desk.run(*arguments)
        assert done.status == 1
        assert "database of another program" in done.err
    assert (desk.home / "journal.db").read_bytes() == before


def test_a_newer_journal_is_refused_with_the_version_that_it_takes(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps)
    with closing(sqlite3.connect(desk.home / "journal.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    for arguments in (("show", mission_id), ("approve", mission_id), ("verify", mission_id)):
        done = desk.run(*arguments)
        assert done.status == 1
        assert "schema 99" in done.err
        assert "use the version of mission-fsm that wrote it" in done.err


# --- without the right to write


def held_to_modes(argv: list[str]) -> list[str]:
    """The command, as one that modes of files hold for: root, too, without what lets it pass them over."""
    if os.geteuid() != 0:
        return argv
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        pytest.skip("as root, this takes setpriv")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--", *argv]


def test_a_home_whose_modes_forbid_to_write_can_be_looked_at_and_nothing_runs(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps)
    before = tree_of(desk.workspace)
    (desk.home / "journal.db").chmod(0o400)
    desk.home.chmod(0o500)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        argv = held_to_modes(desk.argv(*arguments))
        return subprocess.run(argv, capture_output=True, text=True, cwd=desk.workspace, env=desk.env(), check=False)

    try:
        for looking in (
            ("list",),
            ("list", "--size"),
            ("show", mission_id),
            ("log", mission_id),
            ("verify", mission_id),
        ):
            looked = run(*looking)
            assert looked.returncode == 0, looked.stderr
        for writing in (("approve", mission_id), ("run", mission_id), ("stop", mission_id)):
            refused = run(*writing)
            assert refused.returncode == 1, refused.stderr
            assert "make it and its folder writable" in refused.stderr
    finally:
        desk.home.chmod(0o700)
    assert tree_of(desk.workspace) == before


# --- what a rollback needs


def spoil(desk: Desk, digest: str, how: str) -> None:
    """Delete a blob behind the journal's back, or change it."""
    statement = {
        "deleted": "DELETE FROM blobs WHERE digest = ?",
        "changed": "UPDATE blobs SET content = content || x'0a' WHERE digest = ?",
    }[how]
    with closing(sqlite3.connect(desk.home / "journal.db", isolation_level=None)) as connection:
        assert connection.execute(statement, (digest,)).rowcount == 1


@pytest.mark.parametrize(("what", "how"), [("manifest", "changed"), ("content", "deleted")])
def test_a_checkpoint_that_is_not_as_it_was_saved_is_named_and_the_rollback_touches_nothing(
    desk: Desk, what: str, how: str
) -> None:
    mission_id = desk.begin(desk.four_steps, grants=("all",))
    with Engine.open(desk.home) as engine:
        first = next(engine.events(mission_id, types={"checkpoint_secured"})).event
        assert isinstance(first, CheckpointSecured)
        before = checkpoint.from_json(engine.artifact(first.manifest)).change_set.changes[0].before
    assert before is not None
    digest = first.manifest if what == "manifest" else before.digest
    spoil(desk, digest, how)
    with desk.untouched():
        for arguments in (("--to", "start"), ("--to", "fix", "--dry-run"), ("--to", "start", "--overwrite")):
            done = desk.run("rollback", mission_id, *arguments)
            assert done.status == 8
            for word in (first.checkpoint_id, digest, *(["greet.py"] if what == "content" else [])):
                assert word in done.err
    verified = desk.run("verify", mission_id)
    assert verified.status == 8
    assert digest in verified.err
    for looking in ("show", "log", "output", "list", "diff"):
        assert desk.run(looking, *([] if looking == "list" else [mission_id])).status == 0
    # What does not need it can still be taken back.
    assert desk.run("rollback", mission_id).status == 0
    assert not (desk.workspace / "docs").exists()


def test_an_output_that_was_deleted_is_named_and_all_else_can_be_looked_at(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps, grants=("all",))
    with Engine.open(desk.home) as engine:
        artifact = next(engine.events(mission_id, types={"test_completed"})).event.artifact  # type: ignore[union-attr]
    assert artifact is not None
    spoil(desk, artifact, "changed")
    for arguments in (("verify", mission_id), ("output", mission_id)):
        done = desk.run(*arguments)
        assert done.status == 8
        assert artifact in done.err
    assert desk.run("show", mission_id).status == desk.run("log", mission_id).status == 0
    assert desk.run("rollback", mission_id, "--to", "start").status == 0
