"""Times as the journal holds them: RFC 3339, UTC, to the microsecond, so that they sort as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> str:
    """The time by the system's clock."""
    return _text(datetime.now(UTC))


def time_after(time: str, seconds: float) -> str:
    """The time that many seconds later."""
    return _text(datetime.fromisoformat(time) + timedelta(seconds=seconds))


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one to the other; 0 where the clock was set back between them."""
    return max(0.0, (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds())


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
