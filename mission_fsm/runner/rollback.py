"""Putting the workspace back: planned, shown, checked file by file, and itself checkpointed."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mission_fsm.core import commands as c
from mission_fsm.core.mission import Edit, Mission
from mission_fsm.core.rollback import Target, target_of
from mission_fsm.errors import Conflict, JournalDamaged
from mission_fsm.journal.store import Store
from mission_fsm.runner.digests import bytes_digest
from mission_fsm.runner.pen import Pen
from mission_fsm.runner.session import Session
from mission_fsm.workspace import checkpoint
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.checkpoint import Manifest
from mission_fsm.workspace.paths import Root


@frozen
class RollbackPlan:
    """What a rollback would do: each path with a word for it, and what stands in its way, in words."""

    target: Target
    manifest: Manifest | None
    steps: tuple[tuple[str, str], ...]
    conflicts: tuple[str, ...]


def plan_rollback(mission: Mission, store: Store, root: Root, to: str | None, *, overwrite: bool) -> RollbackPlan:
    """Plan it without touching anything.

    Raises GuardRefused where there is nothing to take back, and JournalDamaged, which names the checkpoint and the
    file, where what is needed for it is not there as it was saved.
    """
    target = target_of(mission, to)
    manifests = [_manifest_of(edit, store) for edit in target.edits]
    try:
        manifest = checkpoint.rollback_manifest(root, manifests, overwrite=overwrite)
    except Conflict as conflict:
        return RollbackPlan(target, None, (), conflict.details)
    _see_that_it_is_there(manifest, dict(zip(target.edits, manifests, strict=True)), store)
    return RollbackPlan(target, manifest, tuple(checkpoint.preview(manifest)), ())


def _manifest_of(edit: Edit, store: Store) -> Manifest:
    try:
        return checkpoint.from_json(store.blob(edit.manifest))
    except JournalDamaged as error:
        raise JournalDamaged(f"{edit.checkpoint_id} cannot be gone back to, so nothing was touched: {error}") from error


def _see_that_it_is_there(manifest: Manifest, edits: Mapping[Edit, Manifest], store: Store) -> None:
    """See that every file can be put back, before the first one is. edits: taken back, with what each had saved."""
    saved_by = {path: edit.checkpoint_id for edit, saved in edits.items() for path in saved.change_set.paths}
    for change in manifest.change_set.changes:
        if change.after is not None:
            try:
                store.blob(change.after.digest)
            except JournalDamaged as error:
                where = f"{change.path}, as {saved_by.get(change.path)} saved it,"
                raise JournalDamaged(f"{where} cannot be put back, so nothing was touched: {error}") from error


def roll_back_as_planned(session: Session, pen: Pen) -> None:
    """Take back what a repair has changed that has failed, where the plan says so. Raises JournalDamaged.

    Where files stand in its way nothing is written: the mission stays failed, and its rollback due.
    """
    mission = session.mission
    if mission.rollback_due is None:
        return
    if mission.restoring is not None:
        finish_rollback(session, pen)
        return
    plan = plan_rollback(mission, session.store, pen.root, mission.rollback_due, overwrite=False)
    if not plan.conflicts:
        # Whoever approved the plan has asked for it.
        roll_back(session, pen, plan, mission.decided_by or "", means="plan")


def roll_back(session: Session, pen: Pen, plan: RollbackPlan, by: str, means: str | None = None) -> None:
    """Do what was planned. Raises GuardRefused where conflicts stand in its way; nothing is then written.

    means: `plan` where the plan asks for it, which `by` approved.
    """
    paths: tuple[str, ...] = ()
    size_bytes = 0
    blobs: dict[str, bytes] = {}
    if plan.manifest is not None:
        paths = plan.manifest.change_set.paths
        blobs = checkpoint.pre_images(pen.root, plan.manifest)
        size_bytes = sum(map(len, blobs.values()))
        data = checkpoint.to_json(plan.manifest)
        blobs[bytes_digest(data)] = data
    session.decide(
        c.SecureRollback(
            target=plan.target.checkpoint_id,
            cursor=plan.target.cursor,
            undoes=tuple(edit.checkpoint_id for edit in plan.target.edits),
            paths=paths,
            size_bytes=size_bytes,
            manifest=bytes_digest(data) if plan.manifest is not None else "",
            by=by,
            conflicts=plan.conflicts,
            means=means,
        ),
        blobs,
    )
    finish_rollback(session, pen)


def finish_rollback(session: Session, pen: Pen) -> None:
    """Write what a rollback that is on record is to write, or finish it where it was cut short."""
    restoring = session.mission.restoring
    if restoring is None:
        return
    manifest = checkpoint.from_json(session.store.blob(restoring.manifest))
    with pen.in_hand():
        apply(pen.root, manifest, session.store.blob, f"{session.mission.mission_id}-{restoring.checkpoint_id}")
    session.decide(c.FinishRollback(manifest.change_set.paths))
