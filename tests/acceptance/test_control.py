"""Pause and stop, from another process and by signals, while a command runs; and a runner that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk

# Writes its process id, then waits for a file that the test may put there.
WAITING = """
import os, pathlib, signal, time
{before}
pathlib.Path('pid.tmp').write_text(str(os.getpid())); os.rename('pid.tmp', 'pid')
while not pathlib.Path('go').exists(): time.sleep(0.02)
"""


class Waiting:
    """A mission whose second step waits in a command until it is let go."""

    def __init__(self, desk: Desk, before: str = "") -> None:
        self.desk = desk
        plan = desk.plan(desk.edit, desk.running(WAITING.format(before=before)), desk.note)
        self.runner = desk.start("run", plan, "--approve", "--grant", "all", "--json")
        self.pid_file = desk.workspace / "pid"
        desk.until(self.pid_file.exists)
        self.child = int(self.pid_file.read_text())

    def is_gone(self) -> bool:
        """Whether the command's process is there no more."""
        try:
            os.kill(self.child, 0)
        except ProcessLookupError:
            return True
        return _is_zombie(self.child)

    def let_go(self) -> None:
        """Let the command end well."""
        self.pid_file.unlink(missing_ok=True)
        self.desk.file("go", "")

    def status(self) -> int:
        """The runner's exit status, once it has ended."""
        return self.runner.wait(60)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def test_a_pause_from_another_process_ends_the_command_which_runs_again_after_resume(desk: Desk) -> None:
    waiting = Waiting(desk)
    paused = desk.run("pause", "--by", "grace", "--json")
    assert (paused.status, paused.json["state"]) == (0, "paused")
    assert waiting.status() == 4
    assert waiting.is_gone()
    assert desk.run("log").out.count("grace") == 1
    waiting.let_go()
    done = desk.run("resume", "--json")
    assert (done.status, done.json["state"]) == (0, "complete")
    assert done.json["steps"][0]["attempts"] == 1


def test_a_stop_from_another_process_ends_the_command_and_the_mission_for_good(desk: Desk) -> None:
    waiting = Waiting(desk)
    assert desk.run("stop", "--reason", "enough").status == 0
    assert waiting.status() == 6
    assert waiting.is_gone()
    for again in (("resume",), ("retry",), ("run", desk.only()), ("approve",)):
        assert desk.run(*again).status == 7
    assert desk.state()["state"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_pauses(desk: Desk, number: signal.Signals) -> None:
    waiting = Waiting(desk)
    waiting.runner.send_signal(number)
    assert waiting.status() == 4
    assert waiting.is_gone()
    assert "pausing" in desk.said()
    assert desk.state()["state"] == "paused"


@pytest.mark.parametrize("before", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"], ids=["meek", "clinging"])
def test_ctrl_c_twice_stops(desk: Desk, before: str) -> None:
    waiting = Waiting(desk, before=before)
    waiting.runner.send_signal(signal.SIGINT)
    desk.until(lambda: "pausing" in desk.said())
    waiting.runner.send_signal(signal.SIGINT)
    assert waiting.status() == 6
    assert waiting.is_gone()
    assert desk.state()["state"] == "stopped"


def test_a_runner_that_is_killed_takes_its_command_with_it_and_the_next_carries_on(desk: Desk) -> None:
    waiting = Waiting(desk)
    waiting.runner.kill()
    waiting.runner.wait(60)
    desk.until(waiting.is_gone)
    assert f"`mission run {desk.only()}` carries it on" in desk.run("resume").err
    shown = desk.run("show")
    assert "its runner is gone" in shown.out
    assert "mission run" in shown.out
    waiting.let_go()
    done = desk.run("run", desk.only(), "--json")
    assert (done.status, done.json["state"]) == (0, "complete")
    assert desk.types().count("diff_applied") == 2
    assert "mission_recovered" in desk.types()
    assert desk.run("verify").status == 0


def test_a_runner_that_is_killed_can_be_paused_and_stopped_by_another(desk: Desk) -> None:
    waiting = Waiting(desk)
    waiting.runner.kill()
    waiting.runner.wait(60)
    assert desk.run("pause").status == 0
    assert desk.state()["state"] == "paused"
    assert desk.run("stop").status == 0


def test_a_second_runner_is_refused_and_told_who_holds_the_mission(desk: Desk) -> None:
    waiting = Waiting(desk)
    refused = desk.run("run", desk.only())
    assert refused.status == 7
    assert f"pid {waiting.runner.pid}" in refused.err
    assert f"pid {waiting.runner.pid}" in desk.run("show").out


def test_the_log_is_followed_to_the_end_and_tells_each_event_once(desk: Desk) -> None:
    waiting = Waiting(desk)
    follower = desk.start("log", "--follow", "--json")
    assert follower.stdout is not None
    first = follower.stdout.readline()
    assert '"sequence": 1' in first
    waiting.let_go()
    assert waiting.status() == 0
    rest = follower.stdout.read()
    assert follower.wait(60) == 0
    assert (first + rest) == desk.run("log", "--json").out


def test_ctrl_c_ends_following_and_leaves_the_mission_alone(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    follower = desk.start("log", "--follow")
    assert follower.stdout is not None
    assert follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    assert follower.wait(60) == 0
    assert desk.state()["state"] == "idle"


def test_a_reader_that_has_had_enough_is_no_error(desk: Desk) -> None:
    desk.run("run", desk.four_steps, "--approve", "--grant", "all")
    follower = desk.start("log", "--json")
    assert follower.stdout is not None
    follower.stdout.close()
    assert follower.wait(60) == 0
    assert desk.said() == ""


def test_progress_that_nobody_reads_does_not_disturb_the_mission(desk: Desk) -> None:
    argv = desk.argv("run", desk.four_steps, "--approve", "--grant", "all")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            argv, stderr=writer, stdout=subprocess.DEVNULL, cwd=desk.workspace, env=desk.env(), check=False
        )
    finally:
        os.close(writer)
    assert done.returncode == 0
    assert desk.state()["state"] == "complete"
