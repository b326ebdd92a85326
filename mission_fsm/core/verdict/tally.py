"""What a test run says of itself, wherever it says it: in a report or on the console."""

from __future__ import annotations

import re

from attrs import frozen

_CAUSE = re.compile(
    r"\s*(?:E\s+)?(?:([A-Za-z_][\w.$]*(?:Error|Exception|Warning|Exit|Interrupt|Failure|Failed))(?![\w.$])|(assert)\b)"
)


# However many fail, so many are known by name.
MOST_NAMED = 1000


@frozen
class FailedTest:
    """A test that did not pass. cause: the class of the exception, where it is known, else empty."""

    name: str
    cause: str = ""


@frozen
class Tally:
    """How many tests passed, failed (with an error too) and were skipped, and which failed: MOST_NAMED at most."""

    passed: int
    failed: int
    skipped: int
    failing: tuple[FailedTest, ...] = ()

    @property
    def total(self) -> int:
        """How many tests there were."""
        return self.passed + self.failed + self.skipped

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            (self.failing + other.failing)[:MOST_NAMED],
        )


def cause_in(message: str) -> str:
    """The class of the exception that a failure's message begins with, or an empty string."""
    found = _CAUSE.match(message)
    if found is None:
        return ""
    return found[1] or "AssertionError"
