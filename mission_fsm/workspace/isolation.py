"""A copy of a workspace for one program to change as it likes, so that none of it reaches the workspace.

The two share no inode. Where the file system can share the blocks of files (Btrfs, XFS), copying lets it; hard links
are never made, since what is written through one is written to the original. All is copied that this user can read,
also what .gitignore ignores, which programs need: installed packages, build folders. Only `.git` is not: a copied one
may point to the repository of the original.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from mission_fsm.stage import stamp_of
from mission_fsm.workspace.listing import folders
from mission_fsm.workspace.paths import Root, explained

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Below this, reading and writing is sooner done than asking the file system to share blocks.
_SHARED_FROM_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024

Stamp = tuple[int, int, int, int]


@frozen
class Copied:
    """One file or link as it was copied. stamp, copy: what tells that the original, or the copy, has changed since.

    mode: the permission bits of the copy.
    """

    stamp: Stamp
    copy: Stamp
    mode: int


class CutShort(Exception):
    """What was under way was to go on no longer."""


def size_of(root: Root) -> int:
    """How many bytes a copy takes at most, block by block."""
    return sum(status.st_blocks * 512 + 4096 for _, _, entries in folders(root) for _, status in entries)


def copy_workspace(root: Root, into: Path, go_on: Callable[[], bool]) -> dict[str, Copied]:
    """Copy the workspace to the new folder `into`, and say what each file and link was, by path.

    What this user cannot read is left out, and so are devices, pipes and sockets. Times of files are kept.

    go_on: asked folder by folder. Raises CutShort where it says no, and WorkspaceError where the copy cannot be
    written: the disk is full, a path is too long.
    """
    copied: dict[str, Copied] = {}
    into.mkdir(mode=0o700)
    with Root(into) as copy:
        for base, source, entries in folders(root):
            if not go_on():
                raise CutShort
            with explained(base or ".", "copy"):
                target = copy.open_folder(base.split("/")[:-1])
                try:
                    for name, status in entries:
                        one = _copied(name, status, source, target)
                        if one is not None:
                            copied[base + name] = one
                finally:
                    os.close(target)
    return copied


def _copied(name: str, status: os.stat_result, source: int, target: int) -> Copied | None:
    """Copy one entry of the open folder; None for what is no file and no link, or cannot be read."""
    if stat.S_ISREG(status.st_mode):
        try:
            fd = os.open(name, _READ, dir_fd=source)
        except OSError:  # gone, or not for this user
            return None
        try:
            return _copied_file(name, fd, target)
        finally:
            os.close(fd)
    if stat.S_ISDIR(status.st_mode):
        # Whatever its mode, the program is to find it, and the copying to fill it.
        os.mkdir(name, stat.S_IMODE(status.st_mode) & 0o777 | stat.S_IRWXU, dir_fd=target)
    elif stat.S_ISLNK(status.st_mode):
        try:
            leads_to = os.readlink(name, dir_fd=source)
        except OSError:
            return None
        os.symlink(leads_to, name, dir_fd=target)
        return Copied(stamp_of(status), stamp_of(os.stat(name, dir_fd=target, follow_symlinks=False)), 0o777)
    return None


def _copied_file(name: str, source: int, target: int) -> Copied | None:
    status = os.fstat(source)
    if not stat.S_ISREG(status.st_mode):
        return None
    mode = stat.S_IMODE(status.st_mode) & 0o777
    fd = os.open(name, _WRITE, mode, dir_fd=target)
    try:
        _copy_bytes(source, fd, status.st_size)
        os.utime(fd, ns=(status.st_atime_ns, status.st_mtime_ns))
        made = os.fstat(fd)
        if stat.S_IMODE(made.st_mode) != mode:  # by the umask
            os.fchmod(fd, mode)
            made = os.fstat(fd)
        return Copied(stamp_of(status), stamp_of(made), mode)
    finally:
        os.close(fd)


def _copy_bytes(source: int, target: int, size_bytes: int) -> None:
    """Copy all that the file holds, sharing its blocks where the system knows how to."""
    if size_bytes >= _SHARED_FROM_BYTES and hasattr(os, "copy_file_range"):
        try:
            while os.copy_file_range(source, target, size_bytes):
                pass
        except OSError:  # other file systems, or one that cannot: what is missing is read and written
            os.lseek(target, os.lseek(source, 0, os.SEEK_CUR), os.SEEK_SET)
    while data := os.read(source, _CHUNK_BYTES):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(target, rest) :]
        if len(data) < _CHUNK_BYTES:
            return
