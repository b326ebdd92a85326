"""From the journal to a mission: the plan by its digest, the last snapshot, and the events after it."""

from __future__ import annotations

import hashlib
import json

import attrs

from mission_fsm.converter import converter
from mission_fsm.core import approvals, replies
from mission_fsm.core import mission as missions
from mission_fsm.core.events import MissionCreated
from mission_fsm.core.evolve import begin, evolve
from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan
from mission_fsm.errors import JournalDamaged
from mission_fsm.journal.store import Store
from mission_fsm.planfile.canonical import plan_from_json

# Raised by hand when `evolve` comes to read the same events differently.
_FOLD_VERSION = 1


def _schema() -> str:
    shapes = [
        # As written: the types that attrs keeps are resolved by whoever asks first.
        f"{cls.__name__}{cls.__annotations__}"
        for module in (approvals, missions, replies)
        for cls in vars(module).values()
        if isinstance(cls, type) and attrs.has(cls) and cls.__module__ == module.__name__
    ]
    return f"{_FOLD_VERSION}-{hashlib.sha256(';'.join(shapes).encode()).hexdigest()[:16]}"


# A snapshot of another shape than this version's is passed over, and made anew.
SNAPSHOT_SCHEMA = _schema()


def load_plan_of(store: Store, mission_id: str) -> Plan:
    """The plan of that mission, from the blob that its digest names."""
    return plan_from_json(store.blob(store.row(mission_id).plan_digest))


def load_mission(store: Store, mission_id: str) -> tuple[Mission, int]:
    """The mission as its events leave it, and the sequence of the snapshot that it was taken up from.

    Events before that snapshot are not read; 0 where there was none.
    """
    plan = load_plan_of(store, mission_id)
    snapshot = store.snapshot(mission_id)
    if snapshot is not None and snapshot.schema == SNAPSHOT_SCHEMA:
        mission = converter.structure({**json.loads(snapshot.state), "plan": plan}, Mission)
        return _fold_rest(store, mission), snapshot.sequence
    return replay_mission(store, mission_id, plan), 0


def replay_mission(store: Store, mission_id: str, plan: Plan, upto: int | None = None) -> Mission:
    """The mission as its events leave it at a sequence, folded from the first one."""
    entries = store.read(mission_id, upto=upto)
    first = next(entries, None)
    if first is None or not isinstance(first.event, MissionCreated):
        raise JournalDamaged(f"mission {mission_id} does not begin with mission_created")
    mission = begin(mission_id, plan, first.event)
    for entry in entries:
        mission = evolve(mission, entry.event)
    return mission


def snapshot_state(mission: Mission) -> tuple[str, str]:
    """The schema and the JSON text under which the mission is kept as a snapshot."""
    return SNAPSHOT_SCHEMA, json.dumps(converter.unstructure(mission), ensure_ascii=False, separators=(",", ":"))


def _fold_rest(store: Store, mission: Mission) -> Mission:
    for entry in store.read(mission.mission_id, after=mission.sequence):
        mission = evolve(mission, entry.event)
    return mission
