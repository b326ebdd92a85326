"""Runners of one mission, or of one workspace, started at the same instant: one runs, the others are told who does."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from mission_fsm.cli.main import main
from mission_fsm.engine import Engine
from mission_fsm.testing.faults import EVERY_POINT, Child, Ended, in_child
from tests.faults.tally import Tally

ROUNDS = 200 if EVERY_POINT else 8
PATIENCE_S = 30.0

# Of a mission that nobody disturbs. What belongs together is one commit, so nobody can lose one of them.
EVENTS = (
    *("mission_created", "approval_requested", "approval_resolved", "mission_started", "step_started"),
    *("stage_changed", "command_proposed", "test_started", "test_completed", "step_completed", "final"),
)


class Race:
    """A plan whose command waits until it is let go, and runners that begin at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "work").mkdir()
        self.folder, self.home = folder, folder / "home"
        self.plan, self.go, self.ran = folder / "plan.json", folder / "go", folder / "ran"
        waiting = f"echo ran >> {self.ran}; until test -e {self.go}; do sleep 0.01; done"
        step = {"step_id": "wait", "description": "Test it", "with": {"run": ["sh", "-c", waiting], "sandbox": "off"}}
        self.plan.write_text(json.dumps({"version": 1, "goal": "race", "steps": [step]}))

    def approved(self) -> str:
        """A mission that has only to be run."""
        with Engine.open(self.home, by="ann") as engine:
            mission = engine.create(self.plan, self.folder / "work")
            engine.approve(mission.mission_id)
            return mission.mission_id

    def command(self, *arguments: str) -> int:
        """A command of `mission`."""
        main([*arguments, "--home", str(self.home)])
        return 0

    def together(self, count: int, *arguments: str) -> dict[int, Ended]:
        """How the same command ends, begun so many times at once, by process id.

        The plan's command is let go when one of them is left.
        """
        with ExitStack() as stack:
            children = [stack.enter_context(Child(lambda: self.command(*arguments))) for _ in range(count)]
            for child in children:
                child.begin()
            ended: dict[int, Ended] = {}
            deadline = time.monotonic() + PATIENCE_S
            while len(ended) < count:
                assert time.monotonic() < deadline, f"of {count} runners, only these have ended: {ended}"
                for child in children:
                    if child.pid not in ended and (how := child.poll()) is not None:
                        ended[child.pid] = how
                if len(ended) == count - 1:
                    self.go.touch()
                time.sleep(0.002)
            return ended

    def assert_one_ran(self, ended: dict[int, Ended], said: str) -> None:
        """Exactly one ran, from its beginning to its end, and each other was refused with such a sentence.

        said: a pattern, in which `{runner}` is the one that ran.
        """
        (ran,) = (pid for pid, each in ended.items() if each.status == 0)
        for pid, each in ended.items():
            assert pid == ran or each.status == 7, each
            assert pid == ran or re.search(said.format(runner=rf"\bpid {ran} on "), each.err), each
        assert self.ran.read_text() == "ran\n"
        with Engine.open(self.home, by="ann") as engine:
            missions = [tuple(entry.type for entry in engine.events(row.mission_id)) for row in engine.missions()]
        assert [events for events in missions if "mission_started" in events] == [EVENTS]
        verified = in_child(lambda: self.command("verify", "--all"))
        assert verified.status == 0, verified.err


@pytest.mark.parametrize("count", [2, 4])
def test_of_runners_of_one_mission_one_runs_it_and_the_others_are_told_who(
    tmp_path: Path, tally: Tally, count: int
) -> None:
    for number in range(ROUNDS):
        race = Race(tmp_path / str(number))
        mission_id = race.approved()
        race.assert_one_ran(race.together(count, "run", mission_id), "mission: .*{runner}")
        tally.note(f"{count} runners of a mission", "one ran")


def test_of_missions_that_are_made_in_one_workspace_one_runs_also_where_there_was_no_home(
    tmp_path: Path, tally: Tally
) -> None:
    for number in range(ROUNDS):
        race = Race(tmp_path / str(number))
        ended = race.together(2, "run", str(race.plan), "-C", str(race.folder / "work"), "--approve")
        race.assert_one_ran(ended, r"mission: .*holds the workspace")
        tally.note("2 missions of a workspace", "one ran")
