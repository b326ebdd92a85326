"""One runner's hold on one mission: decide, append, and only then believe it and tell others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mission_fsm.core.commands import Command
from mission_fsm.core.decide import Decision, decide
from mission_fsm.core.events import Recorded
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import Mission, State
from mission_fsm.journal.store import Lease, Standing, Store
from mission_fsm.logs import log_transitions
from mission_fsm.runner.loading import load_mission, snapshot_state

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

    def __init__(
        self, store: Store, lease: Lease, clock: Clock, tell: Callable[[Sequence[Recorded], Mission], None]
    ) -> None:
        self.store = store
        self.lease = lease
        self.clock = clock
        self._tell = tell
        self.mission, self._snapshot_at = load_mission(store, lease.mission_id)

    def decide(self, command: Command, blobs: Mapping[str, bytes] | None = None) -> Mission:
        """Decide, append what it comes to in one commit, and move on to the mission after it.

        Raises Refused where the lifecycle says no, JournalError where nothing could be written; the mission
        has then not moved.
        """
        decision = decide(self.mission, command)
        self._append(decision, blobs)
        return self.mission

    def _append(self, decision: Decision, blobs: Mapping[str, bytes] | None) -> None:
        before, after = self.mission, decision.mission
        due = after.sequence - self._snapshot_at >= SNAPSHOT_EVERY
        recorded = self.store.append(
            self.lease,
            before.sequence,
            decision.events,
            time=self.clock(),
            stage=before.stage,
            standing=standing_of(after),
            blobs=blobs,
            snapshot_state=snapshot_state(after) if due else None,
        )
        self.mission = after
        if due:
            self._snapshot_at = after.sequence
        log_transitions(after.mission_id, decision.transitions)
        self._tell(recorded, after)
