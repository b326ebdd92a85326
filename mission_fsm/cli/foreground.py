"""Carrying a mission on in the foreground, through the gates that a person decides, to where it rests."""

from __future__ import annotations

from mission_fsm.cli import gate
from mission_fsm.cli.interruption import heeding_signals
from mission_fsm.cli.invocation import Invocation
from mission_fsm.cli.progress import Silent
from mission_fsm.cli.rest import exit_status, report
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine


def carry_on(invocation: Invocation, engine: Engine, mission_id: str, told: Silent) -> int:
    """Run the mission to where it rests, say where that is, and give the exit status for it."""
    mission = _run(engine, mission_id, told)
    while mission.state is State.AWAITING_APPROVAL and invocation.may_ask:
        mission = gate.decide(engine, mission)
        if mission.state is not State.RUNNING:
            break
        mission = _run(engine, mission_id, told)
    return came_to(invocation, engine, mission)


def came_to(invocation: Invocation, engine: Engine, mission: Mission) -> int:
    """Say where the mission stands, and give the exit status for it."""
    report(engine, mission, as_json=invocation.as_json)
    return exit_status(mission)


def recorded(invocation: Invocation, engine: Engine, mission: Mission) -> int:
    """Say where the mission stands after a command that did what it says."""
    report(engine, mission, as_json=invocation.as_json)
    return 0


def _run(engine: Engine, mission_id: str, told: Silent) -> Mission:
    with heeding_signals(engine) as interruptions:
        with told.working():
            mission = engine.run(mission_id)
        if mission.state not in FINAL and interruptions.second_comes():
            mission = engine.stop(mission_id, "interrupted")
    return mission
