"""The folders in which editors work: what a runner that was killed has left of them is removed, and nothing else."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mission_fsm import Engine, State
from mission_fsm.workspace import lock

Make = Callable[..., str]
Steps = dict[str, dict[str, object]]


def test_what_a_killed_runner_left_goes_and_what_a_live_one_or_another_workspace_has_stays(
    engine: Engine, approved: Make, steps: Steps, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    ours = f"mission-{hashlib.sha256(os.fsencode(workspace.resolve())).hexdigest()[:16]}-"
    left, held, of_others = (temporary / name for name in (f"{ours}left", f"{ours}held", "mission-of-others"))
    for folder in (left, held, of_others):
        (folder / "tree").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    mission_id = approved(steps["fix"], grants=("all",))
    with lock.hold(held):
        assert engine.run(mission_id).state is State.COMPLETE
    assert sorted(temporary.iterdir()) == sorted([held, of_others])
