"""The journal's file, as the file system tells of it."""

from __future__ import annotations

from pathlib import Path

from mission_fsm.errors import JournalDamaged, JournalError

_SMALLEST_PAGE_BYTES = 512


def identity(path: Path) -> tuple[int, int] | None:
    """What tells this file from another that takes its name; None where none is there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_there(path: Path) -> bool:
    """Whether there is a journal at that path. Raises JournalError for what can be none, or is only half there."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        log = path.with_name(f"{path.name}-wal")
        # One that another process has just made has appeared before its log did.
        if log.exists() and not path.exists():
            raise JournalDamaged(f"{path} is gone, but its log {log.name} is not; restore both from a backup") from None
        return False
    except OSError as error:
        raise JournalError(f"cannot open the journal {path}: {error.strerror}; choose another home") from error
    if not path.is_file():
        raise JournalError(f"the journal {path} is not a file; choose another home, or move it away")
    if size < _SMALLEST_PAGE_BYTES:
        # It appears whole or not at all; SQLite would take it for an empty database.
        raise JournalDamaged(f"the journal {path} is cut short ({size} bytes); restore it from a backup")
    return True
