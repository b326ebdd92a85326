"""A reviewer approves a part of a change, or an edited one; and what has drifted is void and asked about again."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, Recorded, State
from mission_fsm.core import events as e
from mission_fsm.core.mission import Mission
from mission_fsm.core.report import MOST_DRIFTS
from mission_fsm.errors import GuardRefused, InvalidWorkspace, UsageError

Approved = Callable[..., str]

OLD = "".join(f"{number}\n" for number in range(40))
NEW = OLD.replace("\n5\n", "\nfive\n").replace("\n30\n", "\nthirty\n")
WRITE = {
    "step_id": "fix",
    "description": "Change the numbers",
    "with": {
        "write": [
            {"path": "numbers.txt", "content": NEW},
            {"path": "tests/test_a.py", "content": "assert True\n"},
            {"path": "run.sh", "content": "true\n", "mode": "755"},
        ]
    },
}


@pytest.fixture
def at_gate(engine: Engine, workspace: Path, approved: Approved) -> str:
    """A mission that waits for the approval of a change of three files, one of which has two hunks."""
    (workspace / "numbers.txt").write_text(OLD)
    (workspace / "run.sh").write_text("false\n")
    mission_id = approved(WRITE, scope_contract={"paths": ["numbers.txt", "tests/**", "run.sh", "docs/**"]})
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    return mission_id


def _shown(engine: Engine, mission_id: str) -> bytes:
    return engine.artifact(_proposals(engine, mission_id)[-1].artifact)


def _proposals(engine: Engine, mission_id: str) -> list[e.DiffProposed]:
    found = (entry.event for entry in engine.events(mission_id, types={"diff_proposed"}))
    return [event for event in found if isinstance(event, e.DiffProposed)]


def _tree(workspace: Path) -> dict[str, bytes]:
    return {str(path.relative_to(workspace)): path.read_bytes() for path in workspace.rglob("*") if path.is_file()}


def _done(engine: Engine, mission_id: str) -> Mission:
    """The mission, run to its end, verified, and decided again from its events."""
    mission = engine.run(mission_id)
    assert mission.state is State.COMPLETE
    engine.verify(mission_id)
    assert engine.checked_replay(mission_id).mission == mission == engine.replay(mission_id)
    return mission


def test_some_files_and_some_hunks_are_approved_and_nothing_else_is_written(
    engine: Engine, workspace: Path, at_gate: str
) -> None:
    before = _tree(workspace)
    engine.approve(at_gate, files=["*.sh"], hunks=["numbers.txt:2"], by="bob")
    mission = _done(engine, at_gate)
    assert (workspace / "numbers.txt").read_text() == OLD.replace("\n30\n", "\nthirty\n")
    assert not (workspace / "tests").exists()
    assert stat.S_IMODE((workspace / "run.sh").stat().st_mode) & 0o100
    proposed, revision = _proposals(engine, at_gate)
    assert (revision.revises, revision.author, revision.edited) == (proposed.diff_id, "bob", False)
    assert revision.left_out == ("numbers.txt:1", "tests/test_a.py")
    assert revision.files == ("numbers.txt", "run.sh")
    assert revision.digest != proposed.digest
    assert b"+thirty" in engine.artifact(revision.artifact)
    assert b"five" not in engine.artifact(revision.artifact)
    assert mission.edits[0].paths == revision.files
    engine.rollback(at_gate)
    assert _tree(workspace) == before


def test_the_risk_of_a_revision_is_its_own(engine: Engine, at_gate: str) -> None:
    engine.approve(at_gate, files=["tests/**"])
    proposed, revision = _proposals(engine, at_gate)
    assert "executable" in "".join(proposed.rules)
    assert "executable" not in "".join(revision.rules)


def test_a_revision_is_on_record_before_anything_is_written(engine: Engine, workspace: Path, at_gate: str) -> None:
    before = _tree(workspace)
    engine.approve(at_gate, files=["run.sh"])
    types = [entry.type for entry in engine.events(at_gate)][-3:]
    assert types == ["diff_proposed", "approval_resolved", "execution_resumed"]
    assert _tree(workspace) == before


def test_an_edited_diff_is_approved_with_what_came_back_as_it_was(
    engine: Engine, workspace: Path, at_gate: str
) -> None:
    """Its counts need no care, and what a diff cannot hold of a file it need not hold."""
    diff = _shown(engine, at_gate)
    edited = diff.replace(b"+five\n", b"+FIVE\n+and a half\n").replace(b"-30\n+thirty\n", b" 30\n")
    engine.approve(at_gate, patch=edited, by="bob")
    _done(engine, at_gate)
    assert (workspace / "numbers.txt").read_text() == OLD.replace("\n5\n", "\nFIVE\nand a half\n")
    assert (workspace / "tests" / "test_a.py").read_text() == "assert True\n"
    assert stat.S_IMODE((workspace / "run.sh").stat().st_mode) & 0o100
    revision = _proposals(engine, at_gate)[-1]
    assert (revision.author, revision.edited, revision.left_out) == ("bob", True, ("numbers.txt:1,2",))


def test_an_edited_diff_may_change_other_files_within_the_scope_contract_and_no_others(
    engine: Engine, workspace: Path, at_gate: str
) -> None:
    before = engine.state(at_gate)
    new = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises(GuardRefused, match=r"leaves the scope contract: other\.txt is outside the paths"):
        engine.approve(at_gate, patch=new.format("other.txt").encode())
    assert engine.state(at_gate) == before
    engine.approve(at_gate, patch=new.format("docs/a.md").encode())
    _done(engine, at_gate)
    assert (workspace / "docs" / "a.md").read_text() == "x\n"
    assert _proposals(engine, at_gate)[-1].left_out == ("numbers.txt", "run.sh", "tests/test_a.py")


@pytest.mark.parametrize(
    ("part", "error", "sentence"),
    [
        ({"patch": b""}, GuardRefused, "this leaves nothing of the change, which is a rejection"),
        ({"patch": b"no diff\n"}, GuardRefused, "the edited diff cannot be applied: the patch holds no hunk"),
        (
            {"patch": b"diff --git a/run.sh b/run.sh\n--- a/run.sh\n+++ b/run.sh\n@@ -1 +1 @@\n-maybe\n+x\n"},
            GuardRefused,
            "the edited diff cannot be applied: run.sh: the hunk for line 1 does not fit",
        ),
        (
            {"patch": b"diff --git a/../x b/../x\n--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n"},
            GuardRefused,
            "leads out of its folder",
        ),
        ({"files": ["nothing/**"]}, UsageError, "no file of the change matches 'nothing/**'"),
        ({"hunks": ["numbers.txt:3"]}, UsageError, "the diff of numbers.txt has no hunk 3: it has 2 hunks"),
        ({"files": []}, UsageError, "no file and no hunk of the change is chosen: choose some, or reject it"),
        ({"hunks": iter(())}, UsageError, "no file and no hunk of the change is chosen"),
        ({"files": ["run.sh"], "patch": b"x"}, UsageError, "in part, or as it was edited, and not both"),
        ({"files": ["run.sh"], "digest": "0" * 64}, GuardRefused, "the decision is about digest 000"),
    ],
)
def test_a_revision_that_cannot_be_made_is_refused_and_the_mission_is_as_it_was(
    engine: Engine, workspace: Path, at_gate: str, part: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    before, files = engine.state(at_gate), _tree(workspace)
    with pytest.raises(error) as refusal:
        engine.approve(at_gate, **part)
    assert sentence in str(refusal.value)
    assert (engine.state(at_gate), _tree(workspace)) == (before, files)


def test_a_choice_of_everything_is_the_approval_of_what_was_proposed(engine: Engine, at_gate: str) -> None:
    engine.approve(at_gate, files=["**"])
    assert len(_proposals(engine, at_gate)) == 1
    _done(engine, at_gate)


def test_a_plan_is_approved_whole(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Any]
) -> None:
    mission_id = engine.create(plan_file(steps["fix"]), workspace).mission_id
    with pytest.raises(GuardRefused, match="only a change is approved in part or edited, and a plan is waiting"):
        engine.approve(mission_id, files=["**"])


# --- drift


def test_what_drifted_between_request_and_decision_is_shown_and_asked_about_again(
    engine: Engine, workspace: Path, at_gate: str
) -> None:
    first = engine.state(at_gate).pending
    (workspace / "numbers.txt").write_text(OLD.replace("\n20\n", "\ntwenty\n"))
    (workspace / "run.sh").unlink()
    (workspace / "tests").mkdir()
    (workspace / "tests" / "test_a.py").write_text("mine\n")
    with pytest.raises(GuardRefused, match=r"numbers\.txt was changed; run\.sh was deleted; tests/test_a\.py appeared"):
        engine.approve(at_gate, files=["run.sh"])
    voided = [entry.event for entry in engine.events(at_gate, types={"approval_voided"})]
    assert first is not None
    assert voided == [
        e.ApprovalVoided(
            "fix",
            "diff-8",
            first.digest,
            ("numbers.txt was changed", "run.sh was deleted", "tests/test_a.py appeared"),
            first.approval_id,
        )
    ]
    again = engine.run(at_gate)
    assert again.state is State.AWAITING_APPROVAL
    assert again.pending is not None
    assert again.pending.digest != first.digest
    with pytest.raises(GuardRefused, match="is about digest"):
        engine.approve(at_gate, digest=first.digest)
    engine.approve(at_gate, digest=again.pending.digest)
    _done(engine, at_gate)


def test_what_drifted_between_decision_and_application_is_not_written_over_and_asked_about_again(
    engine: Engine, workspace: Path, at_gate: str
) -> None:
    engine.approve(at_gate)
    (workspace / "run.sh").write_text("mine\n")
    mission = engine.run(at_gate)
    assert mission.state is State.AWAITING_APPROVAL
    assert (workspace / "run.sh").read_text() == "mine\n"
    (voided,) = (entry.event for entry in engine.events(at_gate, types={"approval_voided"}))
    assert isinstance(voided, e.ApprovalVoided)
    assert (voided.changed, voided.approval_id) == (("run.sh was changed",), None)
    assert b"-mine\n+true" in _shown(engine, at_gate)
    engine.approve(at_gate)
    assert _done(engine, at_gate).attempts(0) == 1


def test_a_granted_change_under_which_the_files_change_each_time_fails_its_step_in_the_end(
    engine: Engine, workspace: Path, at_gate: str
) -> None:
    """Nobody is asked, so nobody would see that it never ends."""

    def write(entry: Recorded, _: Mission) -> None:
        if isinstance(entry.event, e.ApprovalResolved):
            (workspace / "run.sh").write_text(f"{entry.sequence}\n")

    engine.grant(at_gate, "edit")
    engine.subscribe(write)
    engine.approve(at_gate)
    mission = engine.run(at_gate)
    assert (mission.state, mission.attempts(0)) == (State.FAILED, 1)
    assert mission.failure is not None
    assert mission.failure.kind == "conflict"
    assert mission.failure.message == "the files changed each time before the change was written: run.sh was changed"
    assert len(list(engine.events(at_gate, types={"approval_voided"}))) == MOST_DRIFTS
    assert engine.checked_replay(at_gate).mission == mission == engine.replay(at_gate)


def test_running_a_mission_whose_change_has_drifted_asks_anew(engine: Engine, workspace: Path, at_gate: str) -> None:
    before = engine.state(at_gate)
    assert engine.run(at_gate) == before
    (workspace / "run.sh").write_text("mine\n")
    assert "approve" not in engine.legal_triggers(at_gate)
    again = engine.run(at_gate)
    assert again.pending is not None
    assert before.pending is not None
    assert again.pending.digest != before.pending.digest
    assert "approve" in engine.legal_triggers(at_gate)


def test_a_workspace_that_cannot_be_seen_voids_nothing(engine: Engine, workspace: Path, at_gate: str) -> None:
    before = engine.state(at_gate)
    workspace.rename(workspace.with_name("elsewhere"))
    with pytest.raises(InvalidWorkspace):
        engine.approve(at_gate)
    workspace.with_name("elsewhere").rename(workspace)
    assert engine.state(at_gate) == before
    engine.approve(at_gate)
    _done(engine, at_gate)


# --- grants, and whose approval a plan takes


def test_a_grant_that_is_revoked_covers_nothing_and_both_are_on_record(
    engine: Engine, workspace: Path, approved: Approved
) -> None:
    mission_id = approved(WRITE, grants=("edit",))
    (grant,) = engine.state(mission_id).grants
    (revoked,) = engine.revoke(mission_id, grant.grant_id, by="bob").grants
    assert (revoked.revoked_by, revoked.used) == ("bob", 0)
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    engine.grant(mission_id, "edit:**")
    engine.approve(mission_id)
    _done(engine, mission_id)


def test_a_plan_may_forbid_that_its_author_approves_it(
    engine: Engine, workspace: Path, plan_file: Callable[..., Path], steps: dict[str, Any]
) -> None:
    mission_id = engine.create(plan_file(steps["fix"], author_may_approve=False), workspace).mission_id
    with pytest.raises(GuardRefused, match="whoever made the mission may not approve it") as refusal:
        engine.approve(mission_id)
    assert refusal.value.guard == "author_may_approve"
    assert "approve" not in engine.legal_triggers(mission_id)
    assert "have someone else approve it" in (engine.why_not(mission_id, "approve") or "")
    engine.approve(mission_id, by="bob")
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    assert engine.checked_replay(mission_id).mission.decided_by == "bob"
