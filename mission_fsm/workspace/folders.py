"""The folders that come and go with a change of files: parents that are made, and those left empty removed."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from attrs import frozen

from mission_fsm.core.changes import Change
from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.names import depth, parents
from mission_fsm.workspace.paths import Root, explained

NEW_FOLDER_MODE = 0o755


@frozen
class FolderChange:
    """A folder that a change makes, removes, or gives another mode.

    before, after: its permission bits; None where it is absent.
    exact: whether it gets those bits whatever the umask and the folder above it say.
    """

    path: str
    before: int | None
    after: int | None
    exact: bool = False


def plan_folders(root: Root, changes: Sequence[Change]) -> tuple[FolderChange, ...]:
    """The folders that an edit's changes bring with them, sorted by path.

    Missing parents are made; as in git, folders that the deletions leave empty are removed.
    Raises UnsafePath where a file that stays is in a folder's place, or a folder that stays in a file's.
    """
    needed, cleared = _needed(changes), _cleared(changes)
    touched = {folder for path in cleared for folder in parents(path)}
    return _plan(root, changes, needed, removable=touched - needed, modes={})


def plan_restored_folders(
    root: Root, changes: Sequence[Change], goal: Mapping[str, int | None]
) -> tuple[FolderChange, ...]:
    """The folders that a rollback's changes bring with them, sorted by path.

    goal: the folders that the edits made (None: they were not there before) or removed (their modes then). A
        folder that they made is removed if it is empty by then; others stay, empty or not.
    Raises as `plan_folders` does.
    """
    modes = {path: mode for path, mode in goal.items() if mode is not None}
    needed = _needed(changes) | set(modes) | {above for path in modes for above in parents(path)}
    removable = {path for path, mode in goal.items() if mode is None} - needed
    return _plan(root, changes, needed, removable, modes)


def _needed(changes: Sequence[Change]) -> set[str]:
    return {folder for change in changes if change.after is not None for folder in parents(change.path)}


def _cleared(changes: Sequence[Change]) -> set[str]:
    return {change.path for change in changes if change.after is None}


def _plan(
    root: Root, changes: Sequence[Change], needed: set[str], removable: set[str], modes: Mapping[str, int]
) -> tuple[FolderChange, ...]:
    with explained(str(root.path), "look at the folders of"):
        cleared = _cleared(changes)
        made = _missing(root, needed, cleared)
        removed = _emptied(root, removable, cleared)
        for change in changes:
            stays = change.after is not None and change.path not in removed
            if stays and folder_mode(root, change.path, missing=made) is not None:
                raise UnsafePath(f"{change.path!r} is a folder with other files in it, where a file is to be")
        folders = [FolderChange(path, None, modes.get(path, NEW_FOLDER_MODE), exact=path in modes) for path in made]
        folders += [FolderChange(path, was, None) for path, was in removed.items()]
        for path, mode in modes.items():
            now = folder_mode(root, path, missing=made)
            if now is not None and now != mode:
                folders.append(FolderChange(path, now, mode, exact=True))
        return tuple(sorted(folders, key=lambda folder: folder.path))


def _missing(root: Root, needed: Collection[str], cleared: Collection[str]) -> list[str]:
    """Those of the needed folders that do not stand there yet, the outermost first.

    cleared: paths of files that will be gone. Raises UnsafePath where another file is in a folder's place.
    """
    made: list[str] = []
    for path in sorted(needed, key=depth):
        if folder_mode(root, path, missing=made) is not None:
            continue
        if path not in cleared and not _is_below(path, made) and _is_occupied(root, path):
            raise UnsafePath(f"{path!r} is a file, so nothing can be made below it")
        made.append(path)
    return made


def _emptied(root: Root, candidates: Collection[str], cleared: Collection[str]) -> dict[str, int]:
    """Those of the candidates, with their modes, in which nothing is left once the cleared files are gone."""
    gone: dict[str, int] = {}
    for path in sorted(candidates, key=depth, reverse=True):
        with suppress(FileNotFoundError, NotADirectoryError, UnsafePath), root.folder(path) as folder:
            with os.scandir(folder) as entries:
                inside = (f"{path}/{entry.name}" for entry in entries)
                if any(entry not in cleared and entry not in gone for entry in inside):
                    continue
            gone[path] = stat.S_IMODE(os.fstat(folder).st_mode)
    return gone


def folder_mode(root: Root, path: str, missing: Collection[str] = ()) -> int | None:
    """The permission bits of the folder at the path, or None where no folder stands there.

    missing: folders that are known not to be there; nothing below them is looked at.
    """
    if _is_below(path, missing):
        return None
    with suppress(FileNotFoundError, NotADirectoryError, UnsafePath), root.parent(path) as (folder, name):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        return stat.S_IMODE(mode) if stat.S_ISDIR(mode) else None
    return None


def _is_below(path: str, folders: Collection[str]) -> bool:
    return any(above in folders for above in parents(path))


def _is_occupied(root: Root, path: str) -> bool:
    with suppress(FileNotFoundError, NotADirectoryError), root.parent(path) as (folder, name):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False
