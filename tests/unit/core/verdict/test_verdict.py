"""Verdicts on test commands: on real runs of pytest and unittest, and on reports that others wrote."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.outcomes import Failed, Tested
from mission_fsm.core.replies import CommandResult, Report
from mission_fsm.core.verdict import fingerprint, verdict

Run = Callable[..., CommandResult]

PASSING = "def test_one():\n    assert 1 + 1 == 2\n"
MIXED = """
import pytest

def test_passes(): pass

def test_compares(): assert 1 == 2

@pytest.mark.parametrize("text", ["a b", "c - d"])
def test_raises(text): raise ValueError(text)

@pytest.mark.skip
def test_skipped(): pass

@pytest.fixture
def broken(): raise OSError("no fixture")

def test_errs(broken): pass
"""
UNITTEST = """
import unittest

class CaseSuite(unittest.TestCase):
    def test_passes(self): pass
    def test_compares(self): self.assertEqual(1, 2)
    def test_raises(self):
        "It has a docstring."
        raise KeyError("x")
    @unittest.skip("later")
    def test_skipped(self): pass
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs Python with these arguments on a file of tests, and tells how that ended."""

    def run(source: str, *arguments: str, report: str | None = None) -> CommandResult:
        (tmp_path / "test_it.py").write_text(source)
        ended = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        reports = (Report(report, (tmp_path / report).read_bytes()),) if report else ()
        return CommandResult("exited", ended.returncode, 0.1, ended.stdout.decode(), reports=reports)

    return run


PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


# --- pytest and unittest, as they print


def test_a_run_in_which_everything_passes_is_a_success(run: Run) -> None:
    assert verdict(run(PASSING, *PYTEST)) == Tested(success=True, message="1 passed", passed=1, failed=0, skipped=0)


@pytest.mark.parametrize("style", [(), ("-vv", "--tb=short", "-rA", "--color=yes")], ids=["quiet", "loud"])
def test_counts_and_names_are_read_from_what_pytest_prints(style: tuple[str, ...], run: Run) -> None:
    tested = verdict(run(MIXED, *PYTEST, *style))
    assert isinstance(tested, Tested)
    assert (tested.success, tested.passed, tested.failed, tested.skipped) == (False, 1, 4, 1)
    assert sorted(tested.failing) == [
        "test_it.py::test_compares",
        "test_it.py::test_errs",
        "test_it.py::test_raises[a b]",
        "test_it.py::test_raises[c - d]",
    ]
    assert tested.message.startswith("4 of 5 tests failed, 1 skipped (exit status 1): test_it.py::test_")
    assert "\x1b" not in tested.message


def test_counts_and_names_are_read_from_what_unittest_prints(run: Run) -> None:
    tested = verdict(run(UNITTEST, "-m", "unittest", "test_it"))
    assert isinstance(tested, Tested)
    assert (tested.success, tested.passed, tested.failed, tested.skipped) == (False, 1, 2, 1)
    assert sorted(tested.failing) == ["test_it.CaseSuite.test_compares", "test_it.CaseSuite.test_raises"]


@pytest.mark.parametrize("arguments", [PYTEST, ("-m", "unittest", "test_it"), (*PYTEST, "-k", "nothing_has_this_name")])
def test_a_run_of_no_tests_is_never_a_success(arguments: tuple[str, ...], run: Run) -> None:
    """Whatever its exit status: unittest has 0 for it in some versions."""
    source = "" if "-k" not in arguments else PASSING
    tested = verdict(run(source, *arguments))
    assert isinstance(tested, Tested)
    assert not tested.success
    assert tested.message.startswith("no tests were run")


def test_failures_that_the_exit_status_hides_are_no_success() -> None:
    result = CommandResult("exited", 0, 0.1, "FAILED test_it.py::test_a - assert 1\n1 failed, 2 passed in 0.10s\n")
    tested = verdict(result)
    assert isinstance(tested, Tested)
    assert (tested.success, tested.failed, tested.failing) == (False, 1, ("test_it.py::test_a",))


def test_the_last_summary_counts_where_there_are_several() -> None:
    output = "1 failed in 0.10s\n" + "=" * 20 + "\nRan 3 tests in 0.001s\n\nOK (skipped=1)\n"
    tested = verdict(CommandResult("exited", 0, 0.1, output))
    assert tested == Tested(success=True, message="2 passed, 1 skipped", passed=2, failed=0, skipped=1)


CARGO = """
running 3 tests
test tests::adds ... ok
test tests::takes_away ... FAILED
test tests::slow ... ignored

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests calculator

running 2 tests
test src/lib.rs - add (line 3) ... FAILED
test src/lib.rs - sub (line 9) ... ok

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.52s
"""
CARGO_NOTHING = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n"


def test_what_cargo_prints_of_several_programs_counts_together() -> None:
    tested = verdict(CommandResult("exited", 101, 0.1, CARGO))
    assert isinstance(tested, Tested)
    assert (tested.success, tested.passed, tested.failed, tested.skipped) == (False, 2, 2, 1)
    assert tested.failing == ("tests::takes_away", "src/lib.rs - add (line 3)")


@pytest.mark.parametrize(
    "output",
    [
        CARGO_NOTHING + CARGO_NOTHING,
        "?   \texample.com/a\t[no test files]\n",
        "?   \texample.com/a\t[no test files]\nok  \texample.com/b\t0.004s [no tests to run]\n",
    ],
    ids=["cargo", "go, no files", "go, none to run"],
)
def test_a_run_of_cargo_or_go_without_tests_is_no_success_though_its_exit_status_is_0(output: str) -> None:
    tested = verdict(CommandResult("exited", 0, 0.1, output))
    assert isinstance(tested, Tested)
    assert not tested.success
    assert tested.message.startswith("no tests were run")


def test_go_counts_no_tests_and_is_judged_by_its_exit_status() -> None:
    output = "?   \texample.com/a\t[no test files]\nok  \texample.com/b\t(cached)\n"
    assert verdict(CommandResult("exited", 0, 0.1, output)) == Tested(success=True, message="exit status 0")
    output += "--- FAIL: TestX (0.00s)\nFAIL\texample.com/c\t0.003s\nFAIL\texample.com/d [build failed]\nFAIL\n"
    tested = verdict(CommandResult("exited", 1, 0.1, output))
    assert isinstance(tested, Tested)
    assert (tested.success, tested.failed) == (False, None)


@pytest.mark.parametrize("exit_status", [0, 1, 2, 143])
def test_without_a_report_or_a_summary_the_exit_status_decides(exit_status: int) -> None:
    tested = verdict(CommandResult("exited", exit_status, 0.1, "building\n\n----\nerror: no rule\n"))
    assert isinstance(tested, Tested)
    assert (tested.success, tested.passed, tested.failed, tested.skipped) == (exit_status == 0, None, None, None)
    assert ("error: no rule" in tested.message) == (exit_status != 0)
    assert ("signal 15" in tested.message) == (exit_status == 143)


# --- reports


def test_a_report_of_pytest_says_the_same_as_its_console(run: Run) -> None:
    result = run(MIXED, *PYTEST, "--junitxml=report.xml", report="report.xml")
    tested = verdict(result, "report.xml")
    assert isinstance(tested, Tested)
    assert (tested.success, tested.passed, tested.failed, tested.skipped) == (False, 1, 4, 1)
    assert tested.failing == (
        "test_it.test_compares",
        "test_it.test_raises[a b]",
        "test_it.test_raises[c - d]",
        "test_it.test_errs",
    )


def test_a_report_that_was_not_written_is_no_success() -> None:
    failed = verdict(CommandResult("exited", 0, 0.1, "3 passed in 0.10s"), "report.xml")
    assert isinstance(failed, Failed)
    assert (failed.kind, "did not write the report report.xml" in failed.message) == ("no_report", True)


def test_a_command_that_failed_is_judged_by_its_output_where_its_report_is_missing() -> None:
    tested = verdict(CommandResult("exited", 1, 0.1, "ImportError: no module\n1 error in 0.10s\n"), "report.xml")
    assert isinstance(tested, Tested)
    assert (tested.success, tested.failed) == (False, 1)


# --- commands that did not come to an end of their own


@pytest.mark.parametrize(
    ("kind", "failure"),
    [("not_found", "command_not_found"), ("not_started", "command_not_started"), ("timed_out", "timed_out")],
)
def test_a_command_that_did_not_run_to_its_end_says_why(kind: str, failure: str) -> None:
    result = CommandResult(kind, None, 1.0, "so far\n", problem="pytset was not found on PATH")
    failed = verdict(result, may_repeat=True)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.may_repeat) == (failure, True)
    assert failed.message == "pytset was not found on PATH\n  so far"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("the process that watches over the command was killed, and so the command was ended", None),
        (None, "its exit status is not known"),
    ],
)
def test_a_command_without_an_exit_status_has_failed_and_says_what_is_known(
    problem: str | None, said: str | None
) -> None:
    passing = CommandResult("exited", None, 1.0, "2 passed in 0.10s\n", problem=problem)
    silent = CommandResult("exited", None, 1.0, "so far\n", problem=problem)
    for result, added in ((passing, ", though none of 2 tests failed"), (silent, "")):
        tested = verdict(result)
        assert isinstance(tested, Tested)
        assert not tested.success
        assert tested.message == f"{said or problem}{added}\n  {result.output.strip()}"


# --- signatures


def test_the_same_failure_has_the_same_signature_from_run_to_run(run: Run) -> None:
    """Times, addresses and folders differ; the failure does not."""
    source = "import tempfile, time\ndef test_a(): assert object() == tempfile.mkdtemp(), time.time()\n"
    first, second = (verdict(run(source, *PYTEST)) for _ in range(2))
    assert first.signature
    assert first.signature == second.signature


def test_another_failure_has_another_signature() -> None:
    """Another test, another exception, one more test: on the console as in a report."""
    failing = [
        [("a", "ValueError")],
        [("a", "KeyError")],
        [("b", "ValueError")],
        [("a", "ValueError"), ("b", "ValueError")],
        [],
    ]
    signatures: set[str] = set()
    for pairs in failing:
        lines = [f"FAILED t.py::{name} - {cause}: {len(signatures)}\n" for name, cause in pairs]
        output = "".join(lines) + (f"{len(lines)} failed in 0.10s" if lines else "no tests ran in 0.10s")
        signatures.add(verdict(CommandResult("exited", 1, 0.1, output)).signature)
    for pairs in failing:
        cases = [f'<testcase name="{name}"><failure message="{cause}: 1"/></testcase>' for name, cause in pairs]
        report = f"<testsuite>{''.join(cases)}</testsuite>".encode()
        result = CommandResult("exited", 1, 0.1, reports=(Report("report.xml", report),))
        signatures.add(verdict(result, "report.xml").signature)
    # No test is no test, wherever it is said.
    assert len(signatures) == 2 * len(failing) - 1


def test_a_signature_without_named_tests_passes_over_what_passes() -> None:
    def signature(output: str, exit_status: int = 2) -> str:
        return verdict(CommandResult("exited", exit_status, 0.1, output)).signature

    first = signature("at 0x7fc6569a in /tmp/build-a1b2/x.c:12, took 1.25s at 12:30:59\nerror 3f9a8b7c6d5e: no rule\n")
    again = signature("at 0x55aa00ff in /tmp/build-zz99/y.c:7,  took 0.75s at 01:02:03\nerror aa9a8b7c6d51: no rule\n")
    assert first == again
    assert signature("error: no rule\n") != signature("error: no such rule\n")
    assert signature("error: no rule\n") != signature("error: no rule\n", exit_status=3)


@given(st.text(), st.integers(min_value=0), st.integers(min_value=0))
def test_a_fingerprint_passes_over_numbers(text: str, first: int, second: int) -> None:
    assert fingerprint(text, f"line {first}") == fingerprint(text, f"line {second}")


# --- whatever a command may print or write


@given(st.text() | st.text(alphabet="=0123456789 failedpassin.s\nRunFAILED()\x1b[m"))
def test_any_output_gets_a_verdict(output: str) -> None:
    result = verdict(CommandResult("exited", 1, 0.1, output), "report.xml")
    assert result.message
    assert result.signature
    assert "\x1b" not in result.message


def test_what_goes_into_the_journal_is_bounded() -> None:
    cases = "".join(f'<testcase name="{"n" * 5000}{number}"><failure/></testcase>' for number in range(500))
    reports = (Report("report.xml", f"<testsuite>{cases}</testsuite>".encode()),)
    result = CommandResult("exited", 1, 0.1, "x" * 100_000 + "\n" * 10_000, reports=reports)
    tested = verdict(result, "report.xml")
    assert isinstance(tested, Tested)
    assert tested.failed == 500
    assert len(tested.failing) == 100
    assert sum(map(len, tested.failing)) + len(tested.message) < 40_000
