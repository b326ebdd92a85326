"""Requests to a mission that is running, from its own process (a signal) or from another (the journal's inbox).

They are looked at at safe points: between two effects, and while a command runs or a model is waited for. What asks for
an end is left to the loop, which comes to one there; a grant is revoked at once, and the mission runs on.
"""

from __future__ import annotations

import json
import time

from mission_fsm.converter import converter
from mission_fsm.core.commands import Pause, RevokeGrant, Stop
from mission_fsm.core.decide import decide
from mission_fsm.errors import MissionError
from mission_fsm.runner.session import Session

# Sooner than a person notices, and seldom beside a step of a fraction of a millisecond.
LOOK_EVERY_S = 0.01

Interruption = Pause | Stop
Request = Interruption | RevokeGrant

_CLASSES: dict[str, type[Pause] | type[Stop] | type[RevokeGrant]] = {
    "pause": Pause,
    "stop": Stop,
    "revoke": RevokeGrant,
}
_NAMES = {cls: name for name, cls in _CLASSES.items()}

NOT_UNDERSTOOD = Pause("a request of another version", "not_understood")
"""What is done where a request cannot be read: its sender finds the mission paused, and can do it by itself."""


def to_text(request: Request) -> str:
    """The request as it is left in the inbox."""
    return json.dumps({"request": _NAMES[type(request)], **converter.unstructure(request)})


def from_text(text: str) -> Request:
    """The request that was left in the inbox."""
    try:
        values = json.loads(text)
        return converter.structure(values, _CLASSES[values.pop("request")])
    except Exception:  # whatever is wrong with it: those beside it are not lost, and the mission does not go on
        return NOT_UNDERSTOOD


def heed_inbox(session: Session) -> list[Interruption]:
    """Revoke the grants that were asked to be, and give what else was asked of the mission: to pause, or to stop."""
    requests = [from_text(text) for text in session.store.take(session.lease)]
    for request in requests:
        if isinstance(request, RevokeGrant) and _is_granted(session, request):
            session.decide(request)
    return [request for request in requests if not isinstance(request, RevokeGrant)]


def _is_granted(session: Session, request: RevokeGrant) -> bool:
    """Whether it can be done. Whoever asked finds out by himself that, and why, it cannot."""
    try:
        decide(session.mission, request)
    except MissionError:
        return False
    return True


class Control:
    """What is asked of the mission that this runner runs. A stop outranks a pause."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._wanted: Interruption | None = None
        self._look_again = 0.0

    def ask(self, request: Interruption) -> None:
        """Ask from within the process; safe in a signal handler, because it only assigns."""
        if not isinstance(self._wanted, Stop):
            self._wanted = request

    def look_anew(self) -> None:
        """Look into the inbox next time in any case: somebody in this thread may have taken notice for another run."""
        self._look_again = 0.0

    def wanted(self) -> Interruption | None:
        """What is asked, if anything is, as of the last few milliseconds: so quick steps do not look each time."""
        now = time.monotonic()
        if now >= self._look_again:
            first = self._look_again == 0.0
            self._look_again = now + LOOK_EVERY_S
            if first or self.session.store.changed():
                for request in heed_inbox(self.session):
                    self.ask(request)
        return self._wanted
