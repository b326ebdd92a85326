"""Looking at a mission's journal from its beginning: verify that all of it is right, fold it anew, trace its way."""

from __future__ import annotations

import json
import re

from attrs import frozen

from mission_fsm.converter import converter
from mission_fsm.core.events import MissionCreated
from mission_fsm.core.evolve import moved
from mission_fsm.core.mission import Mission
from mission_fsm.core.trace import Trace
from mission_fsm.core.trace import trace as trace_from
from mission_fsm.errors import JournalDamaged, MissionError, UsageError
from mission_fsm.journal.store import Listing, Snapshot, Store
from mission_fsm.runner.evidence import check_evidence
from mission_fsm.runner.loading import SNAPSHOT_SCHEMA, load_plan_of, replay_mission
from mission_fsm.runner.session import standing_of

_PROBLEMS_SHOWN = 20


@frozen
class Verification:
    """How much was looked at, and all of it was right.

    transitions: moves of the lifecycle, internal ones too.
    blobs: artifacts, change sets, checkpoints and the contents of files, each counted once, and the plan.
    head: hash of the last event.
    since_head: how many events came after the one whose hash had been kept elsewhere; None where none was given.
    """

    mission_id: str
    events: int
    transitions: int
    checkpoints: int
    blobs: int
    head: str
    since_head: int | None = None


def verify(store: Store, mission_id: str, head: str | None = None) -> Verification:
    """Verify everything that the journal holds of a mission.

    The store's own integrity, the hash chain and each event's schema; every transition, against the lifecycle
    table, and every event, against those before it; the plan, artifacts, change sets and checkpoints, with the
    bytes that they name; the snapshot and the listing, against the fold.

    head: the hash of an event, kept elsewhere since. Whoever can write the journal can cut its end off, or write
    all of it anew with hashes that match; but not so that it holds that event still.
    Raises JournalDamaged, whose message begins with the first bad position and names what else follows, and
    UsageError for a head that can be no hash.
    """
    if head is not None and re.fullmatch(r"[0-9a-f]{64}", head) is None:
        raise UsageError(f"{head!r} is not a head: give the 64 hexadecimal digits that `mission verify` printed")
    row = store.row(mission_id)
    audit = _audited(store, row)
    return Verification(
        mission_id=mission_id,
        events=row.sequence,
        transitions=audit.transitions,
        checkpoints=audit.checkpoints,
        blobs=len(audit.blobs),
        head=row.head,
        since_head=None if head is None else _events_since(store, mission_id, head),
    )


def verified_blobs(store: Store, row: Listing) -> frozenset[str]:
    """The digests of all that the mission's events refer to, once all that `verify` looks at was found right.

    row: of the mission; events that came after it are left out.
    """
    return frozenset(_audited(store, row).blobs)


def _audited(store: Store, row: Listing) -> _Audit:
    problems: list[str] = []
    try:
        store.check(row.mission_id)
    except JournalDamaged as error:
        problems.append(str(error))
    audit = _Audit(store, row, problems)
    try:
        audit.walk()
    except JournalDamaged as error:
        # The same damage is met twice where it lies in an event's own text.
        problems.extend({str(error)} - set(problems))
    if problems:
        store.row(row.mission_id)  # Where it was removed meanwhile, nothing is damaged.
        raise JournalDamaged(_told(row.mission_id, problems))
    return audit


def _events_since(store: Store, mission_id: str, head: str) -> int:
    last = at = 0
    for entry in store.read(mission_id):
        last = entry.sequence
        if entry.hash == head:
            at = last
    if at == 0:
        raise JournalDamaged(
            f"mission {mission_id} has {last} events, and none has the hash {head} that was kept: its end was cut off, "
            f"or it was written anew, or the hash is another mission's; compare it with a backup"
        )
    return last - at


def replay(store: Store, mission_id: str, at: int | None = None) -> Mission:
    """The mission as it stood after the event with that sequence, or stands now, folded from its first event.

    Raises UsageError where it has no such event, JournalDamaged where the fold meets what cannot be.
    """
    last = store.row(mission_id).sequence
    if at is not None and not 1 <= at <= last:
        raise UsageError(f"mission {mission_id} has events 1 to {last}, and none with sequence {at}")
    return replay_mission(store, mission_id, load_plan_of(store, mission_id), at)


def trace(store: Store, mission_id: str) -> Trace:
    """The way that the mission has taken through the lifecycle."""
    created = replay(store, mission_id, at=1)
    return trace_from(created, (entry.event for entry in store.read(mission_id, after=1)))


class _Audit:
    """One walk along a mission's events, from the first."""

    def __init__(self, store: Store, row: Listing, problems: list[str]) -> None:
        self._store = store
        self._row = row
        self._problems = problems
        self.transitions = 0
        self.checkpoints = 0
        self.blobs: set[str] = set()

    def walk(self) -> None:
        """Fold the events, and look at what each vouches for. Raises JournalDamaged where the fold cannot go on."""
        plan = load_plan_of(self._store, self._row.mission_id)
        self.blobs.add(plan.digest)
        mission = replay_mission(self._store, self._row.mission_id, plan, upto=1)
        snapshot = self._store.snapshot(mission.mission_id)
        # What a runner appends meanwhile is not in the row that the fold is held against.
        for entry in self._store.read(mission.mission_id, after=1, upto=self._row.sequence):
            where = f"event {entry.sequence} of mission {mission.mission_id} ({entry.type})"
            try:
                check_evidence(entry.event, mission, self._blob)
            except MissionError as error:
                self._problems.append(f"{where}: {error}")
            try:
                mission, move = moved(mission, entry.event)
            except (JournalDamaged, ValueError) as error:
                after = self._row.sequence - entry.sequence
                rest = f"; what rests on it was not looked at: {after} more events" if after else ""
                raise JournalDamaged(f"{where}: {error}{rest}") from error
            self.transitions += move is not None
            self.checkpoints += entry.type in {"checkpoint_secured", "files_changed"}
            if entry.stage != mission.stage:
                self._problems.append(f"{where} says that its stage is {entry.stage}, and it is {mission.stage}")
            if snapshot is not None and snapshot.sequence == entry.sequence:
                self._compare_snapshot(snapshot, mission)
        self._compare_listing(mission)

    def _blob(self, digest: str) -> bytes:
        content = self._store.blob(digest)
        self.blobs.add(digest)
        return content

    def _compare_snapshot(self, snapshot: Snapshot, mission: Mission) -> None:
        if snapshot.schema != SNAPSHOT_SCHEMA:
            return  # another version's, which is passed over when the mission is opened, too
        try:
            state = json.loads(snapshot.state)
            same = converter.structure({**state, "plan": mission.plan}, Mission) == mission
        except Exception:  # whatever cannot be read is not the fold
            same = False
        if not same:
            self._problems.append(f"the snapshot at event {snapshot.sequence} is not what the events come to there")

    def _compare_listing(self, mission: Mission) -> None:
        first = next(self._store.read(mission.mission_id, upto=1))
        standing = standing_of(mission)
        folded = {
            "workspace": mission.workspace,
            "source": mission.source,
            "plan_digest": first.event.plan_digest if isinstance(first.event, MissionCreated) else None,
            "goal": mission.plan.goal,
            "created": first.time,
            "state": standing.state,
            "holds_workspace": standing.holds_workspace,
        }
        if not self._row.holds_workspace:
            # One that was imported holds its workspace only once it is carried on.
            del folded["holds_workspace"]
        for name, value in folded.items():
            listed = getattr(self._row, name)
            if listed != value:
                self._problems.append(f"the mission is listed with {name} {listed}, and its events come to {value}")


def _told(mission_id: str, problems: list[str]) -> str:
    shown = problems[:_PROBLEMS_SHOWN]
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown)} more")
    if len(shown) == 1:
        return shown[0]
    return "\n".join([f"mission {mission_id} does not verify:", *(f"  {problem}" for problem in shown)])
