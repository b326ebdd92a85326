"""What an event vouches for beyond itself: blobs, and the digests of what was asked and decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.changes import Version
from mission_fsm.core.events import type_of
from mission_fsm.core.mission import Mission
from mission_fsm.errors import JournalDamaged
from mission_fsm.runner.digests import command_digest, question_digest
from mission_fsm.runner.given import is_change_set
from mission_fsm.workspace import changeset, checkpoint

Blob = Callable[[str], bytes]


SPEAKING: frozenset[str] = frozenset(
    type_of(event_class)
    for event_class in (
        e.RetrievalCompleted,
        e.DiffProposed,
        e.TestCompleted,
        e.CommandCompleted,
        e.RepairStarted,
        e.InputReceived,
        e.CheckpointSecured,
        e.FilesChanged,
        e.RepairCompleted,
        e.FailureDetected,
    )
)
"""The types of the events that speak of blobs."""


def blobs_of(event: e.Event, blob: Blob) -> Iterator[str]:
    """The digests of all blobs that the event speaks of, and of those that these speak of in turn.

    blob: as for `check_evidence`; it is asked only for what has to be read for that.
    """
    match event:
        case e.RetrievalCompleted() | e.TestCompleted() | e.CommandCompleted():
            yield from (event.artifact,) if event.artifact else ()
        case e.RepairCompleted() | e.FailureDetected():
            yield from (event.artifact,) if event.artifact else ()
        case e.RepairStarted():
            yield from _given(event.patch, blob) if event.patch else ()
        case e.InputReceived():
            yield from _given(event.digest, blob)
        case e.DiffProposed():
            yield from (event.artifact,) if event.artifact else ()
            yield event.digest
            yield from _contents(change.after for change in changeset.from_json(blob(event.digest)).changes)
        case e.FilesChanged():
            yield from (event.artifact, event.manifest)
            # What the command wrote is in the workspace alone.
            changes = checkpoint.from_json(blob(event.manifest)).change_set.changes
            yield from _contents(change.before for change in changes)
        case e.CheckpointSecured() if event.manifest:
            yield event.manifest
            changes = checkpoint.from_json(blob(event.manifest)).change_set.changes
            yield from _contents(version for change in changes for version in (change.before, change.after))


def check_evidence(event: e.Event, mission: Mission, blob: Blob) -> None:
    """See that all that the event refers to is there, and is what the event says it is.

    mission: as it stood before the event.
    blob: gives the bytes with that digest, or raises JournalDamaged.
    Raises MissionError for the first thing that is not right.
    """
    for digest in blobs_of(event, blob):
        blob(digest)
    match event:
        case e.DiffProposed():
            change_set = changeset.from_json(blob(event.digest))
            if (change_set.digest, change_set.paths) != (event.digest, event.files):
                raise JournalDamaged("its change set is of other files than it says")
        case e.CheckpointSecured() if event.manifest:
            if checkpoint.from_json(blob(event.manifest)).change_set.paths != event.paths:
                raise JournalDamaged("its checkpoint is of other files than it says")
        case e.FilesChanged() if checkpoint.from_json(blob(event.manifest)).change_set.paths != event.files:
            raise JournalDamaged("what it saved is of other files than it says")
        case e.CommandProposed() if event.digest != command_digest(mission, event.command):
            raise JournalDamaged("its digest is not that of its command")
        case e.ApprovalRequested(kind=ApprovalKind.QUESTION) if event.digest != question_digest(
            event.summary, event.choices
        ):
            raise JournalDamaged("its digest is not that of its question")


def _given(digest: str, blob: Blob) -> Iterator[str]:
    yield digest
    content = blob(digest)
    if is_change_set(content):
        yield from _contents(change.after for change in changeset.from_json(content).changes)


def _contents(versions: Iterable[Version | None]) -> Iterator[str]:
    return (version.digest for version in versions if version is not None)
