"""What a command changed in the workspace, found afterwards, with all that is needed to put it back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from mission_fsm.core.changes import Change, Version
from mission_fsm.errors import UnsafePath, WorkspaceError
from mission_fsm.workspace.changeset import change_set_of, measured
from mission_fsm.workspace.checkpoint import Manifest
from mission_fsm.workspace.comparing import Difference, Was, compare
from mission_fsm.workspace.diff import file_diff, file_diff_by_sizes
from mission_fsm.workspace.folders import FolderChange
from mission_fsm.workspace.keeping import mode_of
from mission_fsm.workspace.kept import Damaged, Kept
from mission_fsm.workspace.listing import is_gits
from mission_fsm.workspace.lost import lost_in
from mission_fsm.workspace.paths import Root, explained
from mission_fsm.workspace.versions import FILE, LINK_MODE, SYMLINK, image_at, version_at

# Of larger files the diff shows the sizes, and their lines are not counted.
SHOWN_BYTES = 1024 * 1024
# A diff that is longer is cut.
DIFF_BYTES = 4 * 1024 * 1024


@frozen
class SideEffects:
    """What a command changed.

    manifest: the change of files, with its lines counted, and of folders; `checkpoint.rollback_manifest` takes it back.
    pre_images: the bytes of what was overwritten or deleted, by digest; read when they are asked for, which can be
        done until the baseline is taken anew or closed.
    diff: the change of files as text; a file larger than SHOWN_BYTES by its sizes, and no more than about DIFF_BYTES.
    ignored: how many files differ that .gitignore ignores, or that are well-known caches.
    lost: what changed and cannot be put back: each path (`.` for the workspace itself), and why.
    """

    manifest: Manifest
    pre_images: Mapping[str, bytes]
    diff: bytes
    ignored: int
    lost: tuple[tuple[str, str], ...]


class PreImages(Mapping[str, bytes]):
    """The bytes of versions, by digest, each read when it is asked for."""

    def __init__(self, digests: Iterable[str], content: Callable[[str], bytes]) -> None:
        self._digests = dict.fromkeys(digests)
        self._content = content

    def __getitem__(self, digest: str) -> bytes:
        if digest not in self._digests:
            raise KeyError(digest)
        return self._content(digest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)


def side_effects(root: Root, kept: Kept, content: Callable[[str], bytes]) -> SideEffects:
    """What differs from what is kept, in the transaction that is open.

    content: gives the bytes with a digest later. Raises WorkspaceError where the workspace cannot be looked at, and as
    Kept does.
    """
    with _standing(root) as there:
        differences = compare(kept, there)
        lost = lost_in(differences)
        was = _mode_kept(kept)
        if there is not None and (mode := mode_of(there)) != was:
            lost["."] = f"its mode is {mode:04o} now, and was {was:04o}"
        folders: list[FolderChange] = []
        changes: list[Change] = []
        diff = _Diff()
        for difference in sorted(differences.found, key=lambda each: each.path):
            if difference.path in lost or is_gits(difference.path):
                continue
            folders += _folder_change(difference)
            try:
                made = _change(there, kept, difference)
            except (UnsafePath, WorkspaceError) as error:
                lost[difference.path] = str(error)
                continue
            if made is not None:
                changes.append(made[0])
                diff.add(*made)
    pre_images = (change.before.digest for change in changes if change.before is not None)
    return SideEffects(
        Manifest(change_set_of(changes), tuple(folders)),
        PreImages(pre_images, content),
        diff.whole(),
        differences.ignored,
        tuple(sorted((_shown(path), words) for path, words in lost.items())),
    )


@contextmanager
def _standing(root: Root) -> Iterator[Root | None]:
    """The workspace that stands at the path now, which may be another folder by now, or none.

    Where there is none, all of it counts as deleted: made again, empty, it can be filled again by a rollback.
    """
    if _is_gone(root.path):
        yield None
        return
    with explained(str(root.path), "look at the workspace"), root.folder() as fd:
        is_same = os.path.samestat(root.path.stat(), os.fstat(fd))
    if is_same:
        yield root
    else:
        with Root(root.path) as other:
            yield other


def _is_gone(path: Path) -> bool:
    with explained(str(path), "look at the workspace"):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        return False


def _mode_kept(kept: Kept) -> int:
    """The permission bits that the workspace's folder had."""
    try:
        return int(kept.state("mode"), 8)
    except ValueError:
        raise Damaged("the mode of the workspace is not what was kept") from None


def _folder_change(difference: Difference) -> list[FolderChange]:
    modes = [difference.was.mode if difference.was else 0, difference.now.st_mode if difference.now else 0]
    before, after = (stat.S_IMODE(mode) if stat.S_ISDIR(mode) else None for mode in modes)
    return [FolderChange(difference.path, before, after, exact=True)] if before != after else []


def _change(root: Root | None, kept: Kept, difference: Difference) -> tuple[Change, bytes | None, bytes | None] | None:
    """The change of a file or link, with its bytes before and after; None for bytes that are too many to be shown.

    None at all where only folders were and are there, or nothing has changed by now.
    """
    before, old = _before(kept, difference.was)
    after, new = _after(root, difference)
    if before == after:
        return None
    if old is None or new is None:
        return Change(difference.path, before, after, binary=True), old, new
    return Change(difference.path, before, after, *measured(before, old, after, new)), old, new


def _before(kept: Kept, was: Was | None) -> tuple[Version | None, bytes | None]:
    if was is None or was.digest is None:
        return None, b""
    is_link = stat.S_ISLNK(was.mode)
    mode = LINK_MODE if is_link else stat.S_IMODE(was.mode)
    version = Version(SYMLINK if is_link else FILE, mode, was.digest.hex(), was.size_bytes)
    return version, kept.content(was.digest) if was.size_bytes <= SHOWN_BYTES else None


def _after(root: Root | None, difference: Difference) -> tuple[Version | None, bytes | None]:
    if root is None or difference.now is None or stat.S_ISDIR(difference.now.st_mode):
        return None, b""
    if difference.now.st_size > SHOWN_BYTES:
        return version_at(root, difference.path), None
    return image_at(root, difference.path) or (None, b"")


class _Diff:
    """A diff that grows change by change, until it is long enough."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._room = DIFF_BYTES
        self._left_out = 0

    def add(self, change: Change, old: bytes | None, new: bytes | None) -> None:
        if self._room <= 0:
            self._left_out += 1
            return
        shown = file_diff_by_sizes(change) if old is None or new is None else file_diff(change, old, new)
        self._parts.append(shown)
        self._room -= len(shown)

    def whole(self) -> bytes:
        """All of it; where it is cut, its last line says so."""
        cut = b"The diff is cut here: %d more files have changed.\n" % self._left_out if self._left_out else b""
        return b"".join(self._parts) + cut


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
