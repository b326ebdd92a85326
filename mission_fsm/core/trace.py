"""The way that a mission has taken through the lifecycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import frozen

from mission_fsm.core.events import Event
from mission_fsm.core.evolve import moved
from mission_fsm.core.mission import Mission, State


@frozen
class Trace:
    """The way, and how often each move was made.

    states: those it was in, in order, from the first to where it stands.
    counts: of its moves, by trigger, source and destination.
    """

    mission_id: str
    goal: str
    states: tuple[State, ...]
    counts: Mapping[tuple[str, State, State], int]

    @property
    def state(self) -> State:
        """Where the mission stands."""
        return self.states[-1]


def trace(mission: Mission, events: Iterable[Event]) -> Trace:
    """The way that those events, which follow on the mission as it is given, have taken it."""
    states = [mission.state]
    counts: Counter[tuple[str, State, State]] = Counter()
    for event in events:
        mission, move = moved(mission, event)
        if move is not None:
            counts[move.trigger, states[-1], move.dest] += 1
        if mission.state is not states[-1]:
            states.append(mission.state)
    return Trace(mission.mission_id, mission.plan.goal, tuple(states), dict(counts))
