"""What leaves the scope contract, by an edit or by a command: a person is asked, and all of it can be taken back."""

from __future__ import annotations

import os
import signal

from tests.acceptance.desk import Desk, python, tree_of

WRITES = "open('greet.py', 'a').write('#'); open('made.txt', 'w').write('made')"


def test_what_a_command_leaves_outside_the_contract_is_asked_about_and_taken_back_to_the_byte(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    plan = desk.plan(desk.running(WRITES), scope_contract={"paths": ["greet.py"]})
    asked = desk.run("run", plan, "--approve", "--grant", "all", "--json")
    assert (asked.status, asked.json["pending"]["kind"]) == (3, "scope")
    assert asked.json["pending"]["scope_contract"]["paths"] == ["greet.py", "made.txt"]
    assert asked.json["edits"][0]["kind"] == "command"
    assert "+made" in desk.run("diff").out
    done = desk.run("approve", "--digest", asked.json["pending"]["digest"], "--json")
    assert (done.status, done.json["widened"]["paths"]) == (0, ["greet.py", "made.txt"])
    assert desk.run("rollback", "--to", "start").status == 0
    assert tree_of(desk.workspace) == before
    assert desk.run("verify").status == desk.run("replay").status == 0


def test_what_is_not_allowed_stays_asked_about_until_it_is_taken_back(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    plan = desk.plan(desk.running(WRITES), scope_contract={"max_files": 1})
    assert desk.run("run", plan, "--approve").status == 3
    assert desk.run("reject", "--reason", "no").status == 4
    again = desk.run("resume", "--json")
    assert (again.status, again.json["pending"]["kind"]) == (3, "scope")
    assert desk.run("reject", "--reason", "no").status == 4
    assert desk.run("rollback").status == 0
    assert tree_of(desk.workspace) == before


def test_what_a_command_changed_whose_runner_was_killed_is_found_by_the_next(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    code = f"{WRITES}; import time; open('ready', 'w').close(); time.sleep(600)"
    runner = desk.start("run", desk.plan(desk.running(code)), "--approve")
    desk.until((desk.workspace / "ready").exists)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    assert desk.run("stop").status == 0
    assert "files_changed" in desk.types()
    assert desk.run("rollback").status == 0
    assert tree_of(desk.workspace) == before


def test_time_and_calls_that_are_used_up_pause_the_mission_with_the_numbers(desk: Desk) -> None:
    slow = desk.running("import time; time.sleep(600)")
    asked = desk.run("run", desk.plan(slow, scope_contract={"max_time_s": 1}), "--approve", "--json")
    assert asked.status == 3
    assert "and max_time_s is 1" in asked.json["pending"]["summary"]
    desk.run("stop")
    quick = {"step_id": "again", "description": "Run it", "with": {"run": python("pass")}}
    plan = desk.plan(desk.running("pass"), quick, scope_contract={"max_tool_calls": 1})
    asked = desk.run("run", plan, "--approve", "--json")
    assert asked.status == 3
    assert "number 2, and max_tool_calls is 1" in asked.json["pending"]["summary"]
    assert desk.run("approve").status == 0
