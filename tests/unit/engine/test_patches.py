"""Patches that a person gives a mission: one that could only fail is refused before it is taken."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, State
from mission_fsm.cli.rest import standing
from mission_fsm.core.events import DiffProposed
from mission_fsm.core.projections import status
from mission_fsm.errors import GuardRefused, IllegalTransition, MissionError, UnsafePath, UsageError

Steps = dict[str, dict[str, Any]]
Approved = Callable[..., str]

UNFIT = "--- a/double.py\n+++ b/double.py\n@@ -1 +1 @@\n-def triple(n):\n+def thrice(n):\n"
ELSEWHERE = "--- /dev/null\n+++ b/other.py\n@@ -0,0 +1 @@\n+pass\n"


@pytest.mark.parametrize(
    ("patch", "error", "sentence"),
    [
        ("no patch at all\n", UsageError, "the patch holds no hunk of a unified or git diff"),
        (
            "--- a/double.py\n+++ b/double.py\n@@ -1,9 +1,9 @@\n def\n",
            UsageError,
            "line 3 of the patch: the hunk breaks off",
        ),
        ("--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", UsageError, "leads out of its folder"),
        (UNFIT, GuardRefused, "double.py: the hunk for line 1 does not fit"),
    ],
)
@pytest.mark.parametrize("verb", ["propose", "repair"])
def test_a_patch_that_could_only_fail_is_refused_and_the_mission_is_as_it_was(
    engine: Engine,
    workspace: Path,
    approved: Approved,
    steps: Steps,
    verb: str,
    patch: str,
    error: type[MissionError],
    sentence: str,
) -> None:
    unbound: dict[str, object] = {"step_id": "fix", "description": "Change double"}
    mission_id = approved(unbound if verb == "propose" else steps["check"], scope_contract={"paths": ["double.py"]})
    before = engine.run(mission_id)
    give = engine.propose if verb == "propose" else engine.repair
    with pytest.raises(error, match=re.escape(sentence)):
        give(mission_id, patch.encode())
    assert engine.state(mission_id) == before
    give(mission_id, steps["fix"]["with"]["patch"].encode())
    engine.run(mission_id)
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE


@pytest.mark.parametrize("verb", ["propose", "repair"])
def test_a_patch_that_leaves_the_scope_contract_is_taken_and_asks_for_that_to_be_widened_first(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps, verb: str
) -> None:
    unbound: dict[str, object] = {"step_id": "fix", "description": "Change double"}
    mission_id = approved(unbound if verb == "propose" else steps["check"], scope_contract={"paths": ["double.py"]})
    engine.run(mission_id)
    give = engine.propose if verb == "propose" else engine.repair
    give(mission_id, ELSEWHERE.encode())
    pending = engine.run(mission_id).pending
    assert pending is not None
    assert (pending.kind, pending.summary) == ("scope", "other.py is outside the paths double.py")
    assert not (workspace / "other.py").exists()
    engine.approve(mission_id)
    pending = engine.run(mission_id).pending
    assert pending is not None
    assert pending.kind == "diff"


def test_a_repair_that_changes_nothing_uses_up_no_attempt(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved(steps["check"])
    before = engine.run(mission_id)
    line = "     return n + n + 1\n"
    done = f"--- a/double.py\n+++ b/double.py\n@@ -1,2 +1,2 @@\n-def twice(n):\n+def double(n):\n{line}"
    with pytest.raises(GuardRefused, match="repair refused: the repair changes nothing"):
        engine.repair(mission_id, done.encode())
    assert engine.state(mission_id) == before


def test_a_patch_that_nobody_asked_for_is_refused_for_that(engine: Engine, approved: Approved, steps: Steps) -> None:
    mission_id = approved(steps["fix"])
    engine.run(mission_id)
    with pytest.raises(GuardRefused, match="no step is waiting for a proposal"):
        engine.propose(mission_id, b"no patch at all")
    with pytest.raises(IllegalTransition, match="cannot repair a mission that is awaiting approval"):
        engine.repair(mission_id, b"no patch at all")


def test_an_open_step_says_what_it_wants_and_after_a_rejection_asks_again(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved({"step_id": "fix", "description": "Change double"})
    patch = steps["fix"]["with"]["patch"].encode()
    for attempt in (1, 2, 3):
        mission = engine.run(mission_id)
        assert status(mission)["wants"] == "a patch for step fix: Change double"
        assert "awaiting input: a patch for step fix: Change double" in standing(mission)
        engine.propose(mission_id, patch, by=f"agent {attempt}")
        engine.run(mission_id)
        assert status(engine.state(mission_id))["wants"] is None
        if attempt < 3:
            engine.reject(mission_id, reason="not yet")
            with pytest.raises(GuardRefused, match="whose change was rejected asks anew once it is run again"):
                engine.propose(mission_id, patch)
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    assert len(list(engine.events(mission_id, types={"diff_proposed"}))) == 3
    engine.checked_replay(mission_id)


def test_whole_files_are_a_proposal_too(engine: Engine, workspace: Path, approved: Approved, tmp_path: Path) -> None:
    """Also binary ones, and those that are to be gone; they go through the same gate, and belong to the mission."""
    (workspace / "old").write_bytes(b"old")
    mission_id = approved({"step_id": "fix", "description": "Change double"}, scope_contract={"max_files": 3})
    engine.run(mission_id)
    files = {"double.py": b"def double(n):\n    return n + n\n", "image": bytes(range(256)), "old": None}
    for wrong, error in (
        ({"../x": b""}, UnsafePath),
        (None, UsageError),
    ):
        with pytest.raises(error):
            engine.propose(mission_id, files=wrong)
    engine.propose(mission_id, files=files, by="agent")
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    assert (workspace / "old").exists()
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    assert {path: (workspace / path).read_bytes() for path in ("double.py", "image")} == {
        path: content for path, content in files.items() if content is not None
    }
    assert not (workspace / "old").exists()
    engine.export_mission(mission_id, tmp_path / "exported")
    with Engine.open(tmp_path / "other home") as other:
        other.import_mission(tmp_path / "exported")
        other.verify(mission_id)
    engine.verify(mission_id)
    engine.checked_replay(mission_id)


def test_files_that_change_between_a_proposal_and_its_diff_are_a_conflict(
    engine: Engine, workspace: Path, approved: Approved
) -> None:
    mission_id = approved({"step_id": "fix", "description": "Change double"})
    engine.run(mission_id)
    engine.propose(mission_id, files={"double.py": b"mine"})
    (workspace / "double.py").write_text("theirs")
    failure = engine.run(mission_id).failure
    assert failure is not None
    assert "double.py is no longer what it was" in failure.message


def test_a_failed_step_is_repaired_by_a_program_of_a_person(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    """It is told what failed, works in a copy, and what it changed there is approved like any edit."""
    mission_id = approved(steps["check"])
    before = engine.run(mission_id)
    text = (
        "import json, os; assert not json.load(open(os.environ['MISSION_TASK']))['last_test']['success']\n"
        "p = open('double.py').read(); open('double.py', 'w').write(p.replace(' + 1', ''))"
    )
    for program, why in (("pass", "changed nothing"), ("raise SystemExit(3)", "gave no change: it exited with 3")):
        with pytest.raises(GuardRefused, match=why):
            engine.repair(mission_id, program=[sys.executable, "-c", program])
    assert engine.state(mission_id) == before
    engine.repair(mission_id, program=[sys.executable, "-c", text])
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    engine.verify(mission_id)
    engine.checked_replay(mission_id)


def test_the_diff_that_is_approved_has_the_bytes_of_the_files(
    engine: Engine, workspace: Path, approved: Approved
) -> None:
    (workspace / "latin.txt").write_bytes(b"Gr\xfc\xdfe\n")
    mission_id = approved({"step_id": "fix", "description": "Change the greeting"})
    engine.run(mission_id)
    engine.propose(mission_id, b"--- a/latin.txt\n+++ b/latin.txt\n@@ -1 +1 @@\n-Gr\xfc\xdfe\n+Gr\xfc\xdfi\n")
    engine.run(mission_id)
    (proposed,) = [entry.event for entry in engine.events(mission_id, types={"diff_proposed"})]
    assert isinstance(proposed, DiffProposed)
    assert engine.artifact(proposed.artifact).endswith(b"\n-Gr\xfc\xdfe\n+Gr\xfc\xdfi\n")
