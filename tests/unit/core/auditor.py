"""An auditor: it watches a mission's events go by, and holds the safety rules of the specification against them.

It knows the plan and what it has seen, and nothing of how the core decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from mission_fsm.core import events as e
from mission_fsm.core.globs import matches_any
from mission_fsm.core.plan import Plan

# Events that introduce something, and the field that holds its id.
INTRODUCES: dict[type, str] = {
    e.ApprovalRequested: "approval_id",
    e.CheckpointCreated: "checkpoint_id",
    e.CommandStarted: "command_id",
    e.DiffProposed: "diff_id",
    e.GrantGiven: "grant_id",
    e.RepairStarted: "repair_id",
    e.RetrievalStarted: "retrieval_id",
    e.TestStarted: "test_id",
    e.FilesChanged: "checkpoint_id",
}


class Auditor:
    """What has been seen of one mission. An AssertionError of `see` is a broken promise."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.last: e.Event | None = None
        self.ids: set[str] = set()
        self.plan_approved = self.running = self.failed = self.ended = False
        self.cursor = 0
        self.attempts = dict.fromkeys((step.step_id for step in plan.steps), 0)
        # What is under way: a step, a repair of it in place, a change, a command, a search, and requests.
        self.step: str | None = None
        self.in_place = False
        self.repair: str | None = None
        self.checkpoint: str | None = None
        self.change: e.DiffProposed | None = None
        self.approved: str | None = None
        self.secured: str | None = None
        self.command: str | None = None
        self.covered: str | None = None
        self.search: str | None = None
        self.request: e.ApprovalRequested | None = None
        self.rollback: e.CheckpointSecured | None = None
        self.due: str | None = None
        self.granted: set[str] = set()
        # What may be changed, what a person is asked to allow, and what commands have left that nobody has allowed.
        self.paths = plan.scope.paths
        self.widening: e.ScopeExpansionRequested | None = None
        self.breaches: dict[str, e.FilesChanged] = {}

    def see(self, event: e.Event) -> None:
        """One more event has been decided."""
        self._introduce(event)
        assert not self.ended or _puts_files_back(event), "an ended mission does nothing but put files back"
        quiet = isinstance(event, e.TimeSpent)
        assert not self.failed or quiet or _is_said_by_a_person(event), "only a person moves a failed mission"
        if isinstance(self.last, e.FailureDetected):
            assert isinstance(event, e.ExecutionPaused), "a failure halts at once"
        rule = RULES.get(type(event))
        if rule is not None:
            rule(self, event)
        self.last = event

    def _introduce(self, event: e.Event) -> None:
        undo = isinstance(event, e.CheckpointSecured) and event.scope == "rollback"
        field = "checkpoint_id" if undo else INTRODUCES.get(type(event))
        if field is not None:
            introduced = getattr(event, field)
            assert introduced not in self.ids, f"{introduced} is not unique"
            self.ids.add(introduced)

    def _drop(self) -> None:
        self.step = self.checkpoint = self.change = self.approved = self.secured = None
        self.command = self.covered = self.search = None
        self.in_place = False

    # --- steps

    def mission_started(self, _: e.MissionStarted) -> None:
        assert self.plan_approved, "nothing runs without an approved plan"
        assert not self.running
        self.running = True

    def step_started(self, event: e.StepStarted) -> None:
        assert self.running
        assert not self.breaches, "nothing begins while the contract is left"
        assert self.step is None or self.in_place, "one step at a time"
        assert self.change is None
        assert event.step_index == self.cursor, "in the order of the plan"
        step = self.plan.steps[self.cursor]
        assert (event.step_id, event.stage) == (step.step_id, step.stage), "and none that is not in the plan"
        self.attempts[event.step_id] += 1
        assert event.attempt == self.attempts[event.step_id]
        self._drop()
        self.step = event.step_id

    def step_completed(self, event: e.StepCompleted) -> None:
        assert self.running
        assert (event.step_id, event.step_index) == (self.step, self.cursor)
        assert not self.breaches, "no step is done that has left the contract"
        assert not self.in_place, "a repaired step is done once it has run again, and not before"
        assert (self.change, self.command, self.repair) == (None, None, None), "nothing is left on its way"
        self.cursor += 1
        self._drop()

    def final(self, event: e.Final) -> None:
        assert self.running
        assert self.cursor == len(self.plan.steps) == event.steps_completed
        self.running, self.ended = False, True

    def failure_detected(self, event: e.FailureDetected) -> None:
        assert self.running
        assert (event.step_id, self.repair) == (self.step, None)
        self.due = event.rollback_to

    def retrieval_started(self, event: e.RetrievalStarted) -> None:
        assert self.running
        self.search = event.retrieval_id

    def retrieval_completed(self, event: e.RetrievalCompleted) -> None:
        assert self.running
        assert event.retrieval_id == self.search
        self.search = None

    # --- changes

    def checkpoint_created(self, event: e.CheckpointCreated) -> None:
        assert self.running
        assert (self.checkpoint, event.step_id) == (None, self.step)
        self.checkpoint = event.checkpoint_id

    def diff_proposed(self, event: e.DiffProposed) -> None:
        if event.revises is not None:
            self._diff_revised(event)
            return
        assert self.running
        assert self.checkpoint is not None, "no edit without a checkpoint before it"
        assert self.change is None
        self.change = event

    def _diff_revised(self, event: e.DiffProposed) -> None:
        assert not self.running
        assert self.change is not None, "what is revised is what was proposed"
        assert self.request is not None, "and waits"
        assert (event.revises, self.change.digest) == (self.change.diff_id, self.request.digest)
        assert event.author, "a revision has an author"
        assert event.edited or set(event.files) <= set(self.change.files), "a part holds nothing but what was proposed"
        self.change, self.request = event, attrs.evolve(self.request, digest=event.digest)

    def checkpoint_secured(self, event: e.CheckpointSecured) -> None:
        if event.scope == "rollback":
            assert not self.running
            assert self.rollback is None, "one rollback at a time"
            self.rollback = event
            return
        assert self.running
        assert self.change is not None
        assert self.approved == self.change.digest, "nothing is written that was not approved, by its digest"
        assert event.checkpoint_id == self.checkpoint, "what is secured is what was opened"
        assert self.secured is None
        self.secured = event.checkpoint_id

    def diff_applied(self, event: e.DiffApplied) -> None:
        assert self.running
        assert self.change is not None
        assert event.digest == self.approved == self.change.digest, "nothing is applied without its approval"
        assert event.checkpoint_id == self.secured == self.checkpoint, "nor without its checkpoint"
        assert (event.diff_id, event.files) == (self.change.diff_id, self.change.files)
        assert all(matches_any(self.paths, path) for path in event.files), "nor outside the contract"
        self.change = self.approved = self.secured = self.checkpoint = None

    def checkpoint_restored(self, event: e.CheckpointRestored) -> None:
        assert not self.running
        assert self.rollback is not None, "no file goes back before what is there is secured"
        assert (event.checkpoint_id, event.undo_checkpoint) == (self.rollback.target, self.rollback.checkpoint_id)
        if not self.ended:
            assert self.rollback.cursor is not None
            self.cursor, self.request, self.failed = self.rollback.cursor, None, False
            self._drop()
        for undone in self.rollback.undoes:
            self.breaches.pop(undone, None)
        self.rollback = self.due = None

    # --- commands

    def command_proposed(self, event: e.CommandProposed) -> None:
        assert self.running
        self.covered = event.digest if event.covered else None

    def command_started(self, event: e.TestStarted | e.CommandStarted) -> None:
        assert self.running
        assert event.step_id == self.step
        assert self.command is None, "one command at a time"
        assert self.covered is not None, "no command starts that neither the plan nor a decision covers"
        assert not self.breaches, "nothing begins while the contract is left"
        self.command = event.test_id if isinstance(event, e.TestStarted) else event.command_id

    def files_changed(self, event: e.FilesChanged) -> None:
        assert self.running
        assert event.run_id == self.command, "what changed files is what ran"
        outside = [path for path in event.files if not matches_any(self.paths, path) and path not in event.reports]
        assert event.breaches or not outside, "what a command leaves outside the contract is told"
        if event.breaches:
            self.breaches[event.checkpoint_id] = event

    def scope_expansion_requested(self, event: e.ScopeExpansionRequested) -> None:
        assert self.running
        assert event.breaches, "why it is asked is told"
        assert set(self.paths) <= set(event.scope_contract.paths), "a contract is only ever widened"
        self.widening = event

    def command_ended(self, event: e.TestCompleted | e.CommandCompleted) -> None:
        assert self.running
        assert self.command == (event.test_id if isinstance(event, e.TestCompleted) else event.command_id)
        self.command = self.covered = None

    # --- decisions

    def approval_requested(self, event: e.ApprovalRequested) -> None:
        assert self.request is None, "one request at a time"
        assert self.running or event.kind == "plan"
        self.request = event

    def approval_resolved(self, event: e.ApprovalResolved) -> None:
        assert self.request is not None, "nothing is decided that was not asked"
        assert (event.approval_id, event.digest) == (self.request.approval_id, self.request.digest)
        assert event.grant_id is None or event.grant_id in self.granted, "a grant that was revoked decides nothing"
        approved, self.request = event.decision == "approved", None
        if event.kind == "plan":
            self.plan_approved = approved
        elif not approved:
            self._drop()
        elif event.kind == "diff":
            self.approved = event.digest
        elif event.kind == "command":
            self.covered = event.digest
        elif event.kind == "scope":
            assert event.grant_id is None, "a contract is widened by a person"
            assert self.widening is not None
            self.paths, self.breaches = self.widening.scope_contract.paths, {}

    def approval_expired(self, event: e.ApprovalExpired) -> None:
        assert self.request is not None
        assert event.approval_id == self.request.approval_id
        self.request = None
        self._drop()

    def approval_voided(self, event: e.ApprovalVoided) -> None:
        assert self.change is not None
        assert (event.diff_id, event.digest) == (self.change.diff_id, self.change.digest)
        assert event.changed, "what has drifted is told"
        assert self.running or (self.request is not None and event.approval_id == self.request.approval_id)
        self.request = self.change = self.approved = self.secured = None

    def grant_given(self, event: e.GrantGiven) -> None:
        self.granted.add(event.grant_id)

    def grant_revoked(self, event: e.GrantRevoked) -> None:
        assert event.grant_id in self.granted
        self.granted.remove(event.grant_id)

    # --- repairs

    def repair_started(self, event: e.RepairStarted) -> None:
        assert self.repair is None, "one repair at a time"
        assert event.step_id == self.plan.steps[self.cursor].step_id
        assert event.attempt <= event.max_attempts, "repairs are bounded"
        assert self.due is None, "what the plan has taken back is taken back before anything else is done"
        if event.origin != "step":
            self._drop()
            self.in_place = True
        self.repair, self.step = event.repair_id, event.step_id
        self.running, self.failed = True, False

    def repair_completed(self, event: e.RepairCompleted) -> None:
        assert event.repair_id == self.repair
        self.repair = None

    # --- moves

    def execution_paused(self, event: e.ExecutionPaused) -> None:
        gate = event.reason.startswith("awaiting_") or event.reason == "failure"
        assert self.running or (not gate and (self.request or event.reason in ("rejected", "expired")))
        self.running, self.failed, self.command = False, event.reason == "failure", None
        if event.reason == "failure":
            assert isinstance(self.last, e.FailureDetected)
            self._drop()

    def execution_resumed(self, event: e.ExecutionResumed) -> None:
        assert not self.running
        assert self.rollback is None, "a rollback is finished before anything else is done"
        assert self.due is None, "and so is one that the plan has made"
        self.running, self.failed = self.request is None, False
        if event.reason == "retry":
            assert self.repair is None
            self._drop()

    def execution_stopped(self, _: e.ExecutionStopped) -> None:
        assert self.repair is None
        self.running, self.failed, self.ended = False, False, True

    def mission_recovered(self, _: e.MissionRecovered) -> None:
        assert self.running
        self.command = None


def _puts_files_back(event: e.Event) -> bool:
    secures = isinstance(event, e.CheckpointSecured) and event.scope == "rollback"
    return secures or isinstance(event, e.CheckpointRestored)


def _is_said_by_a_person(event: e.Event) -> bool:
    """Whether somebody is named who wants it so: all that a person may ask of a failed mission says who did."""
    return getattr(event, "by", None) is not None


RULES: dict[type, Callable[[Auditor, Any], None]] = {
    e.MissionStarted: Auditor.mission_started,
    e.StepStarted: Auditor.step_started,
    e.StepCompleted: Auditor.step_completed,
    e.Final: Auditor.final,
    e.FailureDetected: Auditor.failure_detected,
    e.RetrievalStarted: Auditor.retrieval_started,
    e.RetrievalCompleted: Auditor.retrieval_completed,
    e.CheckpointCreated: Auditor.checkpoint_created,
    e.DiffProposed: Auditor.diff_proposed,
    e.CheckpointSecured: Auditor.checkpoint_secured,
    e.DiffApplied: Auditor.diff_applied,
    e.CheckpointRestored: Auditor.checkpoint_restored,
    e.CommandProposed: Auditor.command_proposed,
    e.TestStarted: Auditor.command_started,
    e.CommandStarted: Auditor.command_started,
    e.FilesChanged: Auditor.files_changed,
    e.ScopeExpansionRequested: Auditor.scope_expansion_requested,
    e.TestCompleted: Auditor.command_ended,
    e.CommandCompleted: Auditor.command_ended,
    e.ApprovalRequested: Auditor.approval_requested,
    e.ApprovalResolved: Auditor.approval_resolved,
    e.ApprovalExpired: Auditor.approval_expired,
    e.ApprovalVoided: Auditor.approval_voided,
    e.GrantGiven: Auditor.grant_given,
    e.GrantRevoked: Auditor.grant_revoked,
    e.RepairStarted: Auditor.repair_started,
    e.RepairCompleted: Auditor.repair_completed,
    e.ExecutionPaused: Auditor.execution_paused,
    e.ExecutionResumed: Auditor.execution_resumed,
    e.ExecutionStopped: Auditor.execution_stopped,
    e.MissionRecovered: Auditor.mission_recovered,
}
