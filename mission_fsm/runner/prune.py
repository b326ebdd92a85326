"""Making room: whole missions that have ended are removed from the home, as planned and shown.

With a mission goes all that is kept of it: its events, and the blobs that no other mission speaks of. What it did in
its workspace stays as it is, and can then neither be rolled back nor be proved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager

from attrs import frozen

from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import State
from mission_fsm.errors import JournalError, Refused, UnknownMission
from mission_fsm.journal.store import Lease, Listing, Store
from mission_fsm.logs import log_pruned
from mission_fsm.runner.holdings import Holdings
from mission_fsm.runner.times import seconds_between

# Removed in one commit: each is held meanwhile, which takes an open file.
_BATCH = 64

Kept = tuple[tuple[str, str], ...]


@frozen
class Criteria:
    """Which missions are to go, of those that have ended: those for which all of this holds.

    mission_ids: these alone; empty for any. workspace: of that one alone; None for any.
    states: `stopped`, `complete` or both.
    older_than_s: seconds since their last event, of a rollback too; None for any age.
    keep_bytes: of those, the ones that ended first, until the home uses no more than that; None for all of them.
    """

    mission_ids: frozenset[str] = frozenset()
    workspace: str | None = None
    states: frozenset[State] = FINAL
    older_than_s: float | None = None
    keep_bytes: int | None = None


@frozen
class Doomed:
    """A mission that is to go. ended: time of its last event, whose sequence is kept, too.

    size_bytes: of its events, and of the blobs that go with it once those before it in the plan are gone.
    """

    mission_id: str
    state: str
    goal: str
    workspace: str
    ended: str
    sequence: int
    size_bytes: int


@frozen
class PrunePlan:
    """What a prune would remove, the missions that ended first at first, and what it would leave, with the reason.

    freed_bytes: about that many, with the room that keeping it in order takes. used_bytes: by the home, before.
    """

    missions: tuple[Doomed, ...]
    kept: Kept
    freed_bytes: int
    used_bytes: int


@frozen
class Pruned:
    """What was removed, and what was left all the same, with the reason.

    freed_bytes: by which the home uses less. disk_bytes: what it takes from the disk now.
    not_compacted: why what is free by now could not be given back to the disk, in words; it is used again.
    """

    missions: tuple[Doomed, ...]
    kept: Kept
    freed_bytes: int
    disk_bytes: int
    not_compacted: str | None = None


def plan_prune(store: Store, criteria: Criteria, now: str) -> PrunePlan:
    """Plan it without touching anything. now: RFC 3339 time.

    Raises UnknownMission for an id that no mission has, and JournalDamaged where a mission does not tell any more
    which blobs it needs.
    """
    for mission_id in sorted(criteria.mission_ids):
        store.row(mission_id)
    holdings = Holdings(store)
    sizes = store.sizes()
    # What it takes to keep a byte in order, as well, goes with it.
    share = sizes.used_bytes / max(1, sum(sizes.events.values()) + sum(sizes.blobs.values()))
    speakers = holdings.speakers()
    found, kept = _chosen(store, criteria, now)
    doomed: list[Doomed] = []
    freed_bytes = 0.0
    for ended, row in sorted(found, key=lambda each: (each[0], each[1].mission_id)):
        if criteria.keep_bytes is not None and sizes.used_bytes - freed_bytes <= criteria.keep_bytes:
            break
        digests = holdings.of(row.mission_id)
        speakers.subtract(digests)
        alone = sum(sizes.blobs.get(digest, 0) for digest in digests if not speakers[digest])
        size_bytes = sizes.events.get(row.mission_id, 0) + alone
        freed_bytes += size_bytes * share
        doomed.append(Doomed(row.mission_id, row.state, row.goal, row.workspace, ended, row.sequence, size_bytes))
    return PrunePlan(tuple(doomed), tuple(kept), int(freed_bytes), sizes.used_bytes)


def prune(store: Store, plan: PrunePlan, take: Callable[[str], Lease]) -> Pruned:
    """Remove what was planned, and nothing else, in commits of some missions each, and give the room back.

    take: takes the lease on a mission. What is held, or is not as it was when it was planned, is left and told.
    """
    holdings = Holdings(store)
    before_bytes = store.used_bytes()
    removed: list[Doomed] = []
    kept = list(plan.kept)
    for start in range(0, len(plan.missions), _BATCH):
        with ExitStack() as held:
            batch: dict[Doomed, Lease] = {}
            for doomed in plan.missions[start : start + _BATCH]:
                try:
                    batch[doomed] = held.enter_context(_taken(store, doomed, take))
                except (Refused, UnknownMission) as refusal:
                    kept.append((doomed.mission_id, str(refusal)))
            if batch:
                _remove(store, holdings, tuple(batch.values()))
        removed += batch
        for doomed in batch:
            log_pruned(doomed.mission_id, doomed.state, doomed.size_bytes)
    not_compacted = None
    if removed:
        try:
            store.compact()
        except JournalError as error:
            not_compacted = str(error)
    sizes = store.sizes()
    freed_bytes = max(0, before_bytes - sizes.used_bytes)
    return Pruned(tuple(removed), tuple(kept), freed_bytes, sizes.disk_bytes, not_compacted)


def _chosen(store: Store, criteria: Criteria, now: str) -> tuple[list[tuple[str, Listing]], list[tuple[str, str]]]:
    """The missions that may go, each with when it ended; and those that were asked for and may not, with why."""
    found: list[tuple[str, Listing]] = []
    kept: list[tuple[str, str]] = []
    for row in store.rows(workspace=criteria.workspace):
        state = State(row.state)
        if criteria.mission_ids and row.mission_id not in criteria.mission_ids:
            continue
        if state not in FINAL:
            if criteria.mission_ids:
                words = state.value.replace("_", " ")
                kept.append((row.mission_id, f"it is {words}, and only a mission that has ended may go; stop it first"))
            continue
        last = next(store.read(row.mission_id, after=row.sequence - 1, upto=row.sequence))
        young = criteria.older_than_s is not None and seconds_between(last.time, now) < criteria.older_than_s
        if state not in criteria.states or young:
            continue
        # Once it has ended, nothing follows but rollbacks: each is secured, and then done.
        if last.type == "checkpoint_secured":
            kept.append((row.mission_id, "its rollback was cut short, and needs it; roll it back again to finish that"))
            continue
        found.append((last.time, row))
    return found, kept


@contextmanager
def _taken(store: Store, doomed: Doomed, take: Callable[[str], Lease]) -> Iterator[Lease]:
    """Hold a mission that is to go. Raises Refused where it is not as it was planned any more."""
    lease = take(doomed.mission_id)
    try:
        if store.row(doomed.mission_id).sequence != doomed.sequence:
            raise Refused("something was done with it since this was planned; look at it again")
        if store.fenced_lives(doomed.mission_id):
            raise Refused("a runner that it was taken from still lives; end that one first")
        yield lease
    finally:
        lease.release()


def _remove(store: Store, holdings: Holdings, leases: Collection[Lease]) -> None:
    mission_ids = frozenset(lease.mission_id for lease in leases)
    # Most is read before, so that those who write do not wait for it.
    holdings.look_again()

    def unneeded() -> Collection[str]:
        holdings.look_again()
        return holdings.only_of(mission_ids)

    store.remove(leases, unneeded)
