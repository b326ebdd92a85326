"""Files go back, byte for byte, and the mission with them."""

from __future__ import annotations

import os

from tests.acceptance.desk import Desk, tree_of


def test_the_rollback_of_a_whole_mission_leaves_the_workspace_byte_identical(desk: Desk) -> None:
    (desk.workspace / "greet.py").chmod(0o600)
    desk.file("crlf.txt", "").write_bytes(b"one\r\ntwo\xff\x00")
    (desk.workspace / "link").symlink_to("greet.py")
    (desk.workspace / "empty").mkdir()
    os.utime(desk.workspace / "greet.py", (1, 1))
    more = {
        "step_id": "more",
        "description": "Change the others",
        "with": {
            "write": [
                {"path": "crlf.txt", "delete": True},
                {"path": "link", "link_target": "crlf.txt"},
                {"path": "a/b/c", "content": "deep", "mode": "755"},
            ]
        },
    }
    before = tree_of(desk.workspace)
    plan = desk.plan(desk.find, desk.edit, more, desk.note)
    assert desk.run("run", plan, "--approve", "--grant", "all").status == 0
    after = tree_of(desk.workspace)
    assert after != before
    done = desk.run("rollback", "--to", "start", "--json")
    assert (done.status, done.json["state"]) == (0, "complete")
    assert tree_of(desk.workspace) == before

    assert "4 steps, 3 of them rolled back" in desk.run("show").out
    undo = desk.run("log", "--json").out.splitlines()[-1]
    checkpoint = undo.partition('"undo_checkpoint": "')[2].partition('"')[0]
    assert desk.run("rollback", desk.only(), checkpoint).status == 0
    assert tree_of(desk.workspace) == after


def test_a_rollback_takes_the_last_edit_back_or_all_since_a_step(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    failing = desk.running("raise SystemExit(1)")
    plan = desk.plan(desk.edit, desk.note, failing)
    assert desk.run("run", plan, "--approve", "--grant", "all").status == 5
    done = desk.run("rollback", "--json")
    assert (done.status, done.json["state"], done.json["step_index"]) == (0, "paused", 1)
    assert not (desk.workspace / "docs").exists()
    assert "Dear" in (desk.workspace / "greet.py").read_text()
    assert desk.run("rollback", "fix").status == 0
    assert tree_of(desk.workspace) == before
    assert desk.run("resume", "--json").json["failure"]["kind"] == "test_failed"


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(desk: Desk) -> None:
    desk.begin(desk.four_steps, grants=("all",))
    before, events = tree_of(desk.workspace), desk.types()
    done = desk.run("rollback", "--to", "start", "--dry-run")
    assert done.status == 0
    assert "greet.py" in done.out
    assert "docs/CHANGES" in done.out
    assert (tree_of(desk.workspace), desk.types()) == (before, events)


def test_a_file_that_somebody_changed_meanwhile_is_a_conflict_unless_it_may_be_overwritten(desk: Desk) -> None:
    desk.begin(desk.four_steps, grants=("all",))
    changed = desk.file("greet.py", "mine\n")
    for dry in ((), ("--dry-run",)):
        refused = desk.run("rollback", "--to", "start", *dry)
        assert refused.status == 7
        assert "greet.py" in refused.out + refused.err
    assert changed.read_text() == "mine\n"
    assert (desk.workspace / "docs/CHANGES").exists()
    assert desk.run("rollback", "--to", "start", "--overwrite").status == 0
    assert "Hey" in changed.read_text()
    assert not (desk.workspace / "docs").exists()


def test_there_is_nothing_to_take_back_before_the_first_edit(desk: Desk) -> None:
    desk.begin(desk.plan(desk.find, desk.running("raise SystemExit(1)")))
    refused = desk.run("rollback")
    assert refused.status == 7
    assert "no edit" in refused.err


def test_a_place_that_is_not_there_is_refused(desk: Desk) -> None:
    desk.begin(desk.four_steps, grants=("all",))
    assert desk.run("rollback", "--to", "nowhere").status == 7
    assert desk.run("rollback", "nowhere").status == 2
