"""What SQLite complains of, and what that means for whoever uses a journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mission_fsm.errors import JournalDamaged, JournalError

_DAMAGED = {
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_ERROR,  # a table or a column is not there
    sqlite3.SQLITE_CONSTRAINT,  # there is already what was to be new
}

_NO_RIGHT_TO_WRITE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}

_ADVICE = {
    sqlite3.SQLITE_FULL: "free some space on its disk, and try again",
    sqlite3.SQLITE_IOERR: "see whether its disk is full or failing",
    sqlite3.SQLITE_READONLY: "make it and its folder writable for you, or choose another home",
    sqlite3.SQLITE_CANTOPEN: "see that you may read and write it and its folder, or choose another home",
    sqlite3.SQLITE_PERM: "see that you may read and write it and its folder, or choose another home",
    sqlite3.SQLITE_BUSY: "another program has been writing to it for a long time: end that one",
    sqlite3.SQLITE_NOMEM: "free some memory, and try again",
    sqlite3.SQLITE_TOOBIG: "what was to be recorded is larger than a journal can hold",
}


def told(error: sqlite3.Error | UnicodeEncodeError, path: Path) -> JournalError:
    """What went wrong with the journal at that path, and what to do, in a sentence."""
    if isinstance(error, UnicodeEncodeError):
        return JournalError(f"a journal holds Unicode text alone, and this is not: {error}")
    if is_damage(error):
        return JournalDamaged(f"the journal {path} is damaged ({error}); restore it from a backup")
    advice = _ADVICE.get(_kind_of(error), "please report this")
    return JournalError(f"cannot use the journal {path}: {error}; {advice}")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite met something in the file that nobody wrote there."""
    code = _code_of(error)
    undecodable = code == 0 and isinstance(error, sqlite3.OperationalError)
    return undecodable or code == sqlite3.SQLITE_IOERR_SHORT_READ or _kind_of(error) in _DAMAGED


def is_no_right_to_write(error: sqlite3.Error) -> bool:
    """Whether the file, or those that SQLite makes beside it, may not be written."""
    return _kind_of(error) in _NO_RIGHT_TO_WRITE


def _code_of(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _kind_of(error: sqlite3.Error) -> int:
    """The part of an error's code that says what kind it is of; the rest says more about it."""
    return _code_of(error) & 0xFF
