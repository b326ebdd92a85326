"""Signals are heeded while a mission runs, and only then."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from mission_fsm.cli.interruption import heeding_signals
from mission_fsm.core.mission import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mission_fsm import Engine
    from tests.unit.cli.conftest import Step

HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """What a process leaves ignored at its end is not ignored in the tests that follow."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_handlers_that_were_there_are_put_back(engine: Engine) -> None:
    before = [signal.getsignal(number) for number in HEEDED]
    with heeding_signals(engine):
        assert all(signal.getsignal(number) not in before for number in HEEDED)
    assert [signal.getsignal(number) for number in HEEDED] == before


def test_what_was_started_with_nohup_outlives_its_terminal(engine: Engine) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding_signals(engine):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_once_ctrl_c_was_heeded_a_late_one_cannot_change_how_the_process_ends(engine: Engine) -> None:
    with heeding_signals(engine):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_signal_that_came_before_a_question_answers_it(engine: Engine) -> None:
    with heeding_signals(engine) as wanted:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            wanted.answer("what? ")


def test_a_third_ctrl_c_ends_the_process(engine: Engine) -> None:
    with heeding_signals(engine) as wanted:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        stops = wanted.second_comes()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert stops


def test_nothing_is_waited_for_where_nobody_pressed_ctrl_c(engine: Engine) -> None:
    with heeding_signals(engine) as wanted:
        signal.raise_signal(signal.SIGTERM)
        assert not wanted.second_comes()


def test_what_was_asked_before_the_mission_was_taken_up_is_asked_again(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Step]
) -> None:
    mission = engine.create(plan_file(steps["note"], steps["fix"]), workspace, grants=["all"])
    engine.approve(mission.mission_id)
    with heeding_signals(engine):
        signal.raise_signal(signal.SIGTERM)
        mission = engine.run(mission.mission_id)
    assert (mission.state, mission.cursor) == (State.PAUSED, 0)
