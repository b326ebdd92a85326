"""What is decided at a gate, or in advance of one: by a person, by a rule, by time, or by what has changed meanwhile.

Part of `decide`, which says which of these functions answers which request.
"""

from __future__ import annotations

from attrs import evolve

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.changes import Revision
from mission_fsm.core.draft import Draft
from mission_fsm.core.grants import check_rule
from mission_fsm.core.guards import Facts
from mission_fsm.core.lifecycle import FINAL, legal_triggers
from mission_fsm.core.mission import Mission, ProposedChange
from mission_fsm.core.scope import widening_for
from mission_fsm.core.steps import diff_proposed, give_up_repair
from mission_fsm.errors import GuardRefused, IllegalTransition, UsageError


def approve(draft: Draft, command: c.Approve) -> None:
    """What is waiting is approved: as it stands, or as a reviewer has revised it."""
    facts = Facts(
        by=command.by,
        approval_id=command.approval_id,
        digest=command.digest,
        answer=command.answer or "",
        drift=command.drift,
        plan_changes=command.plan_changes,
        now=command.now,
    )
    draft.fire("approve", facts)
    if command.revision is not None:
        _revise(draft, command.revision, command.by)
    request = _resolve(draft, command, "approved", answer=command.answer)
    if request.kind is not ApprovalKind.PLAN:
        draft.emit(e.ExecutionResumed("approved", request.step_id, command.by))


def reject(draft: Draft, command: c.Reject) -> None:
    """What is waiting is rejected."""
    draft.fire("reject", Facts(approval_id=command.approval_id, digest=command.digest, now=command.now))
    request = _resolve(draft, command, "rejected")
    if request.kind is not ApprovalKind.PLAN:
        give_up_repair(draft)
        draft.emit(e.ExecutionPaused("rejected", request.step_id, command.by))


def expire(draft: Draft, command: c.Expire) -> None:
    """The time of the request that is waiting has passed."""
    draft.fire("expire", Facts(now=command.now))
    request = draft.mission.pending
    if request is not None and request.expires_at is not None:
        draft.emit(e.ApprovalExpired(request.approval_id, request.expires_at))
        give_up_repair(draft)
        draft.emit(e.ExecutionPaused("expired", request.step_id))


def void(draft: Draft, command: c.VoidRequest) -> None:
    """The files are no longer what the change that is waiting was made from: it is made anew, and asked about again."""
    draft.fire("void", Facts(drift=command.drift))
    step_id, request = draft.active.step_id, draft.mission.pending
    change_voided(draft, command.drift, None if request is None else request.approval_id)
    draft.emit(e.ExecutionResumed("drifted", step_id, command.by))


def change_voided(draft: Draft, drift: tuple[str, ...], approval_id: str | None = None) -> None:
    """The change on its way is void, and so is what was decided about it."""
    change = draft.active.change
    if change is None:
        raise GuardRefused("void", "a_change_is_on_its_way", "no change is on its way")
    draft.emit(e.ApprovalVoided(draft.active.step_id, change.diff_id, change.digest, drift, approval_id))


def give_grant(draft: Draft, command: c.GiveGrant) -> None:
    """Gates are decided in advance, by rule."""
    _refuse_ended(draft.mission, "grant")
    check_rule(command.rule, {step.stage for step in draft.mission.plan.steps})
    draft.emit(e.GrantGiven(draft.new_id("grant"), command.rule, command.by))


def revoke_grant(draft: Draft, command: c.RevokeGrant) -> None:
    """A grant covers nothing from now on. What it has decided stands."""
    _refuse_ended(draft.mission, "revoke a grant of")
    grants = draft.mission.grants
    grant = next((grant for grant in grants if grant.grant_id == command.grant_id), None)
    if grant is None:
        there = ", ".join(f"{each.grant_id} ({each.rule})" for each in grants) or "none at all"
        raise UsageError(f"this mission has no grant {command.grant_id!r}; it has {there}")
    if grant.revoked_by is not None:
        raise GuardRefused("revoke", "grant_stands", f"{grant.grant_id} was revoked already, by {grant.revoked_by}")
    draft.emit(e.GrantRevoked(grant.grant_id, grant.rule, command.by))


def reviewed(mission: Mission) -> ProposedChange:
    """The change that is waiting to be approved. Raises GuardRefused where something else is, or nothing."""
    pending, change = mission.pending, mission.active.change if mission.active else None
    if pending is None or pending.kind is not ApprovalKind.DIFF or change is None:
        waits = "nothing is waiting" if pending is None else f"a {pending.kind} is waiting"
        raise GuardRefused(
            "approve", "a_change_is_waiting", f"only a change is approved in part or edited, and {waits}"
        )
    return change


def _revise(draft: Draft, revision: Revision, by: str) -> None:
    """Put a reviewer's change set in the place of the one that is waiting, where it is another."""
    change, change_set = reviewed(draft.mission), revision.change_set
    if change_set.digest == change.digest:
        return
    problem = _problem_with(draft.mission, change, revision)
    if problem is not None:
        raise GuardRefused("approve", *problem)
    summary, final = change.summary, change.final
    proposed = diff_proposed(draft, change_set, revision.risk, revision.artifact, summary=summary, final=final)
    draft.emit(evolve(proposed, revises=change.diff_id, author=by, left_out=revision.left_out, edited=revision.edited))


def _problem_with(mission: Mission, change: ProposedChange, revision: Revision) -> tuple[str, str] | None:
    """The guard that a revision does not pass, and why not, in a sentence."""
    paths = revision.change_set.paths
    if not paths:
        return "something_is_left", "this leaves nothing of the change, which is a rejection: reject it, with a reason"
    more = sorted(set(paths) - set(change.paths))
    if more and not revision.edited:
        return "revision_lies_within", f"{', '.join(more)} {'is' if len(more) == 1 else 'are'} not in the change"
    beyond = widening_for(mission, paths, revision.change_set.lines)
    if beyond is not None:
        broken = "; ".join(beyond.breaches)
        return "revision_is_in_scope", f"as it was edited the change leaves the scope contract: {broken}"
    return None


def _resolve(draft: Draft, command: c.Approve | c.Reject, decision: str, answer: str | None = None) -> Request:
    request = draft.mission.pending
    if request is None:
        raise AssertionError("the guard decision_fits let a decision pass with nothing pending")
    draft.emit(
        e.ApprovalResolved(
            approval_id=request.approval_id,
            kind=request.kind,
            decision=decision,
            decided_by=command.by,
            means=command.means,
            digest=request.digest,
            reason=command.reason,
            answer=answer,
        )
    )
    return request


def _refuse_ended(mission: Mission, what: str) -> None:
    if mission.state in FINAL:
        raise IllegalTransition(what, mission.state, legal_triggers(mission))
