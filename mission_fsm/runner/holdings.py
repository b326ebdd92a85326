"""Which blobs each mission of a home speaks of, and so how much room each takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from attrs import evolve, frozen

from mission_fsm.errors import JournalDamaged, MissionError, UnknownMission
from mission_fsm.journal.store import Listing, Store
from mission_fsm.runner.evidence import SPEAKING, blobs_of


@frozen
class _Seen:
    """What a mission spoke of up to an event. created, plan: by which it is told from another of its id."""

    sequence: int
    created: str
    plan: str
    digests: frozenset[str]


class Holdings:
    """What every mission holds, as of the last look. Missions go on meanwhile: look again to see what came since."""

    def __init__(self, store: Store) -> None:
        """Look for the first time. Raises as `look_again`."""
        self._store = store
        self._seen: dict[str, _Seen] = {}
        self.look_again()

    def look_again(self) -> None:
        """Read what came since the last look.

        Raises JournalDamaged where a mission does not tell any more what it speaks of: nobody knows then what is
        still needed.
        """
        rows = self._store.rows()
        self._seen = {row.mission_id: self._of(row) for row in rows}

    def of(self, mission_id: str) -> frozenset[str]:
        """The digests of all blobs that the mission speaks of, those that others speak of included."""
        seen = self._seen.get(mission_id)
        return frozenset() if seen is None else seen.digests

    def speakers(self) -> Counter[str]:
        """How many missions speak of each blob."""
        return Counter(digest for seen in self._seen.values() for digest in seen.digests)

    def only_of(self, mission_ids: Collection[str]) -> frozenset[str]:
        """The digests of the blobs that nobody but those missions speaks of."""
        theirs = frozenset[str]().union(*map(self.of, mission_ids))
        others = (seen.digests for mission_id, seen in self._seen.items() if mission_id not in mission_ids)
        return theirs.difference(*others)

    def _of(self, row: Listing) -> _Seen:
        seen = self._seen.get(row.mission_id)
        # Another may have been taken in under its id, or the same as it was once.
        if seen is None or seen.sequence > row.sequence or (seen.created, seen.plan) != (row.created, row.plan_digest):
            seen = _Seen(0, row.created, row.plan_digest, frozenset({row.plan_digest}))
        if seen.sequence == row.sequence:
            return seen
        found = set(seen.digests)
        try:
            for entry in self._store.read(row.mission_id, after=seen.sequence, upto=row.sequence, types=SPEAKING):
                found.update(blobs_of(entry.event, self._store.blob))
        except MissionError as error:
            if not self._is_there(row.mission_id):  # removed by another while it was read
                return evolve(seen, digests=frozenset())
            if isinstance(error, JournalDamaged) or type(error) is MissionError:
                raise JournalDamaged(
                    f"mission {row.mission_id} does not tell any more which blobs it needs: {error}; "
                    f"`mission verify {row.mission_id}` says all that is wrong with it"
                ) from error
            raise
        return evolve(seen, sequence=row.sequence, digests=frozenset(found))

    def _is_there(self, mission_id: str) -> bool:
        try:
            self._store.row(mission_id)
        except UnknownMission:
            return False
        return True


@frozen
class MissionSize:
    """How much a mission takes, in bytes.

    events_bytes: of its events. own_bytes: of the blobs that it alone speaks of; they would go with it.
    shared_bytes: of the blobs that other missions speak of too, which are kept once.
    """

    events_bytes: int
    own_bytes: int
    shared_bytes: int


@frozen
class HomeSize:
    """How much a home takes, in bytes.

    missions: by id. shared_bytes: of all blobs that more than one mission speaks of.
    used_bytes: all that is kept, with what keeps it in order; the quota is held against that.
    disk_bytes: the journal's file and its log. quota_bytes: None where there is no quota.
    """

    missions: Mapping[str, MissionSize]
    shared_bytes: int
    used_bytes: int
    disk_bytes: int
    quota_bytes: int | None


def home_size(store: Store, quota_bytes: int | None) -> HomeSize:
    """How much the home and each of its missions takes. Raises JournalDamaged as `Holdings` does."""
    holdings = Holdings(store)
    sizes = store.sizes()
    speakers = holdings.speakers()
    missions = {}
    for mission_id, events_bytes in sizes.events.items():
        own_bytes = shared_bytes = 0
        for digest in holdings.of(mission_id):
            if speakers[digest] == 1:
                own_bytes += sizes.blobs.get(digest, 0)
            else:
                shared_bytes += sizes.blobs.get(digest, 0)
        missions[mission_id] = MissionSize(events_bytes, own_bytes, shared_bytes)
    shared_bytes = sum(sizes.blobs.get(digest, 0) for digest, count in speakers.items() if count > 1)
    return HomeSize(missions, shared_bytes, sizes.used_bytes, sizes.disk_bytes, quota_bytes)
