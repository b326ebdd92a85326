"""Making room in a home that is in use, or whose disk is full."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from mission_fsm import Engine, State
from tests.acceptance.desk import Desk
from tests.acceptance.test_bad_journals import KIB, fill, small_disk


def test_a_person_is_shown_what_goes_and_asked(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps, grants=("all",))
    for answer, status, left in (("n", 7, [mission_id]), ("y", 0, [])):
        terminal = desk.at_terminal("prune", "--state", "complete")
        terminal.sees(mission_id)
        terminal.sees("cannot be rolled back")
        terminal.sees("remove them for good?")
        terminal.types(answer)
        assert terminal.status() == status, terminal.shown
        assert [row.mission_id for row in desk.missions()] == left


def test_missions_are_removed_while_others_run_and_no_blob_is_missed(desk: Desk) -> None:
    plan = desk.plan(desk.find, desk.edit, desk.note)
    waiting: list[str] = []

    def work(name: str) -> None:
        """Missions with the same blobs: every other one waits at a gate, and so must not go."""
        for number in range(10):
            folder = desk.folder / name / str(number)
            shutil.copytree(desk.workspace, folder)
            with Engine.open(desk.home, by="ada") as engine:
                mission = engine.create(plan, folder, grants=["edit:*.py"] if number % 2 else ["edit"])
                engine.approve(mission.mission_id)
                mission = engine.run(mission.mission_id)
                assert mission.state is (State.AWAITING_APPROVAL if number % 2 else State.COMPLETE)
                waiting.extend([mission.mission_id] if number % 2 else [])

    with ThreadPoolExecutor() as threads:
        workers = [threads.submit(work, name) for name in ("one", "two")]
        while not all(worker.done() for worker in workers):
            pruned = desk.run("prune", "--keep-size", "0", "--yes", "--json")
            assert pruned.status in (0, 7), pruned.err
        for worker in workers:
            worker.result()
    assert desk.run("prune", "--keep-size", "0", "--yes").status == 0
    assert sorted(row.mission_id for row in desk.missions()) == sorted(waiting)
    assert desk.run("verify", "--all").status == 0
    with Engine.open(desk.home) as engine:
        for mission_id in waiting:
            engine.approve(mission_id)
            assert engine.run(mission_id).state is State.COMPLETE
            engine.rollback(mission_id, "start")
            engine.verify(mission_id)


def test_room_is_made_on_a_disk_that_is_all_but_full_and_given_back_to_it(desk: Desk) -> None:
    big = {
        "step_id": "big",
        "description": "Write a lot",
        "with": {"write": [{"path": "big", "content": "0123456789abcdef" * 40_000}]},
    }
    with small_disk(desk.home, 16 * KIB * KIB):
        ended = desk.begin(desk.plan(big), grants=("all",))
        waiting = desk.begin(desk.plan(desk.edit, desk.note))
        with fill(desk.home).open("r+b") as filler:
            filler.truncate(filler.seek(0, 2) - 256 * KIB)
        refused = desk.run(
            "run", desk.plan({**big, "description": "Write a lot more"}), "-C", desk.user, env={"HOME": "/nowhere"}
        )
        assert refused.status == 1
        assert "full" in refused.err
        before = shutil.disk_usage(desk.home).free
        done = desk.run("prune", ended, "--yes")
        assert done.status == 0, done.err
        assert "removed 1 mission" in done.out
        assert shutil.disk_usage(desk.home).free > before + 500 * KIB
        assert desk.run("approve", waiting).status == 3
        assert desk.run("approve", waiting).status == 0
        assert desk.run("verify", waiting).status == 0
        with closing(sqlite3.connect(desk.home / "journal.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
