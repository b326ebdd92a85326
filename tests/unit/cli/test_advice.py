"""What a person is told to type can be typed, is legal, and does what it says."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click
import pytest

from mission_fsm.cli.advice import advice
from mission_fsm.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mission_fsm import Engine
    from mission_fsm.core.mission import Mission
    from tests.unit.cli.conftest import Step

    Begin = Callable[..., Mission]

QUESTION = {"step_id": "ask", "description": "Clarify the tone"}
OPEN = {"step_id": "open", "description": "Modify the greeting"}


@pytest.fixture
def begin(engine: Engine, workspace: Path, plan_file: Callable[..., Path]) -> Begin:
    """Makes a mission of those steps, approves its plan and runs it."""

    def made(*steps: Step, grants: tuple[str, ...] = (), **more: object) -> Mission:
        mission = engine.create(plan_file(*steps, **more), workspace, grants=grants)
        engine.approve(mission.mission_id)
        return engine.run(mission.mission_id)

    return made


def _advised(engine: Engine, mission: Mission) -> list[str]:
    commands = [command for command, _ in advice(mission, engine.legal_triggers(mission.mission_id))]
    return [command.replace(f" {mission.mission_id}", "") for command in commands]


def _can_be_typed(command: str, file: Path) -> None:
    words = [str(file) if word == "FILE" else word for word in shlex.split(command)[1:]]
    with click.Context(cli) as context:
        name, found, arguments = cli.resolve_command(context, words)
        assert found is not None
        assert name is not None
        found.make_context(name, list(arguments), parent=context).close()


def test_a_plan_that_waits_is_approved_rejected_or_stopped(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Step]
) -> None:
    mission = engine.create(plan_file(steps["fix"]), workspace)
    assert _advised(engine, mission) == ["mission approve", "mission reject --reason TEXT", "mission stop"]
    assert _advised(engine, engine.approve(mission.mission_id)) == ["mission run", "mission stop"]


def test_a_change_that_waits_is_looked_at_first(engine: Engine, begin: Begin, steps: dict[str, Step]) -> None:
    waiting = begin(steps["fix"])
    assert waiting.pending is not None
    approve = f"mission approve --digest {waiting.pending.digest[:12]}"
    assert _advised(engine, waiting)[:2] == ["mission diff", approve]


def test_a_question_is_answered_and_an_open_step_is_given_a_change(engine: Engine, begin: Begin) -> None:
    asked = begin(QUESTION)
    assert "mission approve --answer TEXT" in _advised(engine, asked)
    engine.stop(asked.mission_id)
    assert _advised(engine, begin(OPEN))[0] == "mission propose --patch FILE"


def test_a_failure_is_repaired_with_what_the_plan_binds_only_where_it_binds_something(
    engine: Engine, begin: Begin, steps: dict[str, Step]
) -> None:
    failed = begin(steps["check"])
    assert "mission repair" not in _advised(engine, failed)
    engine.stop(failed.mission_id)
    mend = {"step_id": "mend", "description": "Repair it", "with": {"repairs": "check", **steps["fix"]["with"]}}
    assert "mission repair" in _advised(engine, begin(steps["check"], mend))


def test_only_what_is_there_to_be_taken_back_is_offered(engine: Engine, begin: Begin, steps: dict[str, Step]) -> None:
    mission = begin(steps["fix"], steps["note"], grants=("all",))
    assert _advised(engine, mission) == ["mission rollback", "mission rollback --to start"]
    mission = engine.rollback(mission.mission_id)
    undo = mission.edits[-1].checkpoint_id
    assert _advised(engine, mission) == ["mission rollback", f"mission rollback {undo}"]
    mission = engine.rollback(mission.mission_id, "start")
    assert "mission rollback" not in _advised(engine, mission)
    assert engine.rollback(mission.mission_id, mission.edits[-1].checkpoint_id).edits[0].undone_by is None


def test_all_that_is_advised_can_be_typed(
    engine: Engine, begin: Begin, steps: dict[str, Step], workspace: Path
) -> None:
    seen: set[str] = set()

    def look(mission: Mission) -> Mission:
        for command in _advised(engine, mission):
            _can_be_typed(command, workspace / "greet.py")
            seen.add(command.split()[1])
        return mission

    look(engine.stop(look(engine.pause(look(begin(steps["fix"])).mission_id)).mission_id))
    look(engine.stop(look(begin(OPEN)).mission_id))
    look(engine.stop(look(begin(steps["note"], steps["check"], grants=("all",))).mission_id))
    assert seen == {"approve", "diff", "pause", "propose", "reject", "resume", "retry", "rollback", "stop"}
