"""What stands at one path of a workspace: a regular file or a symbolic link, by the digest of its bytes.

A folder, a device, a pipe or a socket has no version, and is refused rather than opened.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Container

from mission_fsm.core.changes import Version
from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.names import parents
from mission_fsm.workspace.paths import Root, explained, is_folder

# Larger files are neither read into memory nor changed.
MAX_FILE_BYTES = 64 * 1024 * 1024

FILE = "file"
SYMLINK = "symlink"
# A symbolic link's own mode means nothing, and differs between systems.
LINK_MODE = 0o777

# O_NONBLOCK: were a pipe to take the file's place, opening it would otherwise wait for a writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_CHUNK_BYTES = 64 * 1024


def version_of(data: bytes, mode: int, kind: str = FILE) -> Version:
    """The version of a file with those bytes and permission bits, or of a link with that target."""
    return Version(kind, mode, hashlib.sha256(data).hexdigest(), len(data))


def version_at(root: Root, path: str) -> Version | None:
    """What stands at the path, or None where nothing does: also where a folder above is missing or a file.

    Raises UnsafePath where something else than a file or a link stands there, or the path leads through a
    link, and WorkspaceError where it cannot be read.
    """
    with explained(path, "read"):
        standing = _open(root, path)
        if standing is None:
            return None
        if isinstance(standing, bytes):
            return version_of(standing, LINK_MODE, SYMLINK)
        with os.fdopen(standing, "rb", buffering=0) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            return Version(FILE, mode, hashlib.file_digest(file, "sha256").hexdigest(), file.tell())


def image_at(root: Root, path: str) -> tuple[Version, bytes] | None:
    """What stands at the path with its bytes (of a link: its target), or None where nothing does.

    Raises as `version_at` does, and UnsafePath for a file that is larger than MAX_FILE_BYTES.
    """
    with explained(path, "read"):
        standing = _open(root, path)
        if standing is None:
            return None
        if isinstance(standing, bytes):
            return version_of(standing, LINK_MODE, SYMLINK), standing
        with os.fdopen(standing, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if status.st_size > MAX_FILE_BYTES:
                raise UnsafePath(f"{path!r} is larger than {MAX_FILE_BYTES // 1024**2} MiB, too large to be read here")
            data = file.read()
            return version_of(data, stat.S_IMODE(status.st_mode)), data


def bytes_in(folder: int, name: str, mode: int, most_bytes: int) -> tuple[os.stat_result, bytes | None] | None:
    """What stands under a name in the open folder: how it was before it was read, and its bytes, of a link its target.

    mode: the type that it is known to have. No bytes where there are more than that. None where it cannot be read, or
    is neither a regular file nor a link.
    """
    try:
        if stat.S_ISLNK(mode):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            return status, os.fsencode(os.readlink(name, dir_fd=folder))
        fd = os.open(name, _READ, dir_fd=folder)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return None
            if status.st_size > most_bytes:
                return status, None
            data = os.read(fd, status.st_size + 1)
            while len(data) <= most_bytes and (more := os.read(fd, _CHUNK_BYTES)):
                data += more
            return status, data if len(data) <= most_bytes else None
        finally:
            os.close(fd)
    except OSError:
        return None


def stands_empty(root: Root, path: str, replaced: Container[str]) -> bool:
    """Whether a change in which the `replaced` paths turn from folders into files, or back, finds nothing there.

    A folder that stands at such a path is as good as nothing there, and a file or a link at such a path
    holds nothing below it.
    """
    with explained(path, "read"):
        if any(above in replaced and not is_folder(root, above) for above in reversed(parents(path))):
            return True
        return path in replaced and is_folder(root, path)


def _open(root: Root, path: str) -> int | bytes | None:
    """A descriptor of the regular file at the path, or the target of the link at it, or None."""
    try:
        with root.parent(path) as (folder, name):
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                return os.fsencode(os.readlink(name, dir_fd=folder))
            _refuse_unless_file(path, mode)
            fd = os.open(name, _READ, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        # It may have been replaced between the look and the opening.
        _refuse_unless_file(path, os.fstat(fd).st_mode)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _refuse_unless_file(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "neither a file nor a symbolic link"
        raise UnsafePath(f"{path!r} is {kind}; only files and symbolic links can be read and changed")
