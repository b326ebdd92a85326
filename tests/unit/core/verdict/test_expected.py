"""The step that shows a fault first: which failures are the one that is wanted."""

from __future__ import annotations

import pytest

from mission_fsm.core.outcomes import Failed, Tested
from mission_fsm.core.replies import CommandResult, Report
from mission_fsm.core.verdict import expecting_failure, verdict

FAILING = b'<testsuite><testcase name="a"><failure/></testcase><testcase name="b"/></testsuite>'
PASSING = b'<testsuite><testcase name="a"/></testsuite>'


def judged(
    exit_status: int | None, output: str = "", *, kind: str = "exited", report: bytes | None = None, asked: bool = False
) -> Tested | Failed:
    reports = (Report("r.xml", report),) if report is not None else ()
    result = CommandResult(kind, exit_status, 0.1, output, reports=reports)
    path = "r.xml" if asked or reports else None
    return expecting_failure(verdict(result, path), result, path)


@pytest.mark.parametrize(
    ("exit_status", "output", "report", "message"),
    [
        (1, "error: no rule\n", None, "failed as expected: exit status 1"),
        (125, "", None, "failed as expected: exit status 125"),
        (1, "1 failed, 2 passed in 0.10s\n", None, "failed as expected: 1 of 3 tests failed (exit status 1)"),
        (1, "1 error in 0.10s\n", None, "failed as expected: 1 of 1 tests failed (exit status 1)"),
        (1, "", FAILING, "failed as expected: 1 of 2 tests failed (exit status 1): a"),
    ],
)
def test_a_command_that_fails_as_a_test_does_is_as_expected(
    exit_status: int, output: str, report: bytes | None, message: str
) -> None:
    tested = judged(exit_status, output, report=report)
    assert isinstance(tested, Tested)
    assert (tested.success, tested.expect, tested.message) == (False, "fail", message)
    assert tested.signature


def test_a_test_that_passes_is_told() -> None:
    tested = judged(0, "3 passed in 0.10s\n")
    assert isinstance(tested, Tested)
    assert (tested.success, tested.expect) == (True, "fail")
    assert tested.message == "the test was expected to fail, and passed: 3 passed"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"exit_status": 5, "output": "no tests ran in 0.01s\n"}, "but no test did: no tests were run"),
        ({"exit_status": 2, "output": "3 passed in 0.01s\n"}, "but no test did: exit status 2, though none of 3"),
        ({"exit_status": 1, "report": PASSING}, "but no test did"),
        ({"exit_status": 0, "report": FAILING}, "but the command did not: 1 of 2 tests failed"),
        ({"exit_status": 1, "asked": True}, "but its command did not write the report r.xml: exit status 1"),
        ({"exit_status": 126}, "but its command was ended, or could not be run: exit status 126"),
        ({"exit_status": 127, "output": "sh: pytset: not found\n"}, "could not be run: exit status 127"),
        ({"exit_status": 137}, "its command was ended, or could not be run: exit status 137 (signal 9)"),
        ({"exit_status": 139, "report": FAILING}, "its command was ended, or could not be run"),
        ({"exit_status": None}, "its command was ended, or could not be run: its exit status is not known"),
    ],
)
def test_a_failure_that_shows_no_fault_is_not_the_expected_one(given: dict[str, object], says: str) -> None:
    failed = judged(**given)  # type: ignore[arg-type]
    assert isinstance(failed, Failed)
    assert failed.kind == "fault_not_shown"
    assert failed.message.startswith("the test was expected to fail, but ")
    assert says in failed.message


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"exit_status": None, "kind": "not_found"}, "command_not_found"),
        ({"exit_status": None, "kind": "not_started"}, "command_not_started"),
        ({"exit_status": 143, "kind": "timed_out"}, "timed_out"),
        ({"exit_status": 1, "report": b"<testsuite>"}, "bad_report"),
        ({"exit_status": 0, "asked": True}, "no_report"),
    ],
)
def test_a_command_that_did_not_run_to_its_end_or_whose_report_is_useless_is_a_failure_as_ever(
    given: dict[str, object], kind: str
) -> None:
    failed = judged(**given)  # type: ignore[arg-type]
    assert isinstance(failed, Failed)
    assert failed.kind == kind
