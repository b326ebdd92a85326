"""What a host, a plugin or a failing disk may do without harm."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, Mission, Recorded, Registry, State
from mission_fsm.core.plan import Plan, ScopeContract, Step, Tool
from mission_fsm.errors import GuardRefused, HalfWritten, InvalidPlan, JournalDamaged
from mission_fsm.stage import Completed, FileEdit, Outcome, ProposeChange, Retrieved, RunCommand, Stage, StageContext

Steps = dict[str, dict[str, Any]]
Approved = Callable[..., str]


def stage_that(answer: Callable[[], Any]) -> type[Stage]:
    """A stage that answers so, once or for ever."""

    class Odd(Stage):
        name = "odd"
        words = ("do",)
        touches = frozenset({Tool.READ, Tool.WRITE, Tool.EXEC})

        def run(self, context: StageContext) -> Outcome:
            return answer()  # type: ignore[no-any-return]  # that is the point

    return Odd


@pytest.mark.parametrize(
    "answer",
    [
        lambda: None,
        lambda: "done",
        lambda: Completed("done", evidence={"x": {1}}),
        lambda: ProposeChange(None, "nothing"),  # type: ignore[arg-type]
        lambda: ProposeChange((FileEdit("a", "text"),), "text for bytes"),  # type: ignore[arg-type]
        lambda: RunCommand((1, 2)),  # type: ignore[arg-type]
        lambda: Retrieved(1, "found", "text for bytes"),  # type: ignore[arg-type]
    ],
)
def test_a_stage_that_answers_with_what_is_no_outcome_fails_its_step(
    answer: Callable[[], Any], tmp_path: Path, workspace: Path, plan_file: Callable[..., Path]
) -> None:
    registry = Registry.of(stages=[stage_that(answer)])
    with Engine.open(tmp_path / "home", registry=registry) as engine:
        mission_id = engine.create(plan_file({"step_id": "s", "description": "Do it"}), workspace).mission_id
        engine.approve(mission_id)
        mission = engine.run(mission_id)
    assert mission.state is State.FAILED
    assert mission.failure is not None
    assert mission.failure.kind == "stage_error"


def test_a_plan_made_in_code_is_held_to_the_same_rules_as_one_from_a_file(engine: Engine, workspace: Path) -> None:
    step = Step("t", "Run it", "test", {"run": ["true"]})
    plan = Plan("do it", (step, step), "", scope=ScopeContract(paths=("/etc/**",), allowed_tools=(Tool.READ,)))
    with pytest.raises(InvalidPlan) as refused:
        engine.create(plan, workspace)
    told = str(refused.value)
    assert "/etc/**" in told
    assert "earlier step" in told
    assert "needs exec" in told


def test_a_change_that_can_be_neither_finished_nor_taken_back_is_finished_when_it_is_run_again(
    engine: Engine, workspace: Path, approved: Approved, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = [{"path": name, "content": "new"} for name in ("a.txt", "b.txt")]
    for name in ("a.txt", "b.txt"):
        (workspace / name).write_text("old")
    mission_id = approved({"step_id": "w", "description": "Write both", "with": {"write": writes}}, grants=("edit",))
    real, landed = os.rename, 0

    def failing(*names: Any, **folders: Any) -> None:
        nonlocal landed
        landed += 1
        if landed > 1:
            raise OSError(5, "Input/output error")
        real(*names, **folders)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(HalfWritten):
        engine.run(mission_id)
    monkeypatch.setattr(os, "rename", real)
    assert engine.state(mission_id).state is State.RUNNING
    assert engine.run(mission_id).state is State.COMPLETE
    assert [(workspace / name).read_text() for name in ("a.txt", "b.txt")] == ["new", "new"]
    assert sorted(path.name for path in workspace.iterdir()) == ["a.txt", "b.txt", "double.py"]


def leave_running(engine: Engine, mission_id: str, at: str) -> None:
    """Have the runner die when it has put an event of that type on record."""

    def die(entry: Recorded, _: Mission) -> None:
        if entry.type == at:
            raise KeyboardInterrupt

    forget = engine.subscribe(die)
    with pytest.raises(KeyboardInterrupt):
        engine.run(mission_id)
    forget()


def test_a_mission_whose_runner_and_workspace_are_gone_can_be_stopped(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved(steps["fix"], grants=("edit",))
    leave_running(engine, mission_id, "checkpoint_secured")
    shutil.rmtree(workspace)
    assert engine.stop(mission_id).state is State.STOPPED


def test_a_mission_whose_plugin_is_gone_can_be_stopped(
    tmp_path: Path, workspace: Path, plan_file: Callable[..., Path]
) -> None:
    odd = stage_that(lambda: Completed("done"))
    plan = plan_file({"step_id": "s", "description": "Do it"}, {"step_id": "t", "description": "Do it again"})
    with Engine.open(tmp_path / "home", registry=Registry.of(stages=[odd])) as engine:
        mission_id = engine.create(plan, workspace).mission_id
        engine.approve(mission_id)
        leave_running(engine, mission_id, "step_completed")
    with Engine.open(tmp_path / "home", registry=Registry.of()) as engine:
        assert engine.stop(mission_id).state is State.STOPPED


def test_a_listener_can_pause_the_mission_that_it_listens_to(engine: Engine, approved: Approved, steps: Steps) -> None:
    mission_id = approved(steps["find"], steps["check"])

    def listen(entry: Recorded, _: Mission) -> None:
        if entry.type == "retrieval_completed":
            engine.pause(mission_id)

    engine.subscribe(listen)
    assert engine.run(mission_id).state is State.PAUSED


def test_every_listener_is_told_every_event_though_one_of_them_raises(
    engine: Engine, approved: Approved, steps: Steps
) -> None:
    told: list[str] = []

    def raises(_: Recorded, __: Mission) -> None:
        raise ValueError("not today")

    mission_id = approved(steps["find"])
    engine.subscribe(raises)
    engine.subscribe(lambda entry, _: told.append(entry.type))
    with pytest.raises(ValueError, match="not today"):
        engine.run(mission_id)
    assert told == [entry.type for entry in engine.events(mission_id, after=3)]


def test_a_pause_that_was_answered_does_not_come_again(engine: Engine, approved: Approved, steps: Steps) -> None:
    mission_id = approved(steps["find"], steps["check"])
    leave_running(engine, mission_id, "retrieval_started")
    engine.pause(mission_id)
    assert engine.run(mission_id).state is State.FAILED


def test_what_is_possible_is_told_though_the_workspace_is_gone(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved(steps["fix"])
    engine.run(mission_id)
    shutil.rmtree(workspace)
    assert "does not exist" in (engine.why_not(mission_id, "approve") or "")
    assert engine.why_not(mission_id, "stop") is None


def test_a_mission_in_a_folder_of_a_held_workspace_is_refused(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps, plan_file: Callable[..., Path]
) -> None:
    first = approved(steps["fix"])
    engine.run(first)
    (workspace / "inner").mkdir()
    second = engine.create(plan_file(steps["check"]), workspace / "inner").mission_id
    engine.approve(second)
    with pytest.raises(GuardRefused, match=first):
        engine.run(second)


def test_nothing_is_done_once_the_journal_was_removed_under_the_runner(
    tmp_path: Path, engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    before = (workspace / "double.py").read_bytes()
    mission_id = approved(steps["fix"], grants=("edit",))

    def remove(entry: Recorded, _: Mission) -> None:
        if entry.type == "checkpoint_created":
            (tmp_path / "home" / "journal.db").unlink()

    engine.subscribe(remove)
    with pytest.raises(JournalDamaged, match="removed or replaced"):
        engine.run(mission_id)
    assert (workspace / "double.py").read_bytes() == before
