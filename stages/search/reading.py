"""What a file is indexed under, and how often: read without following a link, taken apart identifier by identifier."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from mission_fsm.stage import stamp_of

from .definitions import definitions
from .terms import WHOLE_SIGN, keys_of

# Larger files are data, or made by a program.
MAX_FILE_BYTES = 1024 * 1024
_SNIFFED_BYTES = 8000

IDENTIFIER = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")

_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _ROOT | os.O_NOFOLLOW
# O_NONBLOCK: a pipe that took a file's place would be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Stamp = tuple[int, int, int, int]


# What one key tells of a file, in one number of 32 bits: how often it is there (in a file of the largest size that is
# fewer than 2**20 times), how much of a name that the file defines it makes up (the most of any name, in 255ths), and
# whether the file or a folder it lies in is named for it.
COUNT_SHIFT, SHARE_SHIFT = 12, 2
WHOLE_SHARE = 0xFF
IN_NAME, IN_FOLDERS = 2, 1


def marks(path: str, content: bytes) -> dict[str, int]:
    """What a file is indexed under: for each key its mark, as above."""
    found: defaultdict[str, int] = defaultdict(int)
    for identifier, count in Counter(IDENTIFIER.findall(content)).items():
        counted = count << COUNT_SHIFT
        for key in keys_of(identifier):
            found[key] += counted
    for key, share in _shares(path, content).items():
        found[key] |= share << SHARE_SHIFT
    in_folders, in_name = named_for(path)
    for key in in_folders:
        found[key] |= IN_FOLDERS
    for key in in_name:
        found[key] |= IN_NAME
    return found


def _shares(path: str, content: bytes) -> dict[str, int]:
    """How much of a defined name each key makes up, the most of any name."""
    shares: dict[str, int] = {}
    for name in {name for name, _ in definitions(path, content)}:
        for key, share in _shares_in(name):
            if share > shares.get(key, 0):
                shares[key] = share
    return shares


@lru_cache(maxsize=1 << 16)
def _shares_in(name: bytes) -> tuple[tuple[str, int], ...]:
    keys = keys_of(name)
    of_parts = sum(not key.startswith(WHOLE_SIGN) for key in keys)
    return tuple((key, WHOLE_SHARE if key.startswith(WHOLE_SIGN) else WHOLE_SHARE // of_parts) for key in keys)


def named_for(path: str) -> tuple[frozenset[str], frozenset[str]]:
    """The keys that the folders of a path, and those that its last part, are named for."""
    *folders, name = path.split("/")
    stem = name.rpartition(".")[0] or name
    return (
        frozenset(key for folder in folders for key in keys_of(folder.encode())),
        frozenset((*keys_of(stem.encode()), *keys_of(name.encode()))),
    )


@contextmanager
def opened_folder(root: str, folder: str) -> Iterator[int | None]:
    """A descriptor of a folder below the root, reached through no link, or None where there is none to be had."""
    descriptor = None
    try:
        with suppress(OSError):
            descriptor = os.open(root, _ROOT)
            for part in folder.split("/")[:-1]:
                above, descriptor = descriptor, None
                try:
                    descriptor = os.open(part, _FOLDER, dir_fd=above)
                finally:
                    os.close(above)
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def read_file(folder: int, name: str) -> tuple[bytes | None, Stamp | None]:
    """The text in a file of the open folder, and the stamp that it had before it was read.

    No text where the file is too large or binary; neither where it cannot be read.
    """
    try:
        file = os.open(name, _FILE, dir_fd=folder)
    except OSError:
        return None, None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            return None, stamp_of(status)
        return text_or_none(os.read(file, MAX_FILE_BYTES + 1)), stamp_of(status)
    except OSError:
        return None, None
    finally:
        os.close(file)


def text_or_none(content: bytes) -> bytes | None:
    """The content, unless it is binary or too large to be searched."""
    return None if len(content) > MAX_FILE_BYTES or b"\0" in content[:_SNIFFED_BYTES] else content
