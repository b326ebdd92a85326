"""Stages and editors of others that take long, and end when they are asked to: each in its own way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import frozen

from mission_fsm import Engine, Mission, State
from mission_fsm.registry import Registry
from mission_fsm.stage import (
    AskedToEnd,
    Completed,
    EditFailed,
    Failed,
    FileEdit,
    InformedEditor,
    Outcome,
    ProposeChange,
    Stage,
    StageContext,
    Tool,
    WorkspaceReader,
    option,
)

PATIENCE_S = 20


@frozen
class Manner:
    """How it ends."""

    ends: str = option("How it ends.")


class Slow(Stage):
    """Takes as long as nobody asks it to end, the first time."""

    name = "slow"
    options = Manner
    touches = frozenset({Tool.READ, Tool.WRITE})
    begun: ClassVar[threading.Event]

    def run(self, context: StageContext) -> Outcome:
        if self.begun.is_set():
            return Completed("done at the second time")
        self.begun.set()
        while context.options.ends != "at once" and not context.should_end():
            threading.Event().wait(0.005)
        assert context.should_end() == (context.options.ends != "at once")
        if context.options.ends == "with a failure":
            return Failed("slow", "it was too slow")
        if context.options.ends == "with an error":
            raise ConnectionResetError("whoever it asked is gone")
        if context.options.ends == "with a change":
            return ProposeChange((FileEdit("late.txt", b"late\n"),), "It was done already")
        raise AskedToEnd("it ends")


class Note(InformedEditor):
    """An editor of a time when none was asked to end."""

    name = "note"
    options = Manner

    def edit_for(
        self, task: Mapping[str, Any], options: Manner, workspace: WorkspaceReader, scratch: Path
    ) -> tuple[FileEdit, ...]:
        if workspace.read("double.py") is None:
            raise EditFailed("there is nothing to note")
        return (FileEdit("note.txt", f"{task['step_id']}: {options.ends}\n".encode()),)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with those two."""
    Slow.begun = threading.Event()
    installed = Registry.installed()
    registry = Registry.of(stages=[Slow, type(installed.stage("edit"))], editors=[Note])
    with Engine.open(tmp_path / "home", registry=registry, by="ada") as opened:
        yield opened


def _slow(ends: str) -> dict[str, Any]:
    return {"step_id": "slow", "description": "Take long", "stage": "slow", "with": {"ends": ends}}


def _paused(engine: Engine, mission_id: str) -> Mission:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.run, mission_id)
        assert Slow.begun.wait(PATIENCE_S)
        engine.pause(mission_id)
        return running.result(PATIENCE_S)


@pytest.mark.parametrize("ends", ["as it should", "with a failure", "with an error"])
def test_a_stage_that_ends_when_it_is_asked_to_has_not_failed_and_is_run_again(
    engine: Engine, approved: Callable[..., str], ends: str
) -> None:
    mission_id = approved(_slow(ends))
    paused = _paused(engine, mission_id)
    assert (paused.state, paused.pause_reason, paused.failure) == (State.PAUSED, "manual", None)
    done = engine.run(mission_id)
    assert (done.state, done.attempts(0)) == (State.COMPLETE, 1)
    assert engine.checked_replay(mission_id).mission == done


def test_what_a_stage_came_to_in_spite_of_that_counts(engine: Engine, approved: Callable[..., str]) -> None:
    mission_id = approved(_slow("with a change"))
    assert _paused(engine, mission_id).state is State.PAUSED
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL


def test_a_stage_that_ends_and_was_not_asked_to_has_failed(engine: Engine, approved: Callable[..., str]) -> None:
    failed = engine.run(approved(_slow("at once")))
    assert failed.failure is not None
    assert (failed.state, failed.failure.message) == (State.FAILED, "it ends")


def test_an_editor_that_knows_nothing_of_ends_works_as_ever(
    engine: Engine, workspace: Path, approved: Callable[..., str]
) -> None:
    step = {"step_id": "note", "description": "Write a note", "with": {"note": {"ends": "well"}}}
    assert engine.run(approved(step, grants=("edit",))).state is State.COMPLETE
    assert (workspace / "note.txt").read_text() == "note: well\n"
