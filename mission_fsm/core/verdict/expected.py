"""The step that shows a fault first: its test has to fail, and to fail as a test does.

A command that could not be started, was ended, or ran no test shows nothing, so it is not the failure that is wanted.
"""

from __future__ import annotations

from attrs import evolve

from mission_fsm.core.outcomes import Failed, Tested
from mission_fsm.core.replies import CommandResult
from mission_fsm.core.text import visible

# With more than that, shells say that a program could not be run, or was ended by a signal.
_LAST_STATUS = 125


def expecting_failure(judged: Tested | Failed, result: CommandResult, report: str | None = None) -> Tested | Failed:
    """The verdict on a test that is expected to fail, from what `verdict` made of the same result and report.

    It is as expected where the command ended by itself with an exit status from 1 to 125 and, where a report or a
    summary counts the tests, at least one failed. A report that was asked for has to be there.
    """
    if isinstance(judged, Failed):
        return judged
    said = judged.message.partition("\n")[0]
    if judged.success:
        return evolve(judged, expect="fail", message=f"the test was expected to fail, and passed: {said}")
    shows_nothing = _why_it_shows_nothing(judged, result, report)
    if shows_nothing is not None:
        return Failed("fault_not_shown", f"the test was expected to fail, but {shows_nothing}: {judged.message}")
    return evolve(judged, expect="fail", message=f"failed as expected: {said}")


def _why_it_shows_nothing(judged: Tested, result: CommandResult, report: str | None) -> str | None:
    if result.exit_status == 0:
        return "the command did not"
    if result.exit_status is None or result.exit_status > _LAST_STATUS:
        return "its command was ended, or could not be run"
    if report is not None and not result.reports:
        return f"its command did not write the report {visible(report)}"
    if judged.failed == 0:
        return "no test did"
    return None
