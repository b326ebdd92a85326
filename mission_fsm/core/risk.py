"""How risky a change set is: published, deterministic rules. What cannot be looked into is high.

A rule looks at one change and its text before and after; the level of a change set is the highest that any
rule gives, and `low` where none does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from attrs import frozen

from mission_fsm.core.changes import Change, ChangeSet, Risk, RiskLevel, Version
from mission_fsm.core.globs import matches_any

CI_FILES = (
    ".github/**",
    ".gitlab-ci.yml",
    ".circleci/**",
    ".buildkite/**",
    ".ci/**",
    "**/Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".travis.yml",
    ".husky/**",
    ".pre-commit-config.yaml",
)
BUILD_FILES = (
    "**/Makefile",
    "**/CMakeLists.txt",
    "**/Dockerfile*",
    "**/docker-compose*.yml",
    "**/setup.py",
    "**/setup.cfg",
    "**/pyproject.toml",
    "**/requirements*.txt",
    "**/tox.ini",
    "**/noxfile.py",
    "**/conftest.py",
    "**/package.json",
    "**/Cargo.toml",
    "**/go.mod",
    "**/pom.xml",
    "**/build.gradle*",
    "**/*.lock",
    "**/package-lock.json",
)
SECRET_FILES = (
    "**/.env",
    "**/.env.*",
    "**/*.pem",
    "**/*.key",
    "**/id_rsa*",
    "**/id_ed25519*",
    "**/.netrc",
    "**/.pypirc",
)
TEST_FILES = ("**/test_*", "**/*_test.*", "**/*.test.*", "**/*.spec.*", "**/tests/**", "**/test/**", "**/conftest.py")

_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|(?i:\b(?:password|passwd|secret|api_?key|auth_?token|access_?token)\b\s*[:=]\s*['\"][^'\"\s]{8,}['\"])"
)
_ASSERTION = re.compile(r"\bassert|\bexpect\(|\bself\.assert|\bshould\b|\bt\.(?:Error|Fatal)")
_SKIP = re.compile(r"\bskip(?:if|unless)?\b|\bxfail\b|\.only\(|\bdisabled\b|@Ignore", re.IGNORECASE)

LARGE_LINES = 400
LARGE_FILES = 20


@frozen
class Look:
    """One change as a rule sees it: lines that only one side has, and None for text that cannot be read.

    repairs: whether the change is a repair.
    """

    change: Change
    gone: tuple[str, ...] | None
    new: tuple[str, ...] | None
    repairs: bool = False


@frozen
class Rule:
    """A rule: its id stands on the request, `says` explains it to the approver."""

    id: str
    level: RiskLevel
    says: str
    applies: Callable[[Look], bool]


def _turned_executable(look: Look) -> bool:
    before, after = look.change.before, look.change.after
    if after is None or after.kind != "file":
        return False
    return bool(after.mode & 0o111) and not (before is not None and before.mode & 0o111)


def _link(look: Look) -> bool:
    return any(version is not None and version.kind == "symlink" for version in (look.change.before, look.change.after))


def _secret(look: Look) -> bool:
    return any(_SECRET.search(line) for line in look.new or ())


def _weakens_tests(look: Look) -> bool:
    change = look.change
    if not matches_any(TEST_FILES, change.path) or change.before is None:
        return False
    if change.after is None:
        return True
    gone, new = look.gone or (), look.new or ()
    fewer = sum(map(bool, map(_ASSERTION.search, gone))) > sum(map(bool, map(_ASSERTION.search, new)))
    return fewer or any(_SKIP.search(line) for line in new)


# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("unreadable",     RiskLevel.HIGH,   "content that is not text",             lambda look: look.new is None),
    Rule("symlink",        RiskLevel.HIGH,   "a symbolic link",                      _link),
    Rule("executable",     RiskLevel.HIGH,   "a file becomes executable",            _turned_executable),
    Rule("secret",         RiskLevel.HIGH,   "content that looks like a secret",     _secret),
    Rule("secret-file",    RiskLevel.HIGH,   "a file that usually holds secrets",
         lambda look: matches_any(SECRET_FILES, look.change.path)),
    Rule("ci",             RiskLevel.HIGH,   "a file that tells CI what to run",
         lambda look: matches_any(CI_FILES, look.change.path)),
    Rule("tests-weakened", RiskLevel.HIGH,   "a test is deleted, skipped or asserts less", _weakens_tests),
    Rule("repairs-tests",  RiskLevel.HIGH,   "a repair changes a test, and so what found the fault",
         lambda look: look.repairs and matches_any(TEST_FILES, look.change.path)),
    Rule("build",          RiskLevel.MEDIUM, "a file that tells how to build or test",
         lambda look: matches_any(BUILD_FILES, look.change.path)),
    Rule("deletes",        RiskLevel.MEDIUM, "a file is deleted",
         lambda look: look.change.after is None),
)
# fmt: on
LARGE = Rule("large", RiskLevel.MEDIUM, f"over {LARGE_LINES} lines or {LARGE_FILES} files", lambda _: False)


_ORDER = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)


def assess(change_set: ChangeSet, content: Callable[[str], bytes], *, repairs: bool = False) -> Risk:
    """The risk of a change set. content: gives the bytes of a version by digest. repairs: whether it is a repair."""
    looks = [_look(change, content, repairs=repairs) for change in change_set.changes]
    found = [rule for rule in RULES if any(rule.applies(look) for look in looks)]
    if change_set.lines > LARGE_LINES or len(change_set.changes) > LARGE_FILES:
        found.append(LARGE)
    level = max((rule.level for rule in found), key=_ORDER.index, default=RiskLevel.LOW)
    return Risk(level, tuple(rule.id for rule in found))


def _look(change: Change, content: Callable[[str], bytes], *, repairs: bool) -> Look:
    before, after = _lines(change.before, content), _lines(change.after, content)
    if change.binary or before is None or after is None:
        return Look(change, None, None, repairs)
    counted_before, counted_after = Counter(before), Counter(after)
    gone = tuple((counted_before - counted_after).elements())
    new = tuple((counted_after - counted_before).elements())
    return Look(change, gone, new, repairs)


def _lines(version: Version | None, content: Callable[[str], bytes]) -> list[str] | None:
    if version is None:
        return []
    try:
        return content(version.digest).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None
