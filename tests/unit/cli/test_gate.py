"""At the gate of a terminal: what a person answers there, and what has become of what waits meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mission_fsm import Engine, State
from mission_fsm.cli import gate
from mission_fsm.cli.interruption import heeding_signals
from mission_fsm.core.mission import Mission
from mission_fsm.errors import GuardRefused
from mission_fsm.journal.sqlite import SqliteStore
from tests.unit.cli.conftest import Step

AskedAt = Callable[..., Mission]


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = "2026-01-01T00:00:00.000000Z"

    def __call__(self) -> str:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(home: Path, clock: Clock) -> Iterator[Engine]:
    with Engine(SqliteStore.open(home), home=home, by="ada", means="terminal", clock=clock) as opened:
        yield opened


@pytest.fixture
def waiting(engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Step]) -> Mission:
    """A mission that waits for the approval of a change, for an hour."""
    (workspace / "NOTES").write_text("zero\n")
    mission = engine.create(plan_file(steps["note"], approval_timeout="1h"), workspace)
    engine.approve(mission.mission_id)
    return engine.run(mission.mission_id)


class _Answering:
    """One who gives these answers in turn; one that is called does something first."""

    def __init__(self, *answers: str | Callable[[], str], heed: Callable[[], None] = lambda: None) -> None:
        self._left = list(answers)
        self.heed = heed

    def answer(self, _: str) -> str:
        given = self._left.pop(0)
        return given if isinstance(given, str) else given()


def test_a_part_is_named_by_files_and_hunks_and_asked_for_again_where_it_is_not_there(
    engine: Engine, waiting: Mission, capsys: pytest.CaptureFixture[str]
) -> None:
    decided = gate.decide(engine, waiting, _Answering("s", "NOTES:2", "s", "'NOTES", "some of it", "NOTES:1"))
    assert decided.state is State.RUNNING
    said = capsys.readouterr().err
    assert "the diff of NOTES has no hunk 2: it has 1 hunk" in said
    assert '"\'NOTES" cannot be read: No closing quotation' in said


def test_an_edited_diff_is_approved_as_it_came_back(
    engine: Engine, workspace: Path, waiting: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i.bak s/two/three/")
    gate.decide(engine, waiting, _Answering("e"))
    engine.run(waiting.mission_id)
    assert (workspace / "NOTES").read_text() == "one\nthree\n"


def test_a_diff_that_came_back_as_it_was_decides_nothing(
    engine: Engine, waiting: Mission, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISUAL", "true")
    assert gate.decide(engine, waiting, _Answering("e", "l")).state is State.AWAITING_APPROVAL
    assert "so nothing was decided" in capsys.readouterr().err


@pytest.mark.parametrize("came", ["TERM", "HUP"])
def test_what_an_editor_holds_when_a_signal_has_come_is_not_approved(
    engine: Engine, waiting: Mission, monkeypatch: pytest.MonkeyPatch, came: str
) -> None:
    half = f"sh -c 'kill -{came} $PPID; sed -i.bak s/two/three/ \"$1\"' sh"
    monkeypatch.setenv("VISUAL", half)
    with heeding_signals(engine) as signals:
        left = gate.decide(engine, waiting, _Answering("e", heed=signals.heed))
    assert (left.state, left.pending) == (State.AWAITING_APPROVAL, waiting.pending)


def test_what_has_drifted_is_told_and_the_mission_runs_on_to_ask_again(
    engine: Engine, workspace: Path, waiting: Mission, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "NOTES").write_text("mine\n")
    assert gate.decide(engine, waiting, _Answering("a")).state is State.RUNNING
    assert "NOTES was changed" in capsys.readouterr().err
    again = engine.run(waiting.mission_id)
    assert again.state is State.AWAITING_APPROVAL
    assert again.pending != waiting.pending


@pytest.mark.parametrize("key", ["a", "s"])
def test_an_answer_that_comes_too_late_decides_nothing_and_the_mission_pauses(
    engine: Engine, clock: Clock, waiting: Mission, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def late() -> str:
        clock.now = "2026-01-01T01:00:00.000001Z"
        return key

    decided = gate.decide(engine, waiting, _Answering(late, "NOTES"))
    assert (decided.state, decided.pause_reason, decided.pending) == (State.PAUSED, "expired", None)
    assert "the request expired at 2026-01-01T01:00:00.000000Z; resume the mission" in capsys.readouterr().err


def test_what_was_decided_elsewhere_is_not_decided_here(engine: Engine, waiting: Mission) -> None:
    engine.reject(waiting.mission_id, "no")
    engine.run(waiting.mission_id)
    with pytest.raises(GuardRefused, match="is what is waiting"):
        gate.decide(engine, waiting, _Answering("a"))
