"""What an event vouches for beyond itself: blobs, and the digests of what was asked and decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.changes import Version
from mission_fsm.core.mission import Mission
from mission_fsm.errors import JournalDamaged
from mission_fsm.runner.digests import command_digest, question_digest
from mission_fsm.workspace import changeset, checkpoint

Blob = Callable[[str], bytes]


def check_evidence(event: e.Event, mission: Mission, blob: Blob) -> None:
    """See that all that the event refers to is there, and is what the event says it is.

    mission: as it stood before the event.
    blob: gives the bytes with that digest, or raises JournalDamaged.
    Raises MissionError for the first thing that is not right.
    """
    for digest in _named_by(event):
        blob(digest)
    match event:
        case e.DiffProposed():
            _check_change(event, blob)
        case e.CheckpointSecured() if event.manifest:
            _check_checkpoint(event, blob)
        case e.CommandProposed() if event.digest != command_digest(mission, event.command):
            raise JournalDamaged("its digest is not that of its command")
        case e.ApprovalRequested(kind=ApprovalKind.QUESTION) if event.digest != question_digest(
            event.summary, event.choices
        ):
            raise JournalDamaged("its digest is not that of its question")


def _named_by(event: e.Event) -> Iterable[str]:
    """Digests of the artifacts and proposals that the event names."""
    match event:
        case e.RetrievalCompleted() | e.DiffProposed() | e.TestCompleted() | e.CommandCompleted():
            return (event.artifact,) if event.artifact else ()
        case e.RepairStarted():
            return (event.patch,) if event.patch else ()
        case e.InputReceived():
            return (event.digest,)
    return ()


def _check_change(event: e.DiffProposed, blob: Blob) -> None:
    change_set = changeset.from_json(blob(event.digest))
    if (change_set.digest, change_set.paths) != (event.digest, event.files):
        raise JournalDamaged("its change set is of other files than it says")
    _look_at((change.after for change in change_set.changes), blob)


def _check_checkpoint(event: e.CheckpointSecured, blob: Blob) -> None:
    change_set = checkpoint.from_json(blob(event.manifest)).change_set
    if change_set.paths != event.paths:
        raise JournalDamaged("its checkpoint is of other files than it says")
    _look_at((change.before for change in change_set.changes), blob)
    _look_at((change.after for change in change_set.changes), blob)


def _look_at(versions: Iterable[Version | None], blob: Blob) -> None:
    for version in versions:
        if version is not None:
            blob(version.digest)
