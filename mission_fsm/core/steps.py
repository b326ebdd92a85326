"""How a step goes: it begins, asks for what it needs, and is completed, repaired or failed.

These functions add to a draft; the decisions in `decide` and `report` are made of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from attrs import evolve

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.changes import ChangeSet, Risk, RiskLevel
from mission_fsm.core.draft import Draft
from mission_fsm.core.grants import covering
from mission_fsm.core.guards import Facts
from mission_fsm.core.mission import Mission, Repair
from mission_fsm.core.moves import AWAITING

SAME_FAILURE = " (the same failure as before the repair)"
"""What is added to the message of a failure that a repair did not change."""


def begin_step(draft: Draft, writing_stages: frozenset[str]) -> None:
    """Start the plan's next step, or start it again, in the next attempt."""
    mission = draft.mission
    step = mission.plan.steps[mission.cursor]
    draft.fire("advance", Facts(step_index=mission.cursor))
    attempt = mission.attempts(mission.cursor) + 1
    draft.emit(e.StepStarted(step.step_id, mission.cursor, step.description, step.stage, attempt))
    announce_stage(draft, step.stage)
    if step.stage in writing_stages:
        open_checkpoint(draft)


def announce_stage(draft: Draft, stage: str) -> None:
    """Say that another stage performs from here on, where that is so."""
    if draft.mission.stage != stage:
        draft.emit(e.StageChanged(draft.mission.stage, stage, draft.active.step_id))


def open_checkpoint(draft: Draft) -> None:
    """Open a restore point for the edit that is about to be made, unless one is open."""
    active = draft.active
    if active.checkpoint_id is None:
        description = f"before {active.stage} in step {active.step_id}, attempt {active.attempt}"
        draft.emit(e.CheckpointCreated(draft.new_id("checkpoint"), description, "edit", active.step_id))


def complete_step(
    draft: Draft,
    summary: str,
    evidence: Mapping[str, object],
    *,
    writing_stages: frozenset[str],
    proceed: bool,
    elapsed_s: float,
) -> None:
    """The step is done: finish the mission, begin the next step, or leave that for later.

    Where a failed step was being repaired in place and the repair stage is done, the failed step runs again.
    """
    repair = draft.mission.repair
    active = draft.active
    if repair is not None and repair.in_place and active.stage == "repair":
        begin_step(draft, writing_stages)
        return
    if repair is not None:
        draft.emit(e.RepairCompleted(repair.repair_id, success=True))
    draft.emit(e.StepCompleted(active.step_id, active.step_index, success=True, summary=summary, evidence=evidence))
    mission = draft.mission
    if mission.cursor == len(mission.plan.steps):
        draft.fire("finish")
        draft.emit(e.Final(success=True, steps_completed=mission.cursor, duration_s=round(elapsed_s, 3)))
    elif proceed:
        begin_step(draft, writing_stages)


def fail_step(
    draft: Draft,
    kind: str,
    message: str,
    signature: str = "",
    *,
    may_repeat: bool = False,
    artifact: str | None = None,
) -> None:
    """The step has failed: another repair attempt where one is left and could do better, else the mission fails.

    artifact: digest of what shows why.
    """
    active = draft.active
    signature = signature or hashlib.sha256(f"{kind}\0{message}".encode()).hexdigest()[:16]
    repair = draft.mission.repair
    if repair is not None:
        # A repair in place is judged by the step that failed, which knows nothing of attempts.
        could_do_better = may_repeat or (repair.origin == "plan" and active.stage != "repair")
        seen_before = signature in repair.signatures
        if could_do_better and not seen_before and repair.attempt < repair.max_attempts:
            give_up_repair(draft, artifact)
            start_repair(draft, evolve(repair, attempt=repair.attempt + 1, signatures=(*repair.signatures, signature)))
            return
        give_up_repair(draft)
        if seen_before:
            message += SAME_FAILURE
    draft.fire("fail")
    rollback_to = _rollback_to(draft.mission, repair)
    draft.emit(e.FailureDetected(active.step_id, kind, message, signature, rollback_to, artifact))
    draft.emit(e.ExecutionPaused("failure", active.step_id))


def _rollback_to(mission: Mission, repair: Repair | None) -> str | None:
    """The checkpoint of the first that the failed loop has changed, where the plan has all of that taken back."""
    if repair is None or repair.keeps_edits is None:
        return None
    changed = mission.edits[repair.keeps_edits :]
    return changed[0].checkpoint_id if changed else None


def kept_edits(mission: Mission, on_exhausted: str) -> int | None:
    """How many edits are older than a repair loop that begins now, where those of the loop may have to go back."""
    return len(mission.edits) if on_exhausted == "rollback" else None


def start_repair(draft: Draft, repair: Repair, by: str | None = None) -> None:
    """Put an attempt at a repair on record, with the restore point for what it will change."""
    draft.emit(
        e.RepairStarted(
            repair_id=draft.new_id("repair"),
            step_id=repair.step_id,
            attempt=repair.attempt,
            origin=repair.origin,
            max_attempts=repair.max_attempts,
            options_step=repair.options_step,
            patch=repair.patch,
            signatures=repair.signatures,
            by=by,
            keeps_edits=repair.keeps_edits,
        )
    )
    announce_stage(draft, draft.active.stage)
    open_checkpoint(draft)


def give_up_repair(draft: Draft, artifact: str | None = None) -> None:
    """End the repair that is under way, if one is, as one that did not work. artifact: of what shows why."""
    if draft.mission.repair is not None:
        draft.emit(e.RepairCompleted(draft.mission.repair.repair_id, success=False, artifact=artifact))


def diff_proposed(
    draft: Draft, change_set: ChangeSet, risk: Risk, artifact: str, *, summary: str, final: bool
) -> e.DiffProposed:
    """The event that puts that change set before a reviewer."""
    return e.DiffProposed(
        diff_id=draft.new_id("diff"),
        step_id=draft.active.step_id,
        summary=summary,
        risk_level=risk.level,
        digest=change_set.digest,
        files=change_set.paths,
        artifact=artifact,
        lines=change_set.lines,
        rules=risk.rules,
        final=final,
    )


def ask(
    draft: Draft,
    kind: ApprovalKind,
    digest: str,
    summary: str,
    *,
    paths: tuple[str, ...] = (),
    argv: tuple[str, ...] = (),
    risk_level: RiskLevel | None = None,
    rules: tuple[str, ...] = (),
    choices: tuple[str, ...] = (),
    expires_at: str | None = None,
) -> None:
    """Ask for a decision, and take it at once where a grant gives it: with the same record."""
    draft.fire("request_approval")
    active = draft.mission.active
    step_id = active.step_id if active is not None else None
    approval_id = draft.new_id("approval")
    draft.emit(
        e.ApprovalRequested(
            approval_id=approval_id,
            kind=kind,
            digest=digest,
            summary=summary,
            step_id=step_id,
            risk_level=risk_level,
            rules=rules,
            choices=choices,
            expires_at=expires_at,
        )
    )
    draft.emit(e.ExecutionPaused(AWAITING[kind], step_id))
    grant = covering(draft.mission.grants, kind, active.stage, paths, argv) if active is not None else None
    if grant is not None:
        draft.fire("approve", Facts(approval_id=approval_id, digest=digest))
        draft.emit(
            e.ApprovalResolved(
                approval_id=approval_id,
                kind=kind,
                decision="approved",
                decided_by=grant.by,
                means="grant",
                digest=digest,
                reason=grant.rule,
                grant_id=grant.grant_id,
            )
        )
        draft.emit(e.ExecutionResumed("approved", step_id, grant.by))
