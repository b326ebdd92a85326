"""Reads a JUnit XML report. It comes from the code under test, so it is not trusted: size and syntax are bounded.

junitparser takes 20 ms to import, so only those who have a report import it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mission_fsm.core.verdict.tally import FailedTest, Tally, cause_in
from mission_fsm.errors import BadReport

if TYPE_CHECKING:
    from junitparser import JUnitXml, TestCase

MAX_REPORT_BYTES = 8 * 1024 * 1024

_DECLARATION = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# What may stand before the root element. A document type would, and it is where entities are defined.
_PROLOG = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ELEMENT = re.compile(r"<[^\W\d]")
# Those that begin with ASCII, in which the declaration could be read.
_ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"})


def read_report(report: bytes) -> Tally:
    """The tally of a report. A test that both fails and is reported skipped has failed. Raises BadReport."""
    if len(report) > MAX_REPORT_BYTES:
        raise BadReport(f"it has {len(report)} bytes, and at most {MAX_REPORT_BYTES} are read")
    root = _parse(_elements(report))
    from junitparser import Error, Failure

    passed = skipped = 0
    failing = []
    for case in _cases(root):
        results = case.result
        failure = next((result for result in results if isinstance(result, Failure | Error)), None)
        if failure is not None:
            cause = failure.type or cause_in(failure.message or failure.text or "")
            failing.append(FailedTest(_name(case), str(cause)))
        elif results:
            skipped += 1
        else:
            passed += 1
    return Tally(passed, len(failing), skipped, tuple(failing))


def _elements(report: bytes) -> str:
    """The report's text from its root element on."""
    declared = _DECLARATION.match(report)
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if encoding not in _ENCODINGS:
        raise BadReport(f"its encoding is {encoding}; write it in UTF-8")
    try:
        text = report.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise BadReport(f"it is not {encoding} at byte {error.start}") from None
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    if not text[start:]:
        raise BadReport("it is empty")
    if text.startswith(("<!DOCTYPE", "<!ENTITY"), start):
        raise BadReport("it has a document type, in which entities could be defined; write it without one")
    if not _ELEMENT.match(text, start):
        raise BadReport("it does not begin with an XML element")
    return text[start:]


def _parse(text: str) -> JUnitXml:
    from junitparser import JUnitXml, JUnitXmlError

    try:
        return JUnitXml.fromstring(text)
    except SyntaxError as error:  # what both XML parsers that it may use raise is one
        raise BadReport(f"it is not well-formed XML: {error.msg}") from None
    except JUnitXmlError:
        raise BadReport("its root element is not testsuites or testsuite") from None


def _cases(root: JUnitXml) -> Iterator[TestCase]:
    """Every test case, however deep the suites are nested."""
    from junitparser import TestCase, TestSuite

    waiting: list[Any] = [root]  # junitparser does not type how it walks
    while waiting:
        suite = waiting.pop()
        yield from suite.iterchildren(TestCase)
        waiting.extend(reversed(list(suite.iterchildren(TestSuite))))


def _name(case: TestCase) -> str:
    return ".".join(part for part in (case.classname, case.name) if part) or "(a test without a name)"
