"""Between events and what a store keeps: a type, a version, and JSON text.

The text is compact JSON (RFC 8259) in UTF-8. A journal is read by every later version: where the fields of a
type have changed, an upcaster turns the data of one version into that of the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from cattrs import BaseValidationError, ForbiddenExtraKeysError

from mission_fsm.converter import converter, problems_of
from mission_fsm.core.events import EVENT_CLASSES, Event, Recorded, StageChanged, type_of
from mission_fsm.errors import JournalDamaged, JournalError, JournalNewer
from mission_fsm.journal.chain import GENESIS, Entry, link
from mission_fsm.journal.store import Listing, Standing

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""For a type and a version that was written once: the function that makes its data the next version's."""


class Codec:
    """Encodes and decodes events. The current version of a type is the one after its last upcaster."""

    def __init__(self, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS) -> None:
        self._upcasters = upcasters
        self._current = dict.fromkeys(EVENT_CLASSES, 1)
        for name, version in upcasters:
            self._current[name] = max(self._current[name], version + 1)
        # Made when a class is first met, since making all of them would be felt when the program starts.
        self._writers: dict[type, tuple[str, int, Callable[[Event], Data]]] = {}

    def encode(self, event: Event) -> tuple[str, int, str]:
        """The event's type, version, and data as JSON text. Raises JournalError for what JSON cannot hold."""
        cls = event.__class__
        writer = self._writers.get(cls)
        if writer is None:
            name = type_of(cls)
            writer = self._writers[cls] = name, self._current[name], converter.get_unstructure_hook(cls)
        name, version, unstructure = writer
        try:
            return name, version, _text(unstructure(event))
        except (TypeError, ValueError, RecursionError) as error:
            raise JournalError(f"{name} cannot be recorded, because JSON cannot hold it: {error}") from error

    def decode(self, mission_id: str, entry: Entry) -> Event:
        """The event that was recorded, in today's form.

        Raises JournalNewer for a type, version or field that only a later version knows, and JournalDamaged
        for data that is not that of an event.
        """
        cls = EVENT_CLASSES.get(entry.type)
        if cls is None:
            raise _newer(mission_id, entry, "its type is not known here")
        current = self._current[entry.type]
        if entry.version > current:
            raise _newer(mission_id, entry, f"its version is {entry.version}, and {current} is the last known here")
        try:
            data = json.loads(entry.data, parse_constant=_refuse_constant)
            for version in range(entry.version, current):
                data = self._upcasters[entry.type, version](data)
            event: Event = converter.structure(data, cls)
        except (BaseValidationError, TypeError, ValueError, LookupError, RecursionError) as error:
            # A field may be added within a version, so one that is not known is a later version's.
            unknown_field = isinstance(error, BaseValidationError) and error.subgroup(ForbiddenExtraKeysError)
            raise (_newer if unknown_field else _damaged)(mission_id, entry, _reason(error)) from error
        return event

    def begin(
        self,
        mission_id: str,
        *,
        workspace: str,
        source: str | None,
        plan_digest: str,
        goal: str,
        events: Sequence[Event],
        time: str,
        standing: Standing,
    ) -> tuple[Listing, list[Entry], list[Recorded]]:
        """A new mission: its row, and its first events as `seal` gives them."""
        entries, recorded = self.seal(mission_id, 0, GENESIS, events, time=time, stage="none")
        row = Listing(
            mission_id=mission_id,
            workspace=workspace,
            source=source,
            plan_digest=plan_digest,
            goal=goal,
            created=time,
            state=standing.state,
            holds_workspace=standing.holds_workspace,
            sequence=len(entries),
            head=entries[-1].hash if entries else GENESIS,
        )
        return row, entries, recorded

    def seal(
        self, mission_id: str, sequence: int, previous_hash: str, events: Sequence[Event], *, time: str, stage: str
    ) -> tuple[list[Entry], list[Recorded]]:
        """The events as links of the chain that stands at that sequence and hash: to be kept, and to be told.

        stage: in force before them; an event that changes the stage already bears the new one.
        """
        entries: list[Entry] = []
        recorded: list[Recorded] = []
        for event in events:
            sequence += 1
            if isinstance(event, StageChanged):
                stage = event.to
            name, version, data = self.encode(event)
            own_hash = link(mission_id, sequence, name, version, time, stage, data, previous_hash)
            entry = Entry(sequence, name, version, time, stage, data, previous_hash, own_hash)
            entries.append(entry)
            recorded.append(_recorded(mission_id, entry, event))
            previous_hash = own_hash
        return entries, recorded

    def unseal(self, mission_id: str, entry: Entry) -> Recorded:
        """The entry as it is told: the envelope as it was written, and the event in today's form."""
        return _recorded(mission_id, entry, self.decode(mission_id, entry))


CODEC = Codec()
"""The codec of this version."""

_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_to_ascii_json = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def _text(data: Data) -> str:
    text = _to_json(data)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A file name that is not UTF-8 comes as lone surrogates, which only an escape can carry.
        return _to_ascii_json(data)
    return text


def _recorded(mission_id: str, entry: Entry, event: Event) -> Recorded:
    sequence, name, version, time, stage, _, previous_hash, own_hash = entry
    return Recorded(mission_id, sequence, name, version, time, stage, event, previous_hash, own_hash)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _reason(error: Exception) -> str:
    return "; ".join(f"{place}: {message}" if place else message for place, message in problems_of(error))


def _newer(mission_id: str, entry: Entry, reason: str) -> JournalNewer:
    return JournalNewer(
        f"event {entry.sequence} of mission {mission_id} ({entry.type}) was written by a later version of "
        f"mission-fsm: {reason}; use that version to read it"
    )


def _damaged(mission_id: str, entry: Entry, reason: str) -> JournalDamaged:
    return JournalDamaged(
        f"event {entry.sequence} of mission {mission_id} ({entry.type}) cannot be read: {reason}; "
        f"restore the journal from a backup"
    )
