"""One runner's hold on one mission: decide, append, and only then believe it and tell others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from mission_fsm.core.commands import Command
from mission_fsm.core.decide import Decision, decide
from mission_fsm.core.events import Recorded
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import Mission, State
from mission_fsm.journal.store import Lease, Standing, Store
from mission_fsm.logs import log_transitions
from mission_fsm.runner.loading import Loaded, snapshot_state

# A reader folds at most about this many events after the last snapshot.
SNAPSHOT_EVERY = 100

Listener = Callable[[Recorded, Mission], None]
Teller = Callable[[Sequence[Recorded], Mission], None]
Clock = Callable[[], str]


def standing_of(mission: Mission) -> Standing:
    """How the mission is listed; one that has started keeps its workspace until it has ended."""
    holds = mission.state is not State.IDLE and mission.state not in FINAL
    return Standing(mission.state.value, holds_workspace=holds)


class Session:
    """A mission under a lease. Its state is only ever what is durable."""

    def __init__(self, store: Store, lease: Lease, clock: Clock, tell: Teller, loaded: Loaded) -> None:
        self.store = store
        self.lease = lease
        self.clock = clock
        self._tell = tell
        self._untold: list[tuple[Sequence[Recorded], Mission]] = []
        self._thread = threading.get_ident()
        self._loaded = loaded

    @property
    def mission(self) -> Mission:
        """The mission as its durable events leave it."""
        return self._loaded.mission

    @property
    def loaded(self) -> Loaded:
        """The same, with where it stands in the journal."""
        return self._loaded

    def is_own(self, mission_id: str) -> bool:
        """Whether the calling thread is the one that holds that mission in this session."""
        return (self.lease.mission_id, self._thread) == (mission_id, threading.get_ident())

    def decide(self, command: Command, blobs: Mapping[str, bytes] | None = None) -> Mission:
        """Decide, append what it comes to in one commit, and move on to the mission after it.

        Raises Refused where the lifecycle says no, JournalError where nothing could be written; the mission
        has then not moved.
        """
        decision = decide(self.mission, command)
        self._append(decision, blobs)
        return self.mission

    def _append(self, decision: Decision, blobs: Mapping[str, bytes] | None) -> None:
        before, after = self._loaded, decision.mission
        due = after.sequence - before.snapshot_at >= SNAPSHOT_EVERY
        recorded = self.store.append(
            self.lease,
            before.mission.sequence,
            decision.events,
            time=self.clock(),
            stage=before.mission.stage,
            standing=standing_of(after),
            blobs=blobs,
            snapshot_state=snapshot_state(after) if due else None,
        )
        head = recorded[-1].hash if recorded else before.head
        self._loaded = Loaded(after, head, after.sequence if due else before.snapshot_at)
        log_transitions(after.mission_id, decision.transitions)
        self._untold.append((recorded, after))
        if len(self._untold) == 1:
            self._tell_all()

    def _tell_all(self) -> None:
        """Tell what is untold, in order; and so what those who are told decide themselves, once all know the former."""
        raised: list[BaseException] = []
        while self._untold:
            try:
                self._tell(*self._untold[0])
            except BaseException as error:
                raised.append(error)
            del self._untold[0]
        if raised:
            raise raised[0]
