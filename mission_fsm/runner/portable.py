"""A mission between homes, as one file that verifies by itself; and a whole home as one file, to be kept."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from mission_fsm.errors import JournalDamaged, Refused, UnknownMission
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.journal.store import Listing, Store
from mission_fsm.runner import archive as archives
from mission_fsm.runner.archive import Archive, Manifest
from mission_fsm.runner.audit import verified_blobs
from mission_fsm.runner.placing import placed
from mission_fsm.runner.quota import Quota


@frozen
class Exported:
    """What was written. events: from the first to that one, which was the last; head: its hash."""

    mission_id: str
    events: int
    blobs: int
    head: str
    size_bytes: int


@frozen
class Imported:
    """What was taken in. was_there: whether the home had all of it already, and nothing was written."""

    mission_id: str
    events: int
    blobs: int
    head: str
    state: str
    workspace: str
    was_there: bool


@frozen
class Backup:
    """How much was copied."""

    missions: int
    size_bytes: int


def back_up(store: Store, path: Path, *, home: Path | None, force: bool) -> Backup:
    """Copy all that the store keeps to one file. Raises as `Store.backup` and `placed` do."""
    with placed(path, home=home, force=force) as draft:
        missions = store.backup(draft)
        size_bytes = draft.stat().st_size
    return Backup(missions, size_bytes)


def export_mission(store: Store, mission_id: str, path: Path, *, home: Path | None, force: bool) -> Exported:
    """Write the mission, as its last commit leaves it, to one file; it may go on meanwhile.

    Raises JournalDamaged where it does not verify, and as `placed` and `archive.write` do.
    """
    row = store.row(mission_id)
    digests = verified_blobs(store, row)
    archive = Archive(
        Manifest(
            mission_id=row.mission_id,
            workspace=row.workspace,
            source=row.source,
            plan_digest=row.plan_digest,
            goal=row.goal,
            created=row.created,
            state=row.state,
            sequence=row.sequence,
            head=row.head,
        ),
        tuple(store.entries(mission_id, upto=row.sequence)),
        {digest: store.blob(digest) for digest in digests},
    )
    with placed(path, home=home, force=force) as draft:
        size_bytes = archives.write(archive, draft)
    return Exported(mission_id, row.sequence, len(digests), row.head, size_bytes)


def import_mission(store: Store, path: Path, quota: Quota) -> Imported:
    """Take in the mission in that file, in one commit, once everything that `verify` looks at was found right.

    It comes as it was exported, is run by nobody, and holds no workspace: it takes its workspace when it is next
    carried on, and is refused then where another mission holds it. What was approved stays approved.

    Raises JournalDamaged for a file that was changed or cut short, with the first bad position; JournalNewer for a
    later version's; UsageError for what is no export; Refused where the home has another mission of that id; OverQuota.
    """
    archive = archives.read(path)
    row = _verified(archive, path)
    was_there = _is_there(store, archive)
    if not was_there:
        quota.require(quota.bytes_of(archive.blobs), "this mission")
        store.adopt(row, archive.entries, archive.blobs)
    return Imported(row.mission_id, row.sequence, len(archive.blobs), row.head, row.state, row.workspace, was_there)


def _verified(archive: Archive, path: Path) -> Listing:
    """The mission as it is to be listed. Nothing of it has touched the home yet."""
    listed = archive.manifest
    row = Listing(
        mission_id=listed.mission_id,
        workspace=listed.workspace,
        source=listed.source,
        plan_digest=listed.plan_digest,
        goal=listed.goal,
        created=listed.created,
        state=listed.state,
        holds_workspace=False,
        sequence=listed.sequence,
        head=listed.head,
    )
    scratch = MemoryStore()
    try:
        scratch.adopt(row, archive.entries, archive.blobs)
        spoken_of = verified_blobs(scratch, row)
    except RecursionError as error:
        raise JournalDamaged(f"{path} does not verify: something in it is nested too deeply") from error
    except JournalDamaged as error:
        raise JournalDamaged(f"{path} does not verify: {error}") from error
    strangers = sorted(archive.blobs.keys() - spoken_of)
    if strangers:
        raise JournalDamaged(f"{path} does not verify: no event speaks of the blob {strangers[0]}")
    return row


def _is_there(store: Store, archive: Archive) -> bool:
    """Whether the home has exactly this already. Raises Refused where it has something else of that id."""
    mission_id, sequence = archive.manifest.mission_id, archive.manifest.sequence
    try:
        here = store.row(mission_id)
    except UnknownMission:
        return False
    kept = tuple(store.entries(mission_id))
    if kept == archive.entries and store.has_blobs(archive.blobs) == archive.blobs.keys():
        return True
    shorter = min(here.sequence, sequence)
    if kept[:shorter] == archive.entries[:shorter]:
        how = f"it stands at event {here.sequence}, and the one in the file, which began as it did, at {sequence}"
    else:
        how = "it is not the one in the file"
    raise Refused(f"there is a mission with the id {mission_id} already: {how}; import the file into another home")
