"""Making room: whole missions that have ended go, and nothing that anybody still needs goes with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import pytest

from mission_fsm import Engine, State
from mission_fsm.errors import JournalDamaged, UnknownMission, UsageError
from mission_fsm.journal.codec import CODEC
from mission_fsm.journal.database import Database
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Lease

Make = Callable[..., str]
Steps = dict[str, dict[str, object]]

FAULTY = "def double(n):\n    return n + n + 1\n"


@pytest.fixture
def done(engine: Engine, approved: Make, steps: Steps, workspace: Path) -> Callable[[], str]:
    """Makes a mission that edits, tests and completes; each does the same, on the same files."""

    def make() -> str:
        (workspace / "double.py").write_text(FAULTY)
        mission_id = approved(steps["find"], steps["fix"], steps["check"], grants=("all",))
        assert engine.run(mission_id).state is State.COMPLETE
        return mission_id

    return make


def removed(engine: Engine, *mission_ids: str) -> list[str]:
    """The missions that went when it was tried to prune those."""
    return [gone.mission_id for gone in engine.prune(engine.plan_prune(mission_ids)).missions]


def test_planning_says_what_would_go_and_touches_nothing(engine: Engine, done: Callable[[], str]) -> None:
    first, second = done(), done()
    before = (engine.missions(), engine.size())
    plan = engine.plan_prune()
    assert [doomed.mission_id for doomed in plan.missions] == [first, second]
    assert plan.used_bytes >= plan.freed_bytes >= sum(doomed.size_bytes for doomed in plan.missions) > 0
    assert (engine.missions(), engine.size()) == before


def test_a_mission_goes_with_all_that_it_alone_spoke_of_and_the_others_are_whole(
    engine: Engine, done: Callable[[], str], workspace: Path
) -> None:
    first, second = done(), done()
    left = (workspace / "double.py").read_bytes()
    pruned = engine.prune(engine.plan_prune([first]))
    assert [gone.mission_id for gone in pruned.missions] == [first]
    assert (pruned.kept, pruned.not_compacted) == ((), None)
    with pytest.raises(UnknownMission):
        engine.state(first)
    assert (workspace / "double.py").read_bytes() == left
    verified = engine.verify(second)
    assert len(engine._store.sizes().blobs) == verified.blobs
    engine.rollback(second, "start")
    assert (workspace / "double.py").read_text() == FAULTY


def test_what_is_said_to_go_is_what_goes(engine: Engine, done: Callable[[], str]) -> None:
    mission_ids = [done() for _ in range(3)]
    plan = engine.plan_prune()
    for doomed in plan.missions:
        size = engine.size().missions[doomed.mission_id]
        assert size.events_bytes + size.own_bytes == doomed.size_bytes
        assert removed(engine, doomed.mission_id) == [doomed.mission_id]
    assert {doomed.mission_id for doomed in plan.missions} == set(mission_ids)
    assert engine._store.sizes().blobs == {}


def test_more_missions_go_than_are_held_at_once(engine: Engine, workspace: Path, plan_file: Make, steps: Steps) -> None:
    for _ in range(70):
        engine.stop(engine.create(plan_file(steps["find"]), workspace).mission_id)
    assert len(removed(engine)) == 70
    assert engine.missions() == []


def test_a_mission_that_has_not_ended_never_goes(engine: Engine, approved: Make, steps: Steps) -> None:
    mission_id = approved(steps["fix"])
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    assert engine.plan_prune().missions == ()
    plan = engine.plan_prune([mission_id])
    assert plan.missions == ()
    assert plan.kept[0][0] == mission_id
    assert "awaiting approval" in plan.kept[0][1]
    with pytest.raises(UsageError, match="complete or stopped"):
        engine.plan_prune(states=["failed"])
    with pytest.raises(UnknownMission):
        engine.plan_prune(["nobody"])


def test_missions_are_chosen_by_how_they_ended_by_age_and_by_workspace(
    engine: Engine, done: Callable[[], str], approved: Make, steps: Steps, tmp_path: Path, workspace: Path
) -> None:
    complete = done()
    stopped = approved(steps["fix"])
    engine.stop(stopped)

    def chosen(**criteria: object) -> list[str]:
        return [doomed.mission_id for doomed in engine.plan_prune(**criteria).missions]  # type: ignore[arg-type]

    assert chosen(states=["complete"]) == [complete]
    assert chosen(states=["stopped"]) == [stopped]
    assert chosen(older_than_s=0) == [complete, stopped]
    assert chosen(older_than_s=3600) == []
    assert chosen(workspace=workspace) == [complete, stopped]
    assert chosen(workspace=tmp_path) == []


def test_the_oldest_go_until_the_home_is_small_enough(engine: Engine, done: Callable[[], str]) -> None:
    first, second, third = done(), done(), done()
    engine.rollback(first)  # so that it is the one in which something was done last
    used_bytes = engine.size().used_bytes
    assert engine.plan_prune(keep_bytes=used_bytes).missions == ()
    plan = engine.plan_prune(keep_bytes=used_bytes - 1)
    assert [doomed.mission_id for doomed in plan.missions] == [second]
    pruned = engine.prune(engine.plan_prune(keep_bytes=0))
    assert [gone.mission_id for gone in pruned.missions] == [second, third, first]
    assert pruned.freed_bytes == used_bytes - engine.size().used_bytes > 0


def test_no_more_goes_than_it_takes(engine: Engine, workspace: Path, plan_file: Make) -> None:
    for number in range(12):
        content = f"{number:4}\n" * 500
        step = {"step_id": "s", "description": "Write it", "with": {"write": [{"path": "a", "content": content}]}}
        mission = engine.create(plan_file(step), workspace, grants=("all",))
        engine.approve(mission.mission_id)
        engine.run(mission.mission_id)
    used_bytes = engine.size().used_bytes
    pruned = engine.prune(engine.plan_prune(keep_bytes=used_bytes // 2))
    assert 4 <= len(pruned.missions) <= 8
    assert abs(engine.size().used_bytes - used_bytes / 2) < used_bytes / 6


def test_a_mission_whose_rollback_was_cut_short_stays_until_it_is_finished(
    engine: Engine, done: Callable[[], str]
) -> None:
    mission_id = done()

    def cut_short(entry: object, _: object) -> None:
        if getattr(entry, "type", "") == "checkpoint_secured":
            raise RuntimeError("gone")

    unsubscribe = engine.subscribe(cut_short)
    with pytest.raises(RuntimeError, match="gone"):
        engine.rollback(mission_id)
    unsubscribe()
    plan = engine.plan_prune([mission_id])
    assert plan.missions == ()
    assert "cut short" in plan.kept[0][1]
    engine.rollback(mission_id)
    assert removed(engine, mission_id) == [mission_id]


def test_a_mission_that_somebody_holds_or_did_something_with_since_it_was_planned_stays(
    engine: Engine, done: Callable[[], str], tmp_path: Path
) -> None:
    held, rolled_back, gone = done(), done(), done()
    plan = engine.plan_prune()
    engine.rollback(rolled_back)
    assert removed(engine, gone) == [gone]
    with closing(SqliteStore.open(tmp_path / "home")) as other:
        other.acquire(held, "pid 1 on elsewhere", "2025-01-02T03:04:05.000000Z")
        pruned = engine.prune(plan)
        assert pruned.missions == ()
        told = dict(pruned.kept)
        assert "held by pid 1 on elsewhere" in told[held]
        assert "since this was planned" in told[rolled_back]
        assert "no mission has the id" in told[gone]
    engine.verify(held)
    engine.verify(rolled_back)


def test_a_blob_stays_for_a_mission_that_comes_to_speak_of_it_at_the_last_instant(
    done: Callable[[], str], workspace: Path, plan_file: Make, steps: Steps, tmp_path: Path, engine: Engine
) -> None:
    class Slow(SqliteStore):
        """One that others are quicker than."""

        def remove(self, leases: Collection[Lease], unneeded: Callable[[], Collection[str]]) -> None:
            (workspace / "double.py").write_text(FAULTY)
            plan = plan_file(steps["find"], steps["fix"], steps["check"])
            other = engine.create(plan, workspace, grants=("all",))
            engine.approve(other.mission_id)
            assert engine.run(other.mission_id).state is State.COMPLETE
            super().remove(leases, unneeded)

    first = done()
    with Engine(Slow(Database(tmp_path / "home"), CODEC), home=tmp_path / "home") as slow:
        assert removed(slow, first) == [first]
    (row,) = engine.missions()
    engine.verify(row.mission_id)
    engine.rollback(row.mission_id)


def test_where_a_mission_that_stays_does_not_tell_what_it_needs_nothing_goes(
    engine: Engine, done: Callable[[], str], tmp_path: Path
) -> None:
    first, second = done(), done()
    (entry,) = engine.events(second, types={"checkpoint_secured"})
    manifest = entry.event.manifest  # type: ignore[union-attr]
    with closing(sqlite3.connect(tmp_path / "home" / "journal.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM blobs WHERE digest = ?", (manifest,))
    for ask in (engine.plan_prune, engine.size):
        with pytest.raises(JournalDamaged, match=rf"mission {second} does not tell .*{manifest}"):
            ask()
    assert {row.mission_id for row in engine.missions()} == {first, second}


def test_what_was_exported_before_comes_back(engine: Engine, done: Callable[[], str], tmp_path: Path) -> None:
    mission_id = done()
    verified = engine.verify(mission_id)
    engine.export_mission(mission_id, tmp_path / "kept.mission")
    assert removed(engine, mission_id) == [mission_id]
    engine.import_mission(tmp_path / "kept.mission")
    assert engine.verify(mission_id) == verified
    engine.rollback(mission_id)
    assert removed(engine, mission_id) == [mission_id]


def test_what_missions_share_is_told_apart_and_counted_once(engine: Engine, done: Callable[[], str]) -> None:
    first = done()
    alone = engine.size()
    assert alone.missions[first].shared_bytes == alone.shared_bytes == 0
    second = done()
    size = engine.size()
    for mission_id in (first, second):
        assert size.missions[mission_id].shared_bytes == size.shared_bytes > 0
    content = sum(engine._store.sizes().blobs.values())
    assert content == size.shared_bytes + sum(each.own_bytes for each in size.missions.values())
    assert size.used_bytes >= content
    assert size.disk_bytes > 0
