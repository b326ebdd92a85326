"""A grant is taken back from one terminal while the mission runs in another."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.desk import python

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk, Result

WAITING = """
import pathlib, time
pathlib.Path({begun!r}).touch()
while not pathlib.Path({go!r}).exists(): time.sleep(0.02)
"""


class Running:
    """A mission that another process runs, up to a command that waits; the edits before and after it are granted."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        begun, self._go = desk.folder / "begun", desk.folder / "go"
        code = WAITING.format(begun=str(begun), go=str(self._go))
        held = {"step_id": "check", "description": "Run the tests", "with": {"run": python(code), "sandbox": "off"}}
        plan = desk.plan(desk.edit, held, desk.note)
        self.runner = desk.start("run", plan, "--approve", "--grant", "edit")
        desk.until(begun.exists)
        self.mission_id = desk.only()
        (grant,) = desk.state()["grants"]
        self.grant_id = grant["grant_id"]

    def revoke(self, *arguments: str) -> Result:
        """Take the grant back, in a process of its own."""
        return self.desk.run("revoke", self.mission_id, self.grant_id, "--by", "grace", *arguments)

    def let_go(self) -> int:
        """The runner's exit status, once its command may end."""
        self._go.touch()
        return self.runner.wait(60)


@pytest.fixture
def running(desk: Desk) -> Running:
    """That mission."""
    return Running(desk)


def test_a_grant_is_revoked_from_another_terminal_and_the_mission_runs_on_to_the_gate(
    desk: Desk, running: Running
) -> None:
    revoked = running.revoke("--json")
    assert (revoked.status, revoked.json["state"], revoked.json["grants"][0]["revoked_by"]) == (0, "running", "grace")
    assert desk.types()[-2:] == ["test_started", "grant_revoked"]
    assert running.runner.poll() is None
    again = running.revoke()
    assert (again.status, "was revoked already, by grace" in again.err) == (7, True)
    unknown = desk.run("revoke", running.mission_id, "grant-99")
    assert (unknown.status, "has no grant 'grant-99'" in unknown.err) == (2, True)
    assert running.let_go() == 3
    assert "grace revoked" in desk.said()
    (grant,) = desk.state()["grants"]
    assert (desk.state()["state"], grant["used"]) == ("awaiting_approval", 1)
    assert desk.run("verify").status == 0
    assert desk.run("replay").status == 0
    desk.run("stop")
    ended = running.revoke()
    assert (ended.status, "cannot revoke a grant of a mission that is stopped" in ended.err) == (7, True)


def test_it_is_said_that_the_mission_runs_and_not_that_it_should_be_carried_on(desk: Desk, running: Running) -> None:
    said = running.revoke().out
    assert f"mission {running.mission_id} is running at step check" in said
    assert "mission run" not in said
    assert running.let_go() == 3


def test_a_runner_that_is_suspended_cannot_be_asked_and_once_it_is_killed_the_grant_is_revoked_without_it(
    desk: Desk, running: Running
) -> None:
    running.runner.send_signal(signal.SIGSTOP)
    refused = running.revoke()
    assert (refused.status, "is suspended" in refused.err) == (7, True)
    running.runner.kill()
    running.runner.wait(60)
    assert running.revoke().status == 0
    (desk.folder / "go").touch()
    assert desk.run("run", running.mission_id).status == 3
    assert desk.state()["grants"][0]["used"] == 1
