"""Missions of ten steps, one after the other: made, approved and run, beside the commits that this takes at least."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.disk import bytes_per_step
from bench.effort import Effort
from bench.figures import Figure, Table, at_least
from bench.measure import in_turns, took
from bench.noop import approved, engine_in, plan_of
from bench.raw import RawRows
from mission_fsm.core.plan import Plan

_STEPS = 10
# That there is a plan, that a person approved it, and each step: three kinds of fact, each durable before the next.
_COMMITS = 2 + _STEPS

_MEANING = """\
Short missions in one home, each made from a plan of its own, checked, approved and run to its end, one after the other,
by one caller. The limit is what has to be durable in turn: that the mission is there, that it was approved, and each of
its steps."""


def measure(effort: Effort) -> Table:
    """The figures."""
    missions, turns = effort.missions, count()
    plans = [plan_of(_STEPS, goal=f"do nothing, in mission {number}") for number in range(missions)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        raw = RawRows(folder / "raw.db", bytes_per_step(folder / "size", effort.block))

        def run() -> float:
            place = folder / str(next(turns))
            with engine_in(place) as engine:

                def run_each(plans: list[Plan]) -> None:
                    for plan in plans:
                        engine.run(approved(engine, place, plan).mission_id)

                run_each(plans[:1])  # makes the home
                return took(lambda: run_each(plans)) / missions

        def commits() -> float:
            return took(lambda: raw.commit(_COMMITS * missions)) / missions

        mission_s, commits_s = in_turns(effort.few, run, commits)
        raw.close()
    return Table(
        f"{missions:,} missions of {_STEPS} steps",
        _MEANING,
        (
            Figure(f"the limit: {_COMMITS} raw commits each", 1 / commits_s, "a second"),
            Figure(
                "missions",
                1 / mission_s,
                "a second",
                commits_s / mission_s,
                "the limit",
                at_least(1 / mission_s, 250, "a second"),
            ),
            Figure("one mission", mission_s * 1e3, "ms", mission_s / commits_s, "the limit"),
        ),
    )
