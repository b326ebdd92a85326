"""What a program changed in its copy of a workspace, as edits of the workspace, over what was there when it was copied.

Only what differs from how it was copied is read. What .gitignore ignores, and all that lies in a `.git`, is no part of
it: as for git, caches and installed packages are not changes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress

from attrs import frozen

from mission_fsm.core.changes import Version
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import Conflict, EditFailed, UnsafePath
from mission_fsm.stage import stamp_of
from mission_fsm.workspace.changeset import MAX_FILES
from mission_fsm.workspace.ignore import IgnoreRules, is_ignored
from mission_fsm.workspace.isolation import Copied
from mission_fsm.workspace.listing import folders
from mission_fsm.workspace.paths import Root, explained
from mission_fsm.workspace.versions import SYMLINK, image_at, version_at
from mission_fsm.workspace.walk import exclude_rules, rules_in

# A program that writes more than this has done something else than what a person can review.
MAX_BYTES = 64 * 1024 * 1024


@frozen
class Harvest:
    """edits: what the program made. seen: what these are made from, by path; None where nothing was."""

    edits: tuple[FileEdit, ...]
    seen: Mapping[str, Version | None]


def harvest(root: Root, copy: Root, copied: Mapping[str, Copied]) -> Harvest:
    """What is different in the copy, by path.

    copied: how it was copied. Raises Conflict where a file that the program changed was changed in the workspace too,
    meanwhile; EditFailed where that is more than MAX_FILES or MAX_BYTES, or what is left there cannot be read or is
    neither file, folder nor link.
    """
    touched, gone = _touched(copy, copied)
    ignored = _Ignored(root, copy)
    edits: list[FileEdit] = []
    seen: dict[str, Version | None] = {}
    drifted: list[str] = []
    size_bytes = 0
    for path in sorted({*touched, *gone}):
        if ignored.covers(path):
            continue
        was = copied.get(path)
        before = None if was is None else version_at(root, path)
        if was is not None and _stamp(root, path) != was.stamp:
            drifted.append(path)
            continue
        edit = FileEdit(path, None) if path in gone else _edit(copy, path, touched[path], was, before)
        if edit is None:
            continue
        seen[path] = before
        edits.append(edit)
        size_bytes += len(edit.content or b"")
        if len(edits) > MAX_FILES:
            raise EditFailed(f"the program changed more than {MAX_FILES:,} files, too many for one change")
        if size_bytes > MAX_BYTES:
            raise EditFailed(f"what the program wrote is larger than {MAX_BYTES // 1024**2} MiB in all")
    if drifted:
        shown = ", ".join(drifted[:10]) + (" ..." if len(drifted) > 10 else "")
        raise Conflict(
            f"changed in the workspace while the program worked on its copy: {shown}; nothing is proposed, so that "
            "nothing is overwritten: try again",
            drifted,
        )
    return Harvest(tuple(edits), seen)


def _touched(copy: Root, copied: Mapping[str, Copied]) -> tuple[dict[str, os.stat_result], frozenset[str]]:
    """What is there and not as it was copied, and what is not there any more."""
    touched: dict[str, os.stat_result] = {}
    left = dict(copied)
    try:
        for base, _, entries in folders(copy, unread=_refuse):
            for name, status in entries:
                if stat.S_ISDIR(status.st_mode):
                    continue
                was = left.pop(base + name, None)
                if was is None or was.copy != stamp_of(status):
                    touched[base + name] = status
    except (OSError, UnsafePath) as error:
        raise EditFailed(f"what the program left in its copy of the workspace cannot be read: {error}") from error
    return touched, frozenset(left)


def _refuse(_base: str, error: OSError | UnsafePath) -> None:
    raise error


def _edit(copy: Root, path: str, status: os.stat_result, was: Copied | None, before: Version | None) -> FileEdit | None:
    """What makes the path what it is in the copy; None where it is that already."""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
        raise EditFailed(f"the program left {path!r}, which is neither a file, a folder nor a symbolic link")
    image = image_at(copy, path)
    if image is None:
        raise EditFailed(f"the program left {path!r}, and it is there no longer: something of it is still running")
    after, content = image
    same = before is not None and (before.kind, before.digest) == (after.kind, after.digest)
    if after.kind == SYMLINK:
        return None if same else FileEdit(path, None, link_target=os.fsdecode(content))
    keeps_mode = was is not None and before is not None and before.kind == after.kind and after.mode == was.mode
    if same and keeps_mode:
        return None
    return FileEdit(path, content, None if keeps_mode else after.mode)


def _stamp(root: Root, path: str) -> tuple[int, int, int, int] | None:
    absent = suppress(FileNotFoundError, NotADirectoryError, UnsafePath)
    with explained(path, "look at"), absent, root.parent(path) as (folder, name):
        return stamp_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
    return None


class _Ignored:
    """What git would ignore, by the .gitignore files of the copy, and of the workspace where the copy has none."""

    def __init__(self, root: Root, copy: Root) -> None:
        self._roots = (copy, root)
        exclude = exclude_rules(root)
        self._rules: dict[str, tuple[IgnoreRules, ...] | None] = {"": self._with_own(exclude, ())}

    def covers(self, path: str) -> bool:
        """Whether the file, or a folder that it lies in, is ignored."""
        *above, _ = path.split("/")
        rules = self._rules[""]
        for depth in range(1, len(above) + 1):
            if rules is None:
                return True
            folder = "/".join(above[:depth])
            if folder not in self._rules:
                ignored = is_ignored(rules, folder, is_folder=True)
                self._rules[folder] = None if ignored else self._with_own(rules, above[:depth])
            rules = self._rules[folder]
        return rules is None or is_ignored(rules, path, is_folder=False)

    def _with_own(self, rules: tuple[IgnoreRules, ...], parts: Sequence[str]) -> tuple[IgnoreRules, ...]:
        for root in self._roots:
            with suppress(OSError, UnsafePath):
                fd = root.open_folder(parts)
                try:
                    own = rules_in(fd, "".join(f"{part}/" for part in parts))
                finally:
                    os.close(fd)
                if own is not None:
                    return (*rules, own)
        return rules
