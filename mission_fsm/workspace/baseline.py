"""The baseline of a workspace: all that a command might overwrite in it, kept before it runs.

Kept from one command to the next and brought up to date by stamps: the first time costs a reading of the workspace,
later times a look at each file. Of what is ignored only the stamps are kept, and of files larger than KEPT_BYTES.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from mission_fsm.errors import WorkspaceError
from mission_fsm.workspace import keeping
from mission_fsm.workspace.kept import Damaged, Fault, Kept, is_damage
from mission_fsm.workspace.paths import Root, explained
from mission_fsm.workspace.scan import SideEffects, side_effects

_FILE, _LOCK = "baseline.sqlite", "baseline.lock"
# How long one waits, in seconds, for another process that uses it, and how often one looks.
_PATIENCE_S, _POLL_S = 30.0, 0.05


class Baseline:
    """What was there before a command, in a folder that is its own; it may be deleted when no command runs.

    Each use of it is one transaction, under a lock that other processes wait for.
    """

    def __init__(self, folder: Path) -> None:
        """folder: made where it is missing, for its owner only. Raises WorkspaceError where it cannot be."""
        self._folder = folder
        self._kept: Kept | None = None
        with explained(str(folder), "make the folder"):
            _make(folder)

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def is_of(self, run: str) -> bool:
        """Whether it is what was there before that run, whole; also after a crash. Raises WorkspaceError."""
        with self._locked():
            if not (self._folder / _FILE).exists():
                return False
            try:
                with self._opened() as kept:
                    return kept.state("run") == run.encode()
            except Damaged:
                return False

    def take(self, root: Root, run: str, go_on: Callable[[], bool] = lambda: True) -> None:
        """Bring it up to what is there now. When this returns it is on the disk, as that of the run.

        go_on: asked now and then. Raises CutShort where it says no, and WorkspaceError where the workspace cannot be
        read or the baseline not be kept; it is then that of the run before still.
        """
        with self._locked():
            try:
                self._take(root, run, go_on)
            except Damaged:
                self._remove()
                try:
                    self._take(root, run, go_on)
                except Damaged as error:
                    raise WorkspaceError(f"{self._cannot('be kept')}: {error}") from error

    def changed(self, root: Root) -> SideEffects:
        """What is not as it was when it was taken. Where nothing has moved since, the same again.

        Where no workspace is there any more, or another folder in its place, that is what is compared. Raises
        WorkspaceError where the baseline cannot be read, or the workspace not at all.
        """
        with self._locked():
            try:
                with self._opened() as kept:
                    if not kept.state("run"):
                        raise WorkspaceError(f"{self._cannot('be told')}: it was not kept")
                    return side_effects(root, kept, self._content)
            except Damaged as error:
                raise WorkspaceError(f"{self._cannot('be read')}: {error}") from error

    def _take(self, root: Root, run: str, go_on: Callable[[], bool]) -> None:
        with self._opened() as kept:
            keeping.bring_up_to_date(kept, root, go_on)
            kept.put_state("run", run.encode())

    def _content(self, digest: str) -> bytes:
        with self._locked():
            try:
                with self._opened() as kept:
                    return kept.content(bytes.fromhex(digest))
            except Damaged as error:
                raise WorkspaceError(f"{self._cannot('be read')}: {error}") from error

    def _cannot(self, what: str) -> str:
        return f"what the workspace held before the command, in {self._folder}, cannot {what}"

    @contextmanager
    def _opened(self) -> Iterator[Kept]:
        """The file, in a transaction. Raises Damaged, and WorkspaceError where its surroundings do not allow it."""
        try:
            if self._kept is None or not self._kept.is_there():
                self.close()
                with explained(str(self._folder / _FILE), "open"):
                    self._kept = Kept(self._folder / _FILE)
            with self._kept as kept:
                yield kept
        except Fault as error:
            if is_damage(error):
                raise Damaged(str(error)) from error
            raise WorkspaceError(f"{self._cannot('be kept or read')}: {error}") from error

    def _remove(self) -> None:
        self.close()
        for name in (_FILE, f"{_FILE}-journal"):
            with explained(name, "remove the damaged"), suppress(FileNotFoundError):
                (self._folder / name).unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with explained(str(self._folder), "keep what the workspace holds in"):
            lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._wait_for(lock)
            yield
        finally:
            # A process that is just being started may have the descriptor still.
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _wait_for(self, lock: int) -> None:
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise WorkspaceError(
                        f"{self._cannot('be used')}: another process has been using it for {_PATIENCE_S:.0f} s; "
                        "try again when that is done"
                    ) from None
                time.sleep(_POLL_S)
            except OSError as error:
                raise WorkspaceError(f"{self._cannot('be locked')}: {error.strerror}") from error
            else:
                return


def _make(folder: Path) -> None:
    """Make a folder that is still there after a power loss."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(above)
    finally:
        os.close(above)
