"""A copy of a whole journal, as it is at one instant, while others go on writing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from mission_fsm.errors import JournalDamaged, JournalError
from mission_fsm.journal import refusals, schema
from mission_fsm.journal.complaints import is_damage, told
from mission_fsm.journal.files import is_there


def copy_journal(journal: sqlite3.Connection, where: Path, to: Path) -> int:
    """Copy a journal to a file that is not there yet, its owner's alone; gives how many missions it holds.

    journal, where: a connection in a read transaction, and the path of its file.
    Raises JournalDamaged where the journal is not sound, since its copy would not be either, and JournalError
    where there is none, or the copy cannot be written.
    """
    if not is_there(where):
        raise refusals.no_journal(str(where.parent))
    try:
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(to, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = FULL")
            # In one go: in pieces, it would begin again after each commit of somebody else.
            journal.backup(copy, pages=-1)
            (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            (missions,) = copy.execute("SELECT count(*) FROM missions").fetchone()
            # So that whoever makes it a home's journal finds it in the mode in which journals are.
            schema.write_ahead(copy)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error) and is_damage(error):
            raise told(error, where) from error
        reason = error.strerror if isinstance(error, OSError) else error
        raise JournalError(f"cannot write the copy of {where}: {reason}; choose another place, or make room") from error
    if verdict != "ok":
        raise JournalDamaged(f"the journal {where} is damaged: {verdict}; restore it from an earlier backup")
    return int(missions)
