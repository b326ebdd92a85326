"""Reads a JUnit XML report. It comes from the code under test, so it is not trusted: size and syntax are bounded.

There is no standard for these reports. What runners agree on is read: test cases, at any depth, in a root element
`testsuites` or `testsuite`, each with what went wrong or why it was skipped inside. Numbers that a suite states of
itself can only add failures. A test that was skipped is one: a report of such alone has tests, and none that failed.
A document type is refused, for that is where entities are defined.

No tree is built, so a report takes no more memory than its names.
"""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from attrs import define, field

from mission_fsm.core.text import visible
from mission_fsm.core.verdict.tally import MOST_NAMED, FailedTest, Tally, cause_in
from mission_fsm.errors import BadReport

MAX_REPORT_BYTES = 8 * 1024 * 1024

_FAILURES = frozenset({"failure", "error"})
_SUITES = frozenset({"testsuite", "testsuites"})
# Said of a case that was not run, by runners that write no element `skipped`.
_NOT_RUN = frozenset({"notrun", "disabled"})
# Said of one that failed, by runners that write no element inside.
_FAILED = frozenset({"fail", "failed", "failure", "error"})
# Of a failure's text only the beginning tells its cause.
_TOLD_LENGTH = 1000


def read_report(report: bytes) -> Tally:
    """The tally of a report. A test that both fails and is reported skipped has failed. Raises BadReport."""
    if len(report) > MAX_REPORT_BYTES:
        raise BadReport(f"it has {len(report)} bytes, and at most {MAX_REPORT_BYTES} are read")
    if not report.strip():
        raise BadReport("it is empty")
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = reading.begin
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(report, True)  # noqa: FBT003 - as expat calls it: this is all there is
    except expat.ExpatError as error:
        raise BadReport(f"it is not well-formed XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise BadReport(f"its encoding cannot be read: {error}; write it in UTF-8") from None
    return reading.tally()


def _refuse_document_type(*_: object) -> NoReturn:
    raise BadReport("it has a document type, in which entities could be defined; write it without one")


@define
class _Case:
    """A test case that is being read, or a failure of a suite's own. told: the beginning of a failure's text."""

    name: str
    depth: int
    skipped: bool = False
    failed: bool = False
    cause: str = ""
    told: str = ""


@define
class _Reading:
    """What has been read so far. claimed: the most failures that one suite states of itself."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    claimed: int = 0
    failing: list[FailedTest] = field(factory=list)
    suites: list[str] = field(factory=list)
    case: _Case | None = None
    depth: int = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1 and tag not in _SUITES:
            raise BadReport(f"its root element is {visible(tag)[:50]}, not testsuites or testsuite")
        if tag in _SUITES:
            self.suites.append(attributes.get("name", ""))
            self.claimed = max(self.claimed, _claimed(tag, attributes))
        elif tag == "testcase":
            if self.case is not None:
                raise BadReport(f"the test case {visible(self.case.name)[:100]} has another one inside it")
            status = attributes.get("status", "").lower()
            self.case = _Case(_name(attributes), self.depth, skipped=status in _NOT_RUN, failed=status in _FAILED)
        elif tag in _FAILURES:
            if self.case is None:
                # The suite could not be set up, or torn down.
                self.case = _Case(self.suites[-1] or "(a suite without a name)", self.depth)
            self.case.failed, self.case.told = True, ""
            self.case.cause = self.case.cause or attributes.get("type") or cause_in(attributes.get("message", ""))
        elif tag == "skipped" and self.case is not None:
            self.case.skipped = True

    def end(self, tag: str) -> None:
        if tag in _SUITES:
            self.suites.pop()
        if self.case is not None and tag in _FAILURES:
            self.case.cause = self.case.cause or cause_in(self.case.told)
        if self.case is not None and self.case.depth == self.depth:
            self._count(self.case)
            self.case = None
        self.depth -= 1

    def text(self, data: str) -> None:
        if self.case is not None and self.case.failed and len(self.case.told) < _TOLD_LENGTH:
            self.case.told += data[:_TOLD_LENGTH]

    def tally(self) -> Tally:
        return Tally(self.passed, max(self.failed, self.claimed), self.skipped, tuple(self.failing))

    def _count(self, case: _Case) -> None:
        if case.failed:
            self.failed += 1
            if len(self.failing) < MOST_NAMED:
                self.failing.append(FailedTest(case.name, case.cause))
        elif case.skipped:
            self.skipped += 1
        else:
            self.passed += 1


def _name(attributes: dict[str, str]) -> str:
    parts = (attributes.get("classname"), attributes.get("name"))
    return ".".join(part for part in parts if part) or "(a test without a name)"


def _claimed(tag: str, attributes: dict[str, str]) -> int:
    """How many tests failed, as a suite states it."""
    total = 0
    for key in ("failures", "errors"):
        stated = attributes.get(key, "").strip() or "0"
        # Nobody has as many tests as would need more digits, and reading very long numbers takes long.
        if not (stated.isascii() and stated.isdigit()) or len(stated) > 9:
            raise BadReport(f"its {tag} has the number of {key} {visible(stated)[:50]!r}, which is none")
        total += int(stated)
    return total
