"""The hash chain: an event's hash covers the whole event and the hash of the event before it.

So whoever changes, drops, adds or moves an event has to change every hash after it, and the last one stands
in the mission's row as well.

The hash of an event is SHA-256 over these bytes, in this order:

1. the tag `mission-fsm event 1` and a line feed, in ASCII;
2. eight numbers, the lengths in bytes of the eight strings that follow, each unsigned, big-endian, 8 bytes wide;
3. eight strings in UTF-8: mission id, sequence (decimal), type, version (decimal), time, stage, data (the JSON
   text exactly as it is stored), and the hash of the event before (64 lower-case hexadecimal digits; 64 zeros
   for the first event of a mission).

The tag separates domains, as the leading byte in RFC 6962 (section 2.1) does: nothing else that is hashed here
can pass for an event. The lengths make the encoding unambiguous: no two events have the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from mission_fsm.errors import JournalDamaged

GENESIS = "0" * 64
"""What the first event of a mission has for the hash of the event before it."""

_EVENT = b"mission-fsm event 1\n"
_SNAPSHOT = b"mission-fsm snapshot 1\n"


class Entry(NamedTuple):
    """An event as a store keeps it, without its mission's id: `data` is JSON text, the hashes hexadecimal."""

    sequence: int
    type: str
    version: int
    time: str
    stage: str
    data: str
    previous_hash: str
    hash: str


def link(
    mission_id: str, sequence: int, kind: str, version: int, time: str, stage: str, data: str, previous_hash: str
) -> str:
    """The hash of an event whose type is `kind`, hexadecimal, over the encoding that this module describes."""
    return _digest(_EVENT, mission_id, str(sequence), kind, str(version), time, stage, data, previous_hash)


def snapshot_digest(mission_id: str, sequence: int, event_hash: str, schema: str, state: str) -> str:
    """The digest that tells a snapshot as it was written from one that was changed or cut short."""
    return _digest(_SNAPSHOT, mission_id, str(sequence), event_hash, schema, state)


def verified(mission_id: str, entries: Iterable[Entry], sequence: int, head: str) -> Iterator[Entry]:
    """The entries of a mission from its first, each handed on once it has been checked.

    sequence, head: of the last event, as the mission's row has them.
    Raises JournalDamaged, which names the first bad position and what is wrong there.
    """
    at, previous = 0, GENESIS
    for entry in entries:
        at += 1
        problem = _problem(mission_id, at, previous, entry)
        if problem is not None:
            raise JournalDamaged(f"event {at} of mission {mission_id} {problem}")
        previous = entry.hash
        yield entry
    if at != sequence:
        raise JournalDamaged(
            f"event {min(at, sequence) + 1} of mission {mission_id} "
            f"{'is missing' if at < sequence else 'is one too many'}: the mission stands at event {sequence}, "
            f"and its events end with {at}"
        )
    if previous != head:
        raise JournalDamaged(f"event {at} of mission {mission_id} does not have the hash that the mission's row has")


def _problem(mission_id: str, sequence: int, previous: str, entry: Entry) -> str | None:
    if entry.sequence != sequence:
        return f"is missing: event {entry.sequence} stands in its place"
    if entry.previous_hash != previous:
        return "does not follow from the event before it: the hash that it names is another"
    try:
        expected = link(mission_id, *entry[:-1])
    except (AttributeError, UnicodeEncodeError):  # a value that is no text any more
        return "holds a value of another kind than was written"
    if entry.hash != expected:
        return "is not what was written: its hash does not match its content"
    return None


def _digest(tag: bytes, *fields: str) -> str:
    encoded = [field.encode() for field in fields]
    lengths = struct.pack(f">{len(encoded)}Q", *map(len, encoded))
    return sha256(b"".join((tag, lengths, *encoded))).hexdigest()
