"""A reviewer's revision of the change that is waiting: a part of it, or an edited diff, worked out over the same files.

It is a change set of its own, made and assessed by the same code as what a stage proposes. Nothing is written.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from mission_fsm.core.changes import ChangeSet, Revision
from mission_fsm.core.mission import Mission
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import EditFailed, GuardRefused, UnsafePath
from mission_fsm.registry import Registry
from mission_fsm.runner.proposing import Proposed, proposed
from mission_fsm.stage import InlinedFile
from mission_fsm.workspace import checkpoint
from mission_fsm.workspace.changeset import change_set_of
from mission_fsm.workspace.diff import unified
from mission_fsm.workspace.edited import recounted, untouched
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from mission_fsm.workspace.selection import Content, differences, edit_of, select


@frozen
class Part:
    """What a reviewer approves of a change: all of it, where nothing is said.

    files: globs; of these files everything. hunks: of others these, as `path:1,3`. patch: a diff in its place.
    """

    files: tuple[str, ...] = ()
    hunks: tuple[str, ...] = ()
    patch: bytes | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out and nothing is edited."""
        return not self.files and not self.hunks and self.patch is None


def revised(
    mission: Mission, change_set: ChangeSet, part: Part, root: Root, blob: Content, registry: Registry
) -> tuple[Revision, Proposed]:
    """The revision of that change set, which the mission asks about, with all that is kept of it.

    blob: gives what the store keeps. Raises UsageError for a choice of what is not there, Conflict where the files have
    drifted, GuardRefused for an edited diff that cannot be applied to them.
    """
    _, before = checkpoint.secure(root, change_set)

    def content(digest: str) -> bytes:
        return before[digest] if digest in before else blob(digest)

    repairs = mission.repair is not None
    seen = {change.path: change.before for change in change_set.changes}
    if part.patch is None:
        selection = select(change_set, part.files, part.hunks, content)
        made = proposed(root, selection.edits, seen, repairs=repairs)
        return _revision(made, selection.left_out, edited=False), made
    try:
        edits, read = _edited(change_set, part.patch, root, content, registry)
        made = proposed(root, edits, {**seen, **read.seen}, repairs=repairs)
    except (EditFailed, UnsafePath, OSError) as error:
        raise GuardRefused("approve", "revision_applies", f"the edited diff cannot be applied: {error}") from error
    there = made.contents
    left_out = differences(change_set, made.change_set, lambda name: there[name] if name in there else content(name))
    return _revision(made, left_out, edited=True), made


def _revision(made: Proposed, left_out: tuple[str, ...], *, edited: bool) -> Revision:
    return Revision(made.change_set, made.artifact, made.risk, left_out, edited)


def _edited(
    change_set: ChangeSet, patch: bytes, root: Root, content: Content, registry: Registry
) -> tuple[tuple[FileEdit, ...], Reader]:
    """The edits that an edited diff comes to, and what was read for them."""
    changes = {change.path: change for change in change_set.changes}
    shown = {path: unified(change_set_of([change]), content) for path, change in changes.items()}
    # What came back as it was shown is what was proposed, also where a diff does not hold all of it: binary files.
    same, rest = untouched(shown, patch)
    kept = tuple(edit_of(changes[path], content) for path in same)
    reader = Reader(root)
    rest = recounted(rest)
    if not rest.strip():
        return kept, reader
    with TemporaryDirectory(prefix="mission-review-") as scratch:
        return kept + registry.editor("patch").edit(InlinedFile.of(rest), reader, Path(scratch)), reader
