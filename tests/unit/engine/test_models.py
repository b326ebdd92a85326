"""Edits that a model proposes, in whole missions: it is told what a mission knows, and its edits meet the same gate."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, State
from mission_fsm.core.events import FailureDetected, RepairCompleted
from mission_fsm.errors import InvalidPlan, JournalDamaged

Approved = Callable[..., str]
Steps = dict[str, dict[str, Any]]

FAULTY = "def double(n):\n    return n + n + 1\n"
SWAP = "FILE: double.py\n<<<<<<< SEARCH\n    return n + n + 1\n=======\n    return n + n\n>>>>>>> REPLACE\n"


def by_model(**options: Any) -> dict[str, Any]:
    """A step whose edit a model makes."""
    return {"step_id": "fix", "description": "Change double so that it doubles", "with": {"openai": options}}


def test_a_repair_by_a_model_is_told_what_failed_and_shown_what_was_found(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps, endpoint: Any
) -> None:
    mend = {**by_model(instruction="Mend what the test shows"), "step_id": "mend", "description": "Repair double"}
    mend["with"]["repairs"] = "check"
    endpoint.says("Gladly!", SWAP)
    mission_id = approved(steps["find"], steps["check"], mend)
    assert engine.run(mission_id).state is State.FAILED
    engine.repair(mission_id)
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    assert (workspace / "double.py").read_text() == FAULTY
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    asked = endpoint.bodies[0]["messages"][-1]["content"]
    for part in ("double doubles", "Mend what the test shows", "double(2) is not 4", FAULTY):
        assert part in asked
    assert len(endpoint.bodies) == 2
    engine.verify(mission_id)
    engine.checked_replay(mission_id)
    assert len(endpoint.bodies) == 2, "a replay asks nobody"


def test_nothing_on_record_tells_the_endpoint_the_model_or_the_key(
    engine: Engine, tmp_path: Path, approved: Approved, endpoint: Any
) -> None:
    complaint = "little-model at 127.0.0.1 does not know sk-0123456789abcdef"
    endpoint.gives({"error": {"message": complaint}}, 401).says(SWAP)
    mission_id = approved(by_model(files=["*.py"]))
    failure = engine.run(mission_id).failure
    assert failure is not None
    assert "[MISSION_MODEL] at [OPENAI_BASE_URL] does not know [OPENAI_API_KEY]" in failure.message
    engine.retry(mission_id)
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"double.py" in kept
    assert [secret for secret in (b"little-model", b"127.0.0.1", b"sk-0123456789abcdef") if secret in kept] == []


def test_a_model_is_held_to_the_scope_contract_and_told_so(
    engine: Engine, workspace: Path, approved: Approved, endpoint: Any
) -> None:
    (workspace / "other.py").write_text("")
    stray = "FILE: other.py\n<<<<<<< WRITE\nx = 1\n>>>>>>> WRITE\n"
    endpoint.says(stray)
    mission_id = approved(by_model(files=["*.py"]), scope_contract={"paths": ["double.py"]})
    failure = engine.run(mission_id).failure
    assert failure is not None
    assert "other.py may not be changed, only double.py" in failure.message
    assert stray.strip() in failure.message
    assert (failure.kind, len(endpoint.bodies)) == ("edit_failed", 2)


@pytest.mark.parametrize("asked_for", ["pause", "stop", "interrupt"])
def test_a_model_that_does_not_answer_is_not_waited_for_and_nothing_else_goes_on_record(
    engine: Engine, approved: Approved, endpoint: Any, asked_for: str
) -> None:
    endpoint.silent = threading.Event()
    endpoint.says(SWAP)
    mission_id = approved(by_model(files=["*.py"]), grants=("edit",))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.run, mission_id)
        assert endpoint.asked.wait(20)
        engine.revoke(mission_id, "grant-3")
        before = engine.state(mission_id)
        asked_s = time.monotonic()
        getattr(engine, asked_for)(*(() if asked_for == "interrupt" else (mission_id,)))
        rested = running.result(5)
        assert time.monotonic() - asked_s < 2
    told = [entry.type for entry in engine.events(mission_id, after=before.sequence)]
    assert told == ["execution_stopped" if asked_for == "stop" else "execution_paused"]
    endpoint.silent.set()
    if asked_for != "stop":
        assert engine.run(mission_id).state is State.AWAITING_APPROVAL
        assert engine.state(mission_id).attempts(0) == 1
    engine.verify(mission_id)
    assert engine.checked_replay(mission_id).mission.grants == rested.grants


def test_an_answer_that_cannot_be_used_is_kept_with_the_failure(
    engine: Engine, approved: Approved, endpoint: Any, tmp_path: Path
) -> None:
    endpoint.says("first", answer := "I would rather not. " * 500)
    mission_id = approved(by_model(files=["*.py"]))
    failed = engine.run(mission_id)
    assert failed.failure is not None
    assert failed.failure.artifact is not None
    assert engine.artifact(failed.failure.artifact) == answer.encode()
    assert failed.failure.message.endswith("…")
    engine.verify(mission_id)
    assert engine.checked_replay(mission_id).mission == failed
    engine.export_mission(mission_id, tmp_path / "kept.mission")
    with Engine.open(tmp_path / "other") as other:
        other.import_mission(tmp_path / "kept.mission")
        assert other.artifact(failed.failure.artifact) == answer.encode()
    engine.stop(mission_id)
    engine.prune(engine.plan_prune())
    with pytest.raises(JournalDamaged):
        engine.artifact(failed.failure.artifact)


def test_an_answer_that_cannot_be_used_is_kept_with_the_attempt_at_a_repair_that_it_ended(
    engine: Engine, approved: Approved, steps: Steps, endpoint: Any
) -> None:
    tries = [{"openai": {"instruction": f"Mend it, {way}", "files": ["*.py"]}} for way in ("quickly", "well")]
    endpoint.says("no", "No.", "never", "Never!")
    mission_id = approved(
        steps["check"], {"step_id": "mend", "description": "Repair it", "with": {"repairs": "check", "tries": tries}}
    )
    engine.run(mission_id)
    engine.repair(mission_id)
    failed = engine.run(mission_id)
    kept = [
        engine.artifact(entry.event.artifact)
        for entry in engine.events(mission_id, types={"repair_completed", "failure_detected"})
        if isinstance(entry.event, RepairCompleted | FailureDetected) and entry.event.artifact
    ]
    assert kept == [b"No.", b"Never!"]
    engine.verify(mission_id)
    assert engine.checked_replay(mission_id).mission == failed


def test_a_plan_that_allows_no_more_than_to_read_and_write_cannot_ask_a_model(
    engine: Engine, workspace: Path, plan_file: Any
) -> None:
    path = plan_file(by_model(), scope_contract={"allowed_tools": ["read", "write"]})
    with pytest.raises(InvalidPlan, match="editor 'openai' needs exec, which"):
        engine.create(path, workspace)
    with pytest.raises(InvalidPlan, match=r"max_context_tokens: expected 1 or more, found 0"):
        engine.create(plan_file(by_model(max_context_tokens=0)), workspace)


def test_what_asks_over_the_network_is_loaded_only_when_it_is_asked() -> None:
    look = (
        "import sys; from mission_fsm.registry import Registry; Registry.installed().editor('openai'); "
        "print(sorted({'http.client', 'ssl', 'urllib.request'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert printed.stdout == "[]\n"
