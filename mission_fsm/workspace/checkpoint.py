"""Checkpoints: before an edit is written, what it will overwrite is saved, and how to put it back follows.

A manifest says which versions of which paths an edit leads from and to; together with the bytes of those versions
it is all that is needed to do the edit, to finish it, or to take it back. A rollback is a manifest like any other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import rfc8785
from attrs import frozen
from cattrs import BaseValidationError

from mission_fsm.converter import converter
from mission_fsm.core.changes import Change, ChangeSet, Version
from mission_fsm.errors import Conflict, MissionError, UnsafePath
from mission_fsm.workspace.changeset import change_set_of
from mission_fsm.workspace.folders import FolderChange, plan_folders, plan_restored_folders
from mission_fsm.workspace.names import replaced_in
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.versions import SYMLINK, image_at, stands_empty, version_at

Drift = tuple[str, str]


@frozen
class Manifest:
    """What a checkpoint saved: the change of files, and the folders that come and go with it."""

    change_set: ChangeSet
    folders: tuple[FolderChange, ...] = ()

    @property
    def moving_folders(self) -> frozenset[str]:
        """Folders that are there before or after, and not both."""
        return frozenset(folder.path for folder in self.folders if None in {folder.before, folder.after})

    @property
    def replaced(self) -> frozenset[str]:
        """The paths at which a file turns into a folder, or a folder into a file."""
        return replaced_in(self.change_set.paths) | self.moving_folders.intersection(self.change_set.paths)


def to_json(manifest: Manifest) -> bytes:
    """The manifest as canonical JSON (RFC 8785): a blob, known by its SHA-256."""
    return rfc8785.dumps(
        {
            "changes": converter.unstructure(manifest.change_set.changes),
            "folders": converter.unstructure(manifest.folders),
        }
    )


def from_json(data: bytes) -> Manifest:
    """The manifest in those bytes. Raises MissionError where they are none."""
    try:
        values = json.loads(data)
        changes = converter.structure(values["changes"], tuple[Change, ...])
        folders = converter.structure(values["folders"], tuple[FolderChange, ...])
    except (ValueError, KeyError, TypeError, BaseValidationError) as error:
        raise MissionError(f"a checkpoint cannot be read from its bytes: {error}") from error
    return Manifest(change_set_of(changes), folders)


def secure(root: Root, change_set: ChangeSet) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of an edit, and the bytes of every version that it will overwrite or delete, by digest.

    Reads the paths of the change set and nothing else. Raises Conflict where one is no longer what the change
    was made from, UnsafePath where a folder is in a file's place or the other way round.
    """
    images = _pre_images(root, change_set, replaced_in(change_set.paths))
    return Manifest(change_set, plan_folders(root, change_set.changes)), images


def pre_images(root: Root, manifest: Manifest) -> dict[str, bytes]:
    """The bytes of every version that the manifest overwrites or deletes, by digest. Raises Conflict as `secure`."""
    return _pre_images(root, manifest.change_set, manifest.replaced)


def drift(root: Root, change_set: ChangeSet) -> list[Drift]:
    """The paths that are no longer what the change was made from, each with what happened to it, in words."""
    return _survey(root, change_set, replaced_in(change_set.paths))[0]


def standing(root: Root, path: str, replaced: Collection[str]) -> Version | None:
    """What stands at the path, given which paths turn from files into folders or back. Raises UnsafePath."""
    return None if stands_empty(root, path, replaced) else version_at(root, path)


def drift_words(expected: Version | None, now: Version | None) -> str:
    """What must have happened to a path, in words."""
    if expected is None or now is None:
        return "appeared" if expected is None else "was deleted"
    if expected.kind != now.kind:
        return "became a symbolic link" if now.kind == SYMLINK else "is no longer a symbolic link"
    if expected.digest != now.digest:
        return "was changed"
    return f"its mode changed from {expected.mode:04o} to {now.mode:04o}"


def conflict(drifted: Sequence[Drift]) -> Conflict:
    """The error that lists the drift."""
    count = "1 file is" if len(drifted) == 1 else f"{len(drifted)} files are"
    details = [f"{path} {words}" for path, words in drifted]
    message = f"{count} not what this change expects, so nothing was written: {'; '.join(details)}"
    return Conflict(message, [path for path, _ in drifted], details)


def rollback_manifest(root: Root, manifests: Sequence[Manifest], *, overwrite: bool = False) -> Manifest:
    """The manifest that takes back those edits, the newest first, from what is there now.

    A path that is as it was before the oldest of them is left alone. One that is neither that nor what the
    newest left there is a conflict: with `overwrite` it is restored all the same, without it Conflict is
    raised, which lists all of them. Lines are not counted: a rollback answers to no scope contract.
    """
    left: dict[str, Version | None] = {}
    goal: dict[str, Version | None] = {}
    folder_goal: dict[str, int | None] = {}
    for manifest in manifests:
        for change in manifest.change_set.changes:
            left.setdefault(change.path, change.after)
            goal[change.path] = change.before
        folder_goal |= {folder.path: folder.before for folder in manifest.folders}
    replaced = replaced_in(goal) | folder_goal.keys() & goal.keys()
    changes: list[Change] = []
    drifted: list[Drift] = []
    for path in sorted(goal):
        try:
            now = standing(root, path, replaced)
        except UnsafePath as error:
            drifted.append((path, str(error)))
            continue
        if now == goal[path]:
            continue
        if now != left[path] and not overwrite:
            drifted.append((path, drift_words(left[path], now)))
        changes.append(Change(path, now, goal[path]))
    if drifted:
        raise conflict(drifted)
    try:
        folders = plan_restored_folders(root, changes, folder_goal)
    except UnsafePath as error:
        raise Conflict(f"{error}; nothing was written") from error
    return Manifest(change_set_of(changes), folders)


def preview(manifest: Manifest) -> list[tuple[str, str]]:
    """What a rollback would do: each path with `restore`, `create` or `delete`, folders with what befalls them."""
    steps = [(change.path, _step(change)) for change in manifest.change_set.changes]
    for folder in manifest.folders:
        if folder.before is None:
            steps.append((folder.path, "make the folder"))
        elif folder.after is None:
            steps.append((folder.path, "remove the empty folder"))
        else:
            steps.append((folder.path, f"set the folder's mode to {folder.after:04o}"))
    return steps


def _step(change: Change) -> str:
    if change.before is None:
        return "create"
    return "delete" if change.after is None else "restore"


def _pre_images(root: Root, change_set: ChangeSet, replaced: Collection[str]) -> dict[str, bytes]:
    drifted, images = _survey(root, change_set, replaced)
    if drifted:
        raise conflict(drifted)
    return images


def _survey(root: Root, change_set: ChangeSet, replaced: Collection[str]) -> tuple[list[Drift], dict[str, bytes]]:
    """The drift, and the bytes of what the change overwrites or deletes, by digest."""
    drifted: list[Drift] = []
    images: dict[str, bytes] = {}
    for change in change_set.changes:
        try:
            now = None if stands_empty(root, change.path, replaced) else image_at(root, change.path)
        except UnsafePath as error:
            drifted.append((change.path, str(error)))
            continue
        version, data = now or (None, b"")
        if version != change.before:
            drifted.append((change.path, drift_words(change.before, version)))
        elif version is not None:
            images[version.digest] = data
    return drifted, images
