"""Files that are made for people: whole or not at all, for their owner alone, and over nothing that is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mission_fsm.errors import JournalError, UsageError


@contextmanager
def placed(path: Path, *, home: Path | None, force: bool) -> Iterator[Path]:
    """Gives the path of a draft, to be written; it takes its place, on disk, once that is done without an error.

    home: the folder that it may not be put in, since what is there is the journal's own.
    force: whether it may take the place of a file that is there.
    Raises UsageError where it may not be put there, and JournalError where it cannot be.
    """
    path = path.absolute()
    if home is not None and path.parent.resolve().is_relative_to(home.resolve()):
        raise UsageError(f"{path} is in the home, which is the journal's own; choose a place outside of it")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    _refuse_overwriting(path, force=force)
    try:
        # In a folder of its own, because a database makes files beside itself.
        with TemporaryDirectory(prefix=f".{path.name[:64]}.", dir=path.parent, ignore_cleanup_errors=True) as folder:
            draft = Path(folder) / "draft"
            yield draft
            _sync(draft)
            _put(draft, path, force=force)
        _sync(path.parent)
    except FileExistsError:
        _refuse_overwriting(path, force=force)
        raise
    except OSError as error:
        raise JournalError(f"cannot write {path}: {error.strerror}; choose another place, or make room") from error


def _refuse_overwriting(path: Path, *, force: bool) -> None:
    if not force and os.path.lexists(path):
        raise UsageError(f"{path} is there already; choose another name, or overwrite it with --force")


def _put(draft: Path, path: Path, *, force: bool) -> None:
    """Let the draft take its place. Without force whoever was quicker keeps it, which is then a FileExistsError."""
    if force:
        draft.replace(path)
        return
    try:
        # Linked, it is there whole from the first instant; its other name goes with the draft's folder.
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # On file systems without links an empty file holds the place meanwhile.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        try:
            draft.replace(path)
        except BaseException:
            path.unlink()
            raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
