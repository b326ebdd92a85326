"""Log lines go where someone asks for them, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk


def _triggers(lines: str) -> list[str]:
    told = [json.loads(line) for line in lines.splitlines()]
    assert all({"mission_id", "sequence", "from", "to", "level", "timestamp"} <= set(line) for line in told)
    return [line["trigger"] for line in told if line["event"] == "transition"]


def test_each_transition_is_a_line_of_json_in_the_file_that_was_named(desk: Desk) -> None:
    log = desk.folder / "log"
    done = desk.run("run", desk.plan(desk.edit), "--approve", "--grant", "all", "--log", log)
    assert done.status == 0
    run = ["approve", "start", "advance", "request_approval", "approve", "advance", "finish"]
    assert _triggers(log.read_text()) == run
    desk.run("rollback", env={"MISSION_LOG": str(log)})
    assert _triggers(log.read_text()) == [*run, "rollback"]


def test_verbose_is_json_on_standard_error_and_in_colour_on_a_terminal(desk: Desk) -> None:
    done = desk.run("run", desk.plan(desk.edit), "--approve", "--json", "-v")
    assert _triggers(done.err) == ["approve", "start", "advance", "request_approval"]
    assert done.json["state"] == "awaiting_approval"
    terminal = desk.at_terminal("approve", "-v")
    assert terminal.status() == 0
    assert "\x1b[1mtransition" in terminal.shown


def test_a_log_that_cannot_be_written_is_told_before_anything_is_done(desk: Desk) -> None:
    done = desk.run("run", desk.four_steps, "--approve", "--log", desk.folder / "none" / "log")
    assert done.status == 2
    assert "cannot log to" in done.err
    assert not desk.home.exists()
