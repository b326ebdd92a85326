"""A small real project, plans for it, and an engine on a home of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine

FAULTY = "def double(n):\n    return n + n + 1\n"
FIXED = "def double(n):\n    return n + n\n"
PATCH = "--- a/double.py\n+++ b/double.py\n@@ -1,2 +1,2 @@\n def double(n):\n-    return n + n + 1\n+    return n + n\n"
CHECK = [sys.executable, "-c", "from double import double; assert double(2) == 4, 'double(2) is not 4'"]

Make = Callable[..., str]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project with one fault."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "double.py").write_text(FAULTY)
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose home lies outside the project."""
    with Engine.open(tmp_path / "home", by="ada") as opened:
        yield opened


@pytest.fixture
def plan_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plan of the given steps and gives its path."""

    def write(*steps: dict[str, Any], **rest: Any) -> Path:
        path = tmp_path / "plan.json"
        path.write_text(json.dumps({"version": 1, "goal": "double doubles", "steps": list(steps), **rest}))
        return path

    return write


@pytest.fixture
def steps() -> dict[str, dict[str, object]]:
    """Steps for plans on that project, by id."""
    return {
        "find": {"step_id": "find", "description": "Find where double is computed", "with": {"query": "double"}},
        "fix": {"step_id": "fix", "description": "Change double so that it doubles", "with": {"patch": PATCH}},
        "check": {"step_id": "check", "description": "Run the check", "with": {"run": CHECK}},
    }


@pytest.fixture
def approved(engine: Engine, workspace: Path, plan_file: Callable[..., Path]) -> Make:
    """Makes a mission of the given steps, approves its plan, and gives its id."""

    def make(*steps: dict[str, Any], grants: tuple[str, ...] = (), **rest: Any) -> str:
        mission = engine.create(plan_file(*steps, **rest), workspace, grants=grants)
        engine.approve(mission.mission_id, digest=mission.plan.digest)
        return mission.mission_id

    return make
