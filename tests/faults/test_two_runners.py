"""Two runners of one mission, started at the same instant: exactly one runs it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mission_fsm.cli.main import main
from mission_fsm.engine import Engine
from mission_fsm.testing.faults import EVERY_POINT, Child, Ended, in_child

ROUNDS = 200 if EVERY_POINT else 10


class Race:
    """A mission whose command waits until it is let go, and runners that begin at once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.go, self.ran = folder, folder / "home", folder / "go", folder / "ran"
        (folder / "work").mkdir()
        waiting = f"echo ran >> {self.ran}; until test -e {self.go}; do sleep 0.01; done"
        step = {"step_id": "wait", "description": "Test it", "with": {"run": ["sh", "-c", waiting]}}
        (folder / "plan.json").write_text(json.dumps({"version": 1, "goal": "race", "steps": [step]}))
        with Engine.open(self.home, by="ann") as engine:
            mission = engine.create(folder / "plan.json", folder / "work")
            engine.approve(mission.mission_id)
            self.mission_id = mission.mission_id

    def run(self) -> int:
        main(["run", self.mission_id, "--home", str(self.home)])
        return 0

    def verify(self) -> int:
        main(["verify", self.mission_id, "--home", str(self.home)])
        return 0

    def together(self, count: int) -> list[Ended]:
        """So many runners, begun at once; the command is let go when one is left."""
        with ExitStack() as stack:
            children = [stack.enter_context(Child(self.run)) for _ in range(count)]
            for child in children:
                child.begin()
            ended: dict[int, Ended] = {}
            deadline = time.monotonic() + 30
            while len(ended) < count:
                assert time.monotonic() < deadline, f"of {count} runners, these have ended: {ended}"
                for child in children:
                    if child.pid not in ended and (how := child.poll()) is not None:
                        ended[child.pid] = how
                if len(ended) >= count - 1:
                    self.go.touch()
                time.sleep(0.002)
            return [ended[child.pid] for child in children]


@pytest.fixture
def races(tmp_path: Path) -> Iterator[Race]:
    """As many as are to be run."""

    def made() -> Iterator[Race]:
        for number in range(ROUNDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            yield Race(folder)

    return made()


@pytest.mark.parametrize("count", [2, 4])
def test_one_runs_and_the_others_are_refused_with_the_name_of_the_holder(races: Iterator[Race], count: int) -> None:
    for race in races:
        ended = race.together(count)
        assert sorted(each.status for each in ended) == [0, *[7] * (count - 1)], ended
        for each in ended:
            if each.status == 7:
                assert re.search(r"mission: .*pid \d+ on ", each.err), each.err
        assert race.ran.read_text() == "ran\n"
        with Engine.open(race.home, by="ann") as engine:
            types = [entry.type for entry in engine.events(race.mission_id)]
        assert len([kind for kind in types if kind in {"mission_started", "step_started", "final"}]) == 3, types
        verified = in_child(race.verify)
        assert verified.status == 0, verified.err
