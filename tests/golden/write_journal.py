"""Writes a journal with an event of every type: run once for each schema that is released, and kept for ever.

    python tests/golden/write_journal.py tests/golden/schema-1

Beside it goes `events.jsonl`, the same events as text: what every later version has to read from the journal.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from mission_fsm.core import events as e
from mission_fsm.core.plan import ScopeContract, Tool
from mission_fsm.core.replies import CommandSpec
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Standing

ARTIFACT = b"1 failed, 2 passed\n\xff\x00"
DIGEST = sha256(ARTIFACT).hexdigest()
MISSION = "01jgolden"

CREATED: tuple[e.Event, ...] = (
    e.MissionCreated(goal="naïve ☃", plan_digest=DIGEST, workspace="/work", created_by="ann", source="plan.yaml"),
    e.GrantGiven(grant_id="g1", rule="edit:src/**", by="ann"),
    e.ApprovalRequested(approval_id="a1", kind="plan", digest=DIGEST, summary="3 steps"),
)

STORY: tuple[e.Event, ...] = (
    e.ApprovalResolved(
        approval_id="a1", kind="plan", decision="approved", decided_by="bob", means="terminal", digest=DIGEST
    ),
    e.MissionStarted(
        goal="naïve ☃",
        steps_count=3,
        scope_contract=ScopeContract(paths=("src/**",), max_files=2, max_lines=40, allowed_tools=(Tool.READ,)),
    ),
    e.StepStarted(step_id="find", step_index=0, description="Find it", stage="retrieve", attempt=1),
    e.StageChanged(from_="none", to="retrieve", step_id="find"),
    e.RetrievalStarted(retrieval_id="r1", query="it", step_id="find"),
    e.RetrievalCompleted(retrieval_id="r1", result_count=1, summary="1 file", artifact=DIGEST),
    e.StepCompleted(
        step_id="find", step_index=0, success=True, summary="found", evidence={"n": [1, 2.5, None], "é": True}
    ),
    e.StepStarted(step_id="fix", step_index=1, description="Fix it", stage="edit", attempt=1),
    e.StageChanged(from_="retrieve", to="edit", step_id="fix"),
    e.InputRequested(step_id="fix", what="a patch"),
    e.ExecutionPaused(reason="awaiting_input", current_step="fix"),
    e.InputReceived(step_id="fix", digest=DIGEST, by="bob", means="browser"),
    e.ExecutionResumed(reason="resumed", current_step="fix", by="bob"),
    e.CheckpointCreated(checkpoint_id="c1", description="before fix", scope="edit", step_id="fix"),
    e.DiffProposed(
        diff_id="d1",
        step_id="fix",
        summary="src/a.py",
        risk_level="medium",
        digest=DIGEST,
        files=("src/a.py", "src/caf\udce9.py"),
        artifact=DIGEST,
        lines=3,
        rules=("size",),
    ),
    e.ApprovalRequested(
        approval_id="a2",
        kind="diff",
        digest=DIGEST,
        summary="src/a.py",
        step_id="fix",
        risk_level="medium",
        rules=("size",),
        choices=("yes", "no"),
        expires_at="2025-01-02T04:00:00.000000Z",
    ),
    e.ApprovalExpired(approval_id="a2", expires_at="2025-01-02T04:00:00.000000Z"),
    e.CheckpointSecured(checkpoint_id="c1", paths=("src/a.py",), size_bytes=12, manifest=DIGEST),
    e.DiffApplied(diff_id="d1", checkpoint_id="c1", files=("src/a.py",), digest=DIGEST),
    e.CommandProposed(
        step_id="check",
        digest=DIGEST,
        command=CommandSpec(argv=("pytest", "-q"), cwd="src", env={"A": "b"}, timeout_s=60, report="report.xml"),
        purpose="test",
        covered=True,
    ),
    e.TestStarted(test_id="t1", command=("pytest", "-q"), step_id="check"),
    e.TestCompleted(
        test_id="t1",
        success=False,
        exit_status=1,
        duration_s=0.25,
        passed=2,
        failed=1,
        skipped=0,
        failing=("test_a.py::test_b",),
        signature="s1",
        artifact=DIGEST,
    ),
    e.FailureDetected(step_id="check", kind="test", message="1 failed", signature="s1"),
    e.RepairStarted(
        repair_id="p1",
        step_id="check",
        attempt=1,
        origin="plan",
        max_attempts=2,
        options_step=2,
        patch=DIGEST,
        signatures=("s1",),
        by="bob",
    ),
    e.CommandStarted(command_id="x1", command=("make",), step_id="check"),
    e.CommandCompleted(command_id="x1", exit_status=None, duration_s=1.5, artifact=DIGEST),
    e.RepairCompleted(repair_id="p1", success=False),
    e.CheckpointRestored(checkpoint_id="c1", paths=("src/a.py",), by="bob", undo_checkpoint="c2"),
    e.MissionRecovered(runner="pid 2 on here", in_doubt=("x1",)),
    e.ExecutionStopped(reason="enough", by="bob"),
    e.Final(success=False, steps_completed=1, duration_s=12.5),
)


def write(folder: Path) -> None:
    """Write the journal, and the text of its events, into a folder that is not there yet."""
    missing = set(e.EVENT_CLASSES) - {e.type_of(type(event)) for event in CREATED + STORY}
    if missing:
        raise SystemExit(f"add an event of each type to the story: {', '.join(sorted(missing))}")
    folder.mkdir()
    with TemporaryDirectory() as home:
        record(SqliteStore.open(Path(home)))
        shutil.copyfile(Path(home) / "journal.db", folder / "journal.db")
        text = "".join(f"{line}\n" for line in lines(Path(home) / "journal.db"))
    (folder / "events.jsonl").write_text(text, encoding="utf-8")


def record(store: SqliteStore) -> None:
    """Write the mission, and close the store."""
    store.create(
        MISSION,
        workspace="/work",
        source="plan.yaml",
        plan_digest=DIGEST,
        goal="naïve ☃",
        events=CREATED,
        time="2025-01-02T03:04:05.000001Z",
        standing=Standing("idle", holds_workspace=False),
        blobs={DIGEST: ARTIFACT},
    )
    lease = store.acquire(MISSION, "pid 1 on here", "2025-01-02T03:04:06.000000Z")
    store.append(
        lease,
        len(CREATED),
        STORY,
        time="2025-01-02T03:04:07.500000Z",
        stage="none",
        standing=Standing("stopped", holds_workspace=False),
        snapshot_state=("1", '{"state":"stopped"}'),
    )
    store.post(MISSION, '{"command":"rollback"}')
    lease.release()
    store.check(MISSION)
    store.close()


def lines(journal: Path) -> list[str]:
    """The rows of the table of events, as they are stored, in JSON."""
    connection = sqlite3.connect(journal)
    rows = connection.execute(
        "SELECT position & 0xFFFFFFFF, type, version, time, stage, data, lower(hex(previous_hash)), lower(hex(hash)) "
        "FROM events ORDER BY position"
    ).fetchall()
    connection.close()
    names = ("sequence", "type", "version", "time", "stage", "data", "previous_hash", "hash")
    return [json.dumps(dict(zip(names, row, strict=True)) | {"data": json.loads(row[5])}) for row in rows]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
