"""Carrying a mission on in the foreground, through the gates that a person decides, to where it rests."""

from __future__ import annotations

from mission_fsm.cli import gate
from mission_fsm.cli.interruption import Interruptions, heeding_signals
from mission_fsm.cli.invocation import Invocation
from mission_fsm.cli.progress import Silent
from mission_fsm.cli.rest import exit_status, report
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine


def carry_on(invocation: Invocation, engine: Engine, mission_id: str, told: Silent, *, take_over: bool = False) -> int:
    """Run the mission to where it rests, say where that is, and give the exit status for it.

    take_over: also from a runner that lives.
    """
    with heeding_signals(engine) as signals:
        mission = _run(engine, mission_id, told, take_over=take_over)
        while mission.state is State.AWAITING_APPROVAL and invocation.may_ask and not signals.came:
            mission = gate.decide(engine, mission, signals)
            if mission.state is not State.RUNNING:
                break
            mission = _run(engine, mission_id, told)
        mission = _settled(engine, mission, signals)
    return came_to(invocation, engine, mission)


def decide_plan(engine: Engine, mission: Mission) -> Mission:
    """Have a person decide on the plan, which is shown already."""
    # Nothing runs yet that could be paused.
    with heeding_signals(engine, "leaving the plan to wait") as signals:
        return _settled(engine, gate.decide(engine, mission, signals), signals)


def came_to(invocation: Invocation, engine: Engine, mission: Mission) -> int:
    """Say where the mission stands, and give the exit status for it."""
    report(engine, mission, as_json=invocation.as_json)
    return exit_status(mission)


def recorded(invocation: Invocation, engine: Engine, mission: Mission) -> int:
    """Say where the mission stands after a command that did what it says."""
    report(engine, mission, as_json=invocation.as_json)
    return 0


def _run(engine: Engine, mission_id: str, told: Silent, *, take_over: bool = False) -> Mission:
    with told.working():
        return engine.run(mission_id, take_over=take_over)


def _settled(engine: Engine, mission: Mission, signals: Interruptions) -> Mission:
    """Do what the signals ask of a mission that had come to rest, or waits at a gate."""
    if signals.came and mission.state is State.AWAITING_APPROVAL:
        mission = engine.pause(mission.mission_id)
    if mission.state not in FINAL and signals.second_comes():
        mission = engine.stop(mission.mission_id, "interrupted")
    return mission
