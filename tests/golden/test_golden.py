"""A journal that any released version wrote stays readable, and verifies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.converter import converter
from mission_fsm.journal.chain import GENESIS
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, completed, take_lease

GOLDEN = Path(__file__).parent


@pytest.fixture(params=sorted(path.name for path in GOLDEN.glob("schema-*")))
def schema(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def expected(schema: str) -> list[dict[str, Any]]:
    """The events as they were written."""
    text = (GOLDEN / schema / "events.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def store(schema: str, tmp_path: Path) -> Iterator[SqliteStore]:
    """A copy of the journal, because opening one makes files beside it."""
    (tmp_path / "home").mkdir()
    shutil.copy(GOLDEN / schema / "journal.db", tmp_path / "home")
    store = SqliteStore.open(tmp_path / "home", create=False)
    yield store
    store.close()


def test_it_verifies(store: SqliteStore) -> None:
    (row,) = store.rows()
    store.check(row.mission_id)


def _of_then(read: Any, written: Any) -> Any:
    """What was read, without the fields that were added since."""
    if isinstance(written, dict):
        return {name: _of_then(read.get(name), value) for name, value in written.items()}
    return read


def test_every_event_reads_as_it_was_written(store: SqliteStore, expected: list[dict[str, Any]]) -> None:
    """Fields that were added since have their defaults; all the others are as they were."""
    (row,) = store.rows()
    events = list(store.read(row.mission_id))
    assert len(events) == len(expected) == row.sequence
    for event, written in zip(events, expected, strict=True):
        data = written.pop("data")
        assert {name: getattr(event, name) for name in written} == written
        read = json.loads(json.dumps(converter.unstructure(event.event)))
        assert _of_then(read, data) == data


def test_the_chain_is_that_of_the_text(expected: list[dict[str, Any]], store: SqliteStore) -> None:
    hashes = [GENESIS, *(event["hash"] for event in expected)]
    assert [event["previous_hash"] for event in expected] == hashes[:-1]
    (row,) = store.rows()
    assert row.head == hashes[-1]


def test_what_goes_with_the_events_is_there(store: SqliteStore, expected: list[dict[str, Any]]) -> None:
    (row,) = store.rows()
    assert (row.workspace, row.source, row.goal, row.state) == ("/work", "plan.yaml", "naïve ☃", "stopped")
    assert store.blob(row.plan_digest) == b"1 failed, 2 passed\n\xff\x00"
    kept = store.snapshot(row.mission_id)
    assert kept is not None
    assert (kept.sequence, kept.hash, kept.state) == (row.sequence, row.head, '{"state":"stopped"}')
    assert store.take(take_lease(store, row.mission_id)) == ['{"command":"rollback"}']


def test_it_can_be_carried_on(store: SqliteStore) -> None:
    (row,) = store.rows()
    lease = take_lease(store, row.mission_id)
    assert lease.token == 2
    append(store, lease, row.sequence, completed(2))
    store.check(row.mission_id)
