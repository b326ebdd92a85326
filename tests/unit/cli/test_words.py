"""How things are said: diffs in colour, risks by their rules, and where a mission came to rest."""

from __future__ import annotations

import click
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.cli.diffs import coloured
from mission_fsm.cli.rest import exit_status, standing
from mission_fsm.cli.words import one_line, request_in_words, risk_in_words
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.changes import RiskLevel
from mission_fsm.core.events import MissionCreated
from mission_fsm.core.evolve import begin
from mission_fsm.core.mission import Active, ProposedCommand, State
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.replies import CommandSpec
from mission_fsm.core.risk import LARGE, RULES
from mission_fsm.core.text import visible_diff


@given(st.text())
def test_colour_changes_nothing_of_a_diff_but_its_looks(text: str) -> None:
    assert click.unstyle(coloured(text)) == visible_diff(text)


def test_each_kind_of_line_of_a_diff_has_its_colour() -> None:
    for line, code in (("+new", "32"), ("-old", "31"), ("@@ -1 +1 @@", "36"), ("--- a/x", "1"), ("+++ b/x", "1")):
        assert coloured(f"{line}\n") == f"\x1b[{code}m{line}\x1b[0m\n"
    assert click.unstyle(coloured(" same\n")) == " same\n"


@given(st.text())
def test_one_line_is_one_line_that_prints(text: str) -> None:
    assert one_line(text).isprintable()


def test_a_risk_is_explained_by_each_of_its_rules() -> None:
    rules = (*RULES, LARGE)
    said = click.unstyle(risk_in_words(RiskLevel.HIGH, tuple(rule.id for rule in rules)))
    assert said.startswith("high risk: ")
    assert all(f"{rule.says} ({rule.id})" in said for rule in rules)
    assert click.unstyle(risk_in_words(RiskLevel.LOW, ())) == "low risk"


@pytest.mark.parametrize(
    ("state", "decision", "status"),
    [
        (State.COMPLETE, "approved", 0),
        (State.IDLE, "pending", 3),
        (State.IDLE, "approved", 0),
        (State.IDLE, "rejected", 7),
        (State.AWAITING_APPROVAL, "approved", 3),
        (State.PAUSED, "approved", 4),
        (State.FAILED, "approved", 5),
        (State.STOPPED, "approved", 6),
    ],
)
def test_the_exit_status_says_where_a_mission_came_to_rest(state: State, decision: str, status: int) -> None:
    plan = Plan("goal", (Step("a", "Do it", "edit"),), "digest")
    mission = begin("m", plan, MissionCreated("goal", "digest", "/w", "ada"))
    assert exit_status(evolve(mission, state=state, plan_decision=decision)) == status


def test_a_command_that_waits_is_told_in_full_at_the_gate_and_where_its_mission_rests() -> None:
    plan = Plan("goal", (Step("a", "Do it", "test"),), "digest")
    spec = CommandSpec(("make", "it"), "sub", {"CC": "gcc -O2"}, 60, isolated=True)
    mission = evolve(
        begin("m", plan, MissionCreated("goal", "digest", "/w", "ada")),
        state=State.AWAITING_APPROVAL,
        active=Active(0, "a", 1, "test", command=ProposedCommand("d", spec, "test")),
        pending=Request("approval-1", ApprovalKind.COMMAND, "d", "make it (Makefile is there)"),
    )
    told = [
        "command: make it (Makefile is there)",
        "$ make it",
        "in sub of a copy of the workspace, at most 60 s",
        "with CC='gcc -O2'",
        "in no sandbox",
        "digest d",
    ]
    assert [click.unstyle(line) for line in request_in_words(mission)] == told
    assert [line.strip() for line in click.unstyle(standing(mission)).splitlines()[1:]] == told
