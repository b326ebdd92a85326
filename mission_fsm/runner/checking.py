"""The checked replay: a mission's events, and whether deciding again gives just the same ones."""

from __future__ import annotations

from attrs import frozen

from mission_fsm.core.decide import create
from mission_fsm.core.deciding_again import LONGEST, decided_again
from mission_fsm.core.events import ApprovalRequested, MissionCreated
from mission_fsm.core.mission import Mission
from mission_fsm.errors import JournalDamaged
from mission_fsm.journal.store import Store
from mission_fsm.runner.loading import load_plan_of
from mission_fsm.workspace import changeset


@frozen
class CheckedReplay:
    """The mission as its events leave it. decisions: how many were decided again, and gave all of the events."""

    mission: Mission
    decisions: int


def checked_replay(store: Store, mission_id: str) -> CheckedReplay:
    """Decide again all that was decided of the mission, and compare: events, ids and signatures, in order.

    What was asked is read from the events that came of it. Where several requests give the same events, one of
    them stands for all; and why a repair's attempt failed, when another followed, is known by its signature alone.

    Raises JournalDamaged, with the first position, where no request gives the events that stand there.
    """
    plan = load_plan_of(store, mission_id)
    recorded = list(store.read(mission_id))
    events = [entry.event for entry in recorded]
    match events[:2]:
        case [MissionCreated() as created, ApprovalRequested(expires_at=expires_at)]:
            decision = create(
                mission_id, plan, created.workspace, source=created.source, by=created.created_by, expires_at=expires_at
            )
        case _:
            raise JournalDamaged(f"mission {mission_id} does not begin by asking for the approval of its plan")
    at, decisions = 0, 0
    while True:
        if tuple(events[at : at + len(decision.events)]) != decision.events:
            raise _not_so(mission_id, at + 1, recorded[at].type)
        at, decisions = at + len(decision.events), decisions + 1
        if at == len(events):
            return CheckedReplay(decision.mission, decisions)
        again = decided_again(
            decision.mission, events[at : at + LONGEST], lambda digest: changeset.from_json(store.blob(digest))
        )
        if again is None:
            raise _not_so(mission_id, at + 1, recorded[at].type)
        decision = again


def _not_so(mission_id: str, sequence: int, kind: str) -> JournalDamaged:
    return JournalDamaged(
        f"event {sequence} of mission {mission_id} ({kind}), with those that follow it, is not what any request comes "
        f"to in that place, when it is decided again"
    )
