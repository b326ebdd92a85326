"""The workspace as stages and editors see it: read only, and what they saw is remembered."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mission_fsm.core.changes import Version
from mission_fsm.errors import UnsafePath
from mission_fsm.stage import FolderFiles
from mission_fsm.workspace.names import check_path
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.versions import SYMLINK, image_at
from mission_fsm.workspace.walk import survey, walk


class Reader:
    """A WorkspaceReader over an open workspace.

    seen: what stood at each path when it was first read or asked about (None: nothing), by path. A
        change made from it is a change of exactly those versions, whatever happens to the files meanwhile.
    """

    def __init__(self, root: Root, seen: Mapping[str, Version | None] | None = None) -> None:
        """seen: what was read before, for it."""
        self._root = root
        self.seen: dict[str, Version | None] = dict(seen or {})

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self._root.path

    def files(self) -> Iterator[str]:
        """Paths of the regular files that .gitignore does not ignore, sorted; see `walk`."""
        return walk(self._root)

    def survey(self) -> Iterator[FolderFiles]:
        """The same files folder by folder, with what tells whether one has changed; see `stamp_of`."""
        return survey(self._root)

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, or None where the path is absent.

        Raises UnsafePath, also for a symbolic link and for a file larger than MAX_FILE_BYTES.
        """
        image = self._look(path)
        if image is None:
            return None
        _refuse_link(path, image[0])
        return image[1]

    def mode(self, path: str) -> int | None:
        """The permission bits of a regular file, or None where the path is absent. Raises UnsafePath."""
        image = self._look(path)
        if image is None:
            return None
        _refuse_link(path, image[0])
        return image[0].mode

    def link_target(self, path: str) -> str | None:
        """Where a symbolic link points to, or None where the path is not one. Raises UnsafePath."""
        image = self._look(path)
        return os.fsdecode(image[1]) if image and image[0].kind == SYMLINK else None

    def _look(self, path: str) -> tuple[Version, bytes] | None:
        check_path(path)
        image = image_at(self._root, path)
        self.seen.setdefault(path, image[0] if image else None)
        return image


def _refuse_link(path: str, version: Version) -> None:
    if version.kind == SYMLINK:
        raise UnsafePath(f"{path!r} is a symbolic link; ask for its target, or name the file that it points to")
