"""Grants: decisions given in advance, by rule, for one mission, until they are revoked.

A rule is `edit` for diffs, `all` for diffs and commands, or the name of a stage, such as `test`, for what that stage
itself proposes. `edit:GLOB` and `STAGE:GLOB` are for those diffs alone whose every path matches; `STAGE -- WORDS`
and `all -- WORDS` for those commands alone whose first arguments are these words, as a shell reads them. A question
needs an answer, and no rule gives one.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable

from attrs import frozen

from mission_fsm.core.approvals import ApprovalKind, Grant
from mission_fsm.core.globs import matches, problem_with
from mission_fsm.errors import UsageError

_WITHOUT_PATHS = ("all", "test")
_GRANTED = (ApprovalKind.DIFF, ApprovalKind.COMMAND)
_WORDS = " -- "


@frozen
class _Rule:
    """A rule in its parts. glob, words: None where it is not limited by one, or by the first words of a command."""

    name: str
    glob: str | None = None
    words: tuple[str, ...] | None = None


def check_rule(rule: str, stages: Collection[str]) -> None:
    """Raise UsageError where something is wrong with a rule. stages: those of the plan's steps."""
    parts = _parsed(rule)
    if parts.name not in {"edit", *_WITHOUT_PATHS, *stages}:
        others = sorted({*stages} - {"edit", *_WITHOUT_PATHS})
        named = f" ({', '.join(others)})" if others else ""
        raise UsageError(
            f"grant {rule!r} is not one of edit, test, all, a stage of the plan{named}, edit:GLOB, or test -- WORDS"
        )
    if parts.glob is not None and parts.name in _WITHOUT_PATHS:
        raise UsageError(f"grant {rule!r}: {parts.name} takes no glob, as edit does: edit:src/**")
    if parts.words is not None and parts.name == "edit":
        raise UsageError(f"grant {rule!r}: edit is for changes of files, and runs no command")
    if parts.words == ():
        raise UsageError(f"grant {rule!r} names no command: write its first words, as in test -- python -m pytest")
    problem = None if parts.glob is None else problem_with(parts.glob)
    if problem is not None:
        raise UsageError(problem)


def covering(
    grants: Iterable[Grant],
    kind: ApprovalKind,
    stage: str,
    paths: tuple[str, ...] = (),
    argv: tuple[str, ...] = (),
) -> Grant | None:
    """The first grant that stands and covers a request of that kind, by that stage, or None.

    paths, argv: what the request is about: the paths of a change, or the program and arguments of a command.
    """
    standing = (grant for grant in grants if grant.revoked_by is None)
    return next((grant for grant in standing if _covers(_parsed(grant.rule), kind, stage, paths, argv)), None)


def _covers(rule: _Rule, kind: ApprovalKind, stage: str, paths: tuple[str, ...], argv: tuple[str, ...]) -> bool:
    meant = kind is ApprovalKind.DIFF if rule.name == "edit" else rule.name in ("all", stage)
    if not meant or kind not in _GRANTED:
        return False
    if rule.words is not None:
        return bool(rule.words) and argv[: len(rule.words)] == rule.words
    return rule.glob is None or (bool(paths) and all(matches(rule.glob, path) for path in paths))


def _parsed(rule: str) -> _Rule:
    """The parts of a rule: whatever its glob or its words hold, its name ends at the first sign of either."""
    name, colon, glob = rule.partition(":")
    if _WORDS.rstrip() in name:
        name, _, words = f"{rule} ".partition(_WORDS)
        try:
            return _Rule(name, words=tuple(shlex.split(words)))
        except ValueError as error:
            raise UsageError(f"grant {rule!r}: its command cannot be read as a shell would: {error}") from None
    return _Rule(name, glob if colon else None)
