"""What differs in a workspace from what is kept of it: told by stamps, and read only where these differ."""

from __future__ import annotations

import hashlib
import os
import stat
from array import array
from collections.abc import Sequence

from attrs import field, frozen

from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.ground import Ground
from mission_fsm.workspace.keeping import BY_NAME, KEPT_BYTES
from mission_fsm.workspace.kept import NOT_KEPT, Kept, Listed, packed
from mission_fsm.workspace.listing import STAMP_BYTES, Entries, folders, has_bytes, stamps_of, with_what_git_runs
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.versions import bytes_in


@frozen
class Was:
    """What was at a path. mode: with the bits of its type. digest: of its bytes; None where they are not kept."""

    mode: int
    size_bytes: int
    inode: int
    digest: bytes | None


@frozen
class Difference:
    """One path where the type, the mode or the bytes differ.

    was, now: what was there and what is there; None for nothing, or for what is ignored.
    stays: whether what is there now is ignored, while what was there was not.
    """

    path: str
    was: Was | None
    now: os.stat_result | None
    stays: bool = False


@frozen
class Differences:
    """found: what differs, in no order. ignored: how many files differ that are ignored.

    closed: folders that could not be looked at, before or now, by their path, each with words.
    littered: folders in which something is that is ignored and was not there.
    """

    found: list[Difference] = field(factory=list)
    ignored: int = 0
    closed: dict[str, str] = field(factory=dict)
    littered: set[str] = field(factory=set)


def compare(kept: Kept, root: Root | None) -> Differences:
    """What differs, in the transaction that is open. root: None where there is no workspace any more.

    What is ignored is what the rules ignored that are kept: a command hides nothing by a new .gitignore.
    """
    return _Comparison(kept).all(root)


class _Comparison:
    """One pass over the workspace. `_known`: the folders that are still to come."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._known = kept.listed()
        self._grounds = {"": Ground("", (("", kept.state("exclude")),))}
        self._found: list[Difference] = []
        self._ignored = 0
        self._closed: dict[str, str] = {}
        self._littered: set[str] = set()

    def all(self, root: Root | None) -> Differences:
        if root is not None:
            for base, fd, entries in folders(root, self._choose, self._unread):
                self._folder(base, fd, entries)
        closed = tuple(self._closed)
        for base, known in self._known.items():
            if base.startswith(closed):
                continue
            if known.stamps is None:
                self._closed[base] = "could not be looked at before the command, and is gone"
            else:
                self._differ(base, None, [], array("q"), b"", known)
        closed_paths = {base.removesuffix("/"): words for base, words in self._closed.items()}
        return Differences(self._found, self._ignored, closed_paths, self._littered)

    def _choose(self, base: str, names: Sequence[str]) -> Sequence[str]:
        known = self._known.get(base)
        # Of what lies in a folder that was closed nothing is known: there is nothing to compare it with.
        return [] if known is not None and known.stamps is None else with_what_git_runs(base, names)

    def _unread(self, base: str, error: OSError | UnsafePath) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError | UnsafePath):
            return  # gone since the folder above was listed
        known = self._known.pop(base, None)
        if not self._grounds.pop(base).ignored and (known is None or known.stamps is not None):
            self._closed[base] = f"cannot be looked at any more: {error.strerror}"

    def _folder(self, base: str, fd: int, entries: Entries) -> None:
        known = self._known.pop(base, None)
        ground = self._grounds.pop(base).holding(known.rules if known is not None else b"")
        if known is not None and known.stamps is None:
            if not ground.ignored:
                self._closed[base] = "could not be looked at before the command"
            return
        entries.sort(key=BY_NAME)
        stamps = stamps_of(entries)
        names = packed(map(BY_NAME, entries))
        if known is not None and (known.names, known.stamps) == (names, stamps.tobytes()):
            ignored = known.ignored
        else:
            ignored = ground.ignores([(name, stat.S_ISDIR(status.st_mode)) for name, status in entries])
            self._differ(base, fd, entries, stamps, ignored, known)
        for (name, status), flag in zip(entries, ignored, strict=True):
            if stat.S_ISDIR(status.st_mode):
                self._grounds[f"{base}{name}/"] = ground.below(name, ignored=bool(flag))

    def _differ(
        self, base: str, fd: int | None, entries: Entries, stamps: array[int], ignored: bytes, known: Listed | None
    ) -> None:
        """Compare a folder, name by name."""
        before = known.stamped(self._kept.digests(base)) if known is not None else {}
        stamped = stamps.tobytes()
        for at, (name, status) in enumerate(entries):
            stamp, was_ignored, digest = before.pop(name, (b"", True, NOT_KEPT))
            if stamp == stamped[at * STAMP_BYTES : (at + 1) * STAMP_BYTES]:
                continue
            known_was = _was(stamp, digest) if stamp else None
            was, now = None if was_ignored else known_was, None if ignored[at] else status
            if ignored[at] and known_was is None:
                self._littered.add(base.removesuffix("/"))
            if was is None and now is None:
                self._ignored += _is_file(status.st_mode) or (known_was is not None and _is_file(known_was.mode))
            elif now is None:
                self._found.append(Difference(base + name, was, status, stays=True))
            elif was is None or fd is None or not _is_same(fd, name, was, now):
                self._found.append(Difference(base + name, was, now))
        for name, (stamp, was_ignored, digest) in before.items():
            gone = _was(stamp, digest)
            if not was_ignored:
                self._found.append(Difference(base + name, gone, None))
            else:
                self._ignored += _is_file(gone.mode)


def _was(stamp: bytes, digest: bytes) -> Was:
    size_bytes, _, _, inode, mode = array("q", stamp)
    return Was(mode, size_bytes, inode, None if digest == NOT_KEPT else digest)


def _is_file(mode: int) -> bool:
    return not stat.S_ISDIR(mode)


def _is_same(fd: int, name: str, was: Was, now: os.stat_result) -> bool:
    """Whether it has the same bytes and mode: it was only touched, or made anew as it was."""
    if was.digest is None or not has_bytes(now.st_mode) or (was.mode, was.size_bytes) != (now.st_mode, now.st_size):
        return False
    found = bytes_in(fd, name, now.st_mode, KEPT_BYTES)
    return found is not None and found[1] is not None and hashlib.sha256(found[1]).digest() == was.digest
