"""What the approval of a plan covers: the commands in it, run as it says, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from mission_fsm.core.events import MissionCreated
from mission_fsm.core.evolve import begin
from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.replies import CommandSpec
from mission_fsm.runner.coverage import is_covered
from mission_fsm.runner.digests import command_digest


def _mission(**options: Any) -> Mission:
    plan = Plan("goal", (Step("check", "Run the tests", "test", options={"run": ["make"], **options}),), "d" * 64)
    return begin("m", plan, MissionCreated("goal", "d" * 64, "/w", "ada"))


@pytest.mark.parametrize(
    ("told", "asked", "covered"),
    [
        ({}, ("auto", False), True),
        ({}, ("off", False), False),
        ({}, ("auto", True), False),
        ({"sandbox": "off"}, ("off", False), True),
        ({"sandbox": "required"}, ("auto", False), False),
        ({"sandbox": "required", "network": True}, ("required", True), True),
        ({"sandbox": "required", "network": True}, ("required", False), False),
    ],
)
def test_a_command_is_covered_in_the_sandbox_of_its_step_and_with_its_network_alone(
    told: dict[str, object],
    asked: tuple[str, bool],
    covered: bool,  # noqa: FBT001 - of a table
) -> None:
    sandbox, network = asked
    assert is_covered(_mission(**told), CommandSpec(("make",), sandbox=sandbox, network=network)) is covered


def test_the_digest_of_a_command_binds_its_sandbox_and_its_network() -> None:
    mission = _mission()
    told = [(how, network) for how in ("auto", "required") for network in (False, True)]
    specs = [CommandSpec(("make",), sandbox=how, network=network) for how, network in (*told, ("off", False))]
    assert len({command_digest(mission, spec) for spec in specs}) == len(specs)


def test_the_digest_of_a_command_in_no_sandbox_is_what_it_was_before_there_were_any() -> None:
    digest = command_digest(_mission(), CommandSpec(("make",)))
    assert digest == "aa0527251363c9e907cdab8bc5cd9f6e522ad8222987593ad83e391929808ea7"
