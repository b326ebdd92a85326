"""Looking at missions: what people are shown, and what scripts are given. Nothing is changed by it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import attrs
import pytest

from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.rest import standing
from mission_fsm.core.mission import Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mission_fsm import Engine
    from tests.unit.cli.conftest import Step, Type


@pytest.fixture
def failed(mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]) -> str:
    """A mission that has changed a file, and then failed in its second step."""
    done = mission(
        "run", plan_file(steps["fix"], steps["check"], steps["note"]), "--approve", "--grant", "all", "--json"
    )
    assert done.status == 5
    return str(done.json["mission_id"])


def test_the_page_of_a_mission_says_all_that_one_needs_to_go_on(mission: Type, failed: str) -> None:
    shown = mission("show")
    assert shown.status == 0
    for words in (
        "greet politely",
        "✓   1 fix",
        "✗   2 check",
        "·   3 note",
        "has failed at step check (2 of 3): exit status 1",
        "not polite",
        "before step fix, 1 file: greet.py",
        f"mission retry {failed}",
        f"mission repair {failed} --patch FILE",
        f"mission rollback {failed}",
        f"mission stop {failed}",
    ):
        assert words in shown.out
    assert f"mission approve {failed}" not in shown.out


def test_a_mission_under_way_is_said_to_be_run_by_its_runner_or_by_nobody(
    mission: Type, engine: Engine, workspace: Path, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    made = engine.create(plan_file(steps["fix"]), workspace)
    engine.approve(made.mission_id)
    pages: list[str] = []
    engine.subscribe(lambda entry, _: pages.append(mission("show").out) if entry.type == "checkpoint_created" else None)
    engine.run(made.mission_id)
    assert "run by pid" in pages[0]
    assert "its runner is gone" not in pages[0]


def test_the_diff_is_that_which_waits_or_all_that_was_applied_and_is_still_there(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    mission("run", plan_file(steps["note"], steps["fix"]), "--approve")
    waiting = mission("diff", "--json").json["diffs"]
    assert [(diff["step_id"], diff["pending"], diff["files"]) for diff in waiting] == [("note", True, ["NOTES"])]
    mission("approve")
    assert "+    return 'Dear '" in mission("diff").out
    mission("approve")
    applied = mission("diff").out
    assert "+one\n+two\n" in applied
    assert "+    return 'Dear '" in applied
    only = mission("diff", "--step", "fix").out
    assert "Dear" in only
    assert "+one" not in only
    mission("rollback")
    assert "Dear" not in mission("diff").out
    mission("rollback", "--to", "start")
    nothing = mission("diff")
    assert (nothing.status, nothing.out) == (0, "")


def test_a_diff_that_no_terminal_shows_is_a_patch_byte_for_byte(
    mission: Type, workspace: Path, tmp_path: Path, plan_file: Callable[..., Path]
) -> None:
    (workspace / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/dos.txt").write_bytes(b"one\r\ntwo\r\n")
    replace = [{"path": "dos.txt", "search": "two", "replace": "\x1b[1mtwo\x07"}]
    step = {"step_id": "dos", "description": "Modify it", "with": {"replace": replace}}
    mission("run", plan_file(step), "--approve", "--grant", "all")
    patch = mission("diff").out.encode()
    assert mission("diff", "--raw").out.encode() == patch
    subprocess.run(["git", "apply", "-"], input=patch, cwd=tmp_path / "elsewhere", check=True)
    assert (tmp_path / "elsewhere/dos.txt").read_bytes() == (workspace / "dos.txt").read_bytes()
    assert b"\x1b[1mtwo\x07\r\n" in (workspace / "dos.txt").read_bytes()


def test_the_output_is_all_that_the_last_command_printed_or_that_of_one_step(
    mission: Type, plan_file: Callable[..., Path]
) -> None:
    def printing(step_id: str, code: str) -> Step:
        return {"step_id": step_id, "description": "Run it", "with": {"run": [sys.executable, "-c", code]}}

    find = {"step_id": "find", "description": "Research who greets"}
    lines = "".join(f"line {number}\n" for number in range(500))
    first = printing("first", "for number in range(500): print('line', number)")
    second = printing("second", "print('\\x1b[2Jmore'); raise SystemExit(1)")
    mission("run", plan_file(find, first, second), "--approve")
    mission("retry")
    said = mission("output")
    assert (said.out, "step second, attempt 2, 9 bytes: the test failed" in said.err) == ("\x1b[2Jmore\n", True)
    assert mission("output", "--step", "first").out == lines
    told = mission("output", "--step", "first", "--json").json["output"]
    assert (told["step_id"], told["attempt"], told["type"], told["text"]) == ("first", 1, "test_completed", lines)
    assert mission("output", "--step", "find").out.startswith("{")
    assert mission("output", "--step", "third").status == 2


def test_a_mission_that_has_printed_nothing_says_so(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    mission("run", plan_file(steps["fix"]), "--approve")
    said = mission("output")
    assert (said.status, said.out, "has no output" in said.err) == (0, "", True)
    assert mission("output", "--json").json["output"] is None


def test_what_was_taken_back_is_said_to_be_of_each_step(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    def now() -> list[str]:
        return [step["status"] for step in mission("show", "--json").json["steps"]]

    mission("run", plan_file(steps["fix"], steps["note"]), "--approve", "--grant", "all")
    mission("rollback")
    assert now() == ["completed", "rolled_back"]
    shown = mission("show").out
    assert "↶   2 note" in shown
    assert "complete: 2 steps, 1 of them rolled back" in shown
    edits = mission("show", "--json").json["edits"]
    undo = edits[-1]["checkpoint_id"]
    assert [(edit["kind"], edit["step_id"], edit["undone_by"]) for edit in edits] == [
        ("edit", "fix", None),
        ("edit", "note", undo),
        ("rollback", "note", None),
    ]
    mission("rollback", undo)
    assert now() == ["completed", "completed"]


def test_a_step_that_was_taken_back_and_run_again_is_completed(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    mission("run", plan_file(steps["fix"], steps["note"]), "--approve", "--grant", "edit:*.py")
    mission("pause")
    mission("rollback")
    assert mission("show", "--json").json["steps"][0]["status"] == "paused"
    mission("resume")
    assert mission("show", "--json").json["steps"][0]["status"] == "completed"


def test_a_failure_that_nobody_explained_is_told_by_its_kind(engine: Engine, failed: str) -> None:
    mission = engine.state(failed)
    unexplained = attrs.evolve(mission, failure=Failure("check", "lint_failed", " \n", "signature"))
    assert standing(unexplained).endswith("at step check (2 of 3): lint failed, and nothing was said of why")


def test_a_mission_that_was_decided_on_and_not_carried_on_is_said_to_be_run_by_nobody_yet(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    mission("run", plan_file(steps["fix"]), "--approve")
    for said in (mission("approve", "--no-run").out, mission("show").out):
        assert "nobody carries it on yet" in said
        assert "gone" not in said
    refused = mission("resume")
    assert refused.status == 7
    assert "legal now: pause, run, stop; nobody runs it now: `mission run" in refused.err


def test_a_refusal_names_what_can_be_typed(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    mission("run", plan_file(steps["fix"]), "--approve")
    refused = mission("retry").err
    assert "a mission that is awaiting approval; legal now: approve, reject, pause, stop\n" in refused
    for word in refused.partition("legal now: ")[2].strip().split(", "):
        assert word in COMMANDS


def test_the_log_is_a_line_for_each_event_and_its_json_holds_the_envelope(
    mission: Type, engine: Engine, failed: str
) -> None:
    recorded = list(engine.events(failed))
    lines = mission("log").out.splitlines()
    assert [int(line.split()[0]) for line in lines] == [entry.sequence for entry in recorded]
    told = [json.loads(line) for line in mission("log", "--json").out.splitlines()]
    assert list(told[0]) == [
        "sequence",
        "type",
        "version",
        "time",
        "mission_id",
        "stage",
        "data",
        "previous_hash",
        "hash",
    ]
    assert [event["hash"] for event in told] == [entry.hash for entry in recorded]
    assert [event["previous_hash"] for event in told[1:]] == [event["hash"] for event in told[:-1]]
    changed = next(event for event in told if event["type"] == "stage_changed")
    assert set(changed["data"]) == {"from", "to", "step_id"}


def test_a_replay_to_the_end_is_what_the_mission_is_now_and_to_an_event_what_it_was(mission: Type, failed: str) -> None:
    now = mission("show", "--json").json
    assert mission("replay", "--json").json == now
    then = mission("replay", "--at", "3", "--json").json
    assert (then["sequence"], then["state"]) == (3, "idle")
    too_far = mission("replay", "--at", now["sequence"] + 1)
    assert (too_far.status, str(now["sequence"]) in too_far.err) == (2, True)


def test_what_verifies_says_how_much_was_looked_at(mission: Type, failed: str) -> None:
    events = mission("show", "--json").json["sequence"]
    assert f"{events} events" in mission("verify").out
    told = mission("verify", "--all", "--json").json["verified"]
    assert [(entry["mission_id"], entry["events"]) for entry in told] == [(failed, events)]


def test_a_head_that_was_kept_is_told_to_be_there_or_the_status_is_8(
    mission: Type, engine: Engine, failed: str
) -> None:
    first, *_, last = (entry.hash for entry in engine.events(failed))
    events = mission("show", "--json").json["sequence"]
    assert f"the one that was kept is there, {events - 1} events before it" in mission("verify", "--head", first).out
    assert f"head {last}, which is the one that was kept" in mission("verify", "--head", last).out
    assert mission("verify", failed, "--head", first, "--json").json["since_head"] == events - 1
    other = mission("verify", "--head", "0" * 64)
    assert (other.status, "none has the hash 000" in other.err) == (8, True)
    assert mission("verify", "--head", "0123").status == 2
    assert mission("verify", "--all", "--head", last).status == 2


def test_a_diagram_is_of_the_lifecycle_or_of_the_mission(mission: Type, failed: str) -> None:
    assert failed not in mission("diagram").out
    assert mission("diagram").out.startswith("stateDiagram-v2") or "stateDiagram-v2" in mission("diagram").out
    assert failed in mission("diagram", failed[:5]).out
    assert "digraph" in mission("diagram", failed, "--format", "dot", "--json").json["diagram"]


def test_the_list_names_every_mission_and_its_workspace(mission: Type, failed: str, workspace: Path) -> None:
    shown = mission("list").out
    for words in (failed, "failed", "greet politely", str(workspace)):
        assert words in shown
    assert mission("list", "-C", workspace.parent).out == ""


def test_stages_and_editors_are_listed_with_where_they_come_from(mission: Type) -> None:
    shown = mission("stages").out
    for words in ("stage edit", "stage test", "editor patch", "touches  read, write", "from     mission-fsm"):
        assert words in shown
    told = mission("stages", "--json").json
    assert {"retrieve", "edit", "test", "repair", "plan"} <= {stage["name"] for stage in told["stages"]}
    assert {"patch", "replace", "write"} <= {editor["name"] for editor in told["editors"]}


def test_the_schema_is_one_json_schema(mission: Type) -> None:
    assert "$schema" in mission("schema").json


def test_nothing_that_looks_changes_a_mission(mission: Type, engine: Engine, failed: str) -> None:
    before = list(engine.events(failed))
    for command in ("show", "diff", "log", "list", "replay", "verify", "diagram"):
        assert mission(command, *([] if command == "list" else [failed])).status == 0
    assert list(engine.events(failed)) == before


def test_grants_are_listed_with_their_uses_and_one_that_is_revoked_says_so(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    plan = plan_file(steps["fix"], steps["note"])
    mission("run", plan, "--approve", "--grant", "edit:greet.py", "--grant", "test -- make check")
    made = mission("show", "--json").json
    edits, tests = made["grants"]
    assert (edits["rule"], edits["used"], edits["revoked_by"]) == ("edit:greet.py", 1, None)
    assert (tests["rule"], tests["used"]) == ("test -- make check", 0)
    assert f"granted   edit:greet.py by {edits['by']}, used 1 time ({edits['grant_id']})" in mission("show").out
    revoked = mission("revoke", made["mission_id"], edits["grant_id"], "--by", "bob", "--json")
    assert (revoked.status, revoked.json["grants"][0]["revoked_by"]) == (0, "bob")
    assert "used 1 time, revoked by bob" in mission("show").out
    assert f"bob revoked {edits['grant_id']} (edit:greet.py)" in mission("log").out
    again = mission("revoke", made["mission_id"], edits["grant_id"])
    assert (again.status, "was revoked already" in again.err) == (7, True)


def test_a_rule_that_was_revoked_is_none_that_was_given(
    mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    plan = plan_file(steps["fix"])
    made = mission("run", plan, "--grant", "edit", "--json").json
    (grant,) = mission("show", "--json").json["grants"]
    assert mission("revoke", made["mission_id"], grant["grant_id"]).status == 0
    again = mission("run", plan, "--json").json
    assert (again["mission_id"], again["state"]) == (made["mission_id"], "idle"), "it is allowed no more than this one"
    done = mission("run", plan, "--approve", "--grant", "edit", "--json")
    assert (done.status, done.json["mission_id"]) == (0, made["mission_id"])
    assert [each["used"] for each in mission("show", made["mission_id"], "--json").json["grants"]] == [0, 1]


def test_what_waits_is_told_with_the_ids_of_the_rules_that_gave_its_risk(
    mission: Type, workspace: Path, plan_file: Callable[..., Path]
) -> None:
    delete = {"step_id": "tidy", "description": "Remove it", "with": {"write": [{"path": "greet.py", "delete": True}]}}
    mission("run", plan_file(delete, approval_timeout="1h"), "--approve")
    pending = mission("show", "--json").json["pending"]
    assert (pending["risk_level"], pending["rules"]) == ("medium", ["deletes"])
    assert pending["expires_at"] is not None
    (workspace / "greet.py").write_text("mine\n")
    assert "has it made anew, and asks again" in mission("show").out
