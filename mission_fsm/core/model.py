"""The nouns: plans, what changes in a workspace, decisions, and the mission itself. All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen


class State(StrEnum):
    """The seven states of a mission. Which follows which stands in `lifecycle`."""

    IDLE = "idle"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    PAUSED = "paused"
    FAILED = "failed"
    STOPPED = "stopped"
    COMPLETE = "complete"


class Tool(StrEnum):
    """What a stage may touch, and what a scope contract may allow."""

    READ = "read"
    WRITE = "write"
    EXEC = "exec"


class RiskLevel(StrEnum):
    """How much care a change needs; what is not known is high."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ApprovalKind(StrEnum):
    """What a request for a decision is about."""

    PLAN = "plan"
    DIFF = "diff"
    COMMAND = "command"
    QUESTION = "question"


class Interrupted(StrEnum):
    """What to do with a stage's command that was under way when its runner died."""

    RUN_AGAIN = "run_again"
    ASK = "ask"


# --- plans


@frozen
class ScopeContract:
    """The bounds that every step is held to.

    paths: globs, relative to the workspace; only files that match one may be left changed.
    max_files, max_lines: how many files, and lines added plus removed, the whole mission may change.
    allowed_tools: what its stages may touch.
    """

    paths: tuple[str, ...] = ("**",)
    max_files: int | None = None
    max_lines: int | None = None
    allowed_tools: tuple[Tool, ...] = (Tool.READ, Tool.WRITE, Tool.EXEC)


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
    """

    goal: str
    steps: tuple[Step, ...]
    digest: str
    scope: ScopeContract = ScopeContract()
    assumptions: tuple[str, ...] = ()
    success_criteria: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    approval_timeout_s: int | None = None


# --- files


@frozen
class Version:
    """What stands at one path: a regular file or a symbolic link. Absence is None.

    kind: `file` or `symlink`.
    mode: permission bits, such as 0o644 (0o777 for a symbolic link, whose mode means nothing).
    digest: SHA-256 of the bytes, hexadecimal; for a symbolic link, of its target.
    size_bytes: length of the bytes, or of the target.
    """

    kind: str
    mode: int
    digest: str
    size_bytes: int


@frozen
class Change:
    """One path of a change set: what it was and what it is to be (None where it is absent).

    added, removed: lines, counted as a diff counts them; both 0 for a binary file.
    """

    path: str
    before: Version | None
    after: Version | None
    added: int = 0
    removed: int = 0
    binary: bool = False


@frozen
class ChangeSet:
    """The exact post-images of the files that an edit wants to write, over the pre-images it was made from.

    digest: SHA-256 over the canonical JSON of the changes.
    """

    changes: tuple[Change, ...]
    digest: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that it touches, in order."""
        return tuple(change.path for change in self.changes)

    @property
    def lines(self) -> int:
        """Lines added plus lines removed."""
        return sum(change.added + change.removed for change in self.changes)


@frozen
class Risk:
    """A risk level, and the ids of the rules that gave it."""

    level: RiskLevel
    rules: tuple[str, ...] = ()


@frozen
class CommandSpec:
    """A command to be run, exactly.

    argv: program and arguments; run without a shell.
    cwd: folder below the workspace, `.` for the workspace itself.
    env: variables set in addition to the clean environment's.
    timeout_s: seconds after which it is ended.
    report: path of a JUnit XML report that the command writes, relative to the workspace.
    """

    argv: tuple[str, ...]
    cwd: str = "."
    env: Mapping[str, str] = field(factory=dict)
    timeout_s: int = 600
    report: str | None = None


@frozen
class CommandResult:
    """How a command ended.

    exit_status: as the shell counts it: 128 + N when ended by signal N; None when it could not be started.
    output: head and tail of standard output and error together, decoded for reading.
    artifact: digest of the same bytes, kept.
    problem: a sentence when it could not be started or was ended by the engine, else None.
    kind: `exited`, `not_found`, `not_started`, `timed_out`, or `ended` where the engine was asked to end it.
    report: bytes of the JUnit report that it wrote, if any.
    """

    kind: str
    exit_status: int | None
    duration_s: float
    output: str = ""
    output_bytes: int = 0
    artifact: str | None = None
    problem: str | None = None
    report: bytes | None = None


# --- decisions


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
    """A decision given in advance by rule, such as `edit`, `test`, `all` or `edit:src/**`."""

    grant_id: str
    rule: str
    by: str
    used: int = 0


@frozen
class Failure:
    """Why the mission failed. The signature is the same where the cause is the same."""

    step_id: str
    kind: str
    message: str
    signature: str


# --- what a stage is told when it is run again


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


# --- the mission


@frozen
class ProposedChange:
    """A change set on its way into the workspace: proposed, then approved, then secured, then applied.

    manifest: digest of what its checkpoint saved; None until it is secured.
    """

    diff_id: str
    digest: str
    summary: str
    paths: tuple[str, ...]
    lines: int
    final: bool
    approved: bool = False
    manifest: str | None = None


@frozen
class ProposedCommand:
    """A command on its way: proposed, approved (by the plan or at the gate), started."""

    digest: str
    spec: CommandSpec
    purpose: str
    approved: bool = False
    test_id: str | None = None


@frozen
class Active:
    """The step under way.

    stage: the stage that performs now; `repair` while a failed step is being repaired in place.
    reply: what that stage is told when it is run next.
    """

    step_index: int
    step_id: str
    attempt: int
    stage: str
    checkpoint_id: str | None = None
    retrieval_id: str | None = None
    reply: Reply | None = None
    change: ProposedChange | None = None
    command: ProposedCommand | None = None


@frozen
class Repair:
    """A repair loop under way.

    origin: `step` (a repair step of the plan, in its turn), `plan` (a repair bound to the step that failed)
        or `person` (a patch given by hand).
    options_step: index of the plan's step that holds the repair's options; None for a person's patch.
    signatures: of the failures seen so far; one that comes back ends the loop.
    """

    repair_id: str
    step_id: str
    attempt: int
    max_attempts: int
    origin: str
    options_step: int | None = None
    patch: str | None = None
    signatures: tuple[str, ...] = ()

    @property
    def in_place(self) -> bool:
        """Whether a failed step is being repaired, rather than a repair step having its turn."""
        return self.origin != "step"


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


@frozen
class Edit:
    """An entry of the stack that rollback walks: something that the mission wrote, and its checkpoint.

    kind: `edit`, or `rollback` for a rollback, which can be undone too.
    cursor: the step to stand at once it is undone.
    target: of a rollback, the checkpoint that it went back to.
    undone_by: the checkpoint of the rollback that undid it, or None while it is live.
    """

    checkpoint_id: str
    kind: str
    step_id: str
    cursor: int
    manifest: str
    paths: tuple[str, ...]
    lines: int
    target: str | None = None
    undone_by: str | None = None


@frozen
class Restoring:
    """A rollback that is on record and not yet finished."""

    checkpoint_id: str
    target: str
    manifest: str
    cursor: int
    undoes: tuple[str, ...]
    by: str


@frozen
class Mission:
    """The aggregate: everything that a fold of a mission's events says about it.

    sequence: of the last event folded.
    cursor: index of the step that is next, or under way.
    stage: the last stage announced; `none` at first.
    reached: how many of the plan's first steps have been started at least once.
    retried: tries so far, for those steps that were tried more than once.
    at_rest: whether no effect has begun since the last decision, so that there is nothing to recover.
    """

    mission_id: str
    plan: Plan = field(repr=False)
    workspace: str
    source: str | None
    created_by: str
    state: State
    sequence: int
    cursor: int = 0
    reached: int = 0
    at_rest: bool = False
    stage: str = "none"
    plan_decision: str = "pending"
    decided_by: str | None = None
    started_sequence: int | None = None
    pause_reason: str | None = None
    active: Active | None = None
    pending: Request | None = None
    failure: Failure | None = None
    repair: Repair | None = None
    last_test: LastTest | None = None
    restoring: Restoring | None = None
    grants: tuple[Grant, ...] = ()
    edits: tuple[Edit, ...] = ()
    retried: Mapping[str, int] = field(factory=dict)

    @property
    def awaits_input(self) -> bool:
        """Whether the step under way has asked for something that the plan does not hold."""
        return self.state is State.PAUSED and self.pause_reason == "awaiting_input" and self.active is not None

    def attempts(self, step_index: int) -> int:
        """How many times the step at that index has been started."""
        step_id = self.plan.steps[step_index].step_id
        return self.retried.get(step_id, 1 if step_index < self.reached else 0)

    def edit(self, checkpoint_id: str) -> Edit | None:
        """The entry of the rollback stack with that checkpoint, or None."""
        return next((edit for edit in self.edits if edit.checkpoint_id == checkpoint_id), None)
