"""Errors are told as a sentence, a status and, for scripts, an object."""

from __future__ import annotations

import json

import click
import pytest

from mission_fsm import errors
from mission_fsm.cli.failure import INTERRUPTED, tell

Capture = pytest.CaptureFixture[str]

EXPECTED = [
    (errors.UsageError("no"), 2, "usage_error"),
    (errors.UnknownMission("no"), 2, "unknown_mission"),
    (errors.Held("no"), 7, "held"),
    (errors.Conflict("no", ["a"]), 7, "conflict"),
    (errors.JournalDamaged("no"), 8, "journal_damaged"),
    (errors.JournalError("no"), 1, "journal_error"),
    (errors.PluginError("no"), 1, "plugin_error"),
    (click.UsageError("no"), 2, "usage_error"),
    (click.Abort(), INTERRUPTED, "abort"),
    (KeyboardInterrupt(), INTERRUPTED, "keyboard_interrupt"),
    (ZeroDivisionError("no"), 1, "zero_division_error"),
]


@pytest.mark.parametrize(("error", "status", "kind"), EXPECTED)
def test_an_error_is_one_sentence_and_its_status(
    error: BaseException, status: int, kind: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MISSION_DEBUG", raising=False)
    assert tell(error, as_json=True) == status
    out, err = capsys.readouterr()
    told = json.loads(out)["error"]
    assert (told["kind"], told["exit_status"]) == (kind, status)
    assert err == f"mission: {told['message']}\n"


def test_an_unexpected_error_says_how_to_see_more_and_then_shows_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MISSION_DEBUG", raising=False)
    tell(ZeroDivisionError("by zero"), as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert "ZeroDivisionError: by zero" in err
    assert "MISSION_DEBUG=1" in err
    monkeypatch.setenv("MISSION_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        tell(ZeroDivisionError("by zero"), as_json=False)


def test_what_a_refusal_knows_is_told_to_scripts(capsys: Capture) -> None:
    tell(errors.IllegalTransition("resume", "failed", ["retry", "stop"]), as_json=True)
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["trigger"], told["state"], told["legal"]) == ("resume", "failed", ["retry", "stop"])
    tell(errors.GuardRefused("approve", "decision_fits", "nothing is waiting"), as_json=True)
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["trigger"], told["guard"], told["reason"]) == ("approve", "decision_fits", "nothing is waiting")
    problems = [errors.Problem("goal", 2, "expected text"), errors.Problem("", None, "is odd")]
    tell(errors.InvalidPlan("plan.yaml", problems), as_json=True)
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["problems"] == [
        {"place": "goal", "line": 2, "message": "expected text"},
        {"place": "", "line": None, "message": "is odd"},
    ]


def test_nothing_in_an_error_can_act_on_a_terminal(capsys: Capture) -> None:
    tell(errors.UsageError("bad \x1b]0;owned\x07 name"), as_json=False)
    assert "\x1b" not in capsys.readouterr().err
