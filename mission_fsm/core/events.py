"""The facts: one frozen class for each type of event, named in the past tense.

Fields may be added with a default; renaming or removing one takes a new version and an upcaster.
An event's type is its class name in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from attrs import field, frozen

from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.replies import CommandSpec


@frozen
class MissionCreated:
    """A mission was made from a plan, for a workspace. source: the plan's file, if it came from one."""

    goal: str
    plan_digest: str
    workspace: str
    created_by: str
    source: str | None = None


@frozen
class MissionStarted:
    """The approved plan began to run."""

    goal: str
    steps_count: int
    scope_contract: ScopeContract


@frozen
class StepStarted:
    """A step began. Attempts count from 1."""

    step_id: str
    step_index: int
    description: str
    stage: str
    attempt: int


@frozen
class StageChanged:
    """Another stage performs from here on. from: `none` at first."""

    from_: str
    to: str
    step_id: str


@frozen
class RetrievalStarted:
    """A search is about to be made."""

    retrieval_id: str
    query: str
    step_id: str


@frozen
class RetrievalCompleted:
    """A search was made. artifact: digest of its ranked result, as JSON."""

    retrieval_id: str
    result_count: int
    summary: str
    artifact: str


@frozen
class DiffProposed:
    """digest: of the change set; artifact: of the diff as shown; lines: added plus removed; final: ends its step.

    A reviewer's revision says what diff it revises, whose it is (author), what of that diff it leaves out (paths, and
    hunks as `path:1,3`), and whether it was edited by hand, and so may hold more.
    """

    diff_id: str
    step_id: str
    summary: str
    risk_level: str
    digest: str
    files: tuple[str, ...]
    artifact: str
    lines: int
    rules: tuple[str, ...] = ()
    final: bool = True
    revises: str | None = None
    author: str | None = None
    left_out: tuple[str, ...] = ()
    edited: bool = False


@frozen
class CommandProposed:
    """A command is to be run. covered: whether it stands in the approved plan, word for word.

    reason: why it is this command, where the plan names none.
    """

    step_id: str
    digest: str
    command: CommandSpec
    purpose: str
    covered: bool
    reason: str = ""


@frozen
class ApprovalRequested:
    """A decision is asked for. digest: of exactly what it covers; rules: ids of the risk rules that apply."""

    approval_id: str
    kind: str
    digest: str
    summary: str
    step_id: str | None = None
    risk_level: str | None = None
    rules: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    expires_at: str | None = None


@frozen
class ApprovalResolved:
    """A decision was taken. decision: `approved` or `rejected`; grant_id: of the grant that gave it, if one did."""

    approval_id: str
    kind: str
    decision: str
    decided_by: str
    means: str
    digest: str
    reason: str | None = None
    answer: str | None = None
    grant_id: str | None = None


@frozen
class ApprovalExpired:
    """The time in which a request could be decided has passed."""

    approval_id: str
    expires_at: str


@frozen
class ApprovalVoided:
    """The files are no longer what the change was made from, so it is made anew, and asked about again.

    changed: the paths, each with what happened to it, in words.
    approval_id: of the request, where it was still waiting; None where it was approved already.
    """

    step_id: str
    diff_id: str
    digest: str
    changed: tuple[str, ...]
    approval_id: str | None = None


@frozen
class GrantGiven:
    """Decisions were given in advance, by rule."""

    grant_id: str
    rule: str
    by: str


@frozen
class GrantRevoked:
    """A grant covers nothing from here on."""

    grant_id: str
    rule: str
    by: str


@frozen
class InputRequested:
    """The step needs something that the plan does not hold. what: a sentence."""

    step_id: str
    what: str


@frozen
class InputReceived:
    """What the step asked for was given. digest: of the patch."""

    step_id: str
    digest: str
    by: str
    means: str


@frozen
class ExecutionPaused:
    """The mission waits. reason: a word, such as `awaiting_diff_approval`, `manual` or `failure`."""

    reason: str
    current_step: str | None = None
    by: str | None = None


@frozen
class ExecutionResumed:
    """reason: `approved`, `resumed`, `retry`, or `drifted` where what was waiting is made anew."""

    reason: str
    current_step: str | None = None
    by: str | None = None


@frozen
class ExecutionStopped:
    """The mission was ended for good."""

    reason: str
    by: str


@frozen
class CheckpointCreated:
    """A restore point at this position of the journal, before an editor runs."""

    checkpoint_id: str
    description: str
    scope: str
    step_id: str


@frozen
class CheckpointSecured:
    """The pre-images are on disk. manifest: digest of what was saved and where it goes back.

    scope: `edit` or `rollback`; a rollback also says what it is about to do (target, undoes, cursor, by, means).
    """

    checkpoint_id: str
    paths: tuple[str, ...]
    size_bytes: int
    manifest: str
    scope: str = "edit"
    target: str | None = None
    undoes: tuple[str, ...] = ()
    cursor: int | None = None
    by: str | None = None
    means: str | None = None


@frozen
class CheckpointRestored:
    """checkpoint_id: what was gone back to; undo_checkpoint: the one that undoes this rollback.

    means: `plan` where the plan asked for it, which `by` approved; null where `by` did.
    """

    checkpoint_id: str
    paths: tuple[str, ...]
    by: str
    undo_checkpoint: str
    means: str | None = None


@frozen
class DiffApplied:
    """All files of an approved change set are in the workspace."""

    diff_id: str
    checkpoint_id: str
    files: tuple[str, ...]
    digest: str


@frozen
class TestStarted:
    """A test command is about to run."""

    test_id: str
    command: tuple[str, ...]
    step_id: str


@frozen
class TestCompleted:
    """A test command has run, and this is the verdict. Counts are null where nothing gave them.

    expect: `pass`, or `fail` where the step was there to show a fault. ignored_files: how many files it changed that
    .gitignore ignores, or that are a cache. sandbox: `bubblewrap` where the command ran in one, else `none: ` and why.
    """

    test_id: str
    success: bool
    exit_status: int | None
    duration_s: float
    passed: int | None = None
    failed: int | None = None
    skipped: int | None = None
    failing: tuple[str, ...] = ()
    signature: str = ""
    artifact: str | None = None
    expect: str = "pass"
    ignored_files: int = 0
    sandbox: str = ""

    @property
    def as_expected(self) -> bool:
        """Whether the test did what the step wanted of it."""
        return self.success == (self.expect == "pass")


@frozen
class CommandStarted:
    """A command that is no test is about to run."""

    command_id: str
    command: tuple[str, ...]
    step_id: str


@frozen
class CommandCompleted:
    """A command that is no test has ended. artifact: digest of its output; ignored_files, sandbox: as for a test."""

    command_id: str
    exit_status: int | None
    duration_s: float
    artifact: str | None = None
    ignored_files: int = 0
    sandbox: str = ""


@frozen
class FilesChanged:
    """A command has changed files of the workspace by itself. What they were before is saved, as at a checkpoint.

    run_id: of the test or command. manifest: digest of what was saved; artifact: of the diff; lines: added plus
    removed, but for reports. reports: those of the files that the command was to write. lost: what cannot be put back,
    by path, with the reason. breaches: how this leaves the scope contract, in words.
    """

    step_id: str
    run_id: str
    checkpoint_id: str
    files: tuple[str, ...]
    lines: int
    size_bytes: int
    manifest: str
    artifact: str
    reports: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(factory=dict)
    breaches: tuple[str, ...] = ()


@frozen
class ScopeExpansionRequested:
    """The mission cannot go on within its scope contract. scope_contract: the one that would be wide enough.

    breaches: how it leaves the contract, or would, with the numbers. spent_s: seconds at work, where those count.
    """

    breaches: tuple[str, ...]
    scope_contract: ScopeContract
    step_id: str | None = None
    spent_s: float = 0.0


@frozen
class TimeSpent:
    """spent_s: seconds that the mission has been at work, waiting for people left out; noted where they are limited."""

    spent_s: float


@frozen
class RepairStarted:
    """A repair attempt began.

    origin: `step`, `plan` or `person`; patch: digest of a person's; signatures: of the failures seen so far.
    keeps_edits: where the plan has all taken back that the attempts change, should none of them work: how many entries
        of the mission's edits are older than the first attempt, and so stay; null where everything stays.
    """

    repair_id: str
    step_id: str
    attempt: int
    origin: str
    max_attempts: int
    options_step: int | None = None
    patch: str | None = None
    signatures: tuple[str, ...] = ()
    by: str | None = None
    keeps_edits: int | None = None


@frozen
class RepairCompleted:
    """A repair attempt ended. artifact: digest of what shows why it came to nothing, where another attempt follows."""

    repair_id: str
    success: bool
    artifact: str | None = None


@frozen
class FailureDetected:
    """The step failed. The signature is the same where the cause is the same.

    rollback_to: the checkpoint to which the plan has the mission go back now, before anything else is done.
    artifact: digest of what shows why, such as an answer that could not be used.
    """

    step_id: str
    kind: str
    message: str
    signature: str
    rollback_to: str | None = None
    artifact: str | None = None


@frozen
class StepCompleted:
    """A step is done. evidence: what its stage put on record."""

    step_id: str
    step_index: int
    success: bool
    summary: str = ""
    evidence: Mapping[str, Any] = field(factory=dict)


@frozen
class MissionRecovered:
    """A runner took over from one that was gone. in_doubt: commands that may or may not have taken effect."""

    runner: str
    in_doubt: tuple[str, ...] = ()


@frozen
class Final:
    """Every step is completed."""

    success: bool
    steps_completed: int
    duration_s: float


Event = (
    MissionCreated
    | MissionStarted
    | StepStarted
    | StageChanged
    | RetrievalStarted
    | RetrievalCompleted
    | DiffProposed
    | CommandProposed
    | ApprovalRequested
    | ApprovalResolved
    | ApprovalExpired
    | ApprovalVoided
    | GrantGiven
    | GrantRevoked
    | InputRequested
    | InputReceived
    | ExecutionPaused
    | ExecutionResumed
    | ExecutionStopped
    | CheckpointCreated
    | CheckpointSecured
    | CheckpointRestored
    | DiffApplied
    | TestStarted
    | TestCompleted
    | CommandStarted
    | CommandCompleted
    | FilesChanged
    | ScopeExpansionRequested
    | TimeSpent
    | RepairStarted
    | RepairCompleted
    | FailureDetected
    | StepCompleted
    | MissionRecovered
    | Final
)


def type_of(event_class: type) -> str:
    """The name under which events of that class are recorded: `StepStarted` is `step_started`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event_class.__name__).lower()


EVENT_CLASSES: dict[str, type] = {type_of(event_class): event_class for event_class in get_args(Event)}


@frozen
class Recorded:
    """An event as it stands in the journal: the envelope around the fact.

    sequence: place in its mission, from 1, without gaps.
    version: schema version of `data`.
    time: RFC 3339, UTC.
    stage: the stage that was announced last, `none` at first.
    previous_hash, hash: SHA-256, hexadecimal; the chain.
    """

    mission_id: str
    sequence: int
    type: str
    version: int
    time: str
    stage: str
    event: Event
    previous_hash: str
    hash: str
