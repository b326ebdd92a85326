"""A failure stops the mission; a person has the step run again, or repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk


def test_a_failing_test_fails_the_mission_and_shows_what_it_printed(desk: Desk) -> None:
    done = desk.run("run", desk.plan(desk.check, desk.note), "--approve", "--grant", "all")
    assert done.status == 5
    assert "AssertionError: not polite" in done.out
    assert "mission retry" in done.out
    told = desk.state()
    assert told["failure"] is not None
    assert (told["state"], told["failure"]["kind"]) == ("failed", "test_failed")
    assert [step["status"] for step in told["steps"]] == ["failed", "pending"]
    assert not (desk.workspace / "docs").exists()


def test_retry_runs_the_failed_step_again_and_goes_on(desk: Desk) -> None:
    desk.begin(desk.plan(desk.check, desk.note), grants=("all",))
    assert desk.run("retry").status == 5
    desk.file("greet.py", "def greet(name):\n    return 'Dear ' + name\n")
    assert desk.run("retry").status == 0
    assert desk.state()["steps"][0]["attempts"] == 3


def test_a_repair_with_a_patch_goes_through_the_gate_and_the_failed_step_runs_again(desk: Desk) -> None:
    desk.begin(desk.plan(desk.check, desk.note))
    patch = desk.plans / "repair.patch"
    patch.write_text(desk.patch)
    at_gate = desk.run("repair", "--patch", patch, "--json")
    assert (at_gate.status, at_gate.json["pending"]["kind"]) == (3, "diff")
    assert "Hey" in (desk.workspace / "greet.py").read_text()
    done = desk.run("approve", "--json")
    assert [step["status"] for step in done.json["steps"]] == ["completed", "awaiting_approval"]


def test_a_granted_repair_from_standard_input_completes_the_mission(desk: Desk) -> None:
    desk.begin(desk.plan(desk.check, desk.note), grants=("all",))
    assert desk.run("repair", "--patch", "-", stdin=desk.patch).status == 0


def test_the_repair_that_the_plan_binds_needs_no_patch(desk: Desk) -> None:
    mend = {"step_id": "mend", "description": "Repair the greeting", "with": {"repairs": "check", "patch": desk.patch}}
    assert desk.run("run", desk.plan(desk.check, mend), "--approve", "--grant", "all").status == 5
    assert desk.run("repair").status == 0


def test_a_repair_that_is_not_bound_needs_a_patch(desk: Desk) -> None:
    desk.begin(desk.plan(desk.check))
    refused = desk.run("repair")
    assert refused.status == 7
    assert "patch" in refused.err


def test_what_is_not_legal_now_is_refused_and_says_what_is(desk: Desk) -> None:
    desk.begin(desk.plan(desk.check))
    refused = desk.run("resume", "--json")
    assert refused.status == 7
    error = refused.json["error"]
    assert (error["kind"], error["exit_status"]) == ("illegal_transition", 7)
    assert {"retry", "stop"} <= set(error["legal"])
    assert error["message"] in refused.err
