"""From how a test command ended to a verdict on it.

A test has passed when its exit status is 0 and, where a report or a summary says how many tests there were, there
was at least one and none failed. What could be read wrongly is never read as a pass.
"""

from __future__ import annotations

import hashlib
import re

from attrs import evolve

from mission_fsm.core.outcomes import Failed, Tested
from mission_fsm.core.replies import CommandResult, Report
from mission_fsm.core.text import plain, tail, visible
from mission_fsm.core.verdict.console import read_output
from mission_fsm.core.verdict.junit import read_report
from mission_fsm.core.verdict.tally import Tally
from mission_fsm.errors import BadReport

# What a verdict carries into the journal is bounded; the whole output is an artifact.
_NAMES_KEPT = 100
_NAMES_SHOWN = 5
_NAME_WIDTH = 300
_LINES_SHOWN = 12
_LINES_SIGNED = 20

_KINDS = {"not_found": "command_not_found", "not_started": "command_not_started"}

# What differs from run to run though the failure is the same.
_PASSING = (
    (re.compile(r"(?:/private)?/(?:tmp|var/folders|var/tmp)/[^\s'\":,()\[\]]*"), "<temporary>"),
    (re.compile(r"\btmp[a-z0-9_]{6,}\b"), "<temporary>"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b"), "<hex>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<number>"),
    (re.compile(r"\s+"), " "),
)


def verdict(result: CommandResult, report: str | None = None, *, may_repeat: bool = False) -> Tested | Failed:
    """Whether the tests passed, with counts, the names of those that failed, and a signature of the failure.

    result: how the command ended, with the JUnit reports that it wrote.
    report: the path, or glob, where reports were to be, when they were asked for; none at all is no pass.
    may_repeat: whether another repair attempt could do better.
    """
    if result.kind != "exited":
        problem = result.problem or f"the command ended as {result.kind}"
        kind = _KINDS.get(result.kind, result.kind)
        return Failed(kind, _with_tail(problem, result.output), fingerprint(kind, problem), may_repeat)
    ended = _ended(result)
    try:
        tally = _read_reports(result.reports) if result.reports else read_output(result.output)
    except BadReport as error:
        problem = f"{ended}, but {error}"
        return Failed("bad_report", _with_tail(problem, result.output), fingerprint("bad_report", problem), may_repeat)
    if result.exit_status == 0 and not result.reports and report is not None:
        problem = f"{ended}, but the command did not write the report {visible(report)}"
        return Failed("no_report", problem, fingerprint("no_report", problem), may_repeat)
    success = result.exit_status == 0 and (tally is None or (tally.total > 0 and tally.failed == 0))
    if success:
        return _counted(Tested(success=True, message=_counts(tally) if tally else ended), tally)
    failed = Tested(
        success=False,
        message=_with_tail(_why(tally, ended), result.output),
        signature=_signature(result, tally),
        may_repeat=may_repeat,
    )
    return _counted(failed, tally)


def _read_reports(reports: tuple[Report, ...]) -> Tally:
    """The tally of all of them. Raises BadReport, which names the one that cannot be used."""
    total = Tally(0, 0, 0)
    for report in reports:
        try:
            if report.problem is not None:
                raise BadReport(report.problem)
            total += read_report(report.content)
        except BadReport as error:
            raise BadReport(f"the report {visible(report.path)} cannot be used: {error}") from None
    return total


def fingerprint(*parts: str) -> str:
    """A signature, 16 hexadecimal digits, that is the same where the parts differ only in what passes.

    Numbers, times, addresses, hashes and the paths of temporary folders pass.
    """
    return _digest(*map(_lasting, parts))


def _lasting(text: str) -> str:
    text = plain(text)
    for pattern, word in _PASSING:
        text = pattern.sub(word, text)
    return text.strip()


def _signature(result: CommandResult, tally: Tally | None) -> str:
    if tally is not None and tally.failing:
        return _digest(*sorted(f"{test.name} {test.cause}" for test in tally.failing))
    if tally is not None and tally.total == 0:
        return _digest("no tests", str(result.exit_status))
    return _digest(str(result.exit_status), *map(_lasting, tail(result.output, _LINES_SIGNED)))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _counted(tested: Tested, tally: Tally | None) -> Tested:
    if tally is None:
        return tested
    names = (visible(test.name)[:_NAME_WIDTH] for test in tally.failing[:_NAMES_KEPT])
    return evolve(tested, passed=tally.passed, failed=tally.failed, skipped=tally.skipped, failing=tuple(names))


def _ended(result: CommandResult) -> str:
    if result.exit_status is None:
        return result.problem or "its exit status is not known"
    signal = f" (signal {result.exit_status - 128})" if result.exit_status > 128 else ""
    return f"exit status {result.exit_status}{signal}"


def _counts(tally: Tally) -> str:
    counts = ((tally.passed, "passed"), (tally.failed, "failed"), (tally.skipped, "skipped"))
    return ", ".join(f"{count} {word}" for count, word in counts if count or word == "passed")


def _why(tally: Tally | None, ended: str) -> str:
    if tally is None:
        return ended
    if tally.total == 0:
        return f"no tests were run ({ended})"
    ran = tally.total - tally.skipped
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    if tally.failed == 0:
        return f"{ended}, though none of {ran} tests failed{skipped}"
    names = [visible(test.name)[:_NAME_WIDTH] for test in tally.failing[:_NAMES_SHOWN]]
    more = f" and {tally.failed - len(names)} more" if names and tally.failed > len(names) else ""
    which = f": {', '.join(names)}{more}" if names else ""
    return f"{tally.failed} of {ran} tests failed{skipped} ({ended}){which}"


def _with_tail(sentence: str, output: str) -> str:
    return "\n  ".join((sentence, *tail(output, _LINES_SHOWN)))
