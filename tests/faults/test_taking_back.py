"""A runner that is killed after a repair has failed: the next run takes the repair back, as the plan has it."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from mission_fsm.core.mission import State
from mission_fsm.engine import Engine
from mission_fsm.testing.child import Work
from mission_fsm.testing.faults import EVERY_POINT, Ended, durable, in_child, once, spread, strike
from mission_fsm.testing.folders import contents

WRITES = [
    {"path": "a.txt", "content": "repaired\n"},
    {"path": "b/c.txt", "delete": True},
    {"path": "d/e.txt", "content": "new\n", "mode": "755"},
    {"path": "link", "link_target": "b"},
]


class Loop:
    """A mission that is one repair, whose only edit does not help and is to be taken back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.live = folder, folder / "live"
        self.work = self.live / "work"
        (self.work / "b").mkdir(parents=True)
        (self.work / "a.txt").write_text("one\n")
        (self.work / "b/c.txt").write_text("two\n")
        (self.work / "link").symlink_to("a.txt")
        options = {"write": WRITES, "run": ["false"], "on_exhausted": "rollback"}
        steps = [{"step_id": "mend", "description": "Repair it", "with": options}]
        (self.live / "plan.json").write_text(json.dumps({"version": 1, "goal": "mend", "steps": steps}))
        self.before = contents(self.work)
        with self.engine() as engine:
            mission = engine.create(self.live / "plan.json", self.work, grants=("repair:**",))
            self.mission_id = engine.approve(mission.mission_id, digest=mission.plan.digest).mission_id

    def engine(self) -> Engine:
        return Engine.open(self.live / "home", by="ann")

    def running(self, *, killed_at: str | None = None) -> Work:
        """Runs the mission. killed_at: the type of the event after which its process is killed."""

        def work() -> int:
            with self.engine() as engine:
                engine.subscribe(
                    lambda entry, _: os.kill(os.getpid(), signal.SIGKILL) if entry.type == killed_at else None
                )
                engine.run(self.mission_id)
            return 0

        return work

    def set_back(self) -> None:
        """Put everything back to where it was once the repair had failed."""
        shutil.rmtree(self.live)
        shutil.copytree(self.folder / "failed", self.live, symlinks=True)

    def problems(self, struck: Ended) -> list[str]:
        """What does not hold once the mission was run by somebody else."""
        with self.engine() as engine:
            if engine.state(self.mission_id).state is State.FAILED:
                engine.run(self.mission_id)
            mission = engine.state(self.mission_id)
            types = [entry.type for entry in engine.events(self.mission_id)]
            engine.verify(self.mission_id)
            engine.checked_replay(self.mission_id)
        found = [f"it ended with {struck.status}: {struck.err}"] if struck.status not in {0, -signal.SIGKILL} else []
        if (mission.state, mission.pause_reason, mission.cursor) != (State.PAUSED, "rolled_back", 0):
            found.append(f"it is {mission.state} ({mission.pause_reason})")
        if contents(self.work) != self.before:
            found.append("the files are not as they were")
        once_each = ("failure_detected", "diff_applied", "checkpoint_restored")
        return found + [f"{types.count(kind)} events {kind}" for kind in once_each if types.count(kind) != 1]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """A mission whose runner was killed right after the failure of the repair was on record."""
    made = Loop(tmp_path_factory.mktemp("taking back"))
    ended = in_child(made.running(killed_at="failure_detected"))
    assert ended.status == -signal.SIGKILL, ended.err
    with made.engine() as engine:
        mission = engine.state(made.mission_id)
    assert (mission.state, mission.rollback_due) == (State.FAILED, mission.edits[0].checkpoint_id)
    assert contents(made.work) != made.before
    shutil.copytree(made.live, made.folder / "failed", symlinks=True)
    return made


def test_a_mission_that_was_killed_between_the_failure_and_the_rollback_opens_with_the_rollback_due(loop: Loop) -> None:
    loop.set_back()
    assert loop.problems(Ended(0, "", "")) == []


def test_a_rollback_of_the_plan_that_is_killed_anywhere_is_finished_by_the_next_run(loop: Loop) -> None:
    loop.set_back()
    calls = durable(strike(loop.running()).calls)
    assert len(calls) > 10
    found = []
    for place in range(len(calls)) if EVERY_POINT else spread(calls, 8):
        loop.set_back()
        struck = strike(loop.running(), once(calls[place], "SIGKILL"))
        found += [f"{calls[place].text[:120]}: {problem}" for problem in loop.problems(struck)]
    assert not found, "\n".join(found)
