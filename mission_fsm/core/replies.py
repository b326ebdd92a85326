"""What a stage is told: about its commands, and about what came of its last request."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from mission_fsm.core.outcomes import FileEdit


class Interrupted(StrEnum):
    """What to do with a stage's command that was under way when its runner died."""

    RUN_AGAIN = "run_again"
    ASK = "ask"


@frozen
class CommandSpec:
    """A command to be run, exactly.

    argv: program and arguments; run without a shell.
    cwd: folder below the workspace, `.` for the workspace itself.
    env: variables set in addition to the clean environment's.
    timeout_s: seconds after which it is ended.
    report: path, or glob, of the JUnit XML reports that the command writes, relative to the workspace.
    isolated: whether it is run in a copy of the workspace.
    sandbox: `auto` for one where it can be made, `required` to run in one or not at all, or `off`.
    network: whether it reaches the network from there.
    """

    argv: tuple[str, ...]
    cwd: str = "."
    env: Mapping[str, str] = field(factory=dict)
    timeout_s: int = 600
    report: str | None = None
    isolated: bool = False
    sandbox: str = "off"
    network: bool = False


CONTAINED, NONE = "bubblewrap", "none: "
"""What `CommandResult.sandbox` says of a command that ran in a sandbox; how it begins for one that did not."""


@frozen
class Report:
    """A report that a command wrote. problem: why it cannot be read, or None where `content` is all of it."""

    path: str
    content: bytes = field(default=b"", repr=False)
    problem: str | None = None


@frozen
class CommandResult:
    """How a command ended.

    exit_status: as the shell counts it: 128 + N when ended by signal N; None when it could not be started.
    output: head and tail of standard output and error together, decoded for reading.
    artifact: digest of the same bytes, kept.
    problem: a sentence when it could not be started or was ended by the engine, else None.
    kind: `exited`, `not_found`, `not_started`, `timed_out`, `ended` where the engine was asked to end it, or
        `not_taken` where what an isolated command changed cannot be proposed.
    reports: the JUnit reports that it wrote, by path; one that was there before is none.
    edits: of an isolated command: what it changed in its copy of the workspace; None for any other.
    ignored_files: how many files it changed that .gitignore ignores, or that are a cache.
    sandbox: `bubblewrap` where it ran in one; `none: ` and why, where in none; empty where it could not be started.
    """

    kind: str
    exit_status: int | None
    duration_s: float
    output: str = ""
    output_bytes: int = 0
    artifact: str | None = None
    problem: str | None = None
    reports: tuple[Report, ...] = ()
    edits: tuple[FileEdit, ...] | None = field(default=None, repr=False)
    ignored_files: int = 0
    sandbox: str = ""


@frozen
class RetrievalBegun:
    """The search may begin: its start is on record."""

    retrieval_id: str


@frozen
class RepairBegun:
    """The repair attempt may begin: its start is on record. Attempts count from 1."""

    attempt: int


@frozen
class Applied:
    """The change set that the stage proposed was approved and is in the workspace."""

    diff_id: str


@frozen
class Answer:
    """A person's answer to the stage's question."""

    text: str
    by: str


@frozen
class Proposal:
    """A patch that was given from outside, known by its digest."""

    digest: str
    by: str


# What an attempt can be taken up with again after a restart, because it follows from events. A command's
# result is not among them: it is judged at once, or the command runs again.
Reply = RetrievalBegun | RepairBegun | Applied | Answer | Proposal


@frozen
class LastTest:
    """The last test of the mission, for those who repair."""

    test_id: str
    step_id: str
    success: bool
    command: tuple[str, ...]
    signature: str = ""
    failing: tuple[str, ...] = ()
    artifact: str | None = None
