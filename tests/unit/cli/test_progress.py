"""Each event is told in a line, or deliberately not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mission_fsm import Engine
from mission_fsm.cli.progress import Lines, Silent, line_of, teller
from mission_fsm.core.events import EVENT_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.unit.cli.conftest import Step

# Told by whoever comes to rest there, or said by the line that comes with them.
QUIET = {
    "approval_expired",
    "approval_requested",
    "checkpoint_created",
    "command_proposed",
    "execution_paused",
    "execution_resumed",
    "execution_stopped",
    "failure_detected",
    "final",
    "grant_given",
    "mission_started",
    "repair_completed",
    "retrieval_started",
    "scope_expansion_requested",
    "stage_changed",
    "time_spent",
}


def test_every_type_of_event_is_told_or_is_quiet_on_purpose() -> None:
    from mission_fsm.cli import progress

    told = set(progress._COLOURS)
    assert told == {cls for name, cls in EVENT_CLASSES.items() if name not in QUIET}


def test_a_mission_is_told_from_its_id_to_its_last_step(
    engine: Engine,
    workspace: Path,
    plan_file: Callable[..., Path],
    steps: dict[str, Step],
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine.subscribe(Lines().event)
    mission = engine.create(plan_file(steps["fix"], steps["check"]), workspace, grants=["all"])
    engine.approve(mission.mission_id)
    engine.run(mission.mission_id)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == f"mission {mission.mission_id}: greet politely"
    assert [line for line in lines if line.startswith("[")] == [
        "[1/2] step fix began (edit, attempt 1): Modify the greeting",
        "[2/2] step check began (test, attempt 1): Run the tests",
    ]
    assert any("applied to greet.py" in line for line in lines)
    assert any("the test failed" in line for line in lines)


def test_what_a_command_prints_stands_between_its_start_and_its_end(
    tmp_path: Path,
    workspace: Path,
    plan_file: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = Lines()
    step = {
        "step_id": "check",
        "description": "Run it",
        "with": {"run": ["printf", "one\\n\\033[2Jtwo"], "sandbox": "off"},
    }
    with Engine.open(tmp_path / "home", by="ada", on_output=told.output) as engine:
        engine.subscribe(told.event)
        mission = engine.create(plan_file(step), workspace)
        engine.approve(mission.mission_id)
        engine.run(mission.mission_id)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    start = next(at for at, line in enumerate(lines) if "testing with printf" in line)
    assert lines[start + 1 : start + 3] == ["    │ one", "    │ two"]
    assert lines[start + 3] == "  not in a sandbox: the plan has `sandbox: off`"
    assert "the test passed" in lines[start + 4]


def test_what_a_teller_cannot_print_is_no_concern_of_the_mission(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Step]
) -> None:
    class Closed(Lines):
        def say(self, line: str) -> None:
            raise BrokenPipeError(line)

    told = Closed()
    told.output(b"a line\n")
    engine.subscribe(told.event)
    assert engine.create(plan_file(steps["fix"]), workspace).sequence == 2


def test_scripts_are_told_nothing() -> None:
    assert type(teller(as_json=True)) is Silent
    assert type(teller(as_json=False)) is Lines


def test_a_line_is_a_line_whatever_the_event_says(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Step]
) -> None:
    mission = engine.create(plan_file(steps["fix"], goal="one\ntwo \x1b[2J"), workspace)
    (created, *_) = engine.events(mission.mission_id)
    line = line_of(created, mission)
    assert line is not None
    assert "\n" not in line
    assert "\x1b[2J" not in line
