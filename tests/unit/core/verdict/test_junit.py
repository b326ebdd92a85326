"""Reports of tests: what counts in them, what makes one useless, and that nothing in them can do harm."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mission_fsm.core.outcomes import Failed, Tested
from mission_fsm.core.replies import CommandResult, Report
from mission_fsm.core.verdict import verdict
from mission_fsm.core.verdict.junit import read_report
from mission_fsm.core.verdict.tally import MOST_NAMED, FailedTest


def judged(*reports: bytes, exit_status: int = 0) -> Tested | Failed:
    """The verdict on a command that wrote these reports."""
    written = tuple(Report(f"out/{number}.xml", content) for number, content in enumerate(reports))
    return verdict(CommandResult("exited", exit_status, 0.1, "output", reports=written), "out/*.xml")


def counts(tested: Tested | Failed) -> tuple[bool, int | None, int | None, int | None]:
    assert isinstance(tested, Tested), tested
    return tested.success, tested.passed, tested.failed, tested.skipped


# --- what counts


@pytest.mark.parametrize(
    ("inside", "success", "passed", "failed", "skipped"),
    [
        ('<testsuite><testcase name="a"/></testsuite>', True, 1, 0, 0),
        ('<testsuite><testsuite><testcase name="a"/></testsuite><testcase name="b"/></testsuite>', True, 2, 0, 0),
        ('<testcase name="a"/>', True, 1, 0, 0),
        ('<testsuite><testcase name="a"><skipped/></testcase></testsuite>', True, 0, 0, 1),
        ('<testsuite><testcase name="a" status="notrun"/></testsuite>', True, 0, 0, 1),
        ('<testsuite><testcase name="a" status="failed"/></testsuite>', False, 0, 1, 0),
        ('<testsuite><testcase name="a" status="Error"/><testcase status="run"/></testsuite>', False, 1, 1, 0),
        ('<testsuite><testcase name="a"><skipped/><failure/></testcase></testsuite>', False, 0, 1, 0),
        ('<testsuite><testcase name="a"><failure/><error/></testcase></testsuite>', False, 0, 1, 0),
        ('<testsuite><testcase name="a"><error/><system-out>x</system-out></testcase></testsuite>', False, 0, 1, 0),
        ('<testsuite><testcase name="a"><flakyFailure/></testcase></testsuite>', True, 1, 0, 0),
        ('<testsuite><testcase name="a"/><error message="no setup"/></testsuite>', False, 1, 1, 0),
        ('<testsuite failures="1" errors="1"><testcase name="a"/></testsuite>', False, 1, 2, 0),
        ('<testsuite failures="0" errors=""><testcase name="a"/></testsuite>', True, 1, 0, 0),
        ('<testsuite tests="3"/>', False, 0, 0, 0),
        ("", False, 0, 0, 0),
        ("<testsuite>" * 5000 + '<testcase name="a"/>' + "</testsuite>" * 5000, True, 1, 0, 0),
        ("<testsuite><testcase><system-out><![CDATA[<!DOCTYPE>]]></system-out></testcase></testsuite>", True, 1, 0, 0),
    ],
    ids=[
        "one", "nested", "bare", "skipped", "not run", "said to have failed", "said to be in error",
        "skipped and failed", "failed twice", "error", "flaky",
        "the suite's own", "stated", "stated as none", "only a number", "empty", "deep", "html in CDATA",
    ],
)  # fmt: skip
def test_a_report_decides_with_more_than_zero_tests_and_no_failure(
    inside: str,
    success: bool,  # noqa: FBT001 - a parameter of the test
    passed: int,
    failed: int,
    skipped: int,
) -> None:
    assert counts(judged(f"<testsuites>{inside}</testsuites>".encode())) == (success, passed, failed, skipped)


def test_a_failed_test_is_named_by_its_class_and_its_name_with_the_cause_of_its_first_failure() -> None:
    report = """<testsuites><testsuite name="suite">
        <testcase classname="pkg.Case" name="test_a[x y-&quot;1&quot;]"><failure type="ValueError"/></testcase>
        <testcase name="test_b"><failure message="KeyError: 'k'"/><error type="OSError"/></testcase>
        <testcase name="test_c"><failure>  assert 1 == 2</failure></testcase>
        <testcase><error>gone</error></testcase>
        <error message="RuntimeError: no database"/>
    </testsuite></testsuites>"""
    assert read_report(report.encode()).failing == (
        FailedTest('pkg.Case.test_a[x y-"1"]', "ValueError"),
        FailedTest("test_b", "KeyError"),
        FailedTest("test_c", "AssertionError"),
        FailedTest("(a test without a name)", ""),
        FailedTest("suite", "RuntimeError"),
    )


def test_several_reports_count_together_and_one_that_is_useless_makes_all_useless() -> None:
    fine = b'<testsuite><testcase name="a"/></testsuite>'
    bad = b'<testsuite><testcase name="b"><failure/></testcase></testsuite>'
    assert counts(judged(fine, fine, bad)) == (False, 2, 1, 0)
    failed = judged(fine, b"<testsuite>", fine)
    assert isinstance(failed, Failed)
    assert "the report out/1.xml cannot be used: it is not well-formed XML" in failed.message
    unread = (Report("out/0.xml", fine), Report("out/1.xml", problem="it is not a regular file"))
    refused = verdict(CommandResult("exited", 0, 0.1, reports=unread), "out/*.xml")
    assert isinstance(refused, Failed)
    assert refused.message == "exit status 0, but the report out/1.xml cannot be used: it is not a regular file"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "us-ascii", "utf-8-sig", "utf-16", "windows-1252"])
def test_a_report_may_have_any_of_the_usual_encodings(encoding: str) -> None:
    name = "a" if encoding == "us-ascii" else "größe"
    declared = encoding.removesuffix("-sig").upper()
    case = f'<testcase name="{name}"><failure/></testcase>'
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<!-- by hand --><testsuite>{case}</testsuite>'
    tested = judged(text.encode(encoding), exit_status=1)
    assert isinstance(tested, Tested)
    assert tested.failing == (name,)


# --- what makes a report useless


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (b"", "it is empty"),
        (b"   \n", "it is empty"),
        (b"{}", "not well-formed XML"),
        (b"<testsuite><testcase>", "not well-formed XML"),
        (b"<testsuite/><testsuite/>", "not well-formed XML"),
        (b"<html></html>", "its root element is html, not testsuites or testsuite"),
        (b"<testsuite>\xff\xfe</testsuite>", "not well-formed XML"),
        (BOMB.encode() + b"<testsuite>&b;</testsuite>", "document type"),
        (OUTSIDE.encode() + b"<testsuite>&a;</testsuite>", "document type"),
        (b"<!-- a --><?b c?>\n" + BOMB.encode() + b"<testsuite/>", "document type"),
        (f'<?xml version="1.0" encoding="utf-16"?>{BOMB}<testsuite/>'.encode("utf-16"), "document type"),
        (f'<?xml version="1.0" encoding="cp1252"?>{BOMB}<testsuite/>'.encode(), "document type"),
        (b'<?xml version="1.0" encoding="utf-7"?><testsuite/>', "its encoding cannot be read"),
        (b'<?xml version="1.0" encoding="nonsense"?><testsuite/>', "its encoding cannot be read"),
        (b'<?xml version="1.0" encoding="rot13"?><testsuite/>', "its encoding cannot be read"),
        (b"<testsuite>" + b" " * 9_000_000 + b"</testsuite>", "and at most 8388608 are read"),
        (b"<testsuite>&undefined;</testsuite>", "not well-formed XML"),
        (b'<testsuite failures="many"/>', "its testsuite has the number of failures 'many', which is none"),
        (b'<testsuites errors="-1"/>', "its testsuites has the number of errors '-1', which is none"),
        (b'<testsuite failures="\xd9\xa3"/>', "which is none"),
        (b'<testsuite errors="' + b"9" * 100_000 + b'"/>', "which is none"),
        (b'<testsuite><testcase name="a"><testcase/></testcase></testsuite>', "the test case a has another one inside"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_report_that_cannot_be_relied_on_is_a_failure_with_a_sentence(report: bytes, says: str) -> None:
    failed = judged(report)
    assert isinstance(failed, Failed)
    assert failed.kind == "bad_report"
    assert says in failed.message
    assert "the report out/0.xml cannot be used" in failed.message
    assert len(failed.message) < 500


# --- that nothing in one can do harm


@pytest.mark.parametrize(
    "report",
    [
        b"<testsuite>" + b"<testcase/>" * 90_000 + b"</testsuite>",
        b"<testsuite>" + b"<a>" * 120_000 + b"</a>" * 120_000 + b"</testsuite>",
        b'<testsuite><testcase name="' + b"n" * 8_000_000 + b'"/></testsuite>',
        b"<testsuite><testcase><failure>" + b"x\n" * 4_000_000 + b"</failure></testcase></testsuite>",
        b"<testsuite>" + b"<testcase><failure/></testcase>" * 30_000 + b"</testsuite>",
        b"<testsuite " + b" ".join(b'a%d="1"' % n for n in range(80_000)) + b"><testcase/></testsuite>",
    ],
    ids=["cases", "depth", "a name", "a failure's text", "failures", "attributes"],
)
def test_a_report_of_much_takes_little_memory(report: bytes) -> None:
    tracemalloc.start()
    try:
        tally = read_report(report)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tally.failing) <= MOST_NAMED
    assert peak_bytes < 32 * 1024 * 1024


TAGS = ("testsuites", "testsuite", "testcase", "failure", "error", "skipped", "properties", "system-out")
NAMES = ("name", "classname", "tests", "failures", "errors", "type", "message", "status")
TEXTS = st.sampled_from(["", "a", "1", "0", "-1", "&amp;", "ValueError: x", "9" * 30, "\u00fc", "]]&gt;"])
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=3).map(
    lambda values: "".join(f' {name}="{value}"' for name, value in values.items())
)
XML = st.recursive(
    TEXTS | st.sampled_from(["<!DOCTYPE x>", "<![CDATA[<]]>", "<!-- c -->", "<?p i?>", "<", "&b;"]),
    lambda inner: st.tuples(st.sampled_from(TAGS), ATTRIBUTES, st.lists(inner, max_size=4)).map(
        lambda parts: f"<{parts[0]}{parts[1]}>{''.join(parts[2])}</{parts[0]}>"
    ),
    max_leaves=30,
)


@given(st.binary(max_size=300) | XML.map(str.encode), st.integers(min_value=0, max_value=255))
def test_any_report_gets_a_verdict_and_none_passes_that_says_of_a_failure(report: bytes, exit_status: int) -> None:
    result = judged(report, exit_status=exit_status)
    event(type(result).__name__)
    assert result.message
    assert "\x1b" not in result.message
    if isinstance(result, Tested) and result.success:
        assert exit_status == 0
        assert b"<testcase" in report
        assert b"<failure" not in report
        assert b"<error" not in report
    else:
        assert result.signature


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=200))
def test_a_report_that_is_cut_short_or_broken_never_passes(junk: bytes, at: int) -> None:
    whole = b'<testsuite tests="2"><testcase name="a"/><testcase name="b"><failure>x</failure></testcase></testsuite>'
    broken = whole[:at] + junk
    result = judged(broken)
    if isinstance(result, Tested) and result.success:
        assert b"<testcase" in junk
