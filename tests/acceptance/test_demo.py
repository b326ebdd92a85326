"""The demo, as a person starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mission_fsm.demo.scenes import Scene
from mission_fsm.demo.theatre import Theatre
from mission_fsm.engine import Engine
from mission_fsm.errors import MissionError, UsageError

BUNDLED = Path(sys.modules[Theatre.__module__].__file__ or "").parent / "project"


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the demo leaves, and what it said."""
    folder = tmp_path_factory.mktemp("demo") / "look here"
    done = subprocess.run(
        [sys.executable, "-m", "mission_fsm", "demo", str(folder)],
        env={**os.environ, "MISSION_HOME": "/nowhere"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return folder, done.stdout


def test_it_finds_edits_tests_fails_is_repaired_and_completes(played: tuple[Path, str]) -> None:
    with Engine.open(played[0] / "home") as engine:
        (row,) = engine.missions()
        types = [entry.type for entry in engine.events(row.mission_id)]
        assert row.state == "complete"
        story = ["retrieval_completed", "diff_applied", "failure_detected", "repair_started", "diff_applied", "final"]
        rolled_back = ["checkpoint_restored", "checkpoint_restored"]
        assert [type_ for type_ in types if type_ in {*story, *rolled_back}] == story + rolled_back


def test_it_leaves_the_project_repaired_and_otherwise_as_it_was(played: tuple[Path, str]) -> None:
    before, after = files(BUNDLED), files(played[0] / "sizes")
    assert {path for path in before | after if before.get(path) != after.get(path)} == {"sizes/formatting.py"}
    assert b"while round(value, digits) >= STEP" in after["sizes/formatting.py"]


def test_it_says_what_it_does_and_where_things_are(played: tuple[Path, str]) -> None:
    folder, told = played
    for command in ("check ../plan.yaml", "run ../plan.yaml --approve", "diff", "approve", "repair", "verify"):
        assert f"$ mission {command}\n" in told
    assert f"The folder '{folder}' is yours" in told.replace("\n", " ")
    assert (folder / "mission.mmd").read_text().startswith("---\ntitle:")
    assert {entry.name for entry in folder.iterdir()} == {"home", "mission.mmd", "plan.yaml", "rollover.patch", "sizes"}


def test_a_folder_that_holds_something_gets_a_fresh_one_inside(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert Theatre.built_in(tmp_path).folder == tmp_path / "run-2"
    assert Theatre.built_in(tmp_path).folder == tmp_path / "run-3"
    assert files(tmp_path / "run-3" / "sizes") == files(BUNDLED)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be laid out in"):
        Theatre.built_in(tmp_path / "file")


def test_a_command_that_ends_as_it_should_not_ends_the_demo_with_a_sentence(tmp_path: Path) -> None:
    theatre = Theatre.built_in(tmp_path / "demo")
    with pytest.raises(MissionError, match=r"`mission check \.\./missing\.yaml` ended with 2, and should end with 0"):
        theatre.play([Scene("There is no such plan.", "mission check ../missing.yaml")])
