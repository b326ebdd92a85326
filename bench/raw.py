"""The physical limit: the least that a durable row can cost, which is one commit of the same bytes in SQLite.

In WAL mode with `synchronous=FULL`, as the journal is kept: when a commit returns, it is on the disk.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


class RawRows:
    """A table of rows in a file of its own. size_bytes: of each row."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._row = "x" * size_bytes
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, content TEXT)")

    def commit(self, rows: int = 1) -> None:
        """Make that many rows durable, each before the next."""
        for _ in range(rows):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("INSERT INTO rows (content) VALUES (?)", (self._row,))
            self._connection.execute("COMMIT")

    def count(self) -> int:
        """How many rows there are."""
        (rows,) = self._connection.execute("SELECT count(*) FROM rows").fetchone()
        return int(rows)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
