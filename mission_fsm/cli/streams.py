"""The standard streams: they are there even where they were closed, and nobody has to read them to the end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO, cast


def make_ready() -> None:
    """Have all three, and have those that are written take any text."""
    sys.stdin = sys.stdin or _null(0, "r")
    sys.stdout = sys.stdout or _null(1, "w")
    sys.stderr = sys.stderr or _null(2, "w")
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is printed as its escape, rather than ending the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def let_go() -> None:
    """Flush what is left; where it cannot be written, that has been told, and Python must not find it out again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                _to_null(stream.fileno())


def _null(fd: int, mode: str) -> TextIO:
    """For a stream that was closed by whoever started us. Its number is taken, or the journal might be opened there."""
    _to_null(fd)
    return cast(TextIO, open(fd, mode, closefd=False))


def _to_null(fd: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != fd:
        os.dup2(null, fd)
        os.close(null)
