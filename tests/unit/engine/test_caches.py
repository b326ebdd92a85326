"""The folder in which a stage keeps what can be made anew: in the home, one for each workspace, for its owner alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mission_fsm import Engine, Mission, Registry, State
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.stage import Completed, Outcome, Stage, StageContext

Run = Callable[..., tuple[Mission, Path]]


@pytest.fixture
def run(tmp_path: Path, plan_file: Callable[..., Path]) -> Run:
    """Runs a mission whose stage leaves a file in the cache of that name, and gives the cache as it was found."""

    def run(name: str = "ours", workspace: str = "project", *, in_memory: bool = False) -> tuple[Mission, Path]:
        found: list[Path] = []

        class Hoard(Stage):
            name = "hoard"

            def run(self, context: StageContext) -> Outcome:
                found.append(context.cache(cache))
                (found[0] / "kept").touch()
                return Completed("kept")

        cache = name
        (tmp_path / workspace).mkdir(exist_ok=True)
        registry = Registry.of([Hoard])
        home = tmp_path / "home"
        with Engine(MemoryStore(), registry) if in_memory else Engine.open(home, registry=registry) as engine:
            plan = plan_file({"step_id": "keep", "description": "Keep it", "stage": "hoard"})
            mission = engine.create(plan, tmp_path / workspace)
            engine.approve(mission.mission_id)
            mission = engine.run(mission.mission_id)
        return mission, found[0] if found else Path()

    return run


def test_it_is_kept_for_later_missions_in_the_same_workspace(run: Run, tmp_path: Path) -> None:
    _, folder = run()
    assert folder.is_relative_to(tmp_path / "home" / "cache")
    assert [path.name for path in folder.iterdir()] == ["kept"]
    assert all(above.stat().st_mode & 0o077 == 0 for above in (folder, folder.parent, folder.parent.parent))
    assert run()[1] == folder


def test_another_workspace_and_another_name_have_another(run: Run) -> None:
    assert len({run()[1], run("theirs")[1], run(workspace="other")[1]}) == 3


def test_it_may_be_deleted(run: Run, tmp_path: Path) -> None:
    run()
    shutil.rmtree(tmp_path / "home" / "cache")
    assert run()[1].is_dir()


def test_where_it_cannot_be_had_it_is_a_folder_for_that_run(run: Run, tmp_path: Path) -> None:
    run()
    shutil.rmtree(tmp_path / "home" / "cache")
    (tmp_path / "home" / "cache").touch()
    for mission, folder in (run(), run(in_memory=True)):
        assert mission.state is State.COMPLETE
        assert not folder.is_relative_to(tmp_path)
        assert not folder.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/x", "a\0"])
def test_a_name_that_leads_elsewhere_is_refused(run: Run, name: str) -> None:
    mission, _ = run(name)
    assert mission.state is State.FAILED
    assert mission.failure is not None
    assert "the name of a cache" in mission.failure.message
