"""The flow of events that hosts rely on, pinned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mission_fsm import Engine, State


def test_a_plan_that_finds_edits_tests_and_completes_records_these_events_in_this_order(
    engine: Engine, workspace: Path, approved: Callable[..., str], steps: dict[str, dict[str, object]]
) -> None:
    mission_id = approved(steps["find"], steps["fix"], steps["check"])

    mission = engine.run(mission_id)
    assert mission.state is State.AWAITING_APPROVAL
    assert mission.pending is not None
    engine.approve(mission_id, digest=mission.pending.digest)
    mission = engine.run(mission_id)

    assert mission.state is State.COMPLETE
    assert (workspace / "double.py").read_text() == "def double(n):\n    return n + n\n"
    assert [entry.type for entry in engine.events(mission_id)] == [
        "mission_created",
        "approval_requested",
        "approval_resolved",
        "mission_started",
        "step_started",
        "stage_changed",
        "retrieval_started",
        "retrieval_completed",
        "step_completed",
        "step_started",
        "stage_changed",
        "checkpoint_created",
        "diff_proposed",
        "approval_requested",
        "execution_paused",
        "approval_resolved",
        "execution_resumed",
        "checkpoint_secured",
        "diff_applied",
        "step_completed",
        "step_started",
        "stage_changed",
        "command_proposed",
        "test_started",
        "test_completed",
        "step_completed",
        "final",
    ]


def test_events_are_numbered_from_one_without_gaps_and_each_holds_the_hash_of_the_one_before(
    engine: Engine, approved: Callable[..., str], steps: dict[str, dict[str, object]]
) -> None:
    mission_id = approved(steps["check"])
    engine.run(mission_id)
    entries = list(engine.events(mission_id))
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0].previous_hash == "0" * 64
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]


def test_the_stage_of_an_event_is_the_one_that_was_announced_last(
    engine: Engine, approved: Callable[..., str], steps: dict[str, dict[str, object]]
) -> None:
    mission_id = approved(steps["find"], steps["check"])
    engine.run(mission_id)
    stages = {entry.type: entry.stage for entry in engine.events(mission_id)}
    assert stages["mission_started"] == "none"
    assert stages["retrieval_started"] == "retrieve"
    assert stages["test_completed"] == "test"
