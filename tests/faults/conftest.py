"""The sweep: each kind of fault at each place of the script, or at some of them.

FAULTS=all has every place tried, which takes two processors over an hour; otherwise there are so few that it takes
less than a minute of one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mission_fsm.testing.calls import NEED_ROOM
from mission_fsm.testing.faults import EVERY_POINT, Call, from_then_on, in_workers, once, spread, why_no_strace
from tests.faults.attempt import Attempt, attempt
from tests.faults.scene import Moment, Scene
from tests.faults.tally import Tally

Point = tuple[Moment, Call]

# This one's share of the processors, where the tests are shared out by pytest-xdist.
WORKERS = max(1, (os.cpu_count() or 1) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))

# What befalls the mission, each with the number of places where it does when not all of them have their turn.
EFFECTS = {
    "SIGKILL": 30,
    "SIGTERM": 6,
    "SIGINT": 6,
    "ENOSPC": 6,
    "EIO": 6,
    "EACCES": 6,
    "ENOSPC from then on": 8,
}
TWICE = "SIGKILL, and again"
SEAM = "SIGKILL by the seam"


@pytest.fixture(scope="session")
def attempts(tmp_path_factory: pytest.TempPathFactory, tally: Tally) -> dict[str, list[Attempt]]:
    """What came of each fault at each place, by effect."""
    folder = tmp_path_factory.mktemp("faults")
    made: dict[str, list[Attempt]] = {}
    for effect, each in in_workers(lambda number: list(_sweep(folder / str(number), number)), WORKERS):
        made.setdefault(effect, []).append(each)
        tally.note(effect, f"exit {each.status}", passed=not each.problems)
    return made


def _sweep(folder: Path, number: int) -> Iterator[tuple[str, Attempt]]:
    """This worker's share of the attempts."""
    share = slice(number, None, WORKERS)
    if why_no_strace() is None:
        scene = Scene(folder / "strace", by_strace=True)
        points = scene.points(scene.rehearse())
        for effect, some in EFFECTS.items():
            error, _, lasting = effect.partition(" ")
            concerned = [point for point in points if point[1].name in NEED_ROOM] if lasting else points
            for moment, call in _chosen(concerned, some)[share]:
                fault = from_then_on(moment.calls, call, error) if lasting else once(call, effect)
                yield effect, attempt(scene, moment, call, fault)
        for moment, call in _chosen(points, 4, at_most=60)[share]:
            # A second time, while the mission recovers from the first.
            recovery = scene.moment_after(moment, once(call, "SIGKILL"))
            for moment_then, call_then in _chosen(scene.points([recovery] if recovery else []), 2, at_most=10):
                yield TWICE, attempt(scene, moment_then, call_then, once(call_then, "SIGKILL"))
    scene = Scene(folder / "seam", by_strace=False)
    for moment, call in _chosen(scene.points(scene.rehearse()), 8)[share]:
        yield SEAM, attempt(scene, moment, call, once(call, "SIGKILL"))


def _chosen(points: list[Point], some: int, at_most: int | None = None) -> list[Point]:
    """So many of the points; or all of them, or at most so many, where all are wanted."""
    if EVERY_POINT and at_most is None:
        return points
    return [points[place] for place in spread([call for _, call in points], at_most or some if EVERY_POINT else some)]
