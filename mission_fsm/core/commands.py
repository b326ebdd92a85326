"""The requests: one frozen class for each thing that can be asked of a mission. Each may be refused.

Those of the first part come from people; those of the second from the runner, which reports what came of an
effect. Facts that only the outside knows (files, time, plugins) come with the command, so that deciding is pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from mission_fsm.core.changes import ChangeSet, Revision, Risk
from mission_fsm.core.outcomes import Outcome
from mission_fsm.core.replies import CommandResult, CommandSpec

# --- from people


@frozen
class Approve:
    """means: `terminal`, `api`, `browser` or `grant`. digest, approval_id: of what is decided, where it is named.

    revision: what is approved in the place of the change that is waiting.
    """

    by: str
    means: str
    digest: str | None = None
    approval_id: str | None = None
    reason: str | None = None
    answer: str | None = None
    revision: Revision | None = None
    drift: tuple[str, ...] = ()
    plan_changes: tuple[str, ...] = ()
    now: str | None = None


@frozen
class Reject:
    """Decide against what is waiting. reason: why, for the record."""

    by: str
    means: str
    reason: str
    digest: str | None = None
    approval_id: str | None = None
    now: str | None = None


@frozen
class Expire:
    """Let the request that is waiting expire."""

    now: str


@frozen
class VoidRequest:
    """Void the request that is waiting, because its files have drifted. by: who would have approved it."""

    drift: tuple[str, ...]
    by: str


@frozen
class GiveGrant:
    """Decide in advance, by rule."""

    rule: str
    by: str


@frozen
class RevokeGrant:
    """Let a grant cover nothing any more."""

    grant_id: str
    by: str


@frozen
class Start:
    """writing_stages: those of the plan's stages that may propose changes, and so open a checkpoint."""

    writing_stages: frozenset[str]
    held_by: str | None = None
    missing_stages: tuple[str, ...] = ()
    plan_changes: tuple[str, ...] = ()


@frozen
class Pause:
    """Pause at the next safe point. reason: `manual` or `interrupted`."""

    by: str
    reason: str = "manual"


@frozen
class Resume:
    """Let a paused mission run on."""

    by: str


@frozen
class Retry:
    """Begin the step again, in its next attempt."""

    by: str


@frozen
class RepairStep:
    """Repair the failed step in place, with a person's patch or with the repair that the plan binds to it.

    patch: digest of the patch. options_step: index of the plan's step that holds the repair.
    on_exhausted: `fail`, or `rollback` where the plan has what the attempts changed taken back if none works.
    """

    by: str
    patch: str | None = None
    options_step: int | None = None
    max_attempts: int = 1
    on_exhausted: str = "fail"


@frozen
class ReceiveInput:
    """A proposal for the step that asked for one. digest: of the patch."""

    digest: str
    by: str
    means: str


@frozen
class Stop:
    """End the mission for good."""

    by: str
    reason: str = "manual"


@frozen
class SecureRollback:
    """The files that a rollback is about to write are saved. undoes: checkpoints of the edits that it takes back.

    means: `plan` where the plan asks for it, which `by` approved; None where `by` does.
    """

    target: str
    cursor: int
    undoes: tuple[str, ...]
    paths: tuple[str, ...]
    size_bytes: int
    manifest: str
    by: str
    conflicts: tuple[str, ...] = ()
    means: str | None = None


@frozen
class FinishRollback:
    """What the open rollback was to write is in the workspace."""

    paths: tuple[str, ...]


# --- from the runner


@frozen
class Recover:
    """The runner that held the mission is gone. in_doubt: commands that may or may not have taken effect."""

    runner: str
    in_doubt: tuple[str, ...] = ()


@frozen
class BeginStep:
    """Begin the plan's next step."""

    writing_stages: frozenset[str]


@frozen
class RecordOutcome:
    """What a stage answered. Changes and commands have their own requests below.

    digest: of the bytes or of the question that the outcome carries, if it carries any.
    result: how the command ended that the outcome judges.
    proceed: whether the next step is begun in the same commit.
    elapsed_s: seconds since the mission started; looked at when it finishes.
    signature: of a failure that has none of its own, where its words, of which one is made, are not known any more.
    """

    outcome: Outcome
    writing_stages: frozenset[str]
    digest: str | None = None
    result: CommandResult | None = None
    proceed: bool = True
    elapsed_s: float = 0.0
    expires_at: str | None = None
    signature: str = ""


@frozen
class ProposeDiff:
    """A stage proposes a change set.

    artifact: digest of the diff as it is shown to the approver.
    result: how the command ended that led to it, if one was run.
    """

    change_set: ChangeSet
    artifact: str
    summary: str
    risk: Risk
    final: bool
    writing_stages: frozenset[str]
    result: CommandResult | None = None
    proceed: bool = True
    elapsed_s: float = 0.0
    expires_at: str | None = None


@frozen
class ProposeCommand:
    """A stage wants a command to be run.

    covered: whether the command stands in the approved plan, word for word.
    reason: why it is this command, where the plan names none.
    result: how the command before it ended, if one was run.
    """

    spec: CommandSpec
    digest: str
    purpose: str
    covered: bool
    result: CommandResult | None = None
    expires_at: str | None = None
    reason: str = ""


@frozen
class StartCommand:
    """Start the approved command."""


@frozen
class SecureChange:
    """The pre-images of the approved change set are ready to be saved with this."""

    paths: tuple[str, ...]
    size_bytes: int
    manifest: str


@frozen
class FinishChange:
    """The approved change set is in the workspace."""

    writing_stages: frozenset[str]
    proceed: bool = True
    elapsed_s: float = 0.0


@frozen
class ReportFilesChanged:
    """A command has changed files of the workspace, and what they were before is ready to be saved with this.

    files: all of them; reports: those that it was to write; lost: what cannot be put back, by path, with the reason.
    lines: added plus removed, but for reports. manifest, artifact: digests of what is saved, and of the diff.
    """

    files: tuple[str, ...]
    lines: int
    size_bytes: int
    manifest: str
    artifact: str
    reports: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(factory=dict)


@frozen
class AskScope:
    """The scope contract is used up, or left: ask for it to be widened. spent_s: seconds at work so far."""

    spent_s: float = 0.0
    expires_at: str | None = None


@frozen
class AskChange:
    """Ask about the change that was proposed, now that the scope contract is wide enough for it."""

    expires_at: str | None = None


@frozen
class NoteTime:
    """Put the time on record that the mission has been at work."""

    spent_s: float


@frozen
class ReportDrift:
    """The approved change cannot be written: its files are no longer what it was made from. drift: how, in words."""

    drift: tuple[str, ...]


@frozen
class ReportFailure:
    """An effect could not be brought about: a conflict, a stage that raised, a full disk.

    signature: what the failure is known by; made of the kind and the message where it is empty.
    """

    kind: str
    message: str
    signature: str = ""


Command = (
    Approve
    | Reject
    | Expire
    | VoidRequest
    | GiveGrant
    | RevokeGrant
    | Start
    | Pause
    | Resume
    | Retry
    | RepairStep
    | ReceiveInput
    | Stop
    | SecureRollback
    | FinishRollback
    | Recover
    | BeginStep
    | RecordOutcome
    | ProposeDiff
    | ProposeCommand
    | StartCommand
    | SecureChange
    | FinishChange
    | ReportFilesChanged
    | AskScope
    | AskChange
    | NoteTime
    | ReportDrift
    | ReportFailure
)
