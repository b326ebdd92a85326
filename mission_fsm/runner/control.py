"""Requests to a mission that is running, from its own process (a signal) or from another (the journal's inbox).

They are looked at at safe points: between two effects, and while a command runs.
"""

from __future__ import annotations

import json
import threading
import time

from mission_fsm.converter import converter
from mission_fsm.core.commands import Pause, Stop
from mission_fsm.errors import UsageError
from mission_fsm.journal.store import Lease, Store

# Sooner than a person notices, and seldom beside a step of a fraction of a millisecond.
LOOK_EVERY_S = 0.01

Interruption = Pause | Stop

_CLASSES: dict[str, type[Pause] | type[Stop]] = {"pause": Pause, "stop": Stop}
_NAMES = {cls: name for name, cls in _CLASSES.items()}


def to_text(request: Interruption) -> str:
    """The request as it is left in the inbox."""
    return json.dumps({"request": _NAMES[type(request)], **converter.unstructure(request)})


def from_text(text: str) -> Interruption:
    """The request that was left in the inbox. Raises UsageError where it is none."""
    values = json.loads(text)
    request_class = _CLASSES.get(values.pop("request", None))
    if request_class is None:
        raise UsageError(f"the inbox holds a request that is not understood: {text}")
    return converter.structure(values, request_class)


class Control:
    """What is asked of the mission that this runner runs. A stop outranks a pause."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self.mission_id = lease.mission_id
        self.thread = threading.get_ident()
        self._store, self._lease = store, lease
        self._wanted: Interruption | None = None
        self._look_again = 0.0

    def is_own(self, mission_id: str) -> bool:
        """Whether the calling thread is the one that runs that mission under this control."""
        return (self.mission_id, self.thread) == (mission_id, threading.get_ident())

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
            if first or self._store.changed():
                for text in self._store.take(self._lease):
                    self.ask(from_text(text))
        return self._wanted
