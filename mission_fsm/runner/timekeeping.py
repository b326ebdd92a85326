"""How long a mission has been at work, where its scope contract limits that: what it waits for people is left out.

It is put on record with each step, and when the mission comes to rest; of a runner that was killed, the time since is
not counted.
"""

from __future__ import annotations

import time

from mission_fsm.core.commands import NoteTime
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import State
from mission_fsm.runner.session import Session


class Timekeeper:
    """Keeps the time of one run of a mission, from when it is made."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._began = time.monotonic()
        self._before_s = session.mission.spent_s
        self._noted_at = session.mission.cursor

    def spent_s(self) -> float:
        """Seconds at work, all runs together."""
        return self._before_s + time.monotonic() - self._began

    def is_up(self) -> bool:
        """Whether the mission has been at work for as long as it may."""
        most = self._session.mission.scope.max_time_s
        return most is not None and self.spent_s() >= most

    def note(self) -> None:
        """Put the time on record where it is limited, and a step was completed, or the mission has come to rest."""
        mission = self._session.mission
        if mission.scope.max_time_s is None or mission.state in FINAL:
            return
        if mission.cursor != self._noted_at or mission.state is not State.RUNNING:
            self._noted_at = mission.cursor
            self._session.decide(NoteTime(round(self.spent_s(), 3)))
