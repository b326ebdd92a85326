"""Where log lines go. Nowhere, unless someone asks: a file, as JSON; standard error, in colour on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from mission_fsm.errors import UsageError


def start_logging(file: Path | None, *, verbose: bool) -> None:
    """Configure structlog for this process, where a file or standard error is to have log lines."""
    if file is None and not verbose:
        return
    import structlog  # here, because only who asks for log lines pays for it

    try:
        stream = file.open("a", encoding="utf-8", buffering=1) if file is not None else sys.stderr
    except OSError as error:
        raise UsageError(f"cannot log to {file}: {error.strerror}") from error
    in_colour = file is None and stream.isatty()
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
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
