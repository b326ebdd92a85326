"""What the store contracts write: missions, events and leases in which nothing matters but what a test is about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

import pytest
from attrs import frozen

from mission_fsm.core.events import Event, MissionCreated, Recorded, StepCompleted, StepStarted
from mission_fsm.errors import MissionError
from mission_fsm.journal.chain import Entry
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.journal.store import Lease, Listing, Standing, Store

WORKSPACE = "/work"
TIME = "2025-01-02T03:04:05.678900Z"
LATER = "2025-01-02T03:04:06.000000Z"
DIGEST = "d" * 64
FREE = Standing("running", holds_workspace=False)
HOLDING = Standing("running", holds_workspace=True)
NOTHING: Mapping[str, bytes] = MappingProxyType({})


def created(workspace: str = WORKSPACE) -> MissionCreated:
    return MissionCreated(goal="g", plan_digest=DIGEST, workspace=workspace, created_by="someone")


def started(index: int) -> StepStarted:
    return StepStarted(step_id=f"s{index}", step_index=index, description="Do it", stage="edit", attempt=1)


def completed(index: int, summary: str = "") -> StepCompleted:
    return StepCompleted(step_id=f"s{index}", step_index=index, success=True, summary=summary)


def begin(
    store: Store,
    mission_id: str = "m",
    *,
    workspace: str = WORKSPACE,
    standing: Standing = FREE,
    blobs: Mapping[str, bytes] = NOTHING,
) -> list[Recorded]:
    """A mission with one event."""
    return store.create(
        mission_id,
        workspace=workspace,
        source="plan.yaml",
        plan_digest=DIGEST,
        goal="g",
        events=[created(workspace)],
        time=TIME,
        standing=standing,
        blobs=blobs,
    )


def append(
    store: Store,
    lease: Lease,
    expected: int,
    *events: Event,
    standing: Standing = FREE,
    blobs: Mapping[str, bytes] | None = None,
    snapshot_state: tuple[str, str] | None = None,
) -> list[Recorded]:
    """An append with what does not matter here filled in."""
    return store.append(
        lease,
        expected,
        events,
        time=LATER,
        stage="edit",
        standing=standing,
        blobs=blobs,
        snapshot_state=snapshot_state,
    )


def take_lease(store: Store, mission_id: str = "m", runner: str = "runner one") -> Lease:
    return store.acquire(mission_id, runner, TIME)


def elsewhere() -> tuple[Listing, list[Entry]]:
    """A mission `m` of three events, as another journal keeps it."""
    other = MemoryStore()
    begin(other)
    append(other, take_lease(other), 1, started(0), completed(0))
    return other.row("m"), list(other.entries("m"))


def together(works: Iterable[Callable[[], object]]) -> list[object]:
    """What each of the works returned, or the MissionError that it raised, when all are done at once in threads."""
    works = list(works)
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(index: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[index] = work()
        except MissionError as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@frozen
class ForgottenLease:
    """A lease as one remembers it who was frozen while another took it over: it believes that it is held."""

    mission_id: str
    token: int
    held: bool = True

    def release(self) -> None:
        """It has nothing to give back."""


class StoreTests:
    """Tests of a store: whoever inherits them says of which."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """A store that is empty."""
        raise NotImplementedError("give the fixture `store`")
