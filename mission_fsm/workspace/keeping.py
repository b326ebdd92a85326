"""Bringing what is kept of a workspace up to what is there: folder by folder, reading only what has another stamp."""

from __future__ import annotations

import hashlib
import os
import stat
from array import array
from collections.abc import Callable
from operator import itemgetter
from time import time_ns

from mission_fsm.errors import UnsafePath, WorkspaceError
from mission_fsm.view import is_settled
from mission_fsm.workspace.ground import Ground
from mission_fsm.workspace.isolation import CutShort
from mission_fsm.workspace.kept import NOT_KEPT, Kept, Listed, each_digest, packed
from mission_fsm.workspace.listing import (
    STAMP_BYTES,
    STAMP_NUMBERS,
    Entries,
    folders,
    has_bytes,
    stamps_of,
    with_what_git_runs,
)
from mission_fsm.workspace.paths import Root, explained
from mission_fsm.workspace.versions import bytes_in
from mission_fsm.workspace.walk import exclude_text, rules_text

# Larger files are known by their stamps alone.
KEPT_BYTES = 16 * 1024 * 1024

BY_NAME = itemgetter(0)
_CLOSED = Listed(b"", b"", None, b"")


def bring_up_to_date(kept: Kept, root: Root, go_on: Callable[[], bool]) -> None:
    """Know every file as it is now, in the transaction that is open.

    Raises CutShort where `go_on` says no, WorkspaceError where the workspace itself cannot be read, and as Kept does.
    """
    _Update(kept, root, go_on).all()


def mode_of(root: Root) -> int:
    """The permission bits of the workspace's folder itself."""
    with explained(str(root.path), "look at the workspace"), root.folder() as fd:
        return stat.S_IMODE(os.fstat(fd).st_mode)


class _Update:
    """One pass over the workspace. `_grounds`: of folders still to come, and whether their rules are as they were."""

    def __init__(self, kept: Kept, root: Root, go_on: Callable[[], bool]) -> None:
        self._kept, self._root, self._go_on = kept, root, go_on
        self._known = kept.listed()
        self._grounds: dict[str, tuple[Ground, bool]] = {}
        self._released: set[bytes] = set()

    def all(self) -> None:
        exclude = exclude_text(self._root)
        self._grounds[""] = Ground("", (("", exclude),)), self._kept.state("exclude") == exclude
        for base, fd, entries in folders(self._root, with_what_git_runs, self._closed):
            self._folder(base, fd, entries)
        for base in self._known:
            self._released.update(each_digest(self._kept.digests(base)))
        self._kept.drop_folders(self._known)
        self._released.discard(NOT_KEPT)
        if self._released:
            self._kept.drop_contents(self._released)
        self._kept.put_state("exclude", exclude)
        self._kept.put_state("mode", b"%o" % mode_of(self._root))

    def _folder(self, base: str, fd: int, entries: Entries) -> None:
        if not self._go_on():
            raise CutShort
        known = self._known.pop(base, None)
        ground, same = self._grounds.pop(base)
        entries.sort(key=BY_NAME)
        stamps = stamps_of(entries)
        names = packed(map(BY_NAME, entries))
        rules = rules_text(fd) if not (ground.ignored or ground.gits) and ".gitignore" in map(BY_NAME, entries) else b""
        ground = ground.holding(rules)
        same = same and known is not None and known.rules == rules
        if same and known is not None and (known.names, known.stamps) == (names, stamps.tobytes()):
            ignored = known.ignored
        else:
            ignored = ground.ignores([(name, stat.S_ISDIR(status.st_mode)) for name, status in entries])
            digests = self._digests(base, fd, entries, stamps, ignored, known)
            self._kept.put_folder(base, Listed(rules, names, stamps.tobytes(), ignored), digests)
        for (name, status), flag in zip(entries, ignored, strict=True):
            if stat.S_ISDIR(status.st_mode):
                self._grounds[f"{base}{name}/"] = ground.below(name, ignored=bool(flag)), same

    def _closed(self, base: str, error: OSError | UnsafePath) -> None:
        if not base:
            raise WorkspaceError(f"the workspace {self._root.path} cannot be read: {error}")
        if isinstance(error, FileNotFoundError | NotADirectoryError | UnsafePath):
            return  # gone since the folder above was listed
        known = self._known.pop(base, None)
        if known is not None:
            self._released.update(each_digest(self._kept.digests(base)))
        self._kept.put_folder(base, _CLOSED, b"")

    def _digests(
        self, base: str, fd: int, entries: Entries, stamps: array[int], ignored: bytes, known: Listed | None
    ) -> bytes:
        """The digests of a folder's files, whose bytes are kept from now on. Unsettled stamps lose their times."""
        before = known.stamped(self._kept.digests(base)) if known is not None else {}
        stamped = stamps.tobytes()
        digests: list[bytes] = []
        for at, (name, status) in enumerate(entries):
            digest = NOT_KEPT
            if not ignored[at] and has_bytes(status.st_mode):
                was = before.get(name)
                if was is not None and not was[1] and was[0] == stamped[at * STAMP_BYTES : (at + 1) * STAMP_BYTES]:
                    digest = was[2]
                else:
                    digest, stamp = self._read(fd, name, status.st_mode)
                    stamps[at * STAMP_NUMBERS : (at + 1) * STAMP_NUMBERS] = stamp or stamps_of([(name, status)])
            digests.append(digest)
        self._released.update(digest for _, _, digest in before.values())
        self._released.difference_update(digests)
        return b"".join(digests)

    def _read(self, fd: int, name: str, mode: int) -> tuple[bytes, array[int] | None]:
        """The digest of a file, whose bytes are kept from now on, and its stamp; None for the one that it has."""
        if not self._go_on():
            raise CutShort
        begun_ns = time_ns()
        found = bytes_in(fd, name, mode, KEPT_BYTES)
        status, data = found or (None, None)
        if status is None or data is None:
            return NOT_KEPT, None
        digest = hashlib.sha256(data).digest()
        self._kept.put_content(digest, data)
        stamp = stamps_of([(name, status)])
        stamp[0] = len(data)
        if not is_settled(status.st_mtime_ns, status.st_ctime_ns, begun_ns):
            stamp[1] = stamp[2] = 0
        return digest, stamp
