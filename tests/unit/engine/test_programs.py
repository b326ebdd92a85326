"""Edits that a program makes in a copy of the workspace: run by the engine, shown, approved, and only then there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import Engine, State
from mission_fsm.core.events import CommandCompleted, CommandProposed
from mission_fsm.errors import InvalidPlan

Steps = dict[str, dict[str, Any]]
Approved = Callable[..., str]

FAULTY = "def double(n):\n    return n + n + 1\n"
FIXED = "def double(n):\n    return n + n\n"
MEND = "p = open('double.py').read(); open('double.py', 'w').write(p.replace(' + 1', ''))"


def by(program: str, **options: Any) -> dict[str, Any]:
    """A step whose edit a Python program makes."""
    run = [sys.executable, "-c", program]
    return {"step_id": "fix", "description": "Change double", "with": {"command": {"run": run, **options}}}


def output_of(engine: Engine, mission_id: str) -> str:
    """What the last program printed."""
    (*_, completed) = [entry.event for entry in engine.events(mission_id, types={"command_completed"})]
    assert isinstance(completed, CommandCompleted)
    return engine.artifact(completed.artifact or "").decode()


def test_what_a_program_changed_is_in_the_workspace_once_it_is_approved_and_not_before(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    mission_id = approved(by(MEND), steps["check"])
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    assert (workspace / "double.py").read_text() == FAULTY
    types = [entry.type for entry in engine.events(mission_id)]
    assert types[types.index("command_proposed") :] == [
        "command_proposed",
        "command_started",
        "command_completed",
        "diff_proposed",
        "approval_requested",
        "execution_paused",
    ]
    engine.approve(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    assert (workspace / "double.py").read_text() == FIXED
    engine.verify(mission_id)
    engine.checked_replay(mission_id)
    engine.rollback(mission_id, "start")
    assert (workspace / "double.py").read_text() == FAULTY


def test_the_plans_approval_covers_the_program_with_its_folder_and_variables(
    engine: Engine, workspace: Path, approved: Approved
) -> None:
    (workspace / "sub").mkdir()
    show = "import os; print(os.environ['WORD'], os.path.basename(os.getcwd())); open('new', 'w').close()"
    mission_id = approved(by(show, cwd="sub", env={"WORD": "hello"}))
    engine.run(mission_id)
    (proposed,) = [entry.event for entry in engine.events(mission_id, types={"command_proposed"})]
    assert isinstance(proposed, CommandProposed)
    assert (proposed.covered, proposed.command.isolated) == (True, True)
    assert output_of(engine, mission_id) == "hello sub\n"
    assert engine.state(mission_id).active.change.paths == ("sub/new",)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("raise SystemExit('cannot do it')", "exited with 1:\ncannot do it"),
        ("print('all is well')", "exited with 0 and changed nothing:\nall is well"),
        ("import os; os.mkfifo('p')", "the program left 'p', which is neither a file, a folder nor a symbolic link"),
        ("import time; time.sleep(60)", "it took longer than 1 s and was ended"),
        ("open('../x', 'w').close(); open(b'\\xff', 'w').close()", "not UTF-8"),
    ],
)
def test_a_program_that_gives_no_change_fails_its_step_with_a_sentence(
    engine: Engine, workspace: Path, approved: Approved, program: str, sentence: str
) -> None:
    mission_id = approved({**by(program), "timeout": 1 if "sleep" in program else 60})
    mission = engine.run(mission_id)
    assert mission.failure is not None
    assert sentence in mission.failure.message
    assert [path.name for path in workspace.iterdir()] == ["double.py"]
    engine.checked_replay(mission_id)


def test_a_program_that_may_change_nothing_completes_its_step(engine: Engine, approved: Approved) -> None:
    assert engine.run(approved(by("pass", may_change_nothing=True))).state is State.COMPLETE


def test_a_program_that_is_not_there_fails_its_step(engine: Engine, approved: Approved) -> None:
    step = {**by(""), "with": {"command": {"run": ["no-such-program"]}}}
    failure = engine.run(approved(step)).failure
    assert failure is not None
    assert "the program 'no-such-program' is in no folder of PATH" in failure.message


def test_what_a_program_writes_into_the_workspace_itself_waits_for_a_person_and_can_be_taken_back(
    engine: Engine, workspace: Path, approved: Approved
) -> None:
    real, before = str(workspace / "double.py"), (workspace / "double.py").read_bytes()
    mission = engine.run(approved(by(f"{MEND}; open({real!r}, 'a').write('#')", sandbox="off")))
    assert mission.pending is not None
    assert mission.pending.kind == "scope"
    assert "files of the workspace itself were changed: double.py" in mission.pending.summary
    engine.pause(mission.mission_id)
    engine.rollback(mission.mission_id)
    assert (workspace / "double.py").read_bytes() == before


def test_a_change_beyond_the_scope_contract_waits_for_a_person_whoever_made_it(
    engine: Engine, approved: Approved
) -> None:
    mission = engine.run(approved(by(f"{MEND}; open('other', 'w')"), scope_contract={"paths": ["*.py"]}))
    assert mission.pending is not None
    assert "other is outside the paths *.py" in mission.pending.summary


def test_a_plan_that_allows_no_exec_cannot_bind_a_program(engine: Engine, workspace: Path, plan_file: Any) -> None:
    path = plan_file(by(MEND), scope_contract={"allowed_tools": ["read", "write"]})
    with pytest.raises(InvalidPlan, match="editor 'command' needs exec, which"):
        engine.create(path, workspace)
    with pytest.raises(InvalidPlan, match=r"run: name the program and its arguments, as in \[ruff, format, \.\]"):
        engine.create(plan_file({**by(""), "with": {"command": {"run": []}}}), workspace)


def test_a_repair_by_a_program_is_told_which_tests_failed_and_how(
    engine: Engine, workspace: Path, approved: Approved, steps: Steps
) -> None:
    """In variables, and with what a search found in a JSON file."""
    tell = (
        "import json, os; task = json.load(open(os.environ['MISSION_TASK'])); "
        "print(json.dumps([{n: v for n, v in os.environ.items() if n.startswith('MISSION_')}, task, "
        "open(os.environ['MISSION_TEST_OUTPUT']).read()]))"
    )
    program = [sys.executable, "-c", f"{tell}; {MEND}"]
    check = {**steps["check"], "with": {"run": [sys.executable, "-m", "unittest", "test_double"]}}
    (workspace / "test_double.py").write_text(
        "import unittest, double\nclass T(unittest.TestCase):\n"
        "    def test_two(self):\n        self.assertEqual(double.double(2), 4)\n"
    )
    mend = {
        "step_id": "mend",
        "description": "Repair double",
        "with": {"repairs": "check", "command": {"run": program}},
    }
    mission_id = approved(steps["find"], check, mend, grants=("edit:**", "repair:**"))
    assert engine.run(mission_id).state is State.FAILED
    engine.repair(mission_id)
    assert engine.run(mission_id).state is State.COMPLETE
    assert (workspace / "double.py").read_text() == FIXED
    told, task, printed = json.loads(output_of(engine, mission_id))
    assert told["MISSION_STEP_ID"] == task["step_id"] == "check"
    assert told["MISSION_FAILING_TESTS"].split("\n") == task["last_test"]["failing"]
    assert printed == task["last_test"]["output"]
    assert "AssertionError: 5 != 4" in printed
    assert (task["repair_attempt"], task["last_test"]["success"]) == (1, False)
    assert task["retrieved"]["hits"][0]["path"] == "double.py"
    engine.checked_replay(mission_id)


def test_tries_of_a_repair_may_be_programs(engine: Engine, workspace: Path, approved: Approved, steps: Steps) -> None:
    """The first one fails, the second one mends; the repair's own test judges."""
    tries = [{"command": {"run": [sys.executable, "-c", text]}} for text in ("raise SystemExit(1)", MEND)]
    mend = {"step_id": "mend", "description": "Repair double", "with": {**steps["check"]["with"], "tries": tries}}
    mission_id = approved(mend, grants=("repair:**",))
    assert engine.run(mission_id).state is State.COMPLETE
    assert (workspace / "double.py").read_text() == FIXED
    assert len(list(engine.events(mission_id, types={"repair_started"}))) == 2
    engine.checked_replay(mission_id)


@pytest.mark.parametrize(("stop", "state"), [(False, State.PAUSED), (True, State.STOPPED)])
def test_a_program_is_ended_by_pause_and_by_stop_with_its_copy(
    tmp_path: Path, workspace: Path, plan_file: Any, *, stop: bool, state: State
) -> None:
    """One that was paused begins anew when the mission runs on."""
    go_on = tmp_path / "go on"
    wait = f"import os, time; print('here', flush=True)\nif not os.path.exists({str(go_on)!r}): time.sleep(60)\n{MEND}"

    def interrupt(_: bytes) -> None:
        if not go_on.exists():
            engine.interrupt(stop=stop)

    with Engine.open(tmp_path / "home", by="ada", on_output=interrupt) as engine:
        mission = engine.create(plan_file(by(wait, sandbox="off")), workspace)
        engine.approve(mission.mission_id, digest=mission.plan.digest)
        assert engine.run(mission.mission_id).state is state
        assert list((tmp_path / "home/copies").iterdir()) == []
        if not stop:
            go_on.touch()
            assert engine.run(mission.mission_id).state is State.AWAITING_APPROVAL
        engine.checked_replay(mission.mission_id)
    assert (workspace / "double.py").read_text() == FAULTY


def test_a_program_whose_runner_was_killed_runs_again_and_leaves_no_copy(
    tmp_path: Path, workspace: Path, plan_file: Any
) -> None:
    began, go_on = tmp_path / "began", tmp_path / "go on"
    wait = (
        f"import os, time; open({str(began)!r}, 'a').write('x')\n"
        f"while not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n{MEND}"
    )
    home = tmp_path / "home"
    with Engine.open(home, by="ada") as engine:
        mission = engine.create(plan_file(by(wait, sandbox="off")), workspace)
        engine.approve(mission.mission_id, digest=mission.plan.digest)
    argv = [sys.executable, "-m", "mission_fsm", "run", mission.mission_id]
    environment = {**os.environ, "MISSION_HOME": str(home)}
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment) as runner:
        deadline = time.monotonic() + 20
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(runner.pid, signal.SIGKILL)
    assert len(list((home / "copies").iterdir())) == 1
    go_on.touch()
    with Engine.open(home, by="ada") as engine:
        while engine.holder(mission.mission_id) is not None and time.monotonic() < deadline:
            time.sleep(0.01)  # what watches over the program holds its mission until the program is gone
        assert engine.run(mission.mission_id).state is State.AWAITING_APPROVAL
        assert began.read_text() == "xx"
        engine.checked_replay(mission.mission_id)
    assert list((home / "copies").iterdir()) == []
