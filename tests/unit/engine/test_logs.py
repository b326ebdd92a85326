"""One structlog event for each transition, after it is durable, wherever the host wants its logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from mission_fsm import Engine, State

Steps = dict[str, dict[str, Any]]


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What a host's own structlog configuration is given."""
    kept: list[dict[str, Any]] = []

    def keep(_: Any, __: str, event: Any) -> Any:
        kept.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield kept
    structlog.reset_defaults()


def test_every_transition_is_one_line_with_where_it_led(
    engine: Engine, approved: Callable[..., str], steps: Steps, lines: list[dict[str, Any]]
) -> None:
    mission_id = approved(steps["fix"], steps["check"], grants=("edit",))
    assert engine.run(mission_id).state is State.COMPLETE
    assert [(line["trigger"], line["from"], line["to"]) for line in lines] == [
        ("approve", "idle", "idle"),
        ("start", "idle", "running"),
        ("advance", "running", "running"),
        ("request_approval", "running", "awaiting_approval"),
        ("approve", "awaiting_approval", "running"),
        ("advance", "running", "running"),
        ("advance", "running", "running"),
        ("advance", "running", "running"),
        ("finish", "running", "complete"),
    ]
    assert {line["event"] for line in lines} == {"transition"}
    assert {line["mission_id"] for line in lines} == {mission_id}
    sequences = [line["sequence"] for line in lines]
    assert sequences == sorted(sequences)
    assert sequences[-1] == engine.state(mission_id).sequence
    assert [line["step_id"] for line in lines if line["trigger"] == "advance"] == ["fix", "fix", "check", "check"]


def test_a_line_is_written_only_once_its_event_is_durable(
    engine: Engine, approved: Callable[..., str], steps: Steps
) -> None:
    ahead: list[int] = []

    def look(_: Any, __: str, event: Any) -> Any:
        if event["sequence"] > max(entry.sequence for entry in engine.events(event["mission_id"])):
            ahead.append(event["sequence"])
        raise structlog.DropEvent

    structlog.configure(processors=[look])
    try:
        engine.run(approved(steps["check"]))
    finally:
        structlog.reset_defaults()
    assert ahead == []


def test_without_a_configuration_the_library_prints_nothing_and_a_standard_logger_has_the_lines(
    engine: Engine,
    approved: Callable[..., str],
    steps: Steps,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    mission_id = approved(steps["find"])
    with caplog.at_level(logging.INFO, logger="mission_fsm"):
        engine.run(mission_id)
    assert any("trigger='start'" in record.getMessage() for record in caplog.records)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
