"""Grants: decisions given in advance, by rule.

A rule is `KIND` or `KIND:GLOB`: `edit` for diffs (with a glob, for those whose every path matches it), `test`
for commands, `all` for both. A question needs an answer, and no rule gives one.
"""

from __future__ import annotations

from collections.abc import Iterable

from mission_fsm.core.approvals import ApprovalKind, Grant
from mission_fsm.core.globs import matches, problem_with
from mission_fsm.errors import UsageError

KINDS: dict[str, frozenset[ApprovalKind]] = {
    "edit": frozenset({ApprovalKind.DIFF}),
    "test": frozenset({ApprovalKind.COMMAND}),
    "all": frozenset({ApprovalKind.DIFF, ApprovalKind.COMMAND}),
}


def problem_with_rule(rule: str) -> str | None:
    """What is wrong with a rule, in a sentence, or None."""
    kind, colon, glob = rule.partition(":")
    if kind not in KINDS:
        return f"grant {rule!r} is not one of {', '.join(KINDS)}, or edit:GLOB"
    if colon and kind != "edit":
        return f"grant {rule!r}: only edit takes a glob, as in edit:src/**"
    return problem_with(glob) if colon else None


def check_rule(rule: str) -> None:
    """Raise UsageError where something is wrong with a rule."""
    problem = problem_with_rule(rule)
    if problem is not None:
        raise UsageError(problem)


def covering(grants: Iterable[Grant], kind: ApprovalKind, paths: tuple[str, ...] = ()) -> Grant | None:
    """The first grant whose rule covers a request of that kind about those paths, or None."""
    return next((grant for grant in grants if _covers(grant.rule, kind, paths)), None)


def _covers(rule: str, kind: ApprovalKind, paths: tuple[str, ...]) -> bool:
    name, colon, glob = rule.partition(":")
    if kind not in KINDS[name]:
        return False
    return not colon or (bool(paths) and all(matches(glob, path) for path in paths))
