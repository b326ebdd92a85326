"""On a terminal a person is shown what waits, and asked."""

from __future__ import annotations

import signal

from tests.acceptance.desk import Desk, tree_of

MENU = "[a] approve, [r] reject, [l] leave it waiting"
RED, GREEN = "\x1b[31m", "\x1b[32m"


def test_the_plan_and_then_each_change_is_shown_and_approved(desk: Desk) -> None:
    plan = desk.plan(desk.find, desk.edit, desk.check, assumptions=["nobody minds"], risks=["somebody does"])
    terminal = desk.at_terminal("run", plan)
    for shown in ("greet politely", "nobody minds", "somebody does", "by 'Modify'", "Dear", "digest", MENU):
        terminal.sees(shown)
    terminal.types("a")
    for shown in (f"{RED}-    return 'Hey '", f"{GREEN}+    return 'Dear '", "low risk", "digest", MENU, "[p] pause"):
        terminal.sees(shown)
    assert "Hey" in (desk.workspace / "greet.py").read_text()
    terminal.types("approve")
    terminal.sees("complete")
    assert terminal.status() == 0
    assert "Dear" in (desk.workspace / "greet.py").read_text()
    assert "the diff was approved by ada" in desk.run("log").out


def test_a_change_is_rejected_with_a_reason(desk: Desk) -> None:
    before = tree_of(desk.workspace)
    terminal = desk.at_terminal("run", desk.four_steps, "--approve")
    terminal.sees(MENU)
    terminal.types("r")
    terminal.sees("reason")
    terminal.types("not like that")
    assert terminal.status() == 4, terminal.shown
    assert "rejected by ada: not like that" in desk.run("log").out
    assert tree_of(desk.workspace) == before


def test_a_plan_is_rejected_or_left_waiting(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.four_steps)
    terminal.sees(MENU)
    terminal.types("what?")
    terminal.sees(MENU)
    terminal.types("l")
    assert terminal.status() == 3
    terminal = desk.at_terminal("run", desk.only())
    terminal.sees(MENU)
    terminal.types("r")
    terminal.sees("reason")
    terminal.types("no")
    assert terminal.status() == 7


def test_a_gate_can_be_paused_and_ctrl_d_leaves_it_waiting(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.four_steps, "--approve")
    terminal.sees("[p] pause")
    terminal.presses_ctrl_d()
    assert terminal.status() == 3, terminal.shown
    terminal = desk.at_terminal("run", desk.only())
    terminal.sees("[p] pause")
    terminal.types("p")
    assert terminal.status() == 4, terminal.shown
    assert desk.state()["state"] == "paused"


def test_what_was_typed_ahead_decides_no_gate_that_nobody_has_seen(desk: Desk) -> None:
    seen = desk.plans / "seen"
    code = f"import pathlib, time\nprint('deep in it', flush=True)\nwhile not pathlib.Path({str(seen)!r}).exists():\n"
    terminal = desk.at_terminal("run", desk.plan(desk.running(f"{code}    time.sleep(0.01)"), desk.note), "--approve")
    terminal.sees("deep in it")
    terminal.types("approve")
    terminal.sees("approve\r\n")
    seen.touch()
    terminal.sees("[p] pause")
    terminal.types("l")
    assert terminal.status() == 3, terminal.shown
    assert not (desk.workspace / "docs/CHANGES").exists()


def test_an_answer_that_was_not_entered_decides_nothing(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.plan(desk.note), "--approve")
    terminal.sees("[p] pause")
    terminal.types("a", end="\x04\x04")
    assert terminal.status() == 3, terminal.shown
    assert not (desk.workspace / "docs/CHANGES").exists()


def test_ctrl_c_at_a_gate_pauses_and_what_waited_there_waits_on(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.four_steps, "--approve")
    terminal.sees("[p] pause")
    terminal.presses_ctrl_c()
    assert terminal.status() == 4, terminal.shown
    assert desk.state()["state"] == "paused"
    assert desk.run("resume").status == 3


def test_ctrl_c_twice_at_a_gate_stops_and_more_of_them_change_nothing(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.four_steps, "--approve")
    terminal.sees("[p] pause")
    terminal.types("r")
    terminal.sees("reason")
    terminal.presses_ctrl_c()
    terminal.sees("pausing")
    terminal.presses_ctrl_c()
    terminal.sees("stopped")
    terminal.presses_ctrl_c()
    assert terminal.status() == 6, terminal.shown
    assert "Traceback" not in terminal.shown
    assert desk.state()["state"] == "stopped"


def test_ctrl_c_while_the_plan_is_asked_about_leaves_it_waiting_and_twice_stops(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.four_steps)
    terminal.sees(MENU)
    terminal.presses_ctrl_c()
    terminal.sees("leaving the plan to wait")
    assert terminal.status() == 3, terminal.shown
    terminal = desk.at_terminal("run", desk.only())
    terminal.sees(MENU)
    terminal.presses_ctrl_c()
    terminal.sees("Ctrl-C again")
    terminal.presses_ctrl_c()
    assert terminal.status() == 6, terminal.shown


def test_a_terminal_heeds_ctrl_c_where_the_tests_themselves_are_run_in_the_background(desk: Desk) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        terminal = desk.at_terminal("log", "--follow", desk.begin(desk.four_steps, approve=False))
    finally:
        signal.signal(signal.SIGINT, before)
    terminal.sees("mission created")
    terminal.presses_ctrl_c()
    assert terminal.status() == 0, terminal.shown


def test_ctrl_c_while_a_command_runs_pauses_the_mission(desk: Desk) -> None:
    code = "import time\nprint('deep in it', flush=True)\ntime.sleep(600)"
    terminal = desk.at_terminal("run", desk.plan(desk.running(code)), "--approve")
    terminal.sees("deep in it")
    terminal.presses_ctrl_c()
    terminal.sees("pausing")
    assert terminal.status() == 4, terminal.shown
    assert desk.state()["state"] == "paused"


def test_a_question_is_put_and_answered(desk: Desk) -> None:
    ask = {"step_id": "ask", "description": "Clarify the tone", "with": {"choices": ["formal", "warm"]}}
    terminal = desk.at_terminal("run", desk.plan(ask), "--approve")
    terminal.sees("Clarify the tone")
    terminal.sees("[a] answer")
    terminal.types("a")
    terminal.sees("your answer")
    terminal.types("rude")
    terminal.sees("must be one of: formal, warm")
    terminal.sees("[a] answer")
    terminal.types("a")
    terminal.sees("your answer")
    terminal.types("warm")
    assert terminal.status() == 0
    assert "your answer: warm\r\n  the question was approved by ada: warm\r\n" in terminal.shown


def test_a_change_that_no_longer_fits_is_asked_about_again(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.plan(desk.note), "--approve")
    terminal.sees(MENU)
    note = desk.file("docs/CHANGES", "mine\n")
    terminal.types("a")
    terminal.sees("docs/CHANGES appeared")
    terminal.sees("-mine")
    terminal.sees(MENU)
    terminal.types("l")
    assert terminal.status() == 3
    assert note.read_text() == "mine\n"


def test_a_part_of_a_change_and_an_edited_one_are_approved(desk: Desk) -> None:
    both = {**desk.note["with"]["write"][0], "content": "one\n"}, {"path": "docs/MORE", "content": "two\n"}
    plan = desk.plan({**desk.note, "with": {"write": both}}, desk.edit)
    terminal = desk.at_terminal("run", plan, "--approve", env={"VISUAL": "sed -i.bak s/Dear/Sir/"})
    for typed, shown in (("docs/NONE", "no file of the change matches"), ("docs/MORE", "without docs/CHANGES")):
        terminal.sees(f"{MENU}, [p] pause, [s] some of it, [e] edit")
        terminal.types("s")
        terminal.sees("files and hunks")
        terminal.types(typed)
        terminal.sees(shown)
    terminal.sees("[e] edit")
    terminal.types("e")
    assert terminal.status() == 0, terminal.shown
    assert not (desk.workspace / "docs/CHANGES").exists()
    assert (desk.workspace / "docs/MORE").read_text() == "two\n"
    assert "Sir" in (desk.workspace / "greet.py").read_text()


def test_a_change_that_was_decided_elsewhere_is_not_decided_here(desk: Desk) -> None:
    terminal = desk.at_terminal("run", desk.four_steps, "--approve")
    terminal.sees(MENU)
    assert desk.run("reject", "--reason", "mine is better").status == 4
    terminal.types("a")
    assert terminal.status() == 7


def test_nothing_in_a_plan_a_diff_or_an_output_can_act_on_the_terminal(desk: Desk) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e"
    step = {"step_id": "a", "description": f"Modify {evil}", "with": {"write": [{"path": "a", "content": f"{evil}\n"}]}}
    code = f"print({evil!r}); raise SystemExit(1)"
    plan = desk.plan(step, desk.running(code), goal=f"goal {evil}")
    terminal = desk.at_terminal("run", plan)
    for _ in range(2):
        terminal.sees(MENU)
        terminal.types("a")
    assert terminal.status() == 5
    quiet = [desk.run(command).out for command in ("show", "log", "list")]
    at_terminal = [desk.at_terminal(command) for command in ("diff", "output")]
    assert [looking.status() for looking in at_terminal] == [0, 0]
    for shown in (terminal.shown, *quiet, *(looking.shown for looking in at_terminal)):
        assert "owned" in shown
        assert not any(part in shown for part in ("\x1b]0", "\x1b[2J", "\u202e"))


def test_colours_are_off_where_nobody_wants_them(desk: Desk) -> None:
    plan = desk.plan(desk.check)
    terminal = desk.at_terminal("run", plan, "--approve", env={"NO_COLOR": "1"})
    assert terminal.status() == 5
    for colour in (RED, GREEN):
        assert colour not in terminal.shown
    assert "\x1b" not in desk.run("show").out
