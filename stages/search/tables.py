"""The tables of an index, in SQLite: which files are known, as of when, and which of them hold a key.

A file that is indexed has a number. Numbers only grow: a file that has changed gets the next one, and what stands
under its old number is passed over until a merge drops it. So the postings of a key are only ever added to: they stand
in segments, which are written once.
"""

from __future__ import annotations

import sqlite3
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from attrs import field, frozen

from mission_fsm.stage import STAMP_LENGTH

# An index made by another version, or on a machine with another order of bytes, is made anew.
VERSION = 2 + (sys.byteorder == "big")
_SCHEMA = f"""
CREATE TABLE folders (folder TEXT PRIMARY KEY, names BLOB, stamps BLOB, numbers BLOB, digests BLOB);
CREATE TABLE paths (number INTEGER PRIMARY KEY, path TEXT);
CREATE TABLE postings (segment INTEGER, key TEXT, marks BLOB, PRIMARY KEY (segment, key)) WITHOUT ROWID;
CREATE TABLE segments (segment INTEGER PRIMARY KEY, size INTEGER);
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB);
PRAGMA user_version = {VERSION};
"""
# An update adds a segment. When there are too many, the smallest become one.
_MOST_SEGMENTS, _MERGED = 24, 12

# What SQLite, zlib and the reading of rows raise for an index that is not as it was written, or cannot be.
FAULTS = (sqlite3.Error, zlib.error, ValueError, LookupError, TypeError, OverflowError)

# In place of the kinds of a file (see `kinds_of`): it is no more, or cannot be searched.
GONE, UNSEARCHED = 255, 254

DIGEST_BYTES = 16
# Of numbers that are not compressed, as most keys have few files. What zlib makes begins with another byte.
_SHORT_BYTES, _PLAIN = 128, b"="
NUMBER_SHIFT = 32
MARK_MASK = (1 << NUMBER_SHIFT) - 1


@frozen
class Folder:
    """What is known of the files in a folder, each at the same place in all four.

    names, stamps: as in `FolderFiles`; a stamp of zeros for a file that is to be read again.
    numbers: under which they are indexed.
    digests: of the bytes that were indexed, DIGEST_BYTES for each.
    """

    names: tuple[str, ...] = ()
    stamps: array[int] = field(factory=lambda: array("q"))
    numbers: array[int] = field(factory=lambda: array("I"))
    digests: bytes = b""

    def files(self) -> dict[str, tuple[array[int], int, bytes]]:
        """By name: stamp, number and digest."""
        return {
            name: (
                self.stamps[at * STAMP_LENGTH : (at + 1) * STAMP_LENGTH],
                self.numbers[at],
                self.digests[at * DIGEST_BYTES : (at + 1) * DIGEST_BYTES],
            )
            for at, name in enumerate(self.names)
        }


@frozen
class Numbered:
    """What is known of each number, at its place: size in bytes, and kinds, or GONE, or UNSEARCHED."""

    sizes: array[int] = field(factory=lambda: array("I"))
    kinds: bytearray = field(factory=bytearray)


class Tables:
    """An index's file, or a database in memory where there is no path. Raises sqlite3.Error."""

    def __init__(self, path: Path | None) -> None:
        # This much goes well with a damaged file, too: whoever is refused what follows can close it.
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)

    def close(self) -> None:
        self._database.close()

    def begin(self) -> None:
        """Begin a transaction, in tables that are there and of this version."""
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("PRAGMA mmap_size = 268435456")
        self._database.execute("BEGIN IMMEDIATE")
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in _SCHEMA.split(";\n"):
                self._database.execute(statement)
        elif version != VERSION:
            raise ValueError(f"an index of version {version}")

    def commit(self) -> None:
        self._database.execute("COMMIT")

    # --- what is known

    def listed(self) -> dict[str, tuple[bytes, bytes]]:
        """By folder, its names and stamps as `packed_names` and bytes."""
        rows = self._database.execute("SELECT folder, names, stamps FROM folders")
        return {folder: (names, stamps) for folder, names, stamps in rows}

    def folder(self, folder: str) -> Folder:
        """What is known of a folder, or nothing."""
        row = self._database.execute(
            "SELECT names, stamps, numbers, digests FROM folders WHERE folder = ?", (folder,)
        ).fetchone()
        if row is None:
            return Folder()
        names, stamps, numbers, digests = row
        known = Folder(
            tuple(names.decode("utf-8").split("\0")),
            array("q", stamps),
            array("I", _unpacked(numbers)),
            digests,
        )
        if (
            not len(known.names)
            == len(known.numbers)
            == len(known.stamps) / STAMP_LENGTH
            == len(digests) / DIGEST_BYTES
        ):
            raise ValueError(f"the columns of {folder!r} differ in length")
        return known

    def put_folder(self, folder: str, known: Folder) -> None:
        """Replace what is known of a folder."""
        if not known.names:
            self._database.execute("DELETE FROM folders WHERE folder = ?", (folder,))
            return
        self._database.execute(
            "REPLACE INTO folders VALUES (?, ?, ?, ?, ?)",
            (folder, packed_names(known.names), known.stamps.tobytes(), _packed(known.numbers), known.digests),
        )

    def numbered(self) -> Numbered:
        """What is known of each number."""
        row = self._database.execute("SELECT value FROM state WHERE name = 'numbered'").fetchone()
        if row is None:
            return Numbered()
        data = zlib.decompress(row[0])
        count = len(data) // 5
        return Numbered(array("I", data[: 4 * count]), bytearray(data[4 * count :]))

    def put_numbered(self, numbered: Numbered) -> None:
        """Replace what is known of each number."""
        packed = zlib.compress(numbered.sizes.tobytes() + numbered.kinds, 1)
        self._database.execute("REPLACE INTO state VALUES ('numbered', ?)", (packed,))

    def put_paths(self, paths: Mapping[int, str], gone: Iterable[int]) -> None:
        """Say which numbers stand for which paths, and which for none any more."""
        self._database.executemany("DELETE FROM paths WHERE number = ?", ((number,) for number in gone))
        self._database.executemany("INSERT INTO paths VALUES (?, ?)", paths.items())

    def paths(self) -> Iterator[tuple[int, str]]:
        """Every number that stands for a path, and the path."""
        return self._database.execute("SELECT number, path FROM paths")

    def path(self, number: int) -> str:
        """The path that a number stands for."""
        return str(self._database.execute("SELECT path FROM paths WHERE number = ?", (number,)).fetchone()[0])

    # --- postings

    def postings(self, key: str) -> Iterator[array[int]]:
        """Which files hold the key: arrays of numbers, each times 2**32 plus its mark (see `marks`)."""
        for (segment,) in self._database.execute("SELECT segment FROM segments ORDER BY segment").fetchall():
            row = self._database.execute(
                "SELECT marks FROM postings WHERE segment = ? AND key = ?", (segment, key)
            ).fetchone()
            if row is not None:
                yield array("Q", _unpacked(row[0]))

    def add_segment(self, postings: Mapping[str, array[int]]) -> None:
        """Add what some files hold."""
        if postings:
            self._write_segment((key, postings[key]) for key in sorted(postings))

    def merge_segments(self, kinds: bytearray) -> None:
        """Make the smallest segments one, without the files that are gone, if there are too many."""
        segments = [row[0] for row in self._database.execute("SELECT segment FROM segments ORDER BY size, segment")]
        if len(segments) <= _MOST_SEGMENTS:
            return
        merged = segments[:_MERGED]
        readers = [
            self._database.execute("SELECT key, marks FROM postings WHERE segment = ? ORDER BY key", (segment,))
            for segment in merged
        ]
        whole = (
            (key, array("Q", [posting for _, marks in rows for posting in array("Q", _unpacked(marks))
                              if kinds[posting >> NUMBER_SHIFT] != GONE]))
            for key, rows in groupby(merge(*readers, key=itemgetter(0)), key=itemgetter(0))
        )  # fmt: skip
        self._write_segment((key, marks) for key, marks in whole if marks)
        for segment in merged:
            self._database.execute("DELETE FROM postings WHERE segment = ?", (segment,))
            self._database.execute("DELETE FROM segments WHERE segment = ?", (segment,))

    def _write_segment(self, rows: Iterable[tuple[str, array[int]]]) -> None:
        segment = self._database.execute("SELECT coalesce(max(segment), 0) + 1 FROM segments").fetchone()[0]
        size = 0

        def packed() -> Iterator[tuple[int, str, bytes]]:
            nonlocal size
            for key, marks in rows:
                size += len(marks)
                yield segment, key, _packed(marks)

        self._database.executemany("INSERT INTO postings VALUES (?, ?, ?)", packed())
        self._database.execute("INSERT INTO segments VALUES (?, ?)", (segment, size))


def packed_names(names: Iterable[str]) -> bytes:
    """Names as one string of bytes."""
    return "\0".join(names).encode("utf-8")


def _packed(numbers: array[int]) -> bytes:
    """Numbers with a checksum; compressed where that is worth its while."""
    data = numbers.tobytes()
    return zlib.compress(data, 1) if len(data) > _SHORT_BYTES else _PLAIN + zlib.crc32(data).to_bytes(4, "big") + data


def _unpacked(packed: bytes) -> bytes:
    """The bytes of the numbers. Raises zlib.error or ValueError where they are not those that were packed."""
    if not packed.startswith(_PLAIN):
        return zlib.decompress(packed)
    data = packed[5:]
    if zlib.crc32(data) != int.from_bytes(packed[1:5], "big"):
        raise ValueError("the checksum of some numbers is wrong")
    return data
