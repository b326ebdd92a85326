"""Commands that are not there, take too long, print too much, or leave processes behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk


def test_a_command_that_is_not_found_fails_the_step(desk: Desk) -> None:
    step = {"step_id": "check", "description": "Run it", "with": {"run": ["no-such-program", "x"]}}
    done = desk.run("run", desk.plan(step), "--approve")
    assert done.status == 5
    assert "no-such-program" in done.out
    assert desk.run("show", "--json").json["failure"]["kind"] == "command_not_found"


def test_a_command_that_takes_too_long_is_ended(desk: Desk) -> None:
    run = ["sh", "-c", "echo $$ > pid; echo begun; exec sleep 600"]  # which has begun long before its second is over
    step = {"step_id": "check", "description": "Run the tests", "with": {"run": run}, "timeout": "1s"}
    done = desk.run("run", desk.plan(step), "--approve", "--json")
    assert (done.status, done.json["failure"]["kind"]) == (5, "timed_out")
    assert "1 s" in done.json["failure"]["message"]
    assert _is_gone(int((desk.workspace / "pid").read_text()))


def test_a_command_that_prints_a_gigabyte_is_kept_in_bounds(desk: Desk) -> None:
    code = "import os\nfor _ in range(1024): os.write(1, b'x' * 1048575 + b'\\n')\nos.write(1, b'the end')"
    done = desk.run("run", desk.plan(desk.running(code)), "--approve")
    assert done.status == 0
    assert len(done.out + done.err) < 250_000
    assert sum(path.stat().st_size for path in desk.home.rglob("*")) < 8 * 1024**2


@pytest.mark.parametrize(
    "leave",
    [
        "subprocess.Popen(argv)",
        pytest.param(
            "subprocess.Popen(argv, start_new_session=True)",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux follows a process out of its session"),
        ),
    ],
)
def test_children_that_would_outlive_the_command_are_ended(desk: Desk, leave: str) -> None:
    child = (
        "import os, time; open('pid.tmp', 'w').write(str(os.getpid())); os.rename('pid.tmp', 'pid'); time.sleep(600)"
    )
    code = (
        f"import os, subprocess, sys, time\nargv = [sys.executable, '-c', {child!r}]\n{leave}\n"
        "while not os.path.exists('pid'): time.sleep(0.01)"
    )
    desk.run("run", desk.plan(desk.running(code)), "--approve")
    assert _is_gone(int((desk.workspace / "pid").read_text()))
    assert "test_completed" in desk.types()


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
