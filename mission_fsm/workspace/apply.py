"""Writing a change: all of it or none, and to the end also when it is cut short.

All new versions are first written beside their places and synced; then each lands by one rename. What goes wrong
half way is taken back, from the files that were there, kept under a second name. What is killed half way is told by
digests when it is taken up again: every path holds either the version before or the version after.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import frozen

from mission_fsm.core.changes import Change
from mission_fsm.errors import HalfWritten, MissionError, UnsafePath, WorkspaceError
from mission_fsm.workspace.checkpoint import Drift, Manifest, conflict, drift_words, standing
from mission_fsm.workspace.folders import folder_mode
from mission_fsm.workspace.names import depth, parents
from mission_fsm.workspace.paths import Root, explained
from mission_fsm.workspace.staging import Blobs, Staging

# What tells a file from one that was saved over it meanwhile, without reading it again.
Fingerprint = tuple[int, int, int, int]


@frozen
class _Move:
    """One path on its way: to what is staged under the name `source`, or to absence (None)."""

    path: str
    source: str | None


@frozen
class _FolderMove:
    """One folder on its way: to a mode, or to absence (None)."""

    path: str
    mode: int | None
    exact: bool


def apply(root: Root, manifest: Manifest, blob: Blobs, tag: str) -> None:
    """Bring every path of the manifest to its version after, or leave every one as it was before.

    blob: gives the bytes with that digest: of all versions after, and of those before (as `secure` read them).
    tag: names this change; the same when it is tried again after a crash, and no other change's in the workspace.

    Calling it again, after it was done or was killed at any point, finishes what is left. Raises Conflict where a
    path is neither as before nor as after, and WorkspaceError where the disk is full, permission is missing or
    the device fails; nothing is then changed, and what an earlier try had already written is taken back. Raises
    HalfWritten where taking it back failed as well.
    """
    staging = Staging(root, manifest, tag, blob)
    staging.clear()
    landed, waiting, drifted = _sorted_out(root, manifest)
    try:
        if drifted:
            raise conflict(drifted)
        _forward(root, manifest, staging, waiting, landed)
    except BaseException as error:
        _take_back(root, manifest, staging, landed, error)
        staging.clear()
        if isinstance(error, WorkspaceError):
            raise WorkspaceError(f"{error}; nothing was changed") from error
        raise
    staging.clear()


def _sorted_out(
    root: Root, manifest: Manifest
) -> tuple[list[Change], list[tuple[Change, Fingerprint | None]], list[Drift]]:
    """The changes that have landed already, those that wait, and the paths where something else stands."""
    replaced = manifest.replaced
    landed: list[Change] = []
    waiting: list[tuple[Change, Fingerprint | None]] = []
    drifted: list[Drift] = []
    for change in manifest.change_set.changes:
        try:
            fingerprint = _fingerprint(root, change.path)
            now = standing(root, change.path, replaced)
        except UnsafePath as error:
            drifted.append((change.path, str(error)))
            continue
        if now == change.after:
            landed.append(change)
        elif now == change.before:
            waiting.append((change, fingerprint))
        else:
            drifted.append((change.path, drift_words(change.before, now)))
    return landed, waiting, drifted


def _forward(
    root: Root,
    manifest: Manifest,
    staging: Staging,
    waiting: Sequence[tuple[Change, Fingerprint | None]],
    landed: list[Change],
) -> None:
    """Stage what waits and land it. Changes are added to `landed` as they do."""
    for change, _ in waiting:
        with explained(change.path, "write"):
            if change.after is not None:
                staging.stage(change.path, change.after)
            if change.before is not None:
                staging.keep(change.path, change.before)
    expected = {change.path: (change, fingerprint) for change, fingerprint in waiting}

    def land(move: _Move) -> None:
        change, fingerprint = expected[move.path]
        if _fingerprint(root, move.path) != fingerprint:
            raise conflict([(move.path, "was changed while the change was being written")])
        # Before the move itself, so that an interruption right after it finds the change here.
        landed.append(change)
        try:
            _land(root, move)
        except (OSError, UnsafePath):
            landed.pop()
            raise

    moves = [_Move(change.path, staging.coming(change.path) if change.after else None) for change, _ in waiting]
    folders = [_FolderMove(folder.path, folder.after, folder.exact) for folder in manifest.folders]
    _bring(root, moves, folders, land)
    _sync(root, manifest)


def _take_back(
    root: Root, manifest: Manifest, staging: Staging, landed: Sequence[Change], cause: BaseException
) -> None:
    """Put back what has landed, and the folders. Raises HalfWritten where that fails as well."""
    try:
        for change in landed:
            if change.before is not None and not staging.keeps(change.path):
                # It landed in an earlier try, and of the file that was there no more than its bytes is left.
                with explained(change.path, "restore"):
                    staging.keep_copy(change.path, change.before)
        moves = [_Move(change.path, staging.going(change.path) if change.before else None) for change in landed]
        folders = [_FolderMove(folder.path, folder.before, exact=True) for folder in manifest.folders]
        _bring(root, moves, folders, lambda move: _land(root, move))
        if landed:
            _sync(root, manifest)
    except MissionError as second:
        raise HalfWritten(
            f"{str(cause) or type(cause).__name__}; taking it back failed too ({second}), so that the change may be "
            f"half written ({', '.join(change.path for change in landed)}): make room or give permission, and run again"
        ) from cause


def _bring(root: Root, moves: Sequence[_Move], folders: Sequence[_FolderMove], land: Callable[[_Move], None]) -> None:
    """Move files and folders to where they are to be, in the order that lets files and folders change places."""
    for move in sorted((move for move in moves if move.source is None), key=lambda move: -depth(move.path)):
        with explained(move.path, "delete"):
            land(move)
    for folder in sorted((each for each in folders if each.mode is None), key=lambda each: -depth(each.path)):
        with explained(folder.path, "remove the folder"):
            _remove_folder(root, folder.path)
    for folder in sorted(folders, key=lambda each: depth(each.path)):
        if folder.mode is not None:
            with explained(folder.path, "make the folder"):
                _make_folder(root, folder.path, folder.mode, exact=folder.exact)
    for move in moves:
        if move.source is not None:
            with explained(move.path, "write"):
                land(move)


def _land(root: Root, move: _Move) -> None:
    with root.parent(move.path) as (folder, name):
        if move.source is None:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            return
        with root.parent(move.source) as (beside, staged):
            os.rename(staged, name, src_dir_fd=beside, dst_dir_fd=folder)


def _remove_folder(root: Root, path: str) -> None:
    # Where a file or a link is in its place, or in that of a folder above, it is not there.
    with suppress(FileNotFoundError, NotADirectoryError, UnsafePath), root.parent(path) as (folder, name):
        try:
            os.rmdir(name, dir_fd=folder)
        except OSError as error:
            # Something was put into it meanwhile: then it stays.
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise


def _make_folder(root: Root, path: str, mode: int, *, exact: bool) -> None:
    with root.parent(path) as (folder, name), suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=folder)
        if os.geteuid() == 0:
            above = os.fstat(folder)
            os.chown(name, above.st_uid, above.st_gid, dir_fd=folder, follow_symlinks=False)
    if exact and folder_mode(root, path) != mode:
        with root.folder(path) as made:
            os.fchmod(made, mode)


def _sync(root: Root, manifest: Manifest) -> None:
    """Make the names durable, in every folder that the change may have touched."""
    paths = [*manifest.change_set.paths, *(folder.path for folder in manifest.folders)]
    touched = {next(iter(parents(path)), "") for path in paths} | {folder.path for folder in manifest.folders}
    for path in sorted(touched):
        with explained(path or ".", "sync the folder"):
            _sync_folder(root, path)


def _sync_folder(root: Root, path: str) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, UnsafePath), root.folder(path) as folder:
        try:
            os.fsync(folder)
        except OSError as error:
            # Some file systems have no such thing as syncing a folder.
            if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
                raise


def _fingerprint(root: Root, path: str) -> Fingerprint | None:
    """Of the file or link at the path; None where there is none, which is also where a folder stands."""
    with suppress(OSError, UnsafePath), root.parent(path) as (folder, name):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            return status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode
    return None
