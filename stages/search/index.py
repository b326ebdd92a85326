"""An index of a workspace, brought up to date each time it is used, and never believed further than that.

Every file is looked at each time, and one whose stamp differs is read anew. A file that was changed so short a time
before it was read that another change could leave it with the same stamp is not believed either, and read again the
next time: the way in which git treats what it calls racy.
"""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from hashlib import blake2b
from itertools import chain
from time import time_ns

from mission_fsm.stage import STAMP_LENGTH, FolderFiles, WorkspaceReader, is_settled

from .kinds import kinds_of
from .reading import marks, opened_folder, read_file
from .tables import DIGEST_BYTES, GONE, NUMBER_SHIFT, UNSEARCHED, Folder, Numbered, Tables, packed_names

_UNSETTLED = array("q", [0] * STAMP_LENGTH)
_NOT_SEARCHED = bytes(DIGEST_BYTES)
# So many postings are held in memory before they are written as a segment.
_MOST_HELD = 1_500_000

# With more numbers of files that are gone an index is made anew.
_MOST_GONE = 1_000_000

# Stamp, number and digest of a file.
_Known = tuple["array[int]", int, bytes]


def update(tables: Tables, workspace: WorkspaceReader) -> Numbered:
    """Bring the index up to date with the workspace, in the transaction that is open; what it knows then.

    Raises UnsafePath and WorkspaceError as the workspace does, and what a damaged index leads to.
    """
    known = tables.listed()
    changed = [
        listing
        for listing in workspace.survey()
        if known.pop(listing.folder, None) != (packed_names(listing.names), listing.stamps.tobytes())
    ]
    numbered = tables.numbered()
    if numbered.kinds.count(GONE) > _MOST_GONE:
        raise ValueError("an index that holds little but what is gone")
    if changed or known:
        change = _Update(tables, numbered, os.fspath(workspace.root))
        for folder in known:
            change.take(FolderFiles(folder, (), array("q")))
        for listing in changed:
            change.take(listing)
        change.finish()
    return numbered


class _Update:
    """The changes of some folders on their way into the tables."""

    def __init__(self, tables: Tables, numbered: Numbered, root: str) -> None:
        self._tables = tables
        self._numbered = numbered
        self._root = root
        self._postings: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._held = 0
        self._paths: dict[int, str] = {}
        self._gone: list[int] = []

    def take(self, listing: FolderFiles) -> None:
        """Index what has changed in a folder."""
        before = self._tables.folder(listing.folder).files()
        after: list[_Known] = []
        with opened_folder(self._root, listing.folder) as folder:
            for at, name in enumerate(listing.names):
                known = before.pop(name, None)
                if known is None or known[0] != listing.stamps[at * STAMP_LENGTH : (at + 1) * STAMP_LENGTH]:
                    known = self._read(folder, listing.folder + name, known)
                after.append(known)
        for _, number, _ in before.values():
            self._forget(number)
        self._tables.put_folder(
            listing.folder,
            Folder(
                listing.names,
                array("q", chain.from_iterable(stamp for stamp, _, _ in after)),
                array("I", [number for _, number, _ in after]),
                b"".join(digest for _, _, digest in after),
            ),
        )
        if self._held > _MOST_HELD:
            self._write()

    def finish(self) -> None:
        """Write the rest."""
        self._write()
        self._tables.put_numbered(self._numbered)
        self._tables.put_paths(self._paths, self._gone)
        self._tables.merge_segments(self._numbered.kinds)

    def _read(self, folder: int | None, path: str, known: _Known | None) -> _Known:
        """What is to be known of a file that may have changed."""
        begun_ns = time_ns()
        content, stamp = read_file(folder, path.rpartition("/")[2]) if folder is not None else (None, None)
        settled = stamp is not None and is_settled(stamp[1], stamp[2], begun_ns)
        stamped = array("q", stamp) if stamp is not None and settled else _UNSETTLED
        digest = _NOT_SEARCHED if content is None else blake2b(content, digest_size=DIGEST_BYTES).digest()
        if known is not None and known[2] == digest:
            return stamped, known[1], digest
        if known is not None:
            self._forget(known[1])
        return stamped, self._index(path, content), digest

    def _index(self, path: str, content: bytes | None) -> int:
        """Give a file a number, and put under each of its keys what the key tells of it."""
        number = len(self._numbered.kinds)
        self._paths[number] = path
        self._numbered.sizes.append(len(content or b""))
        self._numbered.kinds.append(UNSEARCHED if content is None else kinds_of(path))
        if content is not None:
            found = marks(path, content)
            at = number << NUMBER_SHIFT
            for key, mark in found.items():
                self._postings[key].append(at | mark)
            self._held += len(found)
        return number

    def _forget(self, number: int) -> None:
        self._numbered.kinds[number] = GONE
        self._gone.append(number)

    def _write(self) -> None:
        self._tables.add_segment(self._postings)
        self._postings.clear()
        self._held = 0
