"""Recognises what pytest, unittest, cargo and go print of a run, for those who write no report."""

from __future__ import annotations

import re
from collections import Counter

from mission_fsm.core.text import plain
from mission_fsm.core.verdict.tally import MOST_NAMED, FailedTest, Tally, cause_in

# === 1 failed, 2 passed, 1 warning in 0.12s ===, with or without the rules around it
_PYTEST = re.compile(
    r"^(?:=+ )?(no tests ran|\d+ [a-z][a-z ]*(?:, \d+ [a-z][a-z ]*)*) in \d+\.\d+s(?: \([\d:, days]+\))?(?: =+)?$",
    re.MULTILINE,
)
_PYTEST_COUNT = re.compile(r"(\d+) ([a-z][a-z ]*)")
_PYTEST_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S*(?:\.py\b|::)[^[\n]*?(?:\[.*?\])?)(?: - (.*))?$", re.MULTILINE)
_PYTEST_WORDS = {
    "passed": "passed",
    "xpassed": "passed",
    "failed": "failed",
    "error": "failed",
    "errors": "failed",
    "skipped": "skipped",
    "xfailed": "skipped",
}

# Ran 3 tests in 0.001s / (blank) / FAILED (failures=1, errors=1, skipped=1)
_UNITTEST = re.compile(r"^Ran (\d+) tests? in [\d.]+s\n\n?(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", re.MULTILINE)
_UNITTEST_COUNT = re.compile(r"([a-z][a-z ]*)=(\d+)")
_UNITTEST_FAILED = re.compile(
    r"^={20,}\n(?:FAIL|ERROR): (.+)\n(?P<body>(?:(?!={20,}$|Ran \d+ tests? in ).*\n)*)", re.MULTILINE
)
_UNITTEST_NAME = re.compile(r"(\w+) \(([\w.<>]+)\)(.*)")

# test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured;", re.MULTILINE)
_CARGO_FAILED = re.compile(r"^test (\S.*?) \.\.\. FAILED$", re.MULTILINE)

# ok  (tab) example.com/pkg (tab) 0.005s, a line for each package; how many tests it had is not told
_GO = re.compile(r"^(?:ok  |FAIL|\?   )\t\S+(?:\t| ).*$", re.MULTILINE)
_GO_NOTHING = ("[no test files]", "[no tests to run]")


def read_output(output: str) -> Tally | None:
    """The tally in the last summary line that a test runner printed, or None where none is recognised.

    cargo prints one for each program that it runs, and they count together. go counts no tests, and is recognised
    where it had none.
    """
    text = plain(output)
    summaries = [(found.start(), found) for pattern in (_PYTEST, _UNITTEST) for found in pattern.finditer(text)]
    if not summaries:
        return _from_cargo(text) or _from_go(text)
    _, last = max(summaries, key=lambda summary: summary[0])
    return _from_pytest(last, text) if last.re is _PYTEST else _from_unittest(last, text)


def _from_pytest(summary: re.Match[str], text: str) -> Tally:
    counts: Counter[str] = Counter()
    for number, word in _PYTEST_COUNT.findall(summary[1]):
        counts[_PYTEST_WORDS.get(word, "other")] += int(number)
    start = text.rfind("short test summary info", 0, summary.start())
    listed = _PYTEST_FAILED.finditer(text, max(start, 0), summary.start())
    failing = tuple(FailedTest(found[1], cause_in(found[2] or "")) for found in listed) if counts["failed"] else ()
    return Tally(counts["passed"], counts["failed"], counts["skipped"], failing)


def _from_unittest(summary: re.Match[str], text: str) -> Tally:
    counts = {word.strip(): int(number) for word, number in _UNITTEST_COUNT.findall(summary[2] or "")}
    failed = counts.get("failures", 0) + counts.get("errors", 0) + counts.get("unexpected successes", 0)
    skipped = counts.get("skipped", 0) + counts.get("expected failures", 0)
    failing = tuple(
        FailedTest(_dotted(found[1]), _last_cause(found["body"]))
        for found in _UNITTEST_FAILED.finditer(text, 0, summary.start())
    )
    # A test that could not even be set up counts as an error and not as run.
    passed = max(int(summary[1]) - failed - skipped, 0)
    return Tally(passed, failed, skipped, failing)


def _from_cargo(text: str) -> Tally | None:
    counts = [tuple(map(int, found)) for found in _CARGO.findall(text)]
    if not counts:
        return None
    passed, failed, ignored, measured = (sum(column) for column in zip(*counts, strict=True))
    failing = tuple(FailedTest(name) for name in _CARGO_FAILED.findall(text)[:MOST_NAMED]) if failed else ()
    return Tally(passed + measured, failed, ignored, failing)


def _from_go(text: str) -> Tally | None:
    packages = _GO.findall(text)
    without_tests = bool(packages) and all(line.endswith(_GO_NOTHING) for line in packages)
    return Tally(0, 0, 0) if without_tests else None


def _dotted(name: str) -> str:
    """`test_x (mod.Case.test_x)`, and `test_x (mod.Case)` as older versions have it, as `mod.Case.test_x`."""
    found = _UNITTEST_NAME.fullmatch(name)
    if found is None:
        return name
    test, place, rest = found.groups()
    return (place if place.endswith(f".{test}") else f"{place}.{test}") + rest


def _last_cause(traceback: str) -> str:
    return next((cause for line in reversed(traceback.splitlines()) if (cause := cause_in(line))), "")
