"""A grant is revoked while its mission runs, by whoever asks and whoever runs it; and what else is asked meanwhile."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, Mission, State
from mission_fsm.core.commands import RevokeGrant
from mission_fsm.core.events import Recorded
from mission_fsm.errors import GuardRefused, IllegalTransition, UsageError
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.runner.control import to_text

PATIENCE_S = 20
HELD = """
import pathlib, sys, time
print('begun', flush=True)
while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)
"""

Approved = Callable[..., str]
Steps = dict[str, dict[str, Any]]


class Desk:
    """A mission, with a grant for its edit, that another engine runs in another thread, up to a command that waits."""

    def __init__(self, home: Path, mission_id: str, go: Path, pool: ThreadPoolExecutor) -> None:
        self.home, self.mission_id, self._go, self.pool = home, mission_id, go, pool
        self._begun = threading.Event()
        self._run: Future[Mission] = pool.submit(self._carry)
        assert self._begun.wait(PATIENCE_S)

    def let_go(self) -> Mission:
        """The mission as it comes to rest once its command may end."""
        self._go.touch()
        return self._run.result(PATIENCE_S)

    def ended(self) -> Mission:
        """The mission as it comes to rest by itself."""
        return self._run.result(PATIENCE_S)

    def _carry(self) -> Mission:
        with Engine.open(self.home, by="runner", on_output=lambda _: self._begun.set()) as engine:
            return engine.run(self.mission_id)


@pytest.fixture
def mission_id(approved: Approved, steps: Steps, tmp_path: Path) -> str:
    """A mission whose first step waits for a file, and whose second is an edit that is granted."""
    held = {"step_id": "wait", "description": "Run the slow check"}
    return approved(
        {**held, "with": {"sandbox": "off", "run": [sys.executable, "-c", HELD, str(tmp_path / "go")]}},
        steps["fix"],
        grants=("edit",),
    )


@pytest.fixture
def desk(mission_id: str, tmp_path: Path) -> Iterator[Desk]:
    """That mission, while it runs."""
    with ThreadPoolExecutor(4) as pool:
        desk = Desk(tmp_path / "home", mission_id, tmp_path / "go", pool)
        try:
            yield desk
        finally:
            (tmp_path / "go").touch()


@pytest.fixture
def store(engine: Engine, tmp_path: Path) -> Iterator[SqliteStore]:
    """The journal of the engine's home, as another process has it."""
    opened = SqliteStore.open(tmp_path / "home")
    yield opened
    opened.close()


def _types(engine: Engine, mission_id: str) -> list[str]:
    return [entry.type for entry in engine.events(mission_id)]


def _until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_grant_is_revoked_while_its_mission_runs_and_the_mission_runs_on(engine: Engine, desk: Desk) -> None:
    revoked = engine.revoke(desk.mission_id, "grant-3", by="bob")
    assert (revoked.state, revoked.grants[0].revoked_by) == (State.RUNNING, "bob")
    assert _types(engine, desk.mission_id)[-2:] == ["test_started", "grant_revoked"]
    rested = desk.let_go()
    assert (rested.state, rested.grants[0].used) == (State.AWAITING_APPROVAL, 0)
    engine.verify(desk.mission_id)
    assert engine.checked_replay(desk.mission_id).mission == rested


def test_why_a_grant_cannot_be_revoked_is_said_as_of_a_mission_that_nobody_runs(engine: Engine, desk: Desk) -> None:
    with pytest.raises(UsageError, match="has no grant 'grant-9'; it has grant-3"):
        engine.revoke(desk.mission_id, "grant-9")
    engine.revoke(desk.mission_id, "grant-3", by="bob")
    with pytest.raises(GuardRefused, match="grant-3 was revoked already, by bob"):
        engine.revoke(desk.mission_id, "grant-3", by="bob")
    engine.stop(desk.mission_id)
    with pytest.raises(IllegalTransition, match="cannot revoke a grant of a mission that is stopped"):
        engine.revoke(desk.mission_id, "grant-3")


def test_of_two_who_revoke_a_grant_at_once_one_does_and_the_other_is_told_who(engine: Engine, desk: Desk) -> None:
    together = threading.Barrier(2)

    def revoke(by: str) -> str:
        together.wait(PATIENCE_S)
        try:
            (grant,) = engine.revoke(desk.mission_id, "grant-3", by=by).grants
        except GuardRefused as refusal:
            return str(refusal).rpartition(" ")[2]
        assert grant.revoked_by == by
        return by

    said = list(desk.pool.map(revoke, ("bob", "eve")))
    assert said in (["bob", "bob"], ["eve", "eve"])
    assert _types(engine, desk.mission_id).count("grant_revoked") == 1


def test_a_pause_and_a_revocation_at_once_are_both_done(engine: Engine, desk: Desk) -> None:
    together = threading.Barrier(2)

    def ask(verb: Callable[[], Mission]) -> Mission:
        together.wait(PATIENCE_S)
        return verb()

    pausing, revoking = (
        desk.pool.submit(ask, verb)
        for verb in (lambda: engine.pause(desk.mission_id), lambda: engine.revoke(desk.mission_id, "grant-3"))
    )
    assert pausing.result(PATIENCE_S).state is State.PAUSED
    assert revoking.result(PATIENCE_S).grants[0].revoked_by == "ada"
    assert desk.ended().state is State.PAUSED
    now = engine.state(desk.mission_id)
    assert (now.state, now.grants[0].revoked_by) == (State.PAUSED, "ada")


def test_a_request_that_is_not_understood_pauses_the_mission_and_loses_none_beside_it(
    engine: Engine, mission_id: str, store: SqliteStore, tmp_path: Path
) -> None:
    for text in (
        '{"request": "dance"}',
        "dance",
        "[]",
        '{"request": "pause"}',
        to_text(RevokeGrant("grant-3", "bob")),
    ):
        store.post(mission_id, text)
    paused = engine.run(mission_id)
    assert (paused.state, paused.pause_reason, paused.grants[0].revoked_by) == (State.PAUSED, "not_understood", "bob")
    (tmp_path / "go").touch()
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL


def test_what_a_holder_was_asked_that_is_gone_before_it_did_it_is_done_by_who_asked(
    engine: Engine, mission_id: str, store: SqliteStore
) -> None:
    with ThreadPoolExecutor(1) as pool:
        lease = store.acquire(mission_id, "pid 1 on another", "2026-01-01T00:00:00Z")
        revoking = pool.submit(engine.revoke, mission_id, "grant-3")
        _until(lambda: store.posted(1))
        assert not revoking.done()
        lease.release()
        assert revoking.result(PATIENCE_S).grants[0].revoked_by == "ada"


def test_what_one_holder_took_and_did_not_do_is_asked_of_the_next(
    engine: Engine, mission_id: str, store: SqliteStore
) -> None:
    with ThreadPoolExecutor(1) as pool:
        first = store.acquire(mission_id, "pid 1 on another", "2026-01-01T00:00:00Z")
        revoking = pool.submit(engine.revoke, mission_id, "grant-3")
        _until(lambda: store.posted(1))
        assert len(store.take(first)) == 1
        first.release()
        second = store.acquire(mission_id, "pid 2 on another", "2026-01-01T00:00:01Z")
        _until(lambda: store.posted(2) or revoking.done())
        second.release()
        assert revoking.result(PATIENCE_S).grants[0].revoked_by == "ada"


def test_a_listener_may_revoke_the_grant_that_would_decide_next_and_all_are_told_in_order(
    engine: Engine, mission_id: str, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    told: list[int] = []
    refusals: list[str] = []

    def listen(entry: Recorded, _: Mission) -> None:
        if entry.type == "step_completed":
            assert engine.revoke(mission_id, "grant-3").grants[0].revoked_by == "ada"
            with pytest.raises(GuardRefused) as refused:
                engine.revoke(mission_id, "grant-3")
            refusals.append(str(refused.value))

    engine.subscribe(listen)
    engine.subscribe(lambda entry, _: told.append(entry.sequence))
    rested = engine.run(mission_id)
    assert (rested.state, rested.grants[0].used) == (State.AWAITING_APPROVAL, 0)
    assert refusals == ["revoke refused: grant-3 was revoked already, by ada"]
    assert told == list(range(told[0], rested.sequence + 1))


def test_who_listens_to_a_command_s_output_may_revoke_a_grant(mission_id: str, tmp_path: Path) -> None:
    (tmp_path / "go").touch()

    def hear(_: bytes) -> None:
        engine.revoke(mission_id, "grant-3")

    with Engine.open(tmp_path / "home", on_output=hear) as engine:
        assert engine.run(mission_id).state is State.AWAITING_APPROVAL


def test_what_all_who_listen_raise_is_raised_once_all_of_them_know(
    engine: Engine, mission_id: str, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    told: list[str] = []

    def listen(entry: Recorded, _: Mission) -> None:
        if entry.type == "test_started":
            engine.revoke(mission_id, "grant-3")
            raise ZeroDivisionError

    engine.subscribe(listen)
    engine.subscribe(lambda entry, _: told.append(entry.type))
    with pytest.raises(ZeroDivisionError):
        engine.run(mission_id)
    assert told[-2:] == ["test_started", "grant_revoked"]


def test_a_listener_of_a_decision_may_pause_the_mission(engine: Engine, mission_id: str, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    engine.revoke(mission_id, "grant-3")
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL

    def listen(entry: Recorded, _: Mission) -> None:
        if entry.type == "approval_resolved":
            assert engine.pause(mission_id).state is State.PAUSED

    engine.subscribe(listen)
    engine.approve(mission_id)
    assert engine.state(mission_id).state is State.PAUSED
    assert engine.run(mission_id).state is State.COMPLETE


def test_a_grant_that_is_revoked_where_nobody_runs_the_mission_leaves_no_runner_to_be_recovered_from(
    engine: Engine, mission_id: str, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    grant = engine.grant(mission_id, "edit").grants[-1]
    engine.revoke(mission_id, "grant-3")
    engine.revoke(mission_id, grant.grant_id)
    engine.run(mission_id)
    engine.approve(mission_id)
    engine.grant(mission_id, "all")
    assert engine.state(mission_id).at_rest
    assert engine.run(mission_id).state is State.COMPLETE
    assert "mission_recovered" not in _types(engine, mission_id)
