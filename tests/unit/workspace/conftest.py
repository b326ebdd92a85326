"""A workspace to work in, and what stands in one: each path with its kind, its mode and its bytes."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.workspace.paths import Root

Tree = dict[str, tuple[str, int, bytes]]


def _tree(top: Path) -> Tree:
    found: Tree = {}
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(top))
        if stat.S_ISLNK(status.st_mode):
            found[name] = ("link", 0, os.fsencode(path.readlink()))
        elif stat.S_ISDIR(status.st_mode):
            found[name] = ("folder", stat.S_IMODE(status.st_mode), b"")
        elif stat.S_ISREG(status.st_mode):
            found[name] = ("file", stat.S_IMODE(status.st_mode), path.read_bytes())
        else:
            found[name] = ("other", stat.S_IMODE(status.st_mode), b"")
    return found


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], Tree]:
    """Gives all that stands below a folder."""
    return _tree


@pytest.fixture(scope="session")
def in_memory() -> Iterator[Path]:
    """An empty folder, in memory where that can be had: for tests that make very many workspaces."""
    shared = "/dev/shm"  # noqa: S108  the folder made in it is this user's alone
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as name:
        yield Path(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty workspace folder."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return workspace


@pytest.fixture
def root(folder: Path) -> Iterator[Root]:
    """The same, opened."""
    with Root(folder) as opened:
        yield opened


class Hook:
    """Counts the calls that change files, and does something before one of them.

    at: which call, from 0; -1 for none. `calls` says how many there were, `hit` which one it was.
    lasting: whether it is done before every later call too.
    names: which calls are counted.
    """

    NAMES = ("open", "link", "unlink", "rename", "mkdir", "rmdir", "symlink", "fsync", "fchmod", "fchown", "chown")

    def __init__(
        self, at: int, action: Callable[[], None], *, lasting: bool = False, names: Sequence[str] = NAMES
    ) -> None:
        self.at, self.action, self.lasting, self.names = at, action, lasting, names
        self.calls = 0
        self.hit: tuple[Any, ...] | None = None
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Hook:
        for name in self.names:
            self._patch.setattr(os, name, self._counted(name, getattr(os, name)))
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if _changes_something(name, *arguments, **named):
                number, self.calls = self.calls, self.calls + 1
                if number == self.at or (self.lasting and 0 <= self.at <= number):
                    self.hit = (name, *arguments)
                    self.action()
            return real(*arguments, **named)

        return call


def _changes_something(name: str, path: Any, *arguments: Any, dir_fd: int | None = None, **_: Any) -> bool:
    if name == "open":
        return bool(arguments[0] & os.O_CREAT)
    if name == "unlink":
        with suppress(FileNotFoundError):
            return bool(os.stat(path, dir_fd=dir_fd, follow_symlinks=False))
        return False
    return True


@pytest.fixture(scope="session")
def hook() -> type[Hook]:
    """See Hook."""
    return Hook
