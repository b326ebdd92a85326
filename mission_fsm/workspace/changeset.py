"""From what an editor wants to a change set: exact versions before and after, under one digest.

A change set is kept as canonical JSON (RFC 8785), and its digest is the SHA-256 of exactly those bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence

import rfc8785
from cattrs import BaseValidationError

from mission_fsm.converter import converter
from mission_fsm.core.changes import Change, ChangeSet, Version
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import Conflict, EditFailed, MissionError
from mission_fsm.workspace.diff import measure
from mission_fsm.workspace.folders import plan_folders
from mission_fsm.workspace.names import check_link, check_path, replaced_in
from mission_fsm.workspace.paths import Root, explained
from mission_fsm.workspace.versions import (
    FILE,
    LINK_MODE,
    MAX_FILE_BYTES,
    SYMLINK,
    image_at,
    stands_empty,
    version_of,
)

NEW_FILE_MODE = 0o644
# More than a person can review as one change.
MAX_FILES = 10_000
# All after-images of a change set together; they are held in memory and stored as blobs.
MAX_TOTAL_BYTES = 512 * 1024 * 1024


def build(
    root: Root, edits: Sequence[FileEdit], seen: Mapping[str, Version | None]
) -> tuple[ChangeSet, dict[str, bytes]]:
    """The change set that the edits come to, and the bytes of every after-image by digest.

    seen: what the editor saw at each path, by path; elsewhere, what stands there now counts as before.
    Edits that change nothing are dropped. Raises Conflict for a path that is no longer what the editor saw;
    UnsafePath for a path or link that leads outside or into .git, and for a folder that would have to be a
    file; EditFailed for two edits of one path, for modes with setuid, setgid or sticky bits, for files that
    are too large, and for those that have other names, by hard links.
    """
    if len(edits) > MAX_FILES:
        raise EditFailed(f"the change is of more than {MAX_FILES:,} files, too many for one; make it in parts")
    wanted = _by_path(edits)
    replaced = replaced_in(wanted)
    changes: list[Change] = []
    blobs: dict[str, bytes] = {}
    for path, edit in sorted(wanted.items()):
        now = None if stands_empty(root, path, replaced) else image_at(root, path)
        before, old = now or (None, b"")
        if path in seen and seen[path] != before:
            raise Conflict(f"{path} is no longer what it was when the change was made from it", [path])
        after, new = _after(path, edit, before)
        if after == before:
            continue
        if before is not None:
            _refuse_other_names(root, path)
        if after is not None:
            blobs[after.digest] = new
        changes.append(Change(path, before, after, *measured(before, old, after, new)))
    if sum(map(len, blobs.values())) > MAX_TOTAL_BYTES:
        raise EditFailed(f"the change is larger than {MAX_TOTAL_BYTES // 1024**2} MiB in all; make it in parts")
    _check_places(changes)
    plan_folders(root, changes)
    return change_set_of(changes), blobs


def change_set_of(changes: Iterable[Change]) -> ChangeSet:
    """The change set of those changes, sorted by path, with its digest."""
    ordered = tuple(sorted(changes, key=lambda change: change.path))
    return ChangeSet(ordered, hashlib.sha256(_canonical(ordered)).hexdigest())


def to_json(change_set: ChangeSet) -> bytes:
    """The bytes whose SHA-256 is the change set's digest."""
    return _canonical(change_set.changes)


def from_json(data: bytes) -> ChangeSet:
    """The change set in those bytes. Raises MissionError where they are none."""
    try:
        return change_set_of(converter.structure(json.loads(data)["changes"], tuple[Change, ...]))
    except (ValueError, KeyError, TypeError, BaseValidationError) as error:
        raise MissionError(f"a change set cannot be read from its bytes: {error}") from error


def _canonical(changes: Sequence[Change]) -> bytes:
    return rfc8785.dumps({"changes": converter.unstructure(changes)})


def _by_path(edits: Sequence[FileEdit]) -> dict[str, FileEdit]:
    wanted: dict[str, FileEdit] = {}
    for edit in edits:
        check_path(edit.path)
        if edit.path in wanted:
            raise EditFailed(f"{edit.path} is changed twice in one change; give it one content")
        wanted[edit.path] = edit
    return wanted


def _after(path: str, edit: FileEdit, before: Version | None) -> tuple[Version | None, bytes]:
    """The version that the edit wants at the path, and its bytes."""
    if edit.link_target is not None:
        check_link(path, edit.link_target)
        target = os.fsencode(edit.link_target)
        return version_of(target, LINK_MODE, SYMLINK), target
    if edit.content is None:
        return None, b""
    if len(edit.content) > MAX_FILE_BYTES:
        raise EditFailed(f"{path} would be larger than {MAX_FILE_BYTES // 1024**2} MiB, too large for a change")
    kept = before.mode if before is not None and before.kind == FILE else NEW_FILE_MODE
    mode = kept if edit.mode is None else edit.mode
    if mode & ~0o777:
        raise EditFailed(f"{path} would have the mode {mode:04o}; setuid, setgid and sticky files are not written")
    return version_of(edit.content, mode), edit.content


def _refuse_other_names(root: Root, path: str) -> None:
    """A new version lands by a rename, and would part the file from its other names without a word."""
    with explained(path, "read"), root.parent(path) as (folder, name):
        names = os.stat(name, dir_fd=folder, follow_symlinks=False).st_nlink
    if names > 1:
        raise EditFailed(
            f"{path} is one of {names} names of the same file (hard links), and a change would part it from the "
            "others; put a copy in its place first"
        )


def measured(before: Version | None, old: bytes, after: Version | None, new: bytes) -> tuple[int, int, bool]:
    """Lines added and removed, and whether it is binary, of a version with those bytes that another takes the place of.

    A file that becomes a link, or back, is replaced whole.
    """
    if before is None or after is None or before.kind == after.kind:
        return measure(old, new)
    _, removed, was_binary = measure(old, b"")
    added, _, is_binary = measure(b"", new)
    return added, removed, was_binary or is_binary


def _check_places(changes: Sequence[Change]) -> None:
    files = {change.path for change in changes if change.after is not None}
    for path in sorted(replaced_in(files)):
        raise EditFailed(f"{path} would be a file, and have files below it, in one change")
