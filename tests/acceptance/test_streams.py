"""Standard streams that are closed, full, or that nobody reads to the end; and a folder that is gone."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.desk import Result

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk

needs_full = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a device that is always full")
CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")


def _in_shell(desk: Desk, what: str, *arguments: str | Path) -> Result:
    """`mission` with those arguments, started by a shell with what follows it; the status is that of `mission`."""
    said = desk.folder / "status"
    line = f"{{ {shlex.join(desk.argv(*arguments))}; echo $? >{shlex.quote(str(said))}; }} {what}"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=desk.workspace,
        env=desk.env(),
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Result(int(said.read_text()), done.stdout, done.stderr)


@pytest.mark.parametrize("closed", CLOSED)
def test_a_mission_runs_and_its_status_is_told_whichever_stream_is_closed(desk: Desk, closed: str) -> None:
    assert _in_shell(desk, closed, "run", desk.four_steps).status == 3
    assert _in_shell(desk, closed, "approve").status == 3
    assert _in_shell(desk, closed, "approve").status == 3
    done = _in_shell(desk, closed, "approve")
    assert (done.status, desk.state()["state"]) == (0, "complete"), done.err
    assert _in_shell(desk, closed, "resume").status == 7
    assert desk.run("verify").status == 0


def test_a_reader_that_goes_away_changes_neither_the_mission_nor_the_status_that_tells_of_it(desk: Desk) -> None:
    gone = "| exec true"
    assert _in_shell(desk, f"2>&1 {gone}", "run", desk.four_steps, "--approve").status == 3
    done = _in_shell(desk, gone, "approve", "--json")
    assert (done.status, done.err) == (3, "")
    assert _in_shell(desk, gone, "approve").status == 0
    assert desk.state()["state"] == "complete"
    desk.file("greet.py", "mine\n")
    for arguments, status in ((("log",), 0), (("show", "--help"), 0), (("rollback", "--to", "start", "--dry-run"), 7)):
        assert _in_shell(desk, gone, *arguments).status == status


@needs_full
def test_output_that_cannot_be_written_is_said_in_a_sentence_and_is_no_success(desk: Desk) -> None:
    done = _in_shell(desk, ">/dev/full", "run", desk.four_steps, "--approve", "--grant", "all")
    assert (done.status, desk.state()["state"]) == (1, "complete")
    assert done.err.splitlines()[-1] == "mission: cannot write to standard output: No space left on device"
    assert _in_shell(desk, "2>/dev/full", "show").status == 0


def test_a_current_folder_that_was_removed_is_said_in_a_sentence(desk: Desk) -> None:
    mission_id = desk.begin(desk.four_steps, approve=False)
    for arguments, status in ((("show",), 2), (("run", "plan.json"), 2), (("show", mission_id), 0)):
        line = f"mkdir gone && cd gone && rmdir ../gone && {shlex.join(desk.argv(*arguments))}"
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            capture_output=True,
            text=True,
            cwd=desk.workspace,
            env=desk.env(),
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "unexpected" not in done.stderr
        assert status == 0 or "does not exist" in done.stderr
