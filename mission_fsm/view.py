"""The workspace as a plugin may see it: what can be read, and what tells that it has changed."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from attrs import frozen


@frozen
class FolderFiles:
    """The regular files that lie in one folder of the workspace, and what tells that one has changed.

    folder: its path with a `/` at the end; empty for the workspace itself.
    names: of the files, sorted.
    stamps: for each name, in their order, its `stamp_of`; one after the other.
    """

    folder: str
    names: tuple[str, ...]
    stamps: array[int]


# How many numbers a stamp has.
STAMP_LENGTH = 4
# No file system that is in use has times that are coarser than two seconds.
COARSEST_NS = 3 * 10**9
_INT64 = (1 << 63) - 1


def stamp_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """Size in bytes, times of the last change of content and of status in nanoseconds, and inode: signed, of 64 bits.

    A file whose stamp is the same has the same bytes, unless it changed so soon after the stamp was taken that its
    file system gave both the same time. No program can set the time of the status back.
    """
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & _INT64


def is_settled(mtime_ns: int, ctime_ns: int, looked_at_ns: int) -> bool:
    """Whether any change since a file was looked at shows in its stamp.

    A file that changed so shortly before that another change could leave it with the same times is what git calls
    racily clean: its stamp is not to be believed.
    """
    return max(mtime_ns, ctime_ns) < looked_at_ns - COARSEST_NS


class WorkspaceReader(Protocol):
    """The workspace as a stage may see it: read only, and never through a symbolic link that leads outside."""

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        ...

    def files(self) -> Iterator[str]:
        """Paths of the regular files that .gitignore does not ignore, relative to the root, sorted."""
        ...

    def survey(self) -> Iterator[FolderFiles]:
        """The same files folder by folder, in no order, with their stamps."""
        ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, or None where the path is absent. Raises UnsafePath."""
        ...

    def mode(self, path: str) -> int | None:
        """The permission bits of a regular file, or None where the path is absent. Raises UnsafePath."""
        ...

    def link_target(self, path: str) -> str | None:
        """Where a symbolic link points to, or None where the path is not one. Raises UnsafePath."""
        ...
