"""Test steps in missions: commands that were found, failures that were expected, reports, and what tests may do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, State
from mission_fsm.core import events as e

Make = Callable[..., str]

PASSING = b'<testsuite><testcase name="a"/></testsuite>'
FAILING = b'<testsuite><testcase name="a"><failure/></testcase></testsuite>'


def step(step_id: str = "check", **options: Any) -> dict[str, Any]:
    return {"step_id": step_id, "description": "Run the tests", **({"with": options} if options else {})}


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def completed(engine: Engine, mission_id: str) -> e.TestCompleted:
    [*_, entry] = engine.events(mission_id, types={"test_completed"})
    assert isinstance(entry.event, e.TestCompleted)
    return entry.event


def verified(engine: Engine, mission_id: str) -> bool:
    """Whether deciding the mission again gives the same events."""
    engine.verify(mission_id)
    return engine.checked_replay(mission_id).decisions > 0


# --- commands that were found


def test_a_command_that_was_found_is_asked_about_with_its_reason_and_run_once_approved(
    engine: Engine, workspace: Path, approved: Make
) -> None:
    (workspace / "Makefile").write_text("test:\n\t@echo it ran\n")
    mission_id = approved(step())
    mission = engine.run(mission_id)
    assert mission.state is State.AWAITING_APPROVAL
    assert mission.pending is not None
    assert mission.pending.kind == "command"
    assert mission.pending.summary == "make test (make: Makefile has a target test)"
    engine.approve(mission_id, digest=mission.pending.digest)
    assert engine.run(mission_id).state is State.COMPLETE
    artifact = completed(engine, mission_id).artifact
    assert artifact is not None
    assert engine.artifact(artifact) == b"it ran\n"
    assert verified(engine, mission_id)


def test_a_grant_for_tests_covers_a_command_that_was_found(engine: Engine, workspace: Path, approved: Make) -> None:
    (workspace / "Makefile").write_text("test:\n")
    mission_id = approved(step(), grants=("test",))
    assert engine.run(mission_id).state is State.COMPLETE
    means = [entry.event.means for entry in engine.events(mission_id, types={"approval_resolved"})]  # type: ignore[union-attr]
    assert means[-1] == "grant"


def test_the_command_is_looked_for_when_the_step_runs(engine: Engine, workspace: Path, approved: Make) -> None:
    """A step before it may write the very files that speak for one."""
    write = {"step_id": "make", "description": "Write a makefile", "with": {"write": [
        {"path": "Makefile", "content": "test:\n"}]}}  # fmt: skip
    mission_id = approved(write, step(), grants=("all",))
    assert engine.run(mission_id).state is State.COMPLETE
    assert not (workspace / "Makefile").read_text().startswith("all")


def test_where_no_command_is_found_the_step_fails_and_says_what_to_write(engine: Engine, approved: Make) -> None:
    mission = engine.run(approved(step()))
    assert mission.state is State.FAILED
    assert mission.failure is not None
    assert mission.failure.kind == "no_test_command"


# --- failures that are expected


def test_a_step_that_shows_a_fault_is_completed_by_the_failure_and_the_mission_goes_on(
    engine: Engine, approved: Make, steps: dict[str, dict[str, Any]]
) -> None:
    run = steps["check"]["with"]["run"]
    mission_id = approved(step("show", run=run, expect="fail"), steps["fix"], steps["check"], grants=("edit",))
    assert engine.run(mission_id).state is State.COMPLETE
    [shown, checked] = [entry.event for entry in engine.events(mission_id, types={"test_completed"})]
    assert isinstance(shown, e.TestCompleted)
    assert isinstance(checked, e.TestCompleted)
    assert (shown.success, shown.expect, checked.success, checked.expect) == (False, "fail", True, "pass")
    assert verified(engine, mission_id)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("", "test_passed"), ("import os; os.kill(os.getpid(), 9)", "fault_not_shown")],
)
def test_a_step_that_shows_no_fault_fails_the_mission(engine: Engine, approved: Make, code: str, kind: str) -> None:
    mission_id = approved(step(run=python(code), expect="fail"))
    mission = engine.run(mission_id)
    assert mission.state is State.FAILED
    assert mission.failure is not None
    assert mission.failure.kind == kind
    assert verified(engine, mission_id)


# --- reports


def write_report(name: str, content: bytes) -> str:
    return f"import pathlib; pathlib.Path({name!r}).write_bytes({content!r})"


def test_reports_of_several_files_are_counted_together(engine: Engine, workspace: Path, approved: Make) -> None:
    (workspace / "out").mkdir()
    (workspace / "out/old.xml").write_bytes(FAILING)
    code = "; ".join(write_report(f"out/{name}.xml", PASSING) for name in "ab")
    mission_id = approved(step(run=python(code), report="out/*.xml"))
    assert engine.run(mission_id).state is State.COMPLETE
    assert completed(engine, mission_id).passed == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("", "no_report"),
        ("import os; os.mkfifo('r.xml')", "bad_report"),
        ("import os; os.mkdir('r.xml')", "bad_report"),
        ("import os; os.symlink('passing.xml', 'r.xml')", "bad_report"),
        (write_report("r.xml", b"<testsuite>"), "bad_report"),
        (write_report("r.xml", FAILING), "test_failed"),
    ],
    ids=["none", "a pipe", "a folder", "a link", "cut short", "failing"],
)
def test_a_report_that_is_no_good_is_no_pass(
    engine: Engine, workspace: Path, approved: Make, code: str, kind: str
) -> None:
    (workspace / "passing.xml").write_bytes(PASSING)
    mission = engine.run(approved(step(run=python(code), report="r.xml")))
    assert mission.failure is not None
    assert mission.failure.kind == kind


# --- what a test may do


def test_a_test_that_deletes_the_workspace_ends_its_mission_in_a_sentence(
    engine: Engine, workspace: Path, approved: Make
) -> None:
    removes = python("import os, shutil; shutil.rmtree(os.getcwd()); print('gone')")
    mission_id = approved(step(run=removes, report="**/*.xml", sandbox="off"))
    mission = engine.run(mission_id)
    assert mission.failure is not None
    assert mission.failure.kind == "no_report"
    assert not workspace.exists()
    assert verified(engine, mission_id)


def test_output_that_is_no_text_is_kept_as_it_is(engine: Engine, approved: Make) -> None:
    mission_id = approved(step(run=python("import sys; sys.stdout.buffer.write(bytes(range(256)))")))
    assert engine.run(mission_id).state is State.COMPLETE
    artifact = completed(engine, mission_id).artifact
    assert artifact is not None
    assert engine.artifact(artifact) == bytes(range(256))


def test_output_comes_as_it_is_printed_and_what_is_kept_is_its_beginning_and_its_end(
    tmp_path: Path, workspace: Path, plan_file: Callable[..., Path]
) -> None:
    code = "print('first', flush=True); input_ = open('go').read(); print('x' * 3_000_000); print('last')"
    os.mkfifo(workspace / "go")
    came: list[bytes] = []

    def listen(chunk: bytes) -> None:
        if not came:  # it waits for us: the output has come while it runs
            (workspace / "go").write_text("go")
        came.append(chunk)

    with Engine.open(tmp_path / "home", by="ada", on_output=listen) as engine:
        mission = engine.create(plan_file(step(run=python(code))), workspace)
        engine.approve(mission.mission_id, digest=mission.plan.digest)
        assert engine.run(mission.mission_id).state is State.COMPLETE
        artifact = completed(engine, mission.mission_id).artifact
        assert artifact is not None
        kept = engine.artifact(artifact)
    assert came[0] == b"first\n"
    assert len(b"".join(came)) == 3_000_012
    assert kept.startswith(b"first\nxxx")
    assert kept.endswith(b"xxx\nlast\n")
    assert b"\n[... 902,860 bytes left out ...]\n" in kept
