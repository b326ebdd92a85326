"""Folders for work in progress: outside every workspace, open to their owner only, and gone when the work is over.

Whoever makes one holds it by flock(2). What nobody holds was left by a process that was killed, and is removed by the
next one that makes a folder for the same purpose.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@frozen
class Scratch:
    """path: the folder. hold: a descriptor; the folder stays for as long as some process has it open."""

    path: Path
    hold: int


@contextmanager
def scratch(place: Path, purpose: str) -> Iterator[Scratch]:
    """A fresh empty folder in that place, removed at the end, with what earlier ones of that purpose have left there.

    purpose: begins its name; only letters, digits and `-`. Raises OSError where none can be made.
    """
    for left in place.glob(f"{purpose}-*"):
        with suppress(OSError):
            hold = _held(left)
            remove(left)
            os.close(hold)
    folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=place))
    try:
        hold = _held(folder)
        try:
            yield Scratch(folder, hold)
        finally:
            os.close(hold)
    finally:
        remove(folder)


def roomiest(places: Sequence[Path], needed_bytes: int, beside: Path) -> Path | None:
    """Where so many bytes more have room: on the file system of `beside` before others, in order; None where nowhere.

    Places that are not there, or that this user cannot write, are passed over.
    """
    device = beside.stat().st_dev
    usable = [place for place in places if os.access(place, os.W_OK | os.X_OK) and place.is_dir()]
    for place in sorted(usable, key=lambda place: place.stat().st_dev != device):
        room = os.statvfs(place)
        if room.f_bavail * room.f_frsize >= needed_bytes:
            return place
    return None


def remove(folder: Path) -> None:
    """Remove the folder with all that is in it, however deep and whatever its modes; what cannot be removed stays."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with suppress(OSError):
            place.chmod(stat.S_IRWXU)
            with os.scandir(place) as found:
                entries = list(found)
            for entry in entries:
                with suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink()
                        continue
                    # Put at the top it can be reached by a short path, and what is below it too.
                    waiting.append(Path(entry.path).rename(folder / secrets.token_hex(16)))
            if place != folder:
                place.rmdir()
    with suppress(OSError):
        folder.rmdir()


def _held(folder: Path) -> int:
    """A descriptor that holds the folder. Raises OSError where another process holds it."""
    fd = os.open(folder, _FOLDER)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd
