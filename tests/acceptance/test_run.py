"""A plan runs, step by step, through its gates."""

from __future__ import annotations

from tests.acceptance.desk import Desk, tree_of


def test_an_approved_and_granted_plan_runs_to_its_end(desk: Desk) -> None:
    done = desk.run("run", desk.four_steps, "--approve", "--grant", "all")
    assert done.status == 0
    assert "Dear" in (desk.workspace / "greet.py").read_text()
    assert (desk.workspace / "docs/CHANGES").read_text() == "greets politely\n"
    assert "complete" in done.out


def test_json_is_one_object_with_the_keys_of_the_contract_and_nothing_else_is_said(desk: Desk) -> None:
    done = desk.run("run", desk.four_steps, "--approve", "--grant", "all", "--json")
    assert done.status == 0
    assert done.err == ""
    told = done.json
    keys = "mission_id state plan_digest step_index steps pending failure wants sequence edits grants widened"
    assert list(told) == keys.split()
    assert (told["state"], told["step_index"], told["pending"], told["failure"]) == ("complete", 4, None, None)
    assert told["steps"][1] == {"step_id": "fix", "stage": "edit", "status": "completed", "attempts": 1}
    assert told["sequence"] == len(desk.types())


def test_the_events_of_a_first_edit_come_in_the_order_of_the_contract(desk: Desk) -> None:
    desk.run("run", desk.four_steps, "--approve")
    before = len(desk.types())
    assert desk.types()[2:] == [
        "approval_resolved",
        "mission_started",
        "step_started",
        "stage_changed",
        "retrieval_started",
        "retrieval_completed",
        "step_completed",
        "step_started",
        "stage_changed",
        "checkpoint_created",
        "diff_proposed",
        "approval_requested",
        "execution_paused",
    ]
    desk.run("approve")
    after = ["approval_resolved", "execution_resumed", "checkpoint_secured", "diff_applied", "step_completed"]
    assert desk.types()[before : before + 5] == after


def test_a_plan_that_nobody_approved_waits_idle_with_status_3(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    done = desk.run("run", desk.four_steps, "--json")
    assert done.status == 3
    assert (done.json["state"], done.json["pending"]["kind"]) == ("idle", "plan")
    assert done.json["pending"]["digest"] == done.json["plan_digest"]
    assert tree_of(desk.workspace) == before
    said = desk.run("run", desk.plan(desk.edit, name="other.json"))
    assert said.status == 3
    assert "mission approve" in said.out


def test_each_gate_is_approved_from_the_command_line(desk: Desk) -> None:
    assert desk.run("run", desk.four_steps).status == 3
    first = desk.run("approve", "--json")
    assert first.status == 3
    assert (first.json["pending"]["kind"], first.json["pending"]["risk_level"]) == ("diff", "low")
    assert "Hey" in (desk.workspace / "greet.py").read_text()
    second = desk.run("approve", "--digest", first.json["pending"]["digest"], "--json")
    assert second.status == 3
    assert "Dear" in (desk.workspace / "greet.py").read_text()
    assert [step["status"] for step in second.json["steps"]] == [
        "completed",
        "completed",
        "completed",
        "awaiting_approval",
    ]
    assert desk.run("approve").status == 0


def test_no_run_records_the_decision_and_runs_nothing(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    assert desk.run("approve", "--no-run").status == 0
    assert desk.state()["state"] == "idle"
    assert desk.run("run", desk.only(), "--grant", "edit:**").status == 0


def test_a_grant_decides_only_what_its_glob_matches(desk: Desk) -> None:
    done = desk.run("run", desk.four_steps, "--approve", "--grant", "edit:*.py", "--json")
    assert done.status == 3
    assert done.json["steps"][3]["status"] == "awaiting_approval"


def test_a_rejected_change_pauses_and_is_not_written(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    desk.run("run", desk.four_steps, "--approve")
    done = desk.run("reject", "--reason", "too formal", "--by", "grace", "--json")
    assert done.status == 4
    assert (done.json["state"], done.json["pending"]) == ("paused", None)
    assert tree_of(desk.workspace) == before
    assert "rejected by grace: too formal" in desk.run("log").out
    again = desk.run("retry", "--json")
    assert (again.status, again.json["steps"][1]["attempts"]) == (3, 2)


def test_a_rejected_plan_never_runs(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    assert desk.run("reject", "--reason", "no").status == 0
    refused = desk.run("run", desk.only())
    assert refused.status == 7
    assert "rejected by ada" in refused.err


def test_a_question_is_answered_from_the_command_line(desk: Desk) -> None:
    ask = {"step_id": "ask", "description": "Clarify the tone", "with": {"choices": ["formal", "warm"]}}
    done = desk.run("run", desk.plan(ask), "--approve", "--grant", "all", "--json")
    assert (done.status, done.json["pending"]["kind"]) == (3, "question")
    assert desk.run("approve").status == 7
    assert desk.run("approve", "--answer", "rude").status == 7
    assert desk.run("approve", "--answer", "warm").status == 0


def test_a_step_without_an_edit_is_given_one(desk: Desk) -> None:
    open_step = {"step_id": "fix", "description": "Modify the greeting"}
    done = desk.run("run", desk.plan(open_step), "--approve")
    assert done.status == 4
    assert "mission propose" in done.out
    patch = desk.plans / "fix.patch"
    patch.write_text(desk.patch)
    assert desk.run("propose", "--patch", patch).status == 3
    assert desk.run("approve").status == 0
    assert "Dear" in (desk.workspace / "greet.py").read_text()


def test_a_mission_is_found_by_the_beginning_of_its_id(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    mission_id = desk.only()
    shown = desk.run("show", mission_id[:4], "--json")
    assert (shown.status, shown.json) == (0, desk.state())
    nobody = desk.run("show", "zzzzzzzz")
    assert (nobody.status, "zzzzzzzz" in nobody.err) == (2, True)


def test_a_second_mission_in_the_workspace_is_refused_and_named(desk: Desk) -> None:
    desk.run("run", desk.four_steps, "--approve")
    mission_id = desk.only()
    refused = desk.run("run", desk.plan(desk.edit, name="other.json"), "--approve")
    assert refused.status == 7
    assert mission_id in refused.err
    assert desk.only() == mission_id


def test_missions_are_listed_newest_first(desk: Desk) -> None:
    first = desk.run("run", desk.four_steps, "--json").json["mission_id"]
    second = desk.run("run", desk.plan(desk.edit, name="other.json"), "--json").json["mission_id"]
    told = desk.run("list", "--json").json["missions"]
    assert [mission["mission_id"] for mission in told] == [second, first]
    assert all(mission["state"] == "idle" for mission in told)
    several = desk.run("show")
    assert several.status == 2
    assert f"\n  {first}  idle: greet politely\n" in several.err
    assert f"\n  {second}  idle: greet politely\n" in several.err


def test_a_plan_that_is_run_again_before_it_has_begun_is_the_same_mission(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    first = desk.only()
    again = desk.run("run", desk.four_steps)
    assert (again.status, desk.only()) == (3, first)
    assert f"mission {first} has this plan, and has not begun" in again.err
    assert desk.run("approve", "--no-run").status == 0
    done = desk.run("run", desk.four_steps, "--grant", "all", "--json")
    assert (done.status, done.json["mission_id"], done.err) == (0, first, "")


def test_a_mission_that_was_granted_more_or_that_was_rejected_is_not_the_same(desk: Desk) -> None:
    more = desk.begin(desk.four_steps, approve=False, grants=("all",))
    first = desk.run("run", desk.four_steps, "--json").json["mission_id"]
    assert first != more
    assert desk.run("reject", first, "--reason", "no").status == 0
    assert desk.run("run", desk.four_steps, "--json").json["mission_id"] not in (more, first)
    assert len(desk.missions()) == 3


def test_a_mission_whose_plan_was_rejected_is_not_meant_where_none_is_named(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    rejected = desk.only()
    desk.run("reject", "--reason", "no")
    assert desk.run("show", "--json").json["mission_id"] == rejected
    other = desk.run("run", desk.plan(desk.edit, name="other.json"), "--json").json["mission_id"]
    assert desk.run("show", "--json").json["mission_id"] == other


def test_the_scope_of_a_home_is_its_own(desk: Desk) -> None:
    desk.run("run", desk.four_steps)
    assert desk.run("list", "--home", desk.folder / "elsewhere", "--json").json == {"missions": []}
    assert not (desk.folder / "elsewhere").exists()
