"""The only loop: while the mission runs, do what was asked from outside, or else the next effect."""

from __future__ import annotations

from mission_fsm.core.commands import Pause, Stop
from mission_fsm.core.lifecycle import rows
from mission_fsm.core.mission import Mission, State
from mission_fsm.errors import OverQuota
from mission_fsm.runner.control import Control
from mission_fsm.runner.effects import Effects
from mission_fsm.runner.quota import OVER_QUOTA
from mission_fsm.runner.rollback import roll_back_as_planned
from mission_fsm.runner.session import Session


def run(session: Session, effects: Effects, control: Control) -> Mission:
    """Run to the next gate, pause, failure or end, and give the mission as it came to rest there.

    Raises OverQuota where it came to rest, paused, because there is no room for what would come next.
    """
    while session.mission.state is State.RUNNING:
        wanted = control.wanted()
        if wanted is not None:
            session.decide(wanted)
            break
        try:
            effects.act()
        except OverQuota as refusal:
            session.decide(Pause("quota", OVER_QUOTA))
            effects.timekeeper.note()
            raise OverQuota(f"mission {session.mission.mission_id} is paused: {refusal}") from refusal
        effects.timekeeper.note()
    effects.timekeeper.note()
    roll_back_as_planned(session, effects.pen)
    return _heed_at_rest(session, control)


def _heed_at_rest(session: Session, control: Control) -> Mission:
    """What was asked while the mission came to rest is done there, where the lifecycle allows it."""
    wanted = control.wanted()
    trigger = "stop" if isinstance(wanted, Stop) else "pause"
    if wanted is None or not rows(trigger, session.mission.state):
        return session.mission
    return session.decide(wanted)
