"""Events become JSON text and come back, across versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.events import EVENT_CLASSES, Event, Final, StageChanged, StepCompleted, StepStarted
from mission_fsm.errors import JournalDamaged, JournalError, JournalNewer
from mission_fsm.journal.chain import GENESIS, Entry
from mission_fsm.journal.codec import CODEC, Codec, Data
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, started, take_lease

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values that a field of that type may have in an event."""
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if get_origin(kind) is Mapping and get_args(kind)[1] is Any:
        return st.dictionaries(st.text(), JSON, max_size=3)
    return st.from_type(kind)


def events_of(cls: type) -> st.SearchStrategy[Event]:
    """Events of that class."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: values(hints[field.name]) for field in attrs.fields(cls)})


EVENTS = st.one_of(*map(events_of, get_args(Event)))


def entry(kind: str, data: str, version: int = 1) -> Entry:
    return Entry(7, kind, version, "2025-01-02T03:04:05Z", "edit", data, GENESIS, GENESIS)


@given(event=EVENTS)
def test_every_event_comes_back_as_it_went(event: Event) -> None:
    kind, version, data = CODEC.encode(event)
    assert EVENT_CLASSES[kind] is type(event)
    assert version == 1
    assert CODEC.decode("m", entry(kind, data)) == event


@given(event=EVENTS)
def test_the_text_is_compact_json_that_utf8_can_carry(event: Event) -> None:
    _, _, data = CODEC.encode(event)
    assert json.dumps(json.loads(data), separators=(",", ":"), ensure_ascii=False) == data
    assert data.encode()


def test_text_stands_as_it_is_and_fields_under_their_published_names() -> None:
    moved = StageChanged(from_="none", to="édit ☃", step_id="s")
    assert CODEC.encode(moved) == ("stage_changed", 1, '{"from":"none","to":"édit ☃","step_id":"s"}')


def test_a_file_name_that_is_not_utf8_comes_back_as_it_went() -> None:
    event = attrs.evolve(started(0), description="edit caf\udce9.txt")
    _, _, data = CODEC.encode(event)
    assert data.isascii()
    assert CODEC.decode("m", entry("step_started", data)) == event


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_what_json_cannot_hold_is_refused_with_its_type(value: object) -> None:
    with pytest.raises(JournalError, match="step_completed cannot be recorded"):
        CODEC.encode(StepCompleted(step_id="s", step_index=0, success=True, evidence={"it": value}))


def test_evidence_that_holds_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["again"] = endless
    with pytest.raises(JournalError, match="cannot be recorded"):
        CODEC.encode(StepCompleted(step_id="s", step_index=0, success=True, evidence=endless))


@pytest.mark.parametrize(
    ("kind", "version", "data"),
    [
        ("step_skipped", 1, "{}"),
        ("input_received", 2, '{"step_id":"s","digest":"d","by":"b","means":"m"}'),
        ("input_received", 1, '{"step_id":"s","digest":"d","by":"b","means":"m","colour":"red"}'),
    ],
    ids=["type", "version", "field"],
)
def test_what_only_a_later_version_knows_is_said_to_be_newer(kind: str, version: int, data: str) -> None:
    with pytest.raises(JournalNewer, match=rf"event 7 of mission m \({kind}\) was written by a later version"):
        CODEC.decode("m", entry(kind, data, version))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"repair_id":"r"}',
        '{"repair_id":5,"success":true}',
        '{"repair_id":"r","success":1}',
        '{"repair_id":"r","success":NaN}',
        '{"repair_id":null,"success":true}',
        "[" * 100_000,
    ],
)
def test_data_that_is_no_events_is_damage_and_names_the_sequence(data: str) -> None:
    with pytest.raises(JournalDamaged, match=r"event 7 of mission m \(repair_completed\) cannot be read"):
        CODEC.decode("m", entry("repair_completed", data))


def test_a_version_before_the_first_is_damage() -> None:
    _, _, data = CODEC.encode(Final(success=True, steps_completed=1, duration_s=1.5))
    with pytest.raises(JournalDamaged, match="event 7"):
        CODEC.decode("m", entry("final", data, version=0))


def renamed(old: str, new: str) -> Any:
    def upcast(data: Data) -> Data:
        return {new if key == old else key: value for key, value in data.items()}

    return upcast


def test_the_current_version_is_the_one_after_the_last_upcaster() -> None:
    codec = Codec({("step_started", 1): dict, ("step_started", 2): dict})
    assert codec.encode(started(0))[:2] == ("step_started", 3)
    assert codec.encode(Final(success=True, steps_completed=1, duration_s=1.5))[:2] == ("final", 1)


def test_old_data_goes_through_every_upcaster_in_turn() -> None:
    codec = Codec({("final", 1): renamed("ok", "won"), ("final", 2): renamed("won", "success")})
    expected = Final(success=True, steps_completed=2, duration_s=0.5)
    for version, key in enumerate(["ok", "won", "success"], start=1):
        data = f'{{"{key}":true,"steps_completed":2,"duration_s":0.5}}'
        assert codec.decode("m", entry("final", data, version)) == expected


def test_a_journal_of_an_older_version_is_read_verified_and_carried_on(home: Path) -> None:
    """Who knows a second version of an event reads the first, whose hash still holds, and writes the second."""
    old = SqliteStore.open(home)
    begin(old)
    lease = take_lease(old)
    (first,) = append(old, lease, 1, started(4))
    lease.release()
    old.close()

    def counted_from_one(data: Data) -> Data:
        return {**data, "step_index": data["step_index"] + 1}

    new = SqliteStore.open(home, codec=Codec({("step_started", 1): counted_from_one}))
    (second,) = append(new, take_lease(new), 2, started(9))
    new.check("m")
    _, before, after = new.read("m")
    assert isinstance(before.event, StepStarted)
    assert (before.version, before.event.step_index, before.hash) == (1, 5, first.hash)
    assert (after.version, after.event, after.hash) == (2, started(9), second.hash)
    new.close()

    outdated = SqliteStore.open(home)
    with pytest.raises(JournalNewer, match=r"event 3 .*version is 2"):
        list(outdated.read("m"))
    outdated.check("m")
    outdated.close()
