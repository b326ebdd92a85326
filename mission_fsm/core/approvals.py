"""What is asked of people, and what they have decided in advance."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from mission_fsm.core.changes import RiskLevel


class ApprovalKind(StrEnum):
    """What a request for a decision is about."""

    PLAN = "plan"
    DIFF = "diff"
    COMMAND = "command"
    QUESTION = "question"
    SCOPE = "scope"


@frozen
class Request:
    """A request for a decision that is waiting.

    digest: SHA-256 of exactly what the decision covers.
    expires_at: RFC 3339 time after which it may no longer be decided, or None.
    """

    approval_id: str
    kind: ApprovalKind
    digest: str
    summary: str
    step_id: str | None = None
    risk_level: RiskLevel | None = None
    rules: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    expires_at: str | None = None


@frozen
class Grant:
    """A decision given in advance by rule, such as `test`, `edit:src/**` or `test -- python -m pytest`.

    used: how many requests it has decided. revoked_by: who took it back, or None while it stands.
    """

    grant_id: str
    rule: str
    by: str
    used: int = 0
    revoked_by: str | None = None
