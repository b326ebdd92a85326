"""Where log lines go. Nowhere, unless someone asks: a file, as JSON; standard error, in colour on a terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

from mission_fsm.errors import UsageError


def start_logging(file: Path | None, *, verbose: bool) -> None:
    """Configure structlog for this process, where a file or standard error is to have log lines."""
    if file is None and not verbose:
        return
    import structlog  # here, because only who asks for log lines pays for it

    write = sys.stderr.write if file is None else _appending_to(file)
    in_colour = file is None and sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(
                [structlog.dev.ConsoleRenderer()]
                if in_colour
                else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
            ),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Lines(write))),
        cache_logger_on_first_use=True,
    )


class _Lines(io.TextIOBase):
    """Takes lines. No mission depends on its log: where one cannot be written, it is lost, and nothing else."""

    def __init__(self, write: Callable[[str], int]) -> None:
        self._write = write

    def write(self, line: str) -> int:
        with suppress(OSError):
            self._write(line)
        return len(line)


def _appending_to(file: Path) -> Callable[[str], int]:
    """How to append to the file, each time at once, so that nothing is held back that may fail later."""
    try:
        fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"cannot log to {file}: {error.strerror}") from error
    return lambda text: os.write(fd, text.encode("utf-8", "backslashreplace"))
