"""How many points there were of each kind, how many of them passed, and how they ended: a table for people.

A plugin of pytest, loaded by the topmost conftest: the points may be tried in other processes than the one that tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import field, frozen


@frozen
class Tally:
    """One note for each point: what befell, how it ended, and whether it passed."""

    notes: list[tuple[str, str, bool]] = field(factory=list)

    def note(self, what: str, end: str, *, passed: bool = True) -> None:
        """Count one more point."""
        self.notes.append((what, end, passed))

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"{'what befell':<28}{'points':>8}{'passed':>8}  how they ended"
        for what in dict.fromkeys(what for what, _, _ in self.notes):
            each = [(end, passed) for whose, end, passed in self.notes if whose == what]
            ends = ", ".join(f"{count} {end}" for end, count in sorted(Counter(end for end, _ in each).items()))
            yield f"{what:<28}{len(each):>8}{sum(passed for _, passed in each):>8}  {ends}"


TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with none."""
    config.stash[TALLY] = Tally()


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """What is told at the end: how many points of each kind there were, and what came of them."""
    return request.config.stash[TALLY]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where this is a worker of pytest-xdist, hand over what was counted."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = session.config.stash[TALLY].notes


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take in what a worker has counted; one that crashed says nothing."""
    node.config.stash[TALLY].notes.extend(map(tuple, getattr(node, "workeroutput", {}).get("tally", ())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many points there were, and what came of them."""
    tally = config.stash[TALLY]
    if tally.notes:
        terminalreporter.section("faults")
        for line in tally.lines():
            terminalreporter.write_line(line)
