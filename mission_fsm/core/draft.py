"""A decision in the making: the events so far, and the mission as it stands after them."""

from __future__ import annotations

from mission_fsm.core.events import Event
from mission_fsm.core.evolve import moved
from mission_fsm.core.guards import NO_FACTS, Facts
from mission_fsm.core.lifecycle import next_state
from mission_fsm.core.mission import Active, Mission
from mission_fsm.core.moves import Transition, transition
from mission_fsm.errors import GuardRefused


class Draft:
    """Collects events. Every move is fired on the lifecycle table before its event is emitted."""

    def __init__(self, mission: Mission) -> None:
        self.mission = mission
        self.events: list[Event] = []
        self.transitions: list[Transition] = []

    def fire(self, trigger: str, facts: Facts = NO_FACTS) -> None:
        """Ask the lifecycle for that move. Raises IllegalTransition or GuardRefused."""
        next_state(self.mission, trigger, facts)

    def emit(self, event: Event) -> None:
        """Add an event, and evolve the mission by it."""
        before = self.mission
        self.mission, move = moved(before, event)
        self.events.append(event)
        if move is not None:
            self.transitions.append(transition(before, move, event))

    def new_id(self, prefix: str) -> str:
        """An id for what the next event introduces: unique in its mission, and the same when decided again."""
        return f"{prefix}-{self.mission.sequence + 1}"

    @property
    def active(self) -> Active:
        """The step under way. Raises GuardRefused where none is."""
        if self.mission.active is None:
            raise GuardRefused("advance", "step_is_under_way", "no step is under way")
        return self.mission.active
