"""The sweep: each kind of fault at each place of the script, or at some of them, and a count of both at the end.

FAULTS=all has every place tried; otherwise so many as take well under a minute.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mission_fsm.testing.faults import from_then_on, in_workers, once, spread
from tests.faults.attempt import Attempt, attempt
from tests.faults.scene import Scene

ALL = os.environ.get("FAULTS") == "all"
WORKERS = 2

# Effects, each with how many places of the script have it when not all of them do.
EFFECTS = {"SIGKILL": 40, "ENOSPC": 8, "EIO": 8, "EACCES": 8, "SIGTERM": 8, "SIGINT": 8, "ENOSPC from then on": 8}

_COUNTED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def attempts(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, list[Attempt]]:
    """What came of each fault, by effect."""
    folder = tmp_path_factory.mktemp("faults")
    found = in_workers(lambda number: list(_sweep(folder / f"worker-{number}", number)), WORKERS)
    by_effect = {effect: [each for key, _, each in found if key == effect] for effect in EFFECTS}
    total = found[0][1]
    counted = request.config.stash.setdefault(_COUNTED, [])
    for effect, made in by_effect.items():
        statuses = ", ".join(
            f"{count} ended with {status}" for status, count in sorted(Counter(each.status for each in made).items())
        )
        passed = sum(not each.problems for each in made)
        counted.append(f"{effect}: {len(made)} of {total} points, {passed} passed; {statuses}")
    return by_effect


def _sweep(folder: Path, number: int) -> Iterator[tuple[str, int, Attempt]]:
    """This worker's share of the attempts: the effect, how many points there are in all, and what came of it."""
    scene = Scene(folder)
    points = scene.points(scene.rehearse())
    for effect, some in EFFECTS.items():
        places = range(len(points)) if ALL else spread([call for _, call in points], some)
        for place in list(places)[number::WORKERS]:
            moment, call = points[place]
            error, _, lasts = effect.partition(" ")
            fault = from_then_on(moment.calls, call, error) if lasts else once(call, effect)
            yield effect, len(points), attempt(scene, moment, call, fault)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many points there were, and what came of them."""
    for line in config.stash.get(_COUNTED, []):
        terminalreporter.write_line(f"faults: {line}")
