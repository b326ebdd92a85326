"""The stage `test`: the command that it asks for, and what it makes of the result. Verdicts have their own tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import CommandResult, Failed, RunCommand, Step, Tested
from mission_fsm.testing.context import StageProbe
from stages.test import Test, TestOptions

Make = Callable[..., StageProbe]


def test_the_command_is_asked_for_as_the_options_and_the_step_say(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    options = TestOptions(run=("make", "check"), cwd="sub", env={"CI": "1"}, report="out/report.xml")
    step = Step("check", "Run the tests", "test", timeout_s=30)
    probe = make_probe(make_workspace({}), options=options, step=step)
    assert Test().run(probe) == RunCommand(
        ("make", "check"), purpose="test", cwd="sub", env={"CI": "1"}, timeout_s=30, report="out/report.xml"
    )


def test_a_step_without_a_timeout_has_ten_minutes(make_workspace: Callable[..., Path], make_probe: Make) -> None:
    request = Test().run(make_probe(make_workspace({}), options=TestOptions(run=("true",))))
    assert isinstance(request, RunCommand)
    assert request.timeout_s == 600


def test_the_result_is_judged(make_workspace: Callable[..., Path], make_probe: Make) -> None:
    def judged(result: CommandResult, **options: Any) -> object:
        probe = make_probe(folder, options=TestOptions(run=("true",), **options), reply=result)
        return Test().run(probe)

    folder = make_workspace({})
    passed = judged(CommandResult("exited", 0, 0.1, "3 passed in 0.10s"))
    assert passed == Tested(success=True, message="3 passed", passed=3, failed=0, skipped=0)
    missing = judged(CommandResult("exited", 0, 0.1, "3 passed in 0.10s"), report="report.xml")
    assert isinstance(missing, Failed)
    assert missing.kind == "no_report"


def test_a_step_that_names_no_command_asks_for_the_one_that_the_workspace_speaks_for(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    folder = make_workspace({"java/pom.xml": ""})
    step = Step("check", "Run the tests", "test", timeout_s=30)
    request = Test().run(make_probe(folder, options=TestOptions(cwd="java", env={"CI": "1"}), step=step))
    assert request == RunCommand(
        ("mvn", "--batch-mode", "test"),
        purpose="test",
        cwd="java",
        env={"CI": "1"},
        timeout_s=30,
        report="java/**/target/surefire-reports/*.xml",
        reason="maven: pom.xml is there",
    )
    (folder / "java/pom.xml").unlink()
    (folder / "java/Makefile").write_text("test:\n")
    request = Test().run(make_probe(folder, options=TestOptions(cwd="java", report="r.xml"), step=step))
    assert isinstance(request, RunCommand)
    assert (request.argv, request.report) == (("make", "test"), "r.xml")


def test_a_report_that_was_only_found_is_not_missed_where_it_is_not_there(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    passed = CommandResult("exited", 0, 0.1, "BUILD SUCCESSFUL")
    judged = Test().run(make_probe(make_workspace({"gradlew": ""}), options=TestOptions(), reply=passed))
    assert judged == Tested(success=True, message="exit status 0")


def test_where_no_command_is_named_or_found_the_step_says_what_to_write(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    failed = Test().run(make_probe(make_workspace({"a.txt": ""}), options=TestOptions()))
    assert isinstance(failed, Failed)
    assert failed.kind == "no_test_command"
    assert "signs of pytest, tox, nox, " in failed.message
    assert failed.message.endswith("name it in the plan, as in with: {run: [python, -m, unittest]}")


def test_a_step_that_expects_a_failure_is_judged_by_that(make_workspace: Callable[..., Path], make_probe: Make) -> None:
    folder = make_workspace({})
    options = TestOptions(run=("true",), expect="fail")
    for status, success in ((0, True), (1, False)):
        tested = Test().run(make_probe(folder, options=options, reply=CommandResult("exited", status, 0.1)))
        assert isinstance(tested, Tested)
        assert (tested.success, tested.expect) == (success, "fail")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"run": "pytest -q tests"}, r"run: a command is a list of words, as in \[pytest, -q, tests\]; no shell"),
        ({"run": 5}, "run: expected a list of words"),
        ({"run": ["sleep", 5]}, "run: every word of a command is text, found 5: put it in quotes"),
        ({"run": ["", "a"]}, "run: the first word of a command is its program, found an empty one"),
        ({"run": ["a"], "cwd": "../x"}, r"cwd: path '\.\./x' leads out of its folder"),
        ({"run": ["a"], "cwd": "/etc"}, "cwd: path '/etc' is absolute"),
        ({"run": ["a"], "report": "/etc/r.xml"}, "report: path '/etc/r.xml' is absolute"),
        ({"run": ["a"], "report": "out/a**.xml"}, "report: glob 'out/a\\*\\*.xml': \\*\\* stands for whole parts"),
        ({"run": ["a"], "report": "."}, "report: path '.' has an empty part"),
        ({"run": ["a"], "env": {"A=B": "c"}}, "env: 'A=B' cannot be the name of a variable"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        TestOptions(**options)
