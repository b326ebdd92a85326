"""A clock that jumps, backwards and forwards: what is done does not depend on it, and no duration comes out below 0."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission_fsm.core.events import StepCompleted
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.errors import Refused
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.faults import EVERY_POINT
from tests.faults.tally import Tally

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)

STEPS = [
    {"step_id": "find", "description": "Research it", "with": {"query": "one"}},
    {"step_id": "write", "description": "Write it", "with": {"write": [{"path": "made", "content": "made\n"}]}},
    {"step_id": "ask", "stage": "plan", "description": "Ask", "with": {"question": "Go on?"}},
    {"step_id": "check", "description": "Test it", "with": {"run": ["test", "-e", "made"]}},
]


class Clock:
    """A clock that jumps by the next of these, round and round, each time that it is looked at."""

    def __init__(self, *jumps: timedelta) -> None:
        self.jumps, self.now, self._looks = jumps, NOW, 0

    def __call__(self) -> str:
        self.now += self.jumps[self._looks % len(self.jumps)]
        self._looks += 1
        return self.now.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class Table:
    """A home, a workspace and a plan, with an engine that goes by that clock."""

    def __init__(self, folder: Path, clock: Clock, **more: object) -> None:
        (folder / "work").mkdir()
        (folder / "plan.json").write_text(json.dumps({"version": 1, "goal": "any time", "steps": STEPS, **more}))
        home = folder / "home"
        self.work = folder / "work"
        self.engine = Engine(SqliteStore.open(home), home=home, by="ann", clock=clock)
        self.mission_id = self.engine.create(folder / "plan.json", self.work, grants=["all"]).mission_id

    def decide(self) -> Mission:
        return self.engine.approve(self.mission_id, answer="yes")

    def run(self) -> Mission:
        return self.engine.run(self.mission_id)


@settings(max_examples=100 if EVERY_POINT else 8)
@given(st.lists(st.timedeltas(-YEAR, YEAR), min_size=1, max_size=9))
def test_a_mission_runs_and_is_taken_back_whatever_the_clock_does(tally: Tally, jumps: list[timedelta]) -> None:
    with TemporaryDirectory() as folder:
        table = Table(Path(folder), Clock(*jumps))
        with table.engine as engine:
            table.decide()
            table.run()
            table.decide()
            assert table.run().state is State.COMPLETE
            engine.rollback(table.mission_id, "start")
            events = list(engine.events(table.mission_id))
            completed = [entry.event.step_id for entry in events if isinstance(entry.event, StepCompleted)]
            assert completed == [step["step_id"] for step in STEPS]
            assert all(getattr(entry.event, "duration_s", 0.0) >= 0 for entry in events)
            assert not list(table.work.iterdir())
            engine.verify(table.mission_id)
            tally.note("a clock that jumps", "to the same end")


@pytest.mark.parametrize(("jump", "expires"), [(2 * HOUR, True), (-2 * HOUR, False), (-YEAR, False), (YEAR, True)])
def test_a_request_expires_by_the_clock_as_it_is_and_by_nothing_else(
    tmp_path: Path, jump: timedelta, *, expires: bool
) -> None:
    clock = Clock(timedelta())
    table = Table(tmp_path, clock, approval_timeout="1h")
    with table.engine:
        table.decide()
        assert table.run().state is State.AWAITING_APPROVAL
        clock.now += jump
        if not expires:
            table.decide()
            assert table.run().state is State.COMPLETE
            return
        with pytest.raises(Refused, match="the request expired"):
            table.decide()
        assert table.engine.state(table.mission_id).pause_reason == "expired"
        # It asks again, and then goes on.
        assert table.run().state is State.AWAITING_APPROVAL
        table.decide()
        assert table.run().state is State.COMPLETE


@pytest.mark.parametrize(("jump", "pruned"), [(2 * HOUR, 1), (HOUR / 2, 0), (-YEAR, 0), (YEAR, 1)])
def test_a_mission_is_as_old_as_the_clock_has_it_and_one_from_the_future_is_not_old(
    tmp_path: Path, jump: timedelta, pruned: int
) -> None:
    clock = Clock(timedelta())
    table = Table(tmp_path, clock)
    with table.engine as engine:
        table.decide()
        table.run()
        table.decide()
        assert table.run().state is State.COMPLETE
        clock.now += jump
        assert len(engine.plan_prune(older_than_s=3600).missions) == pruned
