"""The mission: everything that a fold of its events says, and the parts that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Any

from attrs import field, fields, frozen

from mission_fsm.core.approvals import ApprovalKind, Grant, Request
from mission_fsm.core.changes import UNKNOWN, Risk
from mission_fsm.core.plan import Plan, ScopeContract
from mission_fsm.core.replies import CommandSpec, LastTest, Reply


class State(StrEnum):
    """The seven states of a mission. Which follows which stands in `lifecycle`."""

    IDLE = "idle"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    PAUSED = "paused"
    FAILED = "failed"
    STOPPED = "stopped"
    COMPLETE = "complete"


@frozen
class Failure:
    """Why the mission failed. The signature is the same where the cause is the same.

    rollback_to: the checkpoint to which the plan has the mission go back, which is not done yet; None where none.
    artifact: digest of what shows why, such as an answer that could not be used.
    """

    step_id: str
    kind: str
    message: str
    signature: str
    rollback_to: str | None = None
    artifact: str | None = None


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
    risk: Risk = UNKNOWN
    approved: bool = False
    manifest: str | None = None


@frozen
class ProposedCommand:
    """A command on its way: proposed, approved (by the plan or at the gate), started.

    run_id: of the test or command that its start put on record; None until then.
    surveyed: whether what that run changed in the workspace is on record already.
    """

    digest: str
    spec: CommandSpec
    purpose: str
    approved: bool = False
    run_id: str | None = None
    surveyed: bool = False


@frozen
class Active:
    """The step under way.

    stage: the stage that performs now; `repair` while a failed step is being repaired in place.
    reply: what that stage is told when it is run next.
    wants: what it asked for that the plan does not hold, in a sentence.
    drifts: how often the files have changed between the approval of its change and the writing of it.
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
    wants: str | None = None
    drifts: int = 0


@frozen
class Repair:
    """A repair loop under way.

    origin: `step` (a repair step of the plan, in its turn), `plan` (a repair bound to the step that failed)
        or `person` (a patch given by hand).
    options_step: index of the plan's step that holds the repair's options; None for a person's patch.
    signatures: of the failures seen so far; one that comes back ends the loop.
    keeps_edits: how many of the mission's edits are older than the loop, where the plan has those of the loop taken
        back if it fails; None where they stay.
    """

    repair_id: str
    step_id: str
    attempt: int
    max_attempts: int
    origin: str
    options_step: int | None = None
    patch: str | None = None
    signatures: tuple[str, ...] = ()
    keeps_edits: int | None = None

    @property
    def in_place(self) -> bool:
        """Whether a failed step is being repaired, rather than a repair step having its turn."""
        return self.origin != "step"


@frozen
class Edit:
    """An entry of the stack that rollback walks: something that the mission wrote, and its checkpoint.

    kind: `edit`, `command` for what a command changed by itself, or `rollback`, which can be undone too.
    cursor: the step to stand at once it is undone.
    target: of a rollback, the checkpoint that it went back to.
    undone_by: the checkpoint of the rollback that undid it, or None while it is live.
    reports: those of a command's paths that are the reports it was to write, which no bound counts.
    breaches: how it left the scope contract, in words, until a person has widened that.
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
    reports: tuple[str, ...] = ()
    breaches: tuple[str, ...] = ()


@frozen
class Widening:
    """How the mission leaves its scope contract, or would, in words; and the contract that would be wide enough."""

    breaches: tuple[str, ...]
    scope: ScopeContract


@frozen
class Restoring:
    """A rollback that is on record and not yet finished."""

    checkpoint_id: str
    target: str
    manifest: str
    cursor: int
    undoes: tuple[str, ...]
    by: str
    means: str | None = None


@frozen
class Mission:
    """The aggregate: everything that a fold of a mission's events says about it.

    sequence: of the last event folded.
    cursor: index of the step that is next, or under way.
    stage: the last stage announced; `none` at first.
    reached: how many of the plan's first steps have been started at least once.
    retried: tries so far, for those steps that were tried more than once.
    at_rest: whether no effect has begun since the last decision, so that there is nothing to recover.
    widened: the scope contract as people have widened it for this mission; None where the plan's stands.
    widening: what a person is asked to widen.
    breaches: how what commands have changed leaves the contract, in words, until it is widened or rolled back.
    tool_calls: how many searches, commands and edits were begun.
    spent_s: seconds at work, as last noted.
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
    widened: ScopeContract | None = None
    widening: Widening | None = None
    breaches: tuple[str, ...] = ()
    tool_calls: int = 0
    spent_s: float = 0.0

    @property
    def scope(self) -> ScopeContract:
        """The scope contract that holds now."""
        return self.plan.scope if self.widened is None else self.widened

    @property
    def rollback_due(self) -> str | None:
        """The checkpoint to which the plan has it go back, now that a repair has failed, where that is not done yet."""
        return self.failure.rollback_to if self.state is State.FAILED and self.failure else None

    @property
    def awaits_input(self) -> bool:
        """Whether the step under way has asked for something that the plan does not hold."""
        return self.state is State.PAUSED and self.pause_reason == "awaiting_input" and self.active is not None

    @property
    def awaited_command(self) -> CommandSpec | None:
        """The command that waits for a decision, if one does."""
        waits = self.pending is not None and self.pending.kind is ApprovalKind.COMMAND
        return self.active.command.spec if waits and self.active and self.active.command else None

    def with_changes(self, changes: Mapping[str, Any]) -> Mission:
        """The mission with those fields changed. As `attrs.evolve`, in half the time: every event does it."""
        values = list(_values_of(self))
        for name, value in changes.items():
            values[_PLACES[name]] = value
        return Mission(*values)

    def attempts(self, step_index: int) -> int:
        """How many times the step at that index has been started."""
        step_id = self.plan.steps[step_index].step_id
        return self.retried.get(step_id, 1 if step_index < self.reached else 0)

    def edit(self, checkpoint_id: str) -> Edit | None:
        """The entry of the rollback stack with that checkpoint, or None."""
        return next((edit for edit in self.edits if edit.checkpoint_id == checkpoint_id), None)


_NAMES = tuple(attribute.name for attribute in fields(Mission))
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_values_of = attrgetter(*_NAMES)
