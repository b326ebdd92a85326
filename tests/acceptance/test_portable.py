"""A mission is carried to another home, and a home is backed up while it is being written to, by the command line."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys

from mission_fsm import Engine
from mission_fsm.journal.sqlite import SqliteStore
from tests.acceptance.desk import Desk
from tests.acceptance.loaded import Loaded

# Runs missions until its standard input ends, and says so each time that one is complete.
WRITER = """
import select, sys
from mission_fsm import Engine
home, workspace, plan = sys.argv[1:]
with Engine.open(home, by="writer") as engine:
    while not select.select([sys.stdin], [], [], 0)[0]:
        mission_id = engine.create(plan, workspace, grants=["all"]).mission_id
        engine.approve(mission_id)
        engine.run(mission_id)
        print(mission_id, flush=True)
"""


def test_a_mission_is_exported_imported_and_verified_elsewhere(desk: Desk, loaded: Loaded) -> None:
    mission_id = desk.begin(desk.four_steps, grants=("all",))
    file = desk.folder / "done.mission"
    exported = desk.run("export", mission_id[:5], file)
    assert exported.status == 0
    head = desk.run("verify", mission_id, "--json").json["head"]
    assert f"head {head}" in exported.out
    assert str(file) in exported.out
    assert desk.run("export", mission_id, file).status == 2
    assert desk.run("export", mission_id, file, "--force", "--json").json["head"] == head

    (desk.folder / "there").mkdir()
    there = Desk(desk.folder / "there", loaded)
    imported = there.run("import", file)
    assert (imported.status, head in imported.out, "mission run" in imported.out) == (0, True, False)
    assert "all of it was here already" in there.run("import", file).out
    assert there.run("verify", mission_id, "--head", head).status == 0
    for command in ("show", "log", "replay"):
        assert there.run(command, mission_id, "--json").out == desk.run(command, mission_id, "--json").out
    assert "stateDiagram" in there.run("diagram", mission_id).out


def test_a_mission_that_had_not_ended_is_said_to_need_its_workspace(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps)
    file = desk.folder / "waits.mission"
    assert desk.run("export", mission_id, file).status == 0
    shutil.rmtree(desk.home)
    imported = desk.run("import", file)
    assert imported.status == 0
    assert f"`mission run {mission_id}` would carry it on in {desk.workspace}" in imported.out
    assert desk.run("approve", mission_id).status == 3
    assert desk.run("approve", mission_id).status == 0
    assert desk.run("verify", mission_id).status == 0


def test_an_export_that_was_edited_is_refused_by_its_first_bad_position_and_leaves_no_trace(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps, grants=("all",))
    file = desk.folder / "done.mission"
    desk.run("export", mission_id, file)
    file.write_bytes(file.read_bytes().replace(b"Research who greets", b"Research who leaves"))
    shutil.rmtree(desk.home)
    imported = desk.run("import", file, "--json")
    assert imported.status == 8
    assert imported.json["error"]["kind"] == "journal_damaged"
    assert "event 6 of mission" in imported.err
    assert not desk.home.exists()
    file.write_text("notes")
    assert desk.run("import", file).status == 2
    assert not desk.home.exists()


def test_a_backup_made_while_two_processes_run_missions_restores_to_a_sound_home(desk: Desk) -> None:
    plan = desk.plan(desk.note)
    writers = []
    for name in ("one", "two"):
        (desk.folder / name).mkdir()
        writers.append(
            subprocess.Popen(
                [sys.executable, "-c", WRITER, desk.home, desk.folder / name, plan],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=desk.env({"PYTHONPATH": ":".join(sys.path)}),
            )
        )
    told: list[str] = []
    try:
        for writer in writers:
            assert writer.stdout is not None
            told.append(writer.stdout.readline().strip())
        backups = [desk.folder / f"backup{number}" for number in range(3)]
        said = [desk.run("backup", backup, "--json") for backup in backups]
    finally:
        for writer in writers:
            out, _ = writer.communicate("")
            told += out.split()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [answer.status for answer in said] == [0] * len(backups)
    counts = [answer.json["missions"] for answer in said]
    assert counts == sorted(counts)
    assert counts[0] >= len(writers)
    assert len(told) > counts[0], "nothing was written meanwhile, so this shows nothing"
    for number, backup in enumerate(backups):
        restored = desk.folder / f"restored{number}"
        restored.mkdir()
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert said[number].json["size_bytes"] == backup.stat().st_size
        connection = sqlite3.connect(shutil.copy(backup, restored / "journal.db"))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()
        with Engine.open(restored, by="ada") as engine, Engine.open(desk.home, by="ada") as original:
            rows = engine.missions()
            assert len(rows) == counts[number]
            for row in rows:
                assert engine.verify(row.mission_id).head == row.head
                # What it holds is what was written, up to there.
                original.verify(row.mission_id, row.head)
            assert sum(row.state != "complete" for row in rows) <= len(writers)


def test_a_backup_is_not_made_of_nothing_or_of_what_is_damaged(desk: Desk) -> None:
    nothing = desk.run("backup", desk.folder / "copy")
    assert (nothing.status, "no journal" in nothing.err) == (1, True)
    mission_id = desk.begin(desk.four_steps, grants=("all",))
    with SqliteStore.open(desk.home)._database.writing() as connection:
        # As if a part of the disk had been lost: an index says otherwise than its table.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'workspace', 'goal') WHERE name LIKE 'one_%'")
    damaged = desk.run("backup", desk.folder / "copy")
    assert (damaged.status, "damaged" in damaged.err, mission_id in damaged.err) == (8, True, False)
    assert sorted(path.name for path in desk.folder.iterdir()) == ["home", "plans", "user", "work"]
