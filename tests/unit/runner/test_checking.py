"""A checked replay decides again what was decided, and tells where that gives something else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from mission_fsm.core import events as e
from mission_fsm.core.mission import State
from mission_fsm.engine import Engine
from mission_fsm.errors import JournalDamaged
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.runner.audit import verify
from tests.unit.runner.forging import forged

PLAN = f"""
version: 1
goal: greet everybody
steps:
  - {{step_id: find, description: Research who is greeted, with: {{query: hello}}}}
  - step_id: fix
    description: Change the greeting
    with: {{replace: [{{path: greet.py, search: world, replace: everybody}}]}}
  - {{step_id: more, description: Change it once more}}
  - step_id: check
    description: Run the program
    stage: test
    with: {{run: [{sys.executable}, greet.py]}}
"""
PATCH = b"""--- a/greet.py
+++ b/greet.py
@@ -1 +1 @@
-raise SystemExit('hello everybody')
+print('hello everybody')
"""
BREAKING = b"""--- a/greet.py
+++ b/greet.py
@@ -1 +1 @@
-print('hello everybody')
+raise SystemExit('hello everybody')
"""
SHOWING = """
version: 1
goal: show the fault
steps:
  - step_id: show
    description: Run what shows it
    stage: test
    with: {run: [sh, -c, "cat out.txt; grep -q passed out.txt"], expect: fail}
  - step_id: mend
    description: Repair what should show it
    with:
      repairs: show
      max_attempts: 2
      tries:
        - {replace: [{path: out.txt, search: 1 passed, replace: 2 passed}]}
        - {replace: [{path: out.txt, search: 2 passed, replace: 1 failed}]}
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(MemoryStore(), home=tmp_path / "home", by="ada") as engine:
        yield engine


@pytest.fixture
def mission_id(engine: Engine, tmp_path: Path) -> str:
    """A mission in which people did all that they can do, and the runner met a failure and its repair."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "greet.py").write_text("print('hello world')\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    mission_id = engine.create(tmp_path / "plan.yaml", workspace, grants=["edit:docs/**"]).mission_id
    engine.approve(mission_id)
    engine.run(mission_id)
    engine.reject(mission_id, "not like this")
    engine.retry(mission_id)
    engine.run(mission_id)
    engine.pause(mission_id)
    engine.resume(mission_id)
    engine.approve(mission_id, reason="as agreed")
    engine.run(mission_id)
    engine.propose(mission_id, BREAKING)
    engine.grant(mission_id, "edit")
    assert engine.run(mission_id).state is State.FAILED
    engine.repair(mission_id, PATCH)
    assert engine.run(mission_id).state is State.COMPLETE
    engine.rollback(mission_id, "fix")
    return mission_id


def test_all_that_was_decided_gives_the_same_events_when_it_is_decided_again(engine: Engine, mission_id: str) -> None:
    checked = engine.checked_replay(mission_id)
    assert checked.mission == engine.state(mission_id) == engine.replay(mission_id)
    times = {entry.time for entry in engine.events(mission_id)}
    # Each was one commit, with a time of its own; what was granted when it was created was decided apart.
    assert checked.decisions <= len(times) + 1
    assert checked.decisions > len(times) // 2


def test_a_mission_that_waits_can_be_decided_again_as_far_as_it_came(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "plan.yaml").write_text(PLAN)
    mission = engine.create(tmp_path / "plan.yaml", tmp_path / "workspace")
    assert engine.checked_replay(mission.mission_id).decisions == 1


def test_attempts_at_a_test_that_should_fail_are_decided_again(engine: Engine, tmp_path: Path) -> None:
    """Why one of them failed is in no event, and it bears no signature of its own; what it is known by is told."""
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "out.txt").write_text("===== 1 passed in 0.01s =====\n")
    (tmp_path / "plan.yaml").write_text(SHOWING)
    mission_id = engine.create(tmp_path / "plan.yaml", tmp_path / "workspace", grants=["edit"]).mission_id
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.FAILED
    engine.repair(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    assert [event.type for event in engine.events(mission_id)].count("repair_started") == 2
    assert engine.checked_replay(mission_id).mission == engine.state(mission_id)


def test_an_event_that_verifies_and_that_no_decision_gives_is_told_by_its_position(
    engine: Engine, mission_id: str, tmp_path: Path
) -> None:
    events = [entry.event for entry in engine.events(mission_id)]
    changes: dict[int, e.Event] = {}
    for at, event in enumerate(events):
        match event:
            case e.FailureDetected():
                changes[at] = attrs.evolve(event, signature="")
            case e.CheckpointCreated():
                changes[at] = attrs.evolve(event, description="before anything")
            case e.ApprovalResolved(means="grant"):
                changes[at] = attrs.evolve(event, reason="another rule")
    assert len({type(event) for event in changes.values()}) == 3
    for at, event in changes.items():
        store = forged(engine._store, mission_id, [*events[:at], event, *events[at + 1 :]])
        verify(store, mission_id)  # the chain and the lifecycle see nothing
        with (
            Engine(store, home=tmp_path / "home", by="bob") as other,
            pytest.raises(JournalDamaged, match=f"event .* of mission {mission_id} .* decided again") as caught,
        ):
            other.checked_replay(mission_id)
        told = int(str(caught.value).split()[1])
        assert at + 1 - 12 < told <= at + 1, "it is that event, or the first of its decision"
