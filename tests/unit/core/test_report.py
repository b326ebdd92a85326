"""What the runner's reports come to: outcomes of stages, changes, commands, and stages that break their contract."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import ChangeSet
from mission_fsm.core.decide import decide
from mission_fsm.core.mission import State
from mission_fsm.core.replies import Applied, CommandResult, CommandSpec, LastTest
from mission_fsm.errors import GuardRefused
from tests.unit.core.driver import EXITED, PYTEST, WRITING, Driver, change_set_of, propose

Drive = Callable[..., Driver]
RED = CommandResult(kind="exited", exit_status=1, duration_s=0.12345, artifact="output")


def _types(events: tuple[e.Event, ...]) -> list[str]:
    return [e.type_of(type(event)) for event in events]


# --- searches


def test_a_search_is_put_on_record_before_it_is_made_and_its_result_completes_the_step(drive: Drive) -> None:
    driver = drive("find:retrieve")
    assert driver.outcome(o.BeginRetrieval("rounding")) == (e.RetrievalStarted("retrieval-7", "rounding", "find"),)
    completed, *_ = driver.outcome(o.Retrieved(0, "nothing found", b"[]"), digest="results")
    assert completed == e.RetrievalCompleted("retrieval-7", 0, "nothing found", "results")
    assert driver.state is State.COMPLETE


def test_a_result_of_a_search_that_was_not_announced_fails_the_step(drive: Drive) -> None:
    driver = drive("find:retrieve")
    driver.outcome(o.Retrieved(2, "2 files", b"[]"), digest="results")
    assert driver.state is State.FAILED
    assert driver.mission.failure is not None
    assert driver.mission.failure.kind == "stage_error"
    assert driver.mission.failure.message.startswith("stage retrieve gave what a search found")


# --- changes


def test_a_change_is_proposed_only_after_its_checkpoint_was_opened_whatever_the_stage(drive: Drive) -> None:
    driver = drive("odd:third_party")
    assert "checkpoint_created" not in driver.types()
    assert _types(driver.propose("a.py"))[:2] == ["checkpoint_created", "diff_proposed"]


def test_a_change_that_is_not_final_comes_back_to_its_stage_once_it_is_applied(drive: Drive) -> None:
    driver = drive("fix:edit", "check:test")
    driver.propose("a.py", final=False)
    driver.approve()
    assert _types(driver.land()) == ["checkpoint_secured", "diff_applied"]
    assert driver.mission.active is not None
    assert driver.mission.active.reply == Applied("diff-8")
    # Another change in the same attempt has a checkpoint of its own.
    assert _types(driver.propose("b.py"))[0] == "checkpoint_created"


def test_a_change_that_changes_nothing_completes_its_step_without_a_gate(drive: Drive) -> None:
    driver = drive("fix:edit")
    assert driver(propose(ChangeSet((), "empty")))[0] == e.StepCompleted(
        "fix", 0, success=True, summary="the workspace is already as the change would leave it"
    )
    assert driver.mission.edits == ()


def test_an_empty_change_that_its_stage_waits_for_is_a_failure(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver(propose(ChangeSet((), "empty"), final=False))
    assert driver.mission.failure is not None
    assert driver.mission.failure.kind == "no_change"


def test_a_change_that_could_not_be_written_fails_the_mission_and_is_not_applied(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    driver.approve()
    failure, paused = driver(c.ReportFailure("conflict", "a.py was changed"))
    assert isinstance(failure, e.FailureDetected)
    assert (failure.step_id, failure.kind, failure.message) == ("fix", "conflict", "a.py was changed")
    assert paused == e.ExecutionPaused("failure", "fix")
    assert (driver.state, driver.mission.edits) == (State.FAILED, ())


def test_no_change_is_secured_that_was_not_approved(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    # A change that waits for its approval in a mission that runs cannot come about; were it to, this would hold.
    running = attrs.evolve(driver.mission, state=State.RUNNING)
    with pytest.raises(GuardRefused, match="AskChange is what comes next"):
        decide(running, c.SecureChange(("a.py",), 7, "manifest"))


# --- commands and tests


def test_a_command_that_the_plan_covers_starts_at_once(drive: Drive) -> None:
    driver = drive("check:test")
    assert driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True)) == (
        e.CommandProposed("check", "digest", PYTEST, "test", covered=True),
        e.TestStarted("test-8", ("pytest", "-q"), "check"),
    )


def test_a_command_that_was_only_detected_waits_for_approval(drive: Drive) -> None:
    driver = drive("check:test")
    proposed, requested, paused = driver(c.ProposeCommand(PYTEST, "digest", "test", covered=False))
    assert proposed == e.CommandProposed("check", "digest", PYTEST, "test", covered=False)
    assert requested == e.ApprovalRequested("approval-8", "command", "digest", "pytest -q", "check")
    assert paused == e.ExecutionPaused("awaiting_command_approval", "check")
    driver.approve()
    assert driver(c.StartCommand()) == (e.TestStarted("test-12", ("pytest", "-q"), "check"),)


def test_the_reason_for_a_command_is_on_record_and_shown_to_whoever_is_asked(drive: Drive) -> None:
    driver = drive("check:test")
    proposed, requested, _ = driver(
        c.ProposeCommand(PYTEST, "digest", "test", covered=False, reason="pytest: pytest.ini is there")
    )
    assert isinstance(proposed, e.CommandProposed)
    assert proposed.reason == "pytest: pytest.ini is there"
    assert isinstance(requested, e.ApprovalRequested)
    assert requested.summary == "pytest -q (pytest: pytest.ini is there)"


def test_a_command_is_not_started_before_it_is_approved(drive: Drive) -> None:
    driver = drive("check:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=False))
    running = attrs.evolve(driver.mission, state=State.RUNNING)
    with pytest.raises(GuardRefused, match="the command is not approved"):
        decide(running, c.StartCommand())


def test_a_test_that_passed_completes_its_step_with_its_counts_on_record(drive: Drive) -> None:
    driver = drive("check:test", "more:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    verdict = o.Tested(success=True, message="3 passed", passed=3, failed=0, skipped=1)
    result = CommandResult(kind="exited", exit_status=0, duration_s=1.23456, artifact="output")
    completed, step, *_ = driver.outcome(verdict, result=result)
    assert completed == e.TestCompleted(
        "test-8", success=True, exit_status=0, duration_s=1.235, passed=3, failed=0, skipped=1, artifact="output"
    )
    assert step == e.StepCompleted("check", 0, success=True, summary="3 passed")
    assert driver.mission.last_test == LastTest(
        "test-8", "check", success=True, command=("pytest", "-q"), artifact="output"
    )


def test_a_test_that_failed_fails_the_mission_and_names_what_failed(drive: Drive) -> None:
    driver = drive("check:test", "more:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    verdict = o.Tested(
        success=False, message="1 of 3 failed", passed=2, failed=1, skipped=0, failing=("test_a",), signature="abc"
    )
    assert driver.outcome(verdict, result=RED) == (
        e.TestCompleted(
            "test-8",
            success=False,
            exit_status=1,
            duration_s=0.123,
            passed=2,
            failed=1,
            skipped=0,
            failing=("test_a",),
            signature="abc",
            artifact="output",
        ),
        e.FailureDetected("check", "test_failed", "1 of 3 failed", "abc"),
        e.ExecutionPaused("failure", "check"),
    )
    assert driver.mission.last_test is not None
    assert driver.mission.last_test.failing == ("test_a",)


def test_a_test_that_was_expected_to_fail_completes_its_step_by_failing(drive: Drive) -> None:
    driver = drive("show:test", "more:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    verdict = o.Tested(success=False, message="failed as expected", failed=1, failing=("test_a",), expect="fail")
    completed, step, *_ = driver.outcome(verdict, result=RED)
    assert isinstance(completed, e.TestCompleted)
    assert (completed.success, completed.expect, completed.as_expected) == (False, "fail", True)
    assert step == e.StepCompleted("show", 0, success=True, summary="failed as expected")
    assert driver.mission.last_test is not None
    assert not driver.mission.last_test.success


def test_a_test_that_was_expected_to_fail_and_passed_fails_the_mission(drive: Drive) -> None:
    driver = drive("show:test", "more:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    verdict = o.Tested(success=True, message="it passed", passed=1, expect="fail")
    completed, failure, _ = driver.outcome(verdict, result=CommandResult("exited", 0, 0.1))
    assert isinstance(completed, e.TestCompleted)
    assert (completed.success, completed.expect, completed.as_expected) == (True, "fail", False)
    assert isinstance(failure, e.FailureDetected)
    assert (failure.kind, failure.message) == ("test_passed", "it passed")


def test_a_test_that_could_not_be_judged_is_on_record_as_one_that_did_not_succeed(drive: Drive) -> None:
    driver = drive("check:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    completed, failure, _ = driver.outcome(o.Failed("timed_out", "it took too long"), result=RED)
    assert completed == e.TestCompleted("test-8", success=False, exit_status=1, duration_s=0.123, artifact="output")
    assert isinstance(failure, e.FailureDetected)
    assert failure.kind == "timed_out"


@pytest.mark.parametrize("what", ["completes", "proposes a change", "runs another"])
def test_the_end_of_a_command_is_on_record_before_what_the_stage_makes_of_it(drive: Drive, what: str) -> None:
    driver = drive("ship:deploy")
    driver(c.ProposeCommand(CommandSpec(("make",)), "digest", "command", covered=True))
    assert driver.events[-1] == e.CommandStarted("command-8", ("make",), "ship")
    reports: dict[str, c.Command] = {
        "completes": c.RecordOutcome(o.Completed("shipped"), WRITING, result=EXITED),
        "proposes a change": propose(change_set_of("a.py"), result=EXITED),
        "runs another": c.ProposeCommand(CommandSpec(("ls",)), "other", "command", covered=True, result=EXITED),
    }
    ended, *rest = driver(reports[what])
    assert ended == e.CommandCompleted("command-8", 0, 0.25, "output")
    assert rest
    assert driver.mission.active is None or driver.mission.active.command is None or what == "runs another"


def test_a_verdict_without_a_test_fails_the_step(drive: Drive) -> None:
    driver = drive("check:test")
    failure, _ = driver.outcome(o.Tested(success=True, message="all is well"))
    assert isinstance(failure, e.FailureDetected)
    assert (failure.kind, failure.message) == ("stage_error", "stage test gave a verdict, and had not run a test")


def test_a_verdict_on_a_command_that_was_not_run_as_a_test_fails_the_step(drive: Drive) -> None:
    driver = drive("ship:deploy")
    driver(c.ProposeCommand(PYTEST, "digest", "command", covered=True))
    events = driver.outcome(o.Tested(success=True, message="all is well"), result=EXITED)
    assert _types(events) == ["command_completed", "failure_detected", "execution_paused"]
    assert driver.mission.last_test is None


@pytest.mark.parametrize("outcome", [o.ProposeChange((), "a change"), o.RunCommand(("make",))])
def test_changes_and_commands_come_by_reports_of_their_own(drive: Drive, outcome: o.Outcome) -> None:
    with pytest.raises(AssertionError, match="requests of their own"):
        drive("fix:edit").outcome(outcome)
