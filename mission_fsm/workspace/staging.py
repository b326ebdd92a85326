"""Files made ready beside their places: written and synced first, so that landing them is only renaming.

Each has a name made from the change's tag and its index alone. After a crash, whoever takes the change up again
knows which names to look for, and so nothing is left behind.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress

from mission_fsm.core.changes import Version
from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.checkpoint import Manifest
from mission_fsm.workspace.names import parents
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.versions import SYMLINK

Blobs = Callable[[str], bytes]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Staging:
    """The staged files of one manifest: for each change, the version to come and the one that was there.

    They lie in the nearest folder above the change's path that neither comes nor goes with the change, and so
    on the same file system. Staging and keeping raise OSError.
    """

    def __init__(self, root: Root, manifest: Manifest, tag: str, blob: Blobs) -> None:
        self._root = root
        self._blob = blob
        mark = hashlib.sha256(tag.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        moving = manifest.moving_folders
        self._kept: set[str] = set()
        self._bases: dict[str, str] = {}
        for index, path in enumerate(manifest.change_set.paths):
            steady = next((folder for folder in parents(path) if folder not in moving), "")
            self._bases[path] = f"{steady}/.mission-{mark}-{index}".removeprefix("/")

    def coming(self, path: str) -> str:
        """Where the version that is to stand at the path is staged."""
        return f"{self._bases[path]}.new"

    def going(self, path: str) -> str:
        """Where the version that stood at the path is kept until all have landed."""
        return f"{self._bases[path]}.old"

    def stage(self, path: str, version: Version) -> None:
        """Make the version to come ready."""
        self._write(self.coming(path), version, path)

    def keep(self, path: str, version: Version) -> None:
        """Keep the version that was there: the file itself under a second name, or a copy where that cannot be.

        So putting it back takes no room, and gives back the very same file.
        """
        with suppress(OSError, NotImplementedError), self._root.parent(path) as (folder, name):
            with self._root.parent(self.going(path)) as (beside, kept):
                os.link(name, kept, src_dir_fd=folder, dst_dir_fd=beside, follow_symlinks=False)
            self._kept.add(path)
            return
        self.keep_copy(path, version)

    def keep_copy(self, path: str, version: Version) -> None:
        """Keep a copy of the version that was there."""
        self._write(self.going(path), version, path)
        self._kept.add(path)

    def keeps(self, path: str) -> bool:
        """Whether the version that was there has been kept."""
        return path in self._kept

    def clear(self) -> None:
        """Remove all that is staged, also by an earlier try.

        What cannot be removed is a hidden leftover to a change that has landed or been taken back; and to one
        that is about to be staged it is in the way, which is said then.
        """
        for path in self._bases:
            for staged in (self.coming(path), self.going(path)):
                with suppress(OSError, UnsafePath), self._root.parent(staged) as (folder, name):
                    os.unlink(name, dir_fd=folder)

    def _write(self, staged: str, version: Version, path: str) -> None:
        data = self._blob(version.digest)
        with self._root.parent(staged) as (folder, name):
            owner = self._owner(path, folder)
            if version.kind == SYMLINK:
                os.symlink(os.fsdecode(data), name, dir_fd=folder)
                if owner:
                    os.chown(name, *owner, dir_fd=folder, follow_symlinks=False)
                return
            fd = os.open(name, _NEW_FILE, 0o600, dir_fd=folder)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if owner:
                os.fchown(fd, *owner)
            # After the owner, whose change clears bits; and by descriptor, so that no umask has a say.
            os.fchmod(fd, version.mode)
            self._tell_apart(fd, path)
            os.fsync(fd)

    def _tell_apart(self, fd: int, path: str) -> None:
        """Have the file's time differ, by the second, from that of a file of the same size that it replaces.

        Many tools take a file with the same size and second for unchanged: Python would go on running the bytecode
        of the file before.
        """
        now = os.fstat(fd)
        with suppress(OSError, UnsafePath), self._root.parent(path) as (place, name):
            was = os.stat(name, dir_fd=place, follow_symlinks=False)
            if (was.st_size, int(was.st_mtime)) == (now.st_size, int(now.st_mtime)):
                os.utime(fd, (now.st_atime, int(now.st_mtime) + 1))

    def _owner(self, path: str, folder: int) -> tuple[int, int] | None:
        """Whose the file is to be where root writes it: as the one that it replaces, else as the folder's.

        None leaves it to the system: other users cannot give files away.
        """
        if os.geteuid() != 0:
            return None
        status = os.fstat(folder)
        with suppress(OSError, UnsafePath), self._root.parent(path) as (place, name):
            status = os.stat(name, dir_fd=place, follow_symlinks=False)
        return status.st_uid, status.st_gid
