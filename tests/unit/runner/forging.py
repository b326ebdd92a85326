"""Journals that nobody's mission has written."""

from __future__ import annotations

from collections.abc import Sequence

from mission_fsm.core.events import Event
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.journal.store import Standing, Store
from mission_fsm.runner.audit import verified_blobs


def forged(store: Store, mission_id: str, events: Sequence[Event]) -> MemoryStore:
    """A journal of its own, with right hashes, that says so of that mission of the store."""
    row = store.row(mission_id)
    made = MemoryStore()
    made.create(
        mission_id,
        workspace=row.workspace,
        source=row.source,
        plan_digest=row.plan_digest,
        goal=row.goal,
        events=events,
        time=row.created,
        standing=Standing(row.state, row.holds_workspace),
        blobs={digest: store.blob(digest) for digest in verified_blobs(store, row)},
    )
    return made
