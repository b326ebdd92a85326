"""The hash chain is as it is documented, and whatever is done to it is found where it was done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mission_fsm.errors import JournalDamaged
from mission_fsm.journal.chain import GENESIS, Entry, link, snapshot_digest, verified

LENGTH = 6


def chain(mission_id: str = "m") -> list[Entry]:
    """A chain of events whose content does not matter."""
    entries: list[Entry] = []
    previous = GENESIS
    for sequence in range(1, LENGTH + 1):
        content = (sequence, "final", 1, "2025-01-02T03:04:05Z", "edit", f'{{"n":{sequence}}}', previous)
        previous = link(mission_id, *content)
        entries.append(Entry(*content, previous))
    return entries


def fault(entries: Sequence[Entry], sequence: int = LENGTH, head: str | None = None) -> str | None:
    """What is wrong with a chain, if anything."""
    try:
        list(verified("m", entries, sequence, chain()[-1].hash if head is None else head))
    except JournalDamaged as error:
        return str(error)
    return None


def test_the_hash_is_that_of_the_documented_bytes() -> None:
    strings = ["mission", "12", "stage_changed", "3", "2025-01-02T03:04:05Z", "édit", '{"to":"☃"}', "ab" * 32]
    encoded = [string.encode("utf-8") for string in strings]
    message = b"mission-fsm event 1\n"
    for string in encoded:
        message += len(string).to_bytes(8, "big")
    for string in encoded:
        message += string
    found = link("mission", 12, "stage_changed", 3, "2025-01-02T03:04:05Z", "édit", '{"to":"☃"}', "ab" * 32)
    assert found == hashlib.sha256(message).hexdigest()


def test_the_hash_never_changes_from_version_to_version() -> None:
    found = link("m", 1, "final", 1, "2025-01-02T03:04:05Z", "none", "{}", GENESIS)
    assert found == "2cd0e45d25e2947653329cf9893f9039df5983ce4f1cd828dfc0d6bb2348735d"


CUTS = st.lists(st.integers(0, 12), min_size=5, max_size=5).map(sorted)


@given(text=st.text(min_size=1, max_size=12), one=CUTS, two=CUTS)
def test_text_cannot_move_from_one_field_to_the_next(text: str, one: list[int], two: list[int]) -> None:
    """The same text, divided otherwise among the fields, has another hash."""

    def fields(cuts: list[int]) -> list[str]:
        return [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, None], strict=True)]

    def hashed(cuts: list[int]) -> str:
        mission_id, kind, time, stage, data, previous = fields(cuts)
        return link(mission_id, 1, kind, 1, time, stage, data, previous)

    assume(fields(one) != fields(two))
    assert hashed(one) != hashed(two)


def test_a_snapshots_digest_is_no_events_hash() -> None:
    """What is hashed for another purpose has another tag."""
    assert snapshot_digest("m", 1, "a", "b", "c") != link("m", 1, "a", 1, "b", "c", "", "")


def test_a_whole_chain_is_handed_on_as_it_is() -> None:
    entries = chain()
    assert list(verified("m", entries, LENGTH, entries[-1].hash)) == entries
    assert list(verified("m", [], 0, GENESIS)) == []


def test_the_same_chain_under_another_mission_is_found_at_its_first_event() -> None:
    assert "event 1 of mission m is not what was written" in str(fault(chain("other")))


@pytest.mark.parametrize("field", ["type", "time", "stage", "data"])
@given(at=st.integers(1, LENGTH), text=st.text())
def test_a_changed_text_is_found_where_it_was_changed(field: str, at: int, text: str) -> None:
    entries = chain()
    assume(getattr(entries[at - 1], field) != text)
    entries[at - 1] = Entry(**{**entries[at - 1]._asdict(), field: text})
    assert f"event {at} of mission m is not what was written" in str(fault(entries))


@given(at=st.integers(1, LENGTH))
def test_a_value_of_another_kind_is_found_where_it_stands(at: int) -> None:
    entries = chain()
    broken: object = entries[at - 1].data.encode()
    entries[at - 1] = entries[at - 1]._replace(data=broken)  # type: ignore[arg-type]
    assert f"event {at} of mission m holds a value of another kind" in str(fault(entries))


@given(at=st.integers(1, LENGTH))
def test_a_changed_event_with_its_hash_made_anew_is_found_at_the_next(at: int) -> None:
    entries = chain()
    changed = entries[at - 1]._replace(data='{"n":0}')
    entries[at - 1] = changed._replace(hash=link("m", *changed[:-1]))
    place = "event 6 of mission m does not have the hash" if at == LENGTH else f"event {at + 1} of mission m does not"
    assert place in str(fault(entries))


@given(at=st.integers(1, LENGTH))
def test_a_lost_event_is_found_at_its_place(at: int) -> None:
    entries = chain()
    del entries[at - 1]
    assert f"event {at} of mission m is missing" in str(fault(entries))


@given(at=st.integers(1, LENGTH))
def test_an_event_that_stands_twice_is_found_at_the_second_place(at: int) -> None:
    entries = chain()
    entries.insert(at, entries[at - 1])
    assert f"event {at + 1} of mission m is " in str(fault(entries))


@given(st.permutations(range(LENGTH)))
def test_events_in_another_order_are_found_at_the_first_that_moved(order: list[int]) -> None:
    entries = chain()
    moved = [entries[index] for index in order]
    first = next((at for at, index in enumerate(order, start=1) if index != at - 1), None)
    assert (fault(moved) is None) if first is None else (f"event {first} of mission m is missing" in str(fault(moved)))


def test_a_chain_that_goes_on_past_its_head_is_found_there() -> None:
    entries = chain()
    assert "event 5 of mission m is one too many" in str(fault(entries, LENGTH - 2, entries[LENGTH - 3].hash))


def test_a_head_that_is_not_the_last_events_is_found() -> None:
    assert "event 6 of mission m does not have the hash" in str(fault(chain(), head="0" * 64))
