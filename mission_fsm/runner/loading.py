"""From the journal to a mission: the plan by its digest, the last snapshot, and the events after it."""

from __future__ import annotations

import hashlib
import json
import threading
from functools import lru_cache

import attrs
from attrs import frozen

from mission_fsm.converter import converter
from mission_fsm.core import approvals, plan, replies
from mission_fsm.core import mission as missions
from mission_fsm.core.events import MissionCreated
from mission_fsm.core.evolve import begin, evolve
from mission_fsm.core.mission import Mission
from mission_fsm.core.plan import Plan
from mission_fsm.errors import JournalDamaged
from mission_fsm.journal.store import Store
from mission_fsm.planfile.canonical import plan_from_json

# Raised by hand when `evolve` comes to read the same events differently.
_FOLD_VERSION = 2


def _schema() -> str:
    shapes = [
        # As written: the types that attrs keeps are resolved by whoever asks first.
        f"{cls.__name__}{cls.__annotations__}"
        for module in (approvals, missions, plan, replies)
        for cls in vars(module).values()
        if isinstance(cls, type) and attrs.has(cls) and cls.__module__ == module.__name__
    ]
    return f"{_FOLD_VERSION}-{hashlib.sha256(';'.join(shapes).encode()).hexdigest()[:16]}"


# A snapshot of another shape than this version's is passed over, and made anew.
SNAPSHOT_SCHEMA = _schema()


# How many missions are remembered: those that somebody comes back to soon, such as after a decision.
_REMEMBERED = 32

# Plans are read again and again, and missions share them.
_plan_of = lru_cache(maxsize=16)(plan_from_json)


@frozen
class Loaded:
    """A mission as its events leave it.

    head: the hash of the last of them.
    snapshot_at: the sequence of the snapshot that it was taken up from, or was kept as since; 0 where there is none.
    """

    mission: Mission
    head: str
    snapshot_at: int


class Loader:
    """Loads missions, and remembers the last ones for as long as nothing is appended to them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: dict[str, Loaded] = {}
        self._lock = threading.Lock()

    def load(self, mission_id: str) -> Loaded:
        """The mission as it stands in the journal. Raises UnknownMission, JournalDamaged."""
        known = self._remembered.get(mission_id)
        if known is not None and known.head == self._store.row(mission_id).head:
            return known
        return load_mission(self._store, mission_id)

    def remember(self, loaded: Loaded) -> None:
        """Spare the next one who loads the mission the reading."""
        with self._lock:
            self._remembered.pop(loaded.mission.mission_id, None)
            self._remembered[loaded.mission.mission_id] = loaded
            while len(self._remembered) > _REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))


def load_plan_of(store: Store, mission_id: str) -> Plan:
    """The plan of that mission, from the blob that its digest names."""
    return _plan_of(store.blob(store.row(mission_id).plan_digest))


def load_mission(store: Store, mission_id: str) -> Loaded:
    """The mission as its events leave it: those before its last snapshot are not read."""
    # In this order: what is appended in between is then read as well.
    snapshot = store.snapshot(mission_id)
    row = store.row(mission_id)
    plan = _plan_of(store.blob(row.plan_digest))
    if snapshot is not None and snapshot.schema == SNAPSHOT_SCHEMA:
        mission = converter.structure({**json.loads(snapshot.state), "plan": plan}, Mission)
        for entry in store.read(mission_id, after=mission.sequence, upto=row.sequence):
            mission = evolve(mission, entry.event)
        return Loaded(mission, row.head, snapshot.sequence)
    return Loaded(replay_mission(store, mission_id, plan, row.sequence), row.head, 0)


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
