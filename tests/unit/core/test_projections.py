"""The read models: where a mission stands as an object for scripts, and each event as a sentence."""

from __future__ import annotations

from typing import Any, get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import Change, ChangeSet, Risk, RiskLevel, Version
from mission_fsm.core.decide import create, decide
from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.projections import status
from mission_fsm.core.replies import CommandSpec
from mission_fsm.core.sentences import SENTENCES, command_in_words, sentence

PLAN = Plan(
    goal="sizes roll over",
    digest="d" * 64,
    steps=(Step("find", "Find it", "retrieve"), Step("fix", "Fix it", "edit"), Step("check", "Test it", "test")),
)
WRITES = frozenset({"edit", "repair"})
DONE = c.RecordOutcome(o.Completed("done"), WRITES)


def created() -> Mission:
    return create("m1", PLAN, "/workspace", source=None, by="ada").mission


def after(mission: Mission, *commands: c.Command) -> Mission:
    for command in commands:
        mission = decide(mission, command).mission
    return mission


def started() -> Mission:
    return after(created(), c.Approve("ada", "api"), c.Start(WRITES))


def proposal() -> c.ProposeDiff:
    change = Change("a.py", None, Version("file", 0o644, "b" * 64, 3), added=1)
    return c.ProposeDiff(
        change_set=ChangeSet((change,), "c" * 64),
        artifact="a" * 64,
        summary="adds a.py",
        risk=Risk(RiskLevel.LOW),
        final=True,
        writing_stages=WRITES,
    )


def step_statuses(mission: Mission) -> list[str]:
    return [step["status"] for step in status(mission)["steps"]]


def test_a_new_mission_waits_for_the_approval_of_its_plan_with_every_step_pending() -> None:
    assert status(created()) == {
        "mission_id": "m1",
        "state": "idle",
        "plan_digest": "d" * 64,
        "step_index": 0,
        "steps": [
            {"step_id": "find", "stage": "retrieve", "status": "pending", "attempts": 0},
            {"step_id": "fix", "stage": "edit", "status": "pending", "attempts": 0},
            {"step_id": "check", "stage": "test", "status": "pending", "attempts": 0},
        ],
        "pending": {
            "approval_id": "approval-2",
            "kind": "plan",
            "digest": "d" * 64,
            "summary": "sizes roll over (3 steps)",
            "risk_level": None,
            "rules": [],
            "expires_at": None,
            "command": None,
            "scope_contract": None,
        },
        "failure": None,
        "wants": None,
        "sequence": 2,
        "edits": [],
        "grants": [],
        "widened": None,
    }


def test_the_step_at_the_cursor_is_in_the_state_of_the_mission() -> None:
    running = started()
    assert step_statuses(running) == ["running", "pending", "pending"]
    waiting = after(running, DONE, proposal())
    assert step_statuses(waiting) == ["completed", "awaiting_approval", "pending"]
    assert step_statuses(after(waiting, c.Reject("ada", "api", "no"))) == ["completed", "paused", "pending"]
    failed = after(waiting, c.Approve("ada", "api"), c.ReportFailure("conflict", "a.py has changed"))
    assert step_statuses(failed) == ["completed", "failed", "pending"]
    assert step_statuses(after(failed, c.Stop("ada"))) == ["completed", "stopped", "pending"]
    assert step_statuses(after(running, DONE, DONE, DONE)) == ["completed"] * 3


def test_no_step_of_a_mission_that_was_stopped_before_it_started_is_stopped() -> None:
    assert step_statuses(after(created(), c.Stop("ada"))) == ["pending"] * 3


def test_what_is_pending_and_what_failed_are_told_in_full() -> None:
    waiting = after(started(), DONE, proposal())
    assert status(waiting)["pending"] == {
        "approval_id": waiting.pending and waiting.pending.approval_id,
        "kind": "diff",
        "digest": "c" * 64,
        "summary": "adds a.py",
        "risk_level": "low",
        "rules": [],
        "expires_at": None,
        "command": None,
        "scope_contract": None,
    }
    failed = after(started(), c.RecordOutcome(o.Failed("not_found", "no such thing", "s1"), WRITES))
    words = {"kind": "not_found", "message": "no such thing", "signature": "s1"}
    assert status(failed)["failure"] == {**words, "rollback_to": None, "artifact": None}


def test_a_command_that_waits_is_told_in_full() -> None:
    spec = CommandSpec(("make", "a b"), "sub", {"CC": "cc"}, 60, "out/*.xml", isolated=True)
    waiting = after(started(), DONE, c.ProposeCommand(spec, "e" * 64, "test", covered=False))
    pending = status(waiting)["pending"]
    assert pending is not None
    assert pending["command"] == {
        "argv": ["make", "a b"],
        "cwd": "sub",
        "env": {"CC": "cc"},
        "timeout_s": 60,
        "isolated": True,
        "report": "out/*.xml",
        "sandbox": "off",
        "network": False,
    }


def test_a_command_in_words_hides_nothing_and_forges_no_line() -> None:
    assert command_in_words(CommandSpec(("pytest", "-q"))) == ["$ pytest -q", "in ., at most 600 s", "in no sandbox"]
    spec = CommandSpec(("a", "b\nc"), "my  sub", {"X": "1\x1b[2J", "Y": "a b"}, 60, "*.xml", isolated=True)
    assert command_in_words(spec) == [
        "$ a 'b",
        "> c'",
        "in 'my  sub' of a copy of the workspace, at most 60 s",
        "with X='1⟦U+001B⟧[2J'",
        "with Y='a b'",
        "in no sandbox",
        "its reports are read from '*.xml'",
    ]
    proposed = recorded(e.CommandProposed("s", "d", spec, "test", covered=False))
    assert "in 'my sub' of a copy of the workspace" in sentence(proposed)


def test_attempts_count_each_try_of_a_step() -> None:
    failed = after(started(), c.ReportFailure("odd", "it failed"))
    again = after(failed, c.Retry("ada"), c.BeginStep(WRITES))
    assert status(again)["steps"][0]["attempts"] == 2


def recorded(event: e.Event) -> e.Recorded:
    return e.Recorded("m1", 1, e.type_of(type(event)), 1, "2024-01-01T00:00:00Z", "none", event, "", "")


def any_event(event_class: Any) -> st.SearchStrategy[e.Event]:
    """Events of that class with values of the right type and nothing else about them right."""
    attrs.resolve_types(event_class)
    types = {field.name: field.type for field in attrs.fields(event_class) if field.name != "evidence"}
    return st.builds(event_class, **{name: st.from_type(kind) for name, kind in types.items()})


@pytest.mark.parametrize("event_class", get_args(e.Event))
@settings(max_examples=20)
@given(data=st.data())
def test_every_event_has_a_sentence_that_fits_on_one_line_and_is_safe_to_show(
    event_class: type, data: st.DataObject
) -> None:
    words = sentence(recorded(data.draw(any_event(event_class))))
    assert words
    assert words.isprintable()


def test_there_is_a_sentence_for_every_event_and_for_nothing_else() -> None:
    assert set(SENTENCES) == set(get_args(e.Event))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (e.StepStarted("fix", 1, "Fix it", "edit", 2), "step fix began (edit, attempt 2): Fix it"),
        (
            e.ApprovalRequested("approval-9", "diff", "c", "adds a.py", risk_level="high"),
            "approval is needed for the diff (high risk): adds a.py",
        ),
        (
            e.ApprovalResolved("approval-9", "diff", "rejected", "ada", "terminal", "c", reason="too much"),
            "the diff was rejected by ada: too much",
        ),
        (
            e.ApprovalResolved("approval-9", "diff", "approved", "ada", "grant", "c", reason="edit:src/**"),
            "the diff was approved by ada by the grant edit:src/**",
        ),
        (e.ExecutionPaused("awaiting_diff_approval", "fix"), "paused at step fix: awaiting diff approval"),
        (
            e.CheckpointSecured("checkpoint-4", ("a.py",), 12, "f", scope="rollback", target="checkpoint-2"),
            "checkpoint-4 is secured (1 file, 12 bytes), to roll back to checkpoint-2",
        ),
        (
            e.TestCompleted(
                "test-5",
                success=False,
                exit_status=1,
                duration_s=0.25,
                passed=6,
                failed=1,
                skipped=0,
                failing=("t.test_a",),
            ),
            "the test failed (6 passed, 1 failed, exit status 1, 0.2 s): t.test_a",
        ),
        (
            e.TestCompleted("test-5", success=False, exit_status=1, duration_s=0.25, expect="fail"),
            "the test failed as expected (exit status 1, 0.2 s)",
        ),
        (
            e.TestCompleted("test-5", success=True, exit_status=0, duration_s=0.25, expect="fail"),
            "the test passed, though it was expected to fail (exit status 0, 0.2 s)",
        ),
        (
            e.DiffApplied("diff-1", "checkpoint-1", ("a", "b", "c", "d", "e"), "d"),
            "the change was applied to a, b, c and 2 more",
        ),
        (e.Final(success=True, steps_completed=1, duration_s=1.25), "mission complete: 1 step in 1.2 s"),
    ],
)
def test_a_sentence_says_what_happened(event: e.Event, words: str) -> None:
    assert sentence(recorded(event)) == words


def test_a_terminal_cannot_be_acted_on_through_a_sentence() -> None:
    words = sentence(recorded(e.InputRequested("fix", "erase\x1b[2J\nthis")))
    assert words == "step fix needs input: erase⟦U+001B⟧[2J this"
