"""Looking at missions: what people are shown, and what scripts are given. Nothing is changed by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

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
