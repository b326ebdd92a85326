"""The form in which one mission travels: one file, to be read with ordinary tools, and of which no byte is free.

It is a tar archive (POSIX.1-1988, `ustar`; not compressed, so that it is never larger inside than outside) of

1. `manifest.json`: what the mission is, where its events end, and the version of this form;
2. `events.jsonl`: a line for each event, as the journal keeps it; `data` is the JSON text that was hashed;
3. `blobs/<SHA-256>`: every blob that the events refer to, by digest, in order.

All else is fixed (owners, times and modes in the headers, the order of keys, padding), so the same mission gives
the same bytes. A reader compares each header and each line with what it would have written itself.
"""

from __future__ import annotations

import json
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import attrs
from attrs import frozen
from cattrs import BaseValidationError

from mission_fsm.converter import converter
from mission_fsm.errors import JournalDamaged, JournalNewer, UsageError
from mission_fsm.journal.chain import Entry, verified

FORMAT = "mission-fsm export"
VERSION = 1

# All of it is held in memory at once, here as there.
MAX_BYTES = 1 << 30

_MANIFEST, _EVENTS, _BLOBS = "manifest.json", "events.jsonl", "blobs/"
_BLOCK = tarfile.BLOCKSIZE
_TYPES = dict(zip(Entry._fields, (int, str, int, str, str, str, str, str), strict=True))


@frozen(kw_only=True)
class Manifest:
    """What the archive says of its mission. sequence, head: of its last event."""

    format: str = FORMAT
    version: int = VERSION
    mission_id: str
    workspace: str
    source: str | None
    plan_digest: str
    goal: str
    created: str
    state: str
    sequence: int
    head: str


@frozen
class Archive:
    """A mission as it travels."""

    manifest: Manifest
    entries: tuple[Entry, ...]
    blobs: Mapping[str, bytes]


def write(archive: Archive, path: Path) -> int:
    """Write the archive to a file that is not there yet; gives its size in bytes.

    Raises UsageError where it is larger than any reader takes.
    """
    events = b"".join(_line(entry._asdict()) for entry in archive.entries)
    contents = {_MANIFEST: _line(attrs.asdict(archive.manifest)), _EVENTS: events}
    contents |= {_BLOBS + digest: archive.blobs[digest] for digest in sorted(archive.blobs)}
    size = _padded(sum(_BLOCK + len(content) + -len(content) % _BLOCK for content in contents.values()))
    if size > MAX_BYTES:
        raise UsageError(
            f"mission {archive.manifest.mission_id} comes to {size:,} bytes, and an export holds no more than "
            f"{MAX_BYTES:,}; back the home up instead"
        )
    with path.open("xb") as file:
        path.chmod(0o600)
        for name, content in contents.items():
            file.write(_header(name, len(content)))
            file.write(content)
            file.write(bytes(-len(content) % _BLOCK))
        file.write(bytes(size - file.tell()))
    return size


def read(path: Path) -> Archive:
    """The archive in that file; its form, the hash chain and each blob is checked, and what the events say is not.

    Raises UsageError for what is no export, JournalNewer for a later version's, and JournalDamaged, with the first
    bad position, for one that is not as it was written.
    """
    try:
        if not path.is_file():
            raise UsageError(f"{path} is not a file; name a file that `mission export` wrote")
        with path.open("rb") as file:
            return _Reader(path, file).archive()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


class _Reader:
    """Reads an archive from its beginning, and takes nothing for granted."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._size = file.seek(0, 2)
        file.seek(0)

    def archive(self) -> Archive:
        if self._size > MAX_BYTES:
            raise UsageError(f"{self._path} has {self._size:,} bytes, and an export no more than {MAX_BYTES:,}")
        beginning = _MANIFEST.encode() + b"\0"
        if self._file.read(len(beginning)) != beginning:
            raise UsageError(f"{self._path} is not the export of a mission; name a file that `mission export` wrote")
        self._file.seek(0)
        members = self._members()
        name, content = next(members, ("", b""))
        manifest = self._manifest(content) if name == _MANIFEST else None
        name, content = next(members, ("", b""))
        if manifest is None or name != _EVENTS:
            raise self._damaged(f"{_EVENTS} is not in its place")
        entries = tuple(self._entries(content))
        try:
            # Before the blobs, since what is wrong with the events is what a person has to know first.
            deque(verified(manifest.mission_id, entries, manifest.sequence, manifest.head), maxlen=0)
        except JournalDamaged as error:
            raise self._damaged(str(error)) from error
        return Archive(manifest, entries, dict(self._blobs(members)))

    def _members(self) -> Iterator[tuple[str, bytes]]:
        """Each member's name and content, in order, and then nothing but the padding that belongs there."""
        while True:
            start = self._file.tell()
            header = self._take(_BLOCK)
            if header == bytes(_BLOCK):
                break
            try:
                name, size = header[:100].rstrip(b"\0").decode("ascii"), int(header[124:135], 8)
                right = header == _header(name, size)
            except ValueError:
                right = False
            if not right:
                raise self._damaged(f"the header at byte {start} is not as it was written")
            content = self._take(size)
            if self._take(-size % _BLOCK).strip(b"\0"):
                raise self._damaged(f"{name} is followed by bytes that nobody wrote")
            yield name, content
        rest = self._take(_padded(start) - start - _BLOCK)
        if rest.strip(b"\0") or self._file.tell() != self._size:
            raise self._damaged(f"its end, from byte {start}, is not as it was written")

    def _manifest(self, content: bytes) -> Manifest:
        try:
            values = json.loads(content)
            if values.get("format") != FORMAT:
                raise UsageError(f"{self._path} is not the export of a mission, but another archive")
            version = values["version"]
            if type(version) is int and version > VERSION:
                raise JournalNewer(
                    f"{self._path} is an export of version {version}, and {VERSION} is the last that is known here; "
                    f"use the version of mission-fsm that wrote it, or a later one"
                )
            manifest = converter.structure(values, Manifest)
            right = version == VERSION and _line(attrs.asdict(manifest)) == content
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, BaseValidationError):
            right = False
        if not right:
            raise self._damaged(f"{_MANIFEST} is not as it was written")
        return manifest

    def _entries(self, content: bytes) -> Iterator[Entry]:
        for number, line in enumerate(content.splitlines(keepends=True), start=1):
            try:
                values = json.loads(line)
                right = {name: type(value) for name, value in values.items()} == _TYPES and _line(values) == line
            except (ValueError, AttributeError, RecursionError):
                right = False
            if not right:
                raise self._damaged(f"event {number}, which is line {number} of {_EVENTS}, is not as it was written")
            yield Entry(**values)

    def _blobs(self, members: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        last = ""
        for name, content in members:
            digest = name.removeprefix(_BLOBS)
            if name != _BLOBS + sha256(content).hexdigest() or digest <= last:
                raise self._damaged(f"{name} is not what was written under that name, or not in its place")
            last = digest
            yield digest, content

    def _take(self, size: int) -> bytes:
        if size > self._size - self._file.tell():
            raise self._damaged(f"it is cut short, and ends at byte {self._size}")
        return self._file.read(size)

    def _damaged(self, what: str) -> JournalDamaged:
        return JournalDamaged(f"{self._path} is not as it was exported: {what}; export the mission again")


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _line(values: Mapping[str, object]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode()


def _padded(size: int) -> int:
    """The size of an archive whose members end there: two empty blocks follow, and the last record is filled up."""
    return -(-(size + 2 * _BLOCK) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE
