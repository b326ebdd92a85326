"""The rules of risk: each has a change on which it speaks, and one beside it on which it does not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.changes import Change, ChangeSet, Risk, RiskLevel, Version
from mission_fsm.core.risk import LARGE, LARGE_FILES, LARGE_LINES, RULES, assess

LOW, MEDIUM, HIGH = RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH
KEY = "-----BEGIN RSA PRIVATE KEY-----\n"


class Blobs:
    """What the versions of a change hold, by digest."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def version(self, text: str | bytes | None, mode: int = 0o644, kind: str = "file") -> Version | None:
        if text is None:
            return None
        data = text if isinstance(text, bytes) else text.encode()
        digest = hashlib.sha256(data).hexdigest()
        self.contents[digest] = data
        return Version(kind, mode, digest, len(data))


def _assess(
    path: str,
    before: str | bytes | None,
    after: str | bytes | None,
    *,
    modes: tuple[int, int] = (0o644, 0o644),
    kinds: tuple[str, str] = ("file", "file"),
    binary: bool = False,
    repairs: bool = False,
) -> Risk:
    blobs = Blobs()
    versions = [blobs.version(text, mode, kind) for text, mode, kind in zip((before, after), modes, kinds, strict=True)]
    change = Change(path, versions[0], versions[1], binary=binary)
    return assess(ChangeSet((change,), "digest"), blobs.contents.__getitem__, repairs=repairs)


def test_an_ordinary_change_is_low() -> None:
    assert _assess("src/a.py", "x = 1\n", "x = 2\n") == Risk(LOW)
    assert assess(ChangeSet((), "empty"), lambda _: b"") == Risk(LOW)


# The path, what it was, what it is to be: and the rules that speak.
# fmt: off
CASES: list[tuple[str, str | None, str | None, tuple[str, ...]]] = [
    ("src/a.py",                 "x\n",              None,                          ("deletes",)),
    ("src/a.py",                 None,               "x\n",                         ()),
    (".github/workflows/ci.yml", "a\n",              "b\n",                         ("ci",)),
    (".gitlab-ci.yml",           None,               "b\n",                         ("ci",)),
    ("ci/Jenkinsfile",           "a\n",              "b\n",                         ("ci",)),
    ("docs/github/ci.yml",       "a\n",              "b\n",                         ()),
    ("Makefile",                 "a\n",              "b\n",                         ("build",)),
    ("sub/pyproject.toml",       "a\n",              "b\n",                         ("build",)),
    ("poetry.lock",              "a\n",              "b\n",                         ("build",)),
    ("docs/makefile.md",         "a\n",              "b\n",                         ()),
    ("conf/.env",                "A=1\n",            "A=2\n",                       ("secret-file",)),
    ("conf/server.pem",          None,               "x\n",                         ("secret-file",)),
    ("conf/environment.py",      "A=1\n",            "A=2\n",                       ()),
    ("src/a.py",                 "x\n",              KEY,                           ("secret",)),
    ("src/a.py",                 KEY,                "x\n",                         ()),
    ("src/a.py",                 KEY + "x\n",        KEY + "y\n",                   ()),
    ("src/a.py",                 "x\n",              "api_key = 'abcdefgh12'\n",    ("secret",)),
    ("src/a.py",                 "x\n",              "PASSWORD: \"hunter2hunter\"", ("secret",)),
    ("src/a.py",                 "x\n",              "password = getpass()\n",      ()),
    ("src/a.py",                 "x\n",              "AKIAABCDEFGHIJKLMNOP\n",      ("secret",)),
    ("tests/test_a.py",          "assert a\n",       None,                          ("tests-weakened", "deletes")),
    ("tests/test_a.py",          "assert a\n",       "pass\n",                      ("tests-weakened",)),
    ("tests/test_a.py",          "assert a\n",       "assert b\n",                  ()),
    ("tests/test_a.py",          "x\n",              "@pytest.mark.skip\nx\n",      ("tests-weakened",)),
    ("tests/test_a.py",          "x\n",              "@unittest.skipIf(a)\nx\n",    ("tests-weakened",)),
    ("src/a_test.go",            "t.Error(a)\n",     "\n",                          ("tests-weakened",)),
    ("web/a.spec.ts",            "expect(a)\n",      "it.only(a)\n",                ("tests-weakened",)),
    ("tests/test_a.py",          None,               "@pytest.mark.skip\nx\n",      ()),
    ("tests/test_a.py",          "assert a\n",       "assert a\nassert b\n",        ()),
    ("src/a.py",                 "assert a\n",       "skip\n",                      ()),
]
# fmt: on


@pytest.mark.parametrize(("path", "before", "after", "rules"), CASES)
def test_rules_that_look_at_paths_and_lines(
    path: str, before: str | None, after: str | None, rules: tuple[str, ...]
) -> None:
    assert _assess(path, before, after).rules == rules


@pytest.mark.parametrize(
    ("modes", "speaks"),
    [
        ((0o644, 0o755), True),
        ((0o644, 0o654), True),
        ((0o755, 0o755), False),
        ((0o755, 0o644), False),
        ((0o644, 0o600), False),
    ],
)
def test_a_file_that_becomes_executable_is_high(modes: tuple[int, int], *, speaks: bool) -> None:
    assert _assess("run", "x\n", "y\n", modes=modes) == (Risk(HIGH, ("executable",)) if speaks else Risk(LOW))


def test_a_new_file_that_is_executable_is_high() -> None:
    assert _assess("run", None, "#!/bin/sh\n", modes=(0, 0o755)) == Risk(HIGH, ("executable",))


@pytest.mark.parametrize("kinds", [("file", "symlink"), ("symlink", "file"), ("symlink", "symlink")])
def test_a_symbolic_link_is_high_and_not_also_an_executable(kinds: tuple[str, str]) -> None:
    assert _assess("link", "a", "b", modes=(0o777, 0o777), kinds=kinds) == Risk(HIGH, ("symlink",))


def test_what_cannot_be_read_is_high() -> None:
    assert _assess("logo.png", "a", "b", binary=True) == Risk(HIGH, ("unreadable",))
    assert _assess("notes.txt", "a", b"\xff\xfe") == Risk(HIGH, ("unreadable",))
    assert _assess("notes.txt", b"\xff\xfe", "a") == Risk(HIGH, ("unreadable",))


@pytest.mark.parametrize(("lines", "files"), [(LARGE_LINES + 1, 1), (1, LARGE_FILES + 1)])
def test_a_large_change_is_medium(lines: int, files: int) -> None:
    def risk(lines: int, files: int) -> Risk:
        counts = [lines, *([0] * (files - 1))]
        blobs = Blobs()
        changes = (Change(f"{n}.py", None, blobs.version("x\n"), added=count) for n, count in enumerate(counts))
        return assess(ChangeSet(tuple(changes), "digest"), blobs.contents.__getitem__)

    assert risk(lines, files) == Risk(MEDIUM, ("large",))
    assert risk(min(lines, LARGE_LINES), min(files, LARGE_FILES)) == Risk(LOW)


@pytest.mark.parametrize("path", ["tests/test_a.py", "src/a_test.go", "tests/data/expected.txt"])
def test_a_repair_that_touches_a_test_is_high_however_it_does(path: str) -> None:
    """What found the fault is changed: that may be right, and whoever decides has to look."""
    assert _assess(path, "assert a\n", "assert a\nassert b\n", repairs=True) == Risk(HIGH, ("repairs-tests",))
    assert _assess(path, None, "assert a\n", repairs=True) == Risk(HIGH, ("repairs-tests",))
    assert _assess(path, "assert a\n", "assert a\nassert b\n") == Risk(LOW)
    assert _assess("src/a.py", "a\n", "b\n", repairs=True) == Risk(LOW)


def test_every_rule_is_tried_here_and_explains_itself() -> None:
    tried = {rule for _, _, _, rules in CASES for rule in rules}
    tried |= {"executable", "symlink", "unreadable", "large", "repairs-tests"}
    assert tried == {rule.id for rule in (*RULES, LARGE)}
    assert all(rule.says and rule.level is not LOW for rule in (*RULES, LARGE))


names = st.sampled_from(["src/a.py", "Makefile", ".ci/run", "tests/test_a.py", "a.key"])
texts = st.none() | st.sampled_from(["x\n", "assert a\n", KEY, "skip\n"])


@given(st.lists(st.tuples(names, texts, texts), max_size=4, unique_by=lambda change: change[0]))
def test_the_level_is_the_highest_that_any_rule_gives_to_any_change(
    changes: list[tuple[str, str | None, str | None]],
) -> None:
    blobs = Blobs()
    made = tuple(Change(path, blobs.version(before), blobs.version(after)) for path, before, after in changes)
    risk = assess(ChangeSet(made, "digest"), blobs.contents.__getitem__)
    apart = [_assess(path, before, after) for path, before, after in changes]
    order = [LOW, MEDIUM, HIGH]
    assert order.index(risk.level) == max((order.index(one.level) for one in apart), default=0)
    assert set(risk.rules) == {rule for one in apart for rule in one.rules}
