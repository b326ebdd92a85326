"""The embedding face: what a host can rely on."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, Mission, Recorded, Registry, State
from mission_fsm.errors import GuardRefused, Held, IllegalTransition, UnknownMission, UsageError
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.stage import CommandResult, Completed, Outcome, RunCommand, Stage, StageContext, Tool

Steps = dict[str, dict[str, Any]]
Approved = Callable[..., str]


def test_a_mission_whose_plan_is_not_approved_does_not_run(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    mission = engine.create(plan_file(steps["fix"]), workspace)
    assert engine.run(mission.mission_id).state is State.IDLE
    assert engine.why_not(mission.mission_id, "start") == "its plan is not approved; approve it first"


def test_approving_with_another_digest_is_refused_and_changes_nothing(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    mission = engine.create(plan_file(steps["fix"]), workspace)
    with pytest.raises(GuardRefused, match="is what is waiting"):
        engine.approve(mission.mission_id, digest="0" * 64)
    assert engine.state(mission.mission_id) == mission


def test_a_plan_whose_file_changed_after_it_was_loaded_cannot_be_approved(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    mission = engine.create(plan_file(steps["fix"]), workspace)
    plan_file(steps["fix"], steps["check"])
    with pytest.raises(GuardRefused, match="check"):
        engine.approve(mission.mission_id)


def test_a_rejected_diff_is_not_written_and_pauses_and_the_step_can_be_tried_again(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    before = (workspace / "double.py").read_bytes()
    mission_id = approved(steps["fix"])
    engine.run(mission_id)
    assert engine.reject(mission_id, "not like this").state is State.PAUSED
    assert (workspace / "double.py").read_bytes() == before
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    assert engine.state(mission_id).attempts(0) == 2


def test_a_grant_decides_a_gate_with_the_same_record(engine: Engine, approved: Approved, steps: Steps) -> None:
    mission_id = approved(steps["fix"], grants=("edit:*.py",))
    mission = engine.run(mission_id)
    assert mission.state is State.COMPLETE
    assert mission.grants[0].used == 1
    decisions = [e.event for e in engine.events(mission_id) if e.type == "approval_resolved"]
    assert [(d.means, d.decided_by) for d in decisions] == [("api", "ada"), ("grant", "ada")]  # type: ignore[union-attr]


def test_a_grant_with_a_glob_covers_nothing_else(engine: Engine, approved: Approved, steps: Steps) -> None:
    assert engine.run(approved(steps["fix"], grants=("edit:docs/**",))).state is State.AWAITING_APPROVAL


def test_a_failing_test_halts_the_mission_and_retry_runs_the_step_again(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved(steps["check"])
    mission = engine.run(mission_id)
    assert mission.state is State.FAILED
    assert mission.failure is not None
    assert mission.failure.kind == "test_failed"
    with pytest.raises(IllegalTransition, match="legal now: retry"):
        engine.run(mission_id)
    (workspace / "double.py").write_text("def double(n):\n    return n + n\n")
    engine.retry(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE


def test_a_persons_repair_goes_through_the_gate_and_the_failed_step_runs_again(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved(steps["check"])
    engine.run(mission_id)
    engine.repair(mission_id, steps["fix"]["with"]["patch"].encode())
    mission = engine.run(mission_id)
    assert mission.state is State.AWAITING_APPROVAL
    engine.approve(mission_id)
    mission = engine.run(mission_id)
    assert mission.state is State.COMPLETE
    types = [entry.type for entry in engine.events(mission_id)]
    assert types[types.index("repair_started") :] == [
        "repair_started",
        "stage_changed",
        "checkpoint_created",
        "diff_proposed",
        "approval_requested",
        "execution_paused",
        "approval_resolved",
        "execution_resumed",
        "checkpoint_secured",
        "diff_applied",
        "step_started",
        "stage_changed",
        "command_proposed",
        "test_started",
        "test_completed",
        "repair_completed",
        "step_completed",
        "final",
    ]


def test_a_repair_that_the_plan_binds_to_a_step_is_tried_until_the_step_passes(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    worse = {"replace": [{"path": "double.py", "search": "n + n + 1", "replace": "n + n + 2"}]}
    right = {"replace": [{"path": "double.py", "search": "n + n + 2", "replace": "n + n"}]}
    shows = {
        "step_id": "check",
        "description": "Run the check",
        "with": {"run": [sys.executable, "-c", "from double import double as d; assert d(2) == 4, 'odd' * (d(2) % 2)"]},
    }
    mend = {"step_id": "mend", "description": "Fix it", "with": {"repairs": "check", "tries": [worse, right]}}
    mission_id = approved(shows, mend, grants=("edit",))
    assert engine.run(mission_id).state is State.FAILED
    engine.repair(mission_id)
    mission = engine.run(mission_id)
    assert mission.state is State.COMPLETE, mission.failure
    assert (workspace / "double.py").read_text() == "def double(n):\n    return n + n\n"
    assert [e.event.attempt for e in engine.events(mission_id) if e.type == "repair_started"] == [1, 2]  # type: ignore[union-attr]


def test_an_unbound_edit_asks_for_a_proposal_and_takes_it_through_the_gate(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved({"step_id": "fix", "description": "Change double"})
    mission = engine.run(mission_id)
    assert (mission.state, mission.pause_reason) == (State.PAUSED, "awaiting_input")
    engine.propose(mission_id, steps["fix"]["with"]["patch"].encode())
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE


def test_a_question_needs_an_answer_which_later_steps_can_see(engine: Engine, approved: Approved, steps: Steps) -> None:
    ask = {"step_id": "ask", "description": "Decide on the name", "with": {"question": "Which?", "choices": ["a", "b"]}}
    mission_id = approved(ask)
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    with pytest.raises(GuardRefused, match="needs an answer"):
        engine.approve(mission_id)
    with pytest.raises(GuardRefused, match="one of: a, b"):
        engine.approve(mission_id, answer="c")
    engine.approve(mission_id, answer="b")
    assert engine.run(mission_id).state is State.COMPLETE


def test_rollback_puts_back_the_bytes_and_the_cursor_and_can_be_undone(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    before = (workspace / "double.py").read_bytes()
    failing = {**steps["check"], "with": {"run": [sys.executable, "-c", "raise SystemExit(1)"]}}
    mission_id = approved(steps["fix"], failing, grants=("edit",))
    assert engine.run(mission_id).state is State.FAILED
    after = (workspace / "double.py").read_bytes()

    mission = engine.rollback(mission_id)
    assert (mission.state, mission.cursor) == (State.PAUSED, 0)
    assert (workspace / "double.py").read_bytes() == before

    mission = engine.rollback(mission_id, mission.edits[-1].checkpoint_id)
    assert (mission.state, mission.cursor) == (State.PAUSED, 1)
    assert (workspace / "double.py").read_bytes() == after


def test_rolling_back_an_ended_mission_restores_files_and_leaves_it_ended(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    before = (workspace / "double.py").read_bytes()
    mission_id = approved(steps["fix"], grants=("edit",))
    assert engine.run(mission_id).state is State.COMPLETE
    assert engine.rollback(mission_id, "start").state is State.COMPLETE
    assert (workspace / "double.py").read_bytes() == before
    with pytest.raises(GuardRefused, match="no edit to take back"):
        engine.rollback(mission_id)


def test_a_rollback_over_someones_change_is_refused_until_they_say_to_overwrite(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    before = (workspace / "double.py").read_bytes()
    mission_id = approved(steps["fix"], grants=("edit",))
    engine.run(mission_id)
    (workspace / "double.py").write_text("# mine\n")
    with pytest.raises(GuardRefused, match=r"double\.py"):
        engine.rollback(mission_id)
    assert (workspace / "double.py").read_text() == "# mine\n"
    engine.rollback(mission_id, overwrite=True)
    assert (workspace / "double.py").read_bytes() == before


def test_a_second_mission_in_the_workspace_is_refused_with_the_name_of_the_first(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    first = approved(steps["fix"])
    engine.run(first)
    second = approved(steps["check"])
    with pytest.raises(GuardRefused, match=first):
        engine.run(second)


def test_pause_from_another_thread_ends_the_command_and_resume_runs_it_again(
    engine: Engine, workspace: Path, approved: Approved, tmp_path: Path
) -> None:
    go, started = tmp_path / "go", tmp_path / "started"
    os.mkfifo(started)
    script = (
        f"import os, time; first = not os.path.exists({str(go)!r}); open({str(go)!r}, 'w').close()\n"
        f"if first: open({str(started)!r}, 'w').close(); time.sleep(600)"
    )
    options = {"run": [sys.executable, "-c", script], "sandbox": "off"}
    mission_id = approved({"step_id": "wait", "description": "Run it", "with": options})
    states: list[State] = []
    runner = threading.Thread(target=lambda: states.append(engine.run(mission_id).state))
    runner.start()
    started.open().close()  # blocks until the command is there
    with pytest.raises(Held, match="pid"):
        engine.retry(mission_id)
    assert engine.pause(mission_id).state is State.PAUSED
    runner.join(timeout=30)
    assert states == [State.PAUSED]
    assert engine.run(mission_id).state is State.COMPLETE


def test_stop_ends_a_mission_for_good(engine: Engine, approved: Approved, steps: Steps) -> None:
    mission_id = approved(steps["fix"])
    assert engine.stop(mission_id, "changed my mind").state is State.STOPPED
    with pytest.raises(IllegalTransition, match="cannot resume a mission that is stopped"):
        engine.run(mission_id)


def test_an_edit_that_leaves_the_scope_waits_for_that_to_be_widened_and_is_then_asked_about(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    before = (workspace / "double.py").read_bytes()
    mission_id = approved(steps["fix"], scope_contract={"max_lines": 1})
    mission = engine.run(mission_id)
    assert mission.state is State.AWAITING_APPROVAL
    assert mission.pending is not None
    assert (mission.pending.kind, mission.pending.summary) == (
        "scope",
        "2 lines would be changed, and max_lines is 1",
    )
    engine.approve(mission_id)
    mission = engine.run(mission_id)
    assert mission.pending is not None
    assert (mission.pending.kind, mission.scope.max_lines) == ("diff", 2)
    assert (workspace / "double.py").read_bytes() == before
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    engine.checked_replay(mission_id)


def test_a_request_that_was_not_decided_in_time_expires_and_the_mission_pauses(
    tmp_path: Path, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    clock = ["2026-01-01T00:00:00.000000Z"]
    with Engine(SqliteStore.open(tmp_path / "home"), clock=lambda: clock[0]) as engine:
        mission_id = engine.create(plan_file(steps["fix"], approval_timeout="1h"), workspace).mission_id
        engine.approve(mission_id)
        assert engine.run(mission_id).state is State.AWAITING_APPROVAL
        clock[0] = "2026-01-01T01:00:00.000001Z"
        with pytest.raises(GuardRefused, match=r"the request expired at .*; resume the mission to be asked again"):
            engine.approve(mission_id)
        mission = engine.state(mission_id)
        assert (mission.state, mission.pause_reason) == (State.PAUSED, "expired")
        assert engine.run(mission_id).state is State.AWAITING_APPROVAL


def test_a_plan_that_was_not_approved_in_time_is_to_be_made_anew(
    tmp_path: Path, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    clock = ["2026-01-01T00:00:00.000000Z"]
    plan = plan_file(steps["fix"], approval_timeout="1h")
    with Engine(SqliteStore.open(tmp_path / "home"), clock=lambda: clock[0]) as engine:
        late = engine.create(plan, workspace).mission_id
        assert engine.run(late).state is State.IDLE
        clock[0] = "2026-01-01T01:00:00.000001Z"
        for ask in (engine.run, engine.approve, lambda mission_id: engine.reject(mission_id, "too late")):
            with pytest.raises(GuardRefused, match="stop this mission and make a new one"):
                ask(late)
        assert engine.legal_triggers(late) == ("stop",)
        again = engine.create(plan, workspace).mission_id
        assert engine.find(workspace=workspace) == again
        engine.stop(late)
        engine.approve(again)
        assert engine.run(again).state is State.AWAITING_APPROVAL


class Deploy(Stage):
    """A stage whose command may not simply run again."""

    name = "deploy"
    words = ("deploy",)
    touches = frozenset({Tool.READ, Tool.EXEC})

    def run(self, context: StageContext) -> Outcome:
        if isinstance(context.reply, CommandResult):
            return Completed("deployed")
        return RunCommand((sys.executable, "-c", "pass"))


def test_a_command_whose_runner_was_gone_waits_for_a_person_unless_its_stage_says_that_it_may_run_again(
    tmp_path: Path, workspace: Path, plan_file: Callable[..., Path]
) -> None:
    registry = Registry.of(stages=[Deploy])
    plan = plan_file({"step_id": "ship", "description": "Deploy it"})
    with Engine.open(tmp_path / "home", registry=registry, by="ada") as engine:
        mission_id = engine.create(plan, workspace, grants=("all",)).mission_id
        engine.approve(mission_id)

        def gone(entry: Recorded, _: Mission) -> None:
            if entry.type == "command_started":
                raise KeyboardInterrupt

        forget = engine.subscribe(gone)
        with pytest.raises(KeyboardInterrupt):
            engine.run(mission_id)
        forget()

        mission = engine.run(mission_id)
        assert (mission.state, mission.pause_reason) == (State.PAUSED, "in_doubt")
        with pytest.raises(GuardRefused, match="not known whether it took effect"):
            engine.run(mission_id)
        engine.resume(mission_id)
        assert engine.run(mission_id).state is State.COMPLETE


def test_a_stage_that_asks_for_what_it_does_not_declare_fails_and_nothing_is_done(
    tmp_path: Path, workspace: Path, plan_file: Callable[..., Path]
) -> None:
    class Sly(Deploy):
        touches = frozenset({Tool.READ})

    plan = plan_file({"step_id": "ship", "description": "Deploy it"})
    with Engine.open(tmp_path / "home", registry=Registry.of(stages=[Sly])) as engine:
        mission_id = engine.create(plan, workspace).mission_id
        engine.approve(mission_id)
        mission = engine.run(mission_id)
        assert mission.state is State.FAILED
        assert mission.failure is not None
        assert "does not declare" in mission.failure.message
        assert "command_proposed" not in [entry.type for entry in engine.events(mission_id)]


def test_unknown_missions_and_bad_grants_are_told_in_a_sentence(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    with pytest.raises(UnknownMission, match="no mission"):
        engine.state("nothere")
    with pytest.raises(UsageError, match="grant 'everything'"):
        engine.create(plan_file(steps["fix"]), workspace, grants=("everything",))
    assert engine.missions() == []


def test_a_mission_is_never_there_without_the_grants_it_was_made_with(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: Steps
) -> None:
    """They are of one commit with its creation, so that nobody who meddles at once comes in between."""
    seen: list[int] = []
    engine.subscribe(lambda entry, _: seen.append(len(engine.state(entry.mission_id).grants)))
    engine.create(plan_file(steps["fix"]), workspace, grants=(rule for rule in ("edit:*.py", "test")))
    assert seen == [2] * 4
