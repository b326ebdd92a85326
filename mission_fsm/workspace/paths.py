"""A workspace folder, opened once: every access walks down from its descriptor, and follows no link.

Each part of a path is opened by `openat` below the part before it, with O_NOFOLLOW, so that neither `..` nor
a symbolic link, not even one that is put in place of a folder meanwhile, can lead to another place.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from mission_fsm.errors import InvalidWorkspace, UnsafePath, WorkspaceError
from mission_fsm.workspace.names import parts_of

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Root:
    """An open workspace folder.

    path: where it was when it was opened. Raises WorkspaceError where it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with explained(str(path), "open the workspace"):
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Release the folder; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def folder(self, path: str = "") -> Iterator[int]:
        """A descriptor of the folder at that path, of the workspace itself where the path is empty.

        Raises FileNotFoundError or NotADirectoryError where no folder stands there, and UnsafePath where
        the path is unsafe or a symbolic link stands in it.
        """
        fd = self.open_folder(parts_of(path) if path else ())
        try:
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that the path lies in, and the path's last part. Raises as `folder` does."""
        *above, name = parts_of(path)
        fd = self.open_folder(above)
        try:
            yield fd, name
        finally:
            os.close(fd)

    def open_folder(self, parts: Sequence[str]) -> int:
        """A new descriptor of the folder below those parts, for the caller to close. Raises as `folder` does."""
        fd = os.open(".", _FOLDER, dir_fd=self._fd)
        for at, part in enumerate(parts):
            try:
                below = os.open(part, _FOLDER, dir_fd=fd)
            except OSError:
                if is_link(fd, part):
                    raise UnsafePath(
                        f"the path {'/'.join(parts)!r} goes through {'/'.join(parts[: at + 1])!r}, a symbolic link; "
                        "name the file by the folder that it is really in"
                    ) from None
                raise
            finally:
                os.close(fd)
            fd = below
        return fd


def is_link(folder: int, name: str) -> bool:
    """Whether a symbolic link of that name stands in the open folder."""
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def is_folder(root: Root, path: str) -> bool:
    """Whether a folder stands at the path, and in no symbolic link's place."""
    try:
        with root.parent(path) as (folder, name):
            return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (FileNotFoundError, NotADirectoryError, UnsafePath):
        return False


@contextmanager
def explained(path: str, what: str) -> Iterator[None]:
    """Turn an operating system's error into a sentence: WorkspaceError, "cannot <what> <path>: <cause>"."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(f"cannot {what} {path}: {error.strerror or error}") from error


def check_workspace(path: Path, home: Path | None) -> Path:
    """The path, resolved, of a folder that a mission may work in.

    home: the folder where missions are kept, which may not be in the workspace, nor the workspace in it; None
        where they are kept in no folder.
    Raises InvalidWorkspace where the folder is missing, is not a folder, cannot be read and written, or is
    one that no mission may have: `/`, the user's home folder.
    """
    try:
        resolved = path.resolve(strict=True)
    except FileNotFoundError:
        raise InvalidWorkspace(f"the workspace {path} does not exist") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidWorkspace(f"the workspace {path} cannot be opened: {error}") from None
    if not resolved.is_dir():
        raise InvalidWorkspace(f"the workspace {path} is not a folder")
    if resolved == resolved.parent:
        raise InvalidWorkspace("the workspace cannot be /: choose the project's folder")
    if _is_home_folder(resolved):
        raise InvalidWorkspace(f"the workspace cannot be the home folder {resolved}: choose the project's folder")
    missions = home.resolve() if home is not None else None
    if missions is not None and (missions == resolved or missions in resolved.parents or resolved in missions.parents):
        raise InvalidWorkspace(
            f"the workspace {resolved} and the folder where missions are kept, {missions}, lie one in the other; "
            "name another with --home"
        )
    if not os.access(resolved, os.R_OK | os.W_OK | os.X_OK):
        raise InvalidWorkspace(f"the workspace {resolved} cannot be read and written by this user")
    return resolved


def _is_home_folder(folder: Path) -> bool:
    """Whether it is the user's home folder, as the environment says it, or as the user database does."""
    for named in (os.environ.get("HOME", ""), _home_in_user_database(os.getuid())):
        with suppress(OSError, ValueError):
            if named.startswith("/") and folder.samefile(named):
                return True
    return False


@cache
def _home_in_user_database(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return ""
