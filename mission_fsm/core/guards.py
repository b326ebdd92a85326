"""Pure predicates on a move. Each answers None, or why not in a sentence that a person can act on."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.next import Next, next_of


@frozen
class Facts:
    """What a guard may need to know that the mission itself does not hold.

    A fact that is not given counts against nothing, so that a caller can ask what is possible in principle.

    by: who asks.
    step_index: of the step that is to advance.
    effect: what the runner has brought about, as its class.
    approval_id, digest: of the request that a decision names.
    answer: a person's answer to a question.
    drift: what is no longer as it was when the request was made, in words.
    plan_changes: what has changed in the plan's file since it was loaded, in words.
    missing_stages: stages of the plan that are not installed.
    held_by: the mission that holds the workspace, in words.
    now: RFC 3339 time.
    bound: whether a repair is bound to the failed step, or given by a person.
    checkpoint: the checkpoint that a rollback names, and whether it is live.
    conflicts: files that are not as the mission left them, in words.
    in_doubt: commands of which it is not known whether they took effect.
    """

    by: str | None = None
    step_index: int | None = None
    effect: type[Next] | None = None
    approval_id: str | None = None
    digest: str | None = None
    answer: str | None = None
    drift: tuple[str, ...] = ()
    plan_changes: tuple[str, ...] = ()
    missing_stages: tuple[str, ...] = ()
    held_by: str | None = None
    now: str | None = None
    bound: bool = True
    checkpoint: str | None = None
    conflicts: tuple[str, ...] = ()
    in_doubt: tuple[str, ...] = ()


NO_FACTS = Facts()

SHORT_DIGEST = 12
"""A decision may name its digest by that many of its first digits, or more."""

Guard = Callable[[Mission, Facts], str | None]


def plan_is_approved(mission: Mission, _: Facts) -> str | None:
    if mission.plan_decision == "approved":
        return None
    if mission.plan_decision == "rejected":
        return f"its plan was rejected by {mission.decided_by}; make a new mission from a better plan"
    return "its plan is not approved; approve it first"


def plan_is_unchanged(_: Mission, facts: Facts) -> str | None:
    if not facts.plan_changes:
        return None
    return (
        f"the plan's file has changed since it was loaded ({'; '.join(facts.plan_changes)}); "
        "put it back, or stop this mission and make a new one"
    )


def author_may_approve(mission: Mission, facts: Facts) -> str | None:
    if mission.plan.author_may_approve or facts.by is None or facts.by != mission.created_by:
        return None
    return (
        f"the plan says that whoever made the mission may not approve it, and that was {facts.by}; "
        "have someone else approve it"
    )


def stages_are_installed(_: Mission, facts: Facts) -> str | None:
    if not facts.missing_stages:
        return None
    return f"no plugin is installed for {', '.join(facts.missing_stages)}; install it and try again"


def workspace_is_free(_: Mission, facts: Facts) -> str | None:
    return facts.held_by


def step_is_next(mission: Mission, facts: Facts) -> str | None:
    if facts.step_index is None or facts.step_index == mission.cursor < len(mission.plan.steps):
        return None
    return f"step {facts.step_index} is not the plan's next one, which is {mission.cursor}"


def effect_is_next(mission: Mission, facts: Facts) -> str | None:
    following = type(next_of(mission))
    if facts.effect is None or facts.effect is following:
        return None
    return f"{facts.effect.__name__} is reported, and {following.__name__} is what comes next"


def nothing_is_pending(mission: Mission, _: Facts) -> str | None:
    return f"{mission.pending.approval_id} is still waiting for a decision" if mission.pending else None


def decision_fits(mission: Mission, facts: Facts) -> str | None:
    pending = mission.pending
    if pending is None:
        if mission.plan_decision != "pending":
            return f"nothing is waiting for a decision: the plan was {mission.plan_decision} by {mission.decided_by}"
        return "nothing is waiting for a decision"
    if facts.approval_id is not None and facts.approval_id != pending.approval_id:
        return f"the decision is about {facts.approval_id}, and {pending.approval_id} is what is waiting"
    if facts.digest is None or facts.digest == pending.digest:
        return None
    if not pending.digest.startswith(facts.digest):
        return f"the decision is about digest {facts.digest}, and {pending.digest} is what is waiting; look at it again"
    if len(facts.digest) < SHORT_DIGEST:
        return f"{facts.digest} is too little of a digest to decide by; give at least its first {SHORT_DIGEST} digits"
    return None


def answer_is_given(mission: Mission, facts: Facts) -> str | None:
    pending = mission.pending
    if pending is None or pending.kind is not ApprovalKind.QUESTION or facts.answer is None:
        return None
    if not facts.answer:
        return f"the question needs an answer: {pending.summary}"
    if pending.choices and facts.answer not in pending.choices:
        return f"the answer must be one of: {', '.join(pending.choices)}"
    return None


def subject_has_not_drifted(_: Mission, facts: Facts) -> str | None:
    if not facts.drift:
        return None
    return (
        f"the files are no longer what the diff was made from ({'; '.join(facts.drift)}), so it is made anew when the "
        "mission runs on, and asked about again"
    )


def subject_has_drifted(_: Mission, facts: Facts) -> str | None:
    return None if facts.drift else "the files are what the diff was made from"


def limit_has_passed(mission: Mission, facts: Facts) -> str | None:
    pending = mission.pending
    if pending is None or pending.expires_at is None:
        return "the request has no time limit"
    if facts.now is not None and facts.now < pending.expires_at:
        return f"the request may be decided until {pending.expires_at}"
    return None


def limit_has_not_passed(mission: Mission, facts: Facts) -> str | None:
    pending = mission.pending
    if pending is None or pending.expires_at is None or facts.now is None or facts.now < pending.expires_at:
        return None
    if pending.kind is ApprovalKind.PLAN:
        return f"the request expired at {pending.expires_at}; stop this mission and make a new one"
    return f"the request expired at {pending.expires_at}; resume the mission to be asked again"


def a_request_is_pending(mission: Mission, _: Facts) -> str | None:
    return None if mission.pending else "nothing is waiting for a decision"


def no_request_is_pending(mission: Mission, facts: Facts) -> str | None:
    return nothing_is_pending(mission, facts)


def attempts_are_left(mission: Mission, _: Facts) -> str | None:
    if mission.cursor >= len(mission.plan.steps):
        return None
    step = mission.plan.steps[mission.cursor]
    used = mission.attempts(mission.cursor)
    if used < step.max_attempts:
        return None
    instead = "repair" if mission.state is State.FAILED else "resume"
    return f"step {step.step_id} has used its {step.max_attempts} attempts; {instead} it, roll back or stop"


def repair_is_bound(_: Mission, facts: Facts) -> str | None:
    if facts.bound:
        return None
    return "the plan binds no repair to this step; give one, as a patch"


def checkpoint_is_live(mission: Mission, facts: Facts) -> str | None:
    if facts.checkpoint is not None:
        edit = mission.edit(facts.checkpoint)
        if edit is None:
            return f"this mission has no checkpoint {facts.checkpoint}"
        if edit.undone_by is not None:
            return f"{facts.checkpoint} has been rolled back already; roll back {edit.undone_by} to have it again"
        return None
    if any(edit.undone_by is None for edit in mission.edits):
        return None
    return "the mission has changed nothing that is still there to be rolled back"


def nothing_else_changed(_: Mission, facts: Facts) -> str | None:
    if not facts.conflicts:
        return None
    return f"files are not as the mission left them ({'; '.join(facts.conflicts)}); look at them, or say to overwrite"


def nothing_is_in_doubt(_: Mission, facts: Facts) -> str | None:
    return f"it is not known whether {', '.join(facts.in_doubt)} took effect" if facts.in_doubt else None


def something_is_in_doubt(_: Mission, facts: Facts) -> str | None:
    return None if facts.in_doubt else "nothing is in doubt"


def every_step_is_completed(mission: Mission, _: Facts) -> str | None:
    left = len(mission.plan.steps) - mission.cursor
    return None if left == 0 else f"{left} of the plan's steps {'is' if left == 1 else 'are'} not completed"


def no_rollback_is_open(mission: Mission, _: Facts) -> str | None:
    if mission.restoring is None:
        return None
    return f"the rollback {mission.restoring.checkpoint_id} was cut short; roll back again to finish it"


def no_rollback_is_due(mission: Mission, _: Facts) -> str | None:
    if mission.rollback_due is None:
        return None
    return (
        f"the plan has what the repair changed taken back first, to {mission.rollback_due}; "
        "run the mission to have that done, or roll back by yourself"
    )


# Pairs of which never both hold, so that two rows of one trigger and source cannot both be true.
EXCLUSIVE: frozenset[frozenset[Guard]] = frozenset(
    {
        frozenset({a_request_is_pending, no_request_is_pending}),
        frozenset({nothing_is_in_doubt, something_is_in_doubt}),
    }
)
