"""What is kept of a workspace, in SQLite: of each folder what lies in it, and the bytes of files by their digest."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from attrs import frozen

from mission_fsm.workspace.caches import cache_lines
from mission_fsm.workspace.listing import STAMP_BYTES

DIGEST_BYTES = 32
# In place of a digest: the bytes are not kept.
NOT_KEPT = bytes(DIGEST_BYTES)

_SCHEMA = """
CREATE TABLE folders (folder BLOB PRIMARY KEY, rules BLOB, names BLOB, stamps BLOB, ignored BLOB, digests BLOB);
CREATE TABLE contents (digest BLOB PRIMARY KEY, data BLOB);
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB);
"""
# What was kept with other tables, other caches, or on a machine with another order of bytes is made anew.
VERSION = zlib.crc32(b"%s %s %s" % (_SCHEMA.encode(), cache_lines(), sys.byteorder.encode())) >> 1 | 1

_COMPRESSED, _PLAIN = b"z", b"="
# Below this, compressing saves no page of the file.
_COMPRESSED_FROM_BYTES = 256
_PATIENCE_S = 30.0
# What of SQLite's errors speaks of its surroundings, and not of the file: the disk is full, another has the lock.
_OUTWARD = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


# What every method of Kept raises where SQLite fails.
Fault = sqlite3.Error


class Damaged(Exception):
    """It is not what was written."""


def is_damage(error: Fault) -> bool:
    """Whether it speaks of the file rather than of its surroundings."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _OUTWARD


@frozen
class Listed:
    """What is known of what lies in a folder, each entry at the same place in all.

    rules: the text of its .gitignore.
    names: as `packed` makes them, sorted.
    stamps: as `stamps_of` makes them; of a file that may have changed without a trace, with times of 0. None where
        the folder could not be read.
    ignored: a byte for each entry: 1 where it is ignored.
    """

    rules: bytes
    names: bytes
    stamps: bytes | None
    ignored: bytes

    def split(self) -> list[str]:
        """The names."""
        return os.fsdecode(self.names).split("\0") if self.names else []

    def stamped(self, digests: bytes) -> dict[str, tuple[bytes, bool, bytes]]:
        """By name: stamp, whether it is ignored, digest. Nothing of a folder that could not be read."""
        if self.stamps is None:
            return {}
        if len(digests) != len(self.ignored) * DIGEST_BYTES:
            raise Damaged("the columns of a folder differ in length")
        return {
            name: (self.stamps[at * STAMP_BYTES : (at + 1) * STAMP_BYTES], bool(self.ignored[at]), digest)
            for at, (name, digest) in enumerate(zip(self.split(), each_digest(digests), strict=True))
        }


class Kept:
    """The file, open. Every method raises Fault; those that read, Damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._inode = path.stat().st_ino
        self._database = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S, check_same_thread=False)
        try:
            for pragma in (
                "auto_vacuum = FULL",
                "journal_mode = TRUNCATE",
                "synchronous = FULL",
                "fullfsync = ON",
            ):
                self._database.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            self._database.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def is_there(self) -> bool:
        """Whether the file is still the one at its path."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def __enter__(self) -> Self:
        """Begin a transaction, in tables that are there and of this version."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._see_to_tables()
        except BaseException:
            self._roll_back()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        """Commit it, or take it back."""
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            self._roll_back()

    def _see_to_tables(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in _SCHEMA.strip().split("\n"):
                self._database.execute(statement)
            self._database.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise Damaged("it is of another version")

    def _roll_back(self) -> None:
        """Take back what was not committed, if anything was begun."""
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    # --- folders

    def listed(self) -> dict[str, Listed]:
        """Every folder that is known, by its path."""
        rows = self._database.execute("SELECT folder, rules, names, stamps, ignored FROM folders")
        return {os.fsdecode(_bytes(folder)): _listed(*row) for folder, *row in rows}

    def digests(self, folder: str) -> bytes:
        """Of what lies in a folder, in its order; NOT_KEPT for what has none."""
        row = self._database.execute("SELECT digests FROM folders WHERE folder = ?", (os.fsencode(folder),)).fetchone()
        return _bytes(row[0]) if row else b""

    def put_folder(self, folder: str, listed: Listed, digests: bytes) -> None:
        """Replace what is known of a folder. digests: as `digests` gives them."""
        row = (os.fsencode(folder), listed.rules, listed.names, listed.stamps, listed.ignored, digests)
        self._database.execute("REPLACE INTO folders VALUES (?, ?, ?, ?, ?, ?)", row)

    def drop_folders(self, folders: Iterable[str]) -> None:
        """Know those folders no longer."""
        self._database.executemany("DELETE FROM folders WHERE folder = ?", ((os.fsencode(name),) for name in folders))

    # --- contents

    def content(self, digest: bytes) -> bytes:
        """The bytes with that digest. Raises Damaged, also where they are not kept."""
        row = self._database.execute("SELECT data FROM contents WHERE digest = ?", (digest,)).fetchone()
        packed = _bytes(row[0]) if row else b""
        try:
            data = zlib.decompress(packed[1:]) if packed.startswith(_COMPRESSED) else packed[1:]
        except zlib.error as error:
            raise Damaged(str(error)) from error
        if hashlib.sha256(data).digest() != digest or not packed:
            raise Damaged("some bytes are not those that were kept")
        return data

    def put_content(self, digest: bytes, data: bytes) -> None:
        """Keep bytes, once, compressed where that helps."""
        if self._database.execute("SELECT 1 FROM contents WHERE digest = ?", (digest,)).fetchone():
            return
        packed = zlib.compress(data, 1) if len(data) >= _COMPRESSED_FROM_BYTES else data
        mark = _COMPRESSED if packed is not data and len(packed) < len(data) else _PLAIN
        row = (digest, mark + (packed if mark == _COMPRESSED else data))
        self._database.execute("INSERT INTO contents VALUES (?, ?)", row)

    def drop_contents(self, digests: set[bytes]) -> None:
        """Drop the bytes with those digests, but for what a folder still has."""
        for (held,) in self._database.execute("SELECT digests FROM folders"):
            if not digests:
                return
            digests.difference_update(each_digest(_bytes(held)))
        self._database.executemany("DELETE FROM contents WHERE digest = ?", ((digest,) for digest in digests))

    # --- state

    def state(self, name: str) -> bytes:
        """A value by its name; none where it was never put."""
        row = self._database.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return _bytes(row[0]) if row else b""

    def put_state(self, name: str, value: bytes) -> None:
        """Replace a value."""
        self._database.execute("REPLACE INTO state VALUES (?, ?)", (name, value))


def packed(names: Iterable[str]) -> bytes:
    """Names as one string of bytes."""
    return os.fsencode("\0".join(names))


def each_digest(digests: bytes) -> Iterator[bytes]:
    """Digests that stand one after the other, one by one."""
    return (digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES))


def _listed(rules: object, names: object, stamps: object, ignored: object) -> Listed:
    listed = Listed(_bytes(rules), _bytes(names), None if stamps is None else _bytes(stamps), _bytes(ignored))
    count = listed.names.count(b"\0") + 1 if listed.names else 0
    if len(listed.ignored) != count or (listed.stamps is not None and len(listed.stamps) != count * STAMP_BYTES):
        raise Damaged("the columns of a folder differ in length")
    return listed


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise Damaged("a value is not of its type")
    return value
