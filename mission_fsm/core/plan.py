"""Plans: immutable, ordered, resolved, and known by their digest."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen


class Tool(StrEnum):
    """What a stage may touch, and what a scope contract may allow."""

    READ = "read"
    WRITE = "write"
    EXEC = "exec"


@frozen
class ScopeContract:
    """The bounds that every step is held to.

    paths: globs, relative to the workspace; only files that match one may be left changed.
    max_files, max_lines: how many files, and lines added plus removed, the whole mission may change.
    max_time_s: for how many seconds it may be at work; what it waits for people does not count.
    max_tool_calls: how many searches, commands and edits it may make, all together.
    allowed_tools: what its stages may touch.
    """

    paths: tuple[str, ...] = ("**",)
    max_files: int | None = None
    max_lines: int | None = None
    allowed_tools: tuple[Tool, ...] = (Tool.READ, Tool.WRITE, Tool.EXEC)
    max_time_s: int | None = None
    max_tool_calls: int | None = None


@frozen
class Step:
    """One entry of a plan, resolved: its stage is known and all it needs is inlined.

    options: the stage's `with`, as JSON values with defaults filled in; never mutated.
    timeout_s: seconds that one attempt's command may take; None leaves it to the stage.
    max_attempts: how many times the step may be tried.
    """

    step_id: str
    description: str
    stage: str
    options: Mapping[str, object] = field(factory=dict)
    timeout_s: int | None = None
    max_attempts: int = 10


@frozen
class Plan:
    """An immutable, ordered list of steps with a goal and a scope contract, known by its digest.

    digest: SHA-256, hexadecimal, over the canonical JSON (RFC 8785) of everything else here.
    approval_timeout_s: seconds after which a request for approval expires; None for never.
    author_may_approve: whether who makes the mission may approve the plan.
    """

    goal: str
    steps: tuple[Step, ...]
    digest: str
    scope: ScopeContract = ScopeContract()
    assumptions: tuple[str, ...] = ()
    success_criteria: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    approval_timeout_s: int | None = None
    author_may_approve: bool = True
