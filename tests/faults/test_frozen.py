"""A runner that is suspended at any of its calls, and wakes after the mission was taken from it, does nothing more.

Unless it had begun to write files, to run a command or to commit: then the mission is not to be had until it is gone.
"""

from __future__ import annotations

from pathlib import Path

from mission_fsm.testing.faults import EVERY_POINT, in_workers, spread, why_no_strace
from tests.faults.conftest import WORKERS
from tests.faults.freezing import (
    AT_WORK,
    COMMITTING,
    TAKEN,
    Frost,
    be_impatient,
    freeze,
    taking_over_cut_short,
)
from tests.faults.scene import Scene
from tests.faults.tally import Tally

# Of the places where a runner is suspended, and of the first calls of one who takes over: by the last it has done that.
SOME, FIRST = 10, 16


def _sweep(folder: Path, number: int) -> list[Frost]:
    """This worker's share of the points."""
    be_impatient()
    scene = Scene(folder, by_strace=why_no_strace() is None)
    points = scene.points(scene.rehearse())
    calls = [call for _, call in points]
    # Where the pen is about to be taken, a mission can still be taken over.
    pens = [place for place, call in enumerate(calls) if ".pen" in call.text]
    places = range(len(points)) if EVERY_POINT else sorted({*spread(calls, SOME), *pens[1::3]})
    return [freeze(scene, *points[place]) for place in places[number::WORKERS]]


def _taken_by_one_who_is_killed(folder: Path, number: int) -> list[Frost]:
    """This worker's share of the points."""
    scene = Scene(folder, by_strace=why_no_strace() is None)
    approving = scene.rehearse()[1]
    # It is about to run the test, which is on record as begun.
    *_, about_to = [call for call in approving.calls if ".pen" in call.text]
    some = slice(number, None if EVERY_POINT else FIRST, WORKERS)
    return list(taking_over_cut_short(scene, approving, about_to, some))


def _told(what: str, made: list[Frost], tally: Tally) -> str:
    """What is wrong, for people. what: befell."""
    for each in made:
        tally.note(what, each.came_to, passed=not each.problems)
    failed = [f"{each.place} ({each.came_to})\n  " + "\n  ".join(each.problems) for each in made if each.problems]
    return f"{len(failed)} of {len(made)} points:\n" + "\n".join(failed) if failed else ""


def test_who_was_suspended_and_wakes_does_nothing_to_a_mission_that_was_taken_over(
    tmp_path: Path, tally: Tally
) -> None:
    made = in_workers(lambda number: _sweep(tmp_path / str(number), number), WORKERS)
    wrong = _told("SIGSTOP, and taken over", made, tally)
    assert not wrong, wrong
    assert {TAKEN, AT_WORK, COMMITTING} <= {each.came_to for each in made}


def test_who_was_suspended_has_the_mission_or_not_where_the_one_who_takes_it_over_is_killed(
    tmp_path: Path, tally: Tally
) -> None:
    made = in_workers(lambda number: _taken_by_one_who_is_killed(tmp_path / str(number), number), WORKERS)
    wrong = _told("SIGKILL while taking over", made, tally)
    assert not wrong, wrong
