"""Each guard: what it refuses, in a sentence that says what to do, and what it lets pass."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from mission_fsm.core import guards as g
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.guards import Facts, Guard
from mission_fsm.core.lifecycle import TABLE, next_state
from mission_fsm.core.mission import Active, Edit, Failure, Mission, Restoring, State
from mission_fsm.core.next import BeginStep, RunStage
from mission_fsm.errors import GuardRefused
from tests.unit.core.driver import plan_of

AT_TEN = "2024-01-01T10:00:00Z"
BEFORE_TEN = "2024-01-01T09:59:59Z"
EDIT = Edit("checkpoint-9", "edit", "fix", 1, "manifest", ("a.py",), 2)
UNDONE = attrs.evolve(EDIT, undone_by="checkpoint-30")
DIFF = Request("approval-8", ApprovalKind.DIFF, "abc", "a change", expires_at=AT_TEN)
HASHED = attrs.evolve(DIFF, digest="0123456789ab" + "0" * 52)
PLAN_REQUEST = Request("approval-2", ApprovalKind.PLAN, "plan-digest", "make it right", expires_at=AT_TEN)
QUESTION = Request("approval-8", ApprovalKind.QUESTION, "abc", "which port?")
CHOICE = attrs.evolve(QUESTION, choices=("80", "8080"))
RESTORING = Restoring("checkpoint-30", "checkpoint-9", "manifest", 1, ("checkpoint-9",), "ann")


def _mission(state: str, changes: dict[str, Any]) -> Mission:
    made = Mission("m1", plan_of("find:retrieve", "fix:edit"), "/w", None, "ann", State(state), 20, cursor=1, reached=2)
    return attrs.evolve(made, **changes)


STRICT = attrs.evolve(plan_of("find:retrieve", "fix:edit"), author_may_approve=False)
APPROVED = {"plan_decision": "approved"}
ASKED = {"pending": DIFF}
ROLLING_BACK = {"restoring": RESTORING}
ROLLBACK_DUE = {"failure": Failure("fix", "test_failed", "1 failed", "red", rollback_to="checkpoint-9")}
WAITS = State.AWAITING_APPROVAL

# trigger, state, the mission's fields, facts, the guard: and its sentence.
# fmt: off
REFUSALS: list[tuple[str, str, dict[str, Any], Facts, Guard, str]] = [
    ("start", "idle", {}, Facts(), g.plan_is_approved,
     "its plan is not approved; approve it first"),
    ("start", "idle", {"plan_decision": "rejected", "decided_by": "bob"}, Facts(), g.plan_is_approved,
     "its plan was rejected by bob; make a new mission from a better plan"),
    ("start", "idle", APPROVED, Facts(plan_changes=("goal", "steps[1]")), g.plan_is_unchanged,
     ("the plan's file has changed since it was loaded (goal; steps[1]); "
      "put it back, or stop this mission and make a new one")),
    ("approve", "idle", {"pending": PLAN_REQUEST}, Facts(plan_changes=("goal",)), g.plan_is_unchanged,
     ("the plan's file has changed since it was loaded (goal); "
      "put it back, or stop this mission and make a new one")),
    ("start", "idle", APPROVED, Facts(missing_stages=("deploy", "lint")), g.stages_are_installed,
     "no plugin is installed for deploy, lint; install it and try again"),
    ("start", "idle", APPROVED, Facts(held_by="mission m2 holds it; stop it first"), g.workspace_is_free,
     "mission m2 holds it; stop it first"),
    ("approve", "idle", {**APPROVED, "decided_by": "bob"}, Facts(), g.decision_fits,
     "nothing is waiting for a decision: the plan was approved by bob"),
    ("reject", WAITS, {}, Facts(), g.decision_fits,
     "nothing is waiting for a decision"),
    ("approve", WAITS, ASKED, Facts(approval_id="approval-7"), g.decision_fits,
     "the decision is about approval-7, and approval-8 is what is waiting"),
    ("approve", WAITS, ASKED, Facts(digest="abd"), g.decision_fits,
     "the decision is about digest abd, and abc is what is waiting; look at it again"),
    ("approve", WAITS, {"pending": HASHED}, Facts(digest="0123456789a"), g.decision_fits,
     "0123456789a is too little of a digest to decide by; give at least its first 12 digits"),
    ("approve", WAITS, {"pending": HASHED}, Facts(digest="0123456789ac"), g.decision_fits,
     f"the decision is about digest 0123456789ac, and {HASHED.digest} is what is waiting; look at it again"),
    ("approve", WAITS, ASKED, Facts(now=AT_TEN), g.limit_has_not_passed,
     f"the request expired at {AT_TEN}; resume the mission to be asked again"),
    ("reject", "idle", {"pending": PLAN_REQUEST}, Facts(now=AT_TEN), g.limit_has_not_passed,
     f"the request expired at {AT_TEN}; stop this mission and make a new one"),
    ("approve", WAITS, {"pending": QUESTION}, Facts(answer=""), g.answer_is_given,
     "the question needs an answer: which port?"),
    ("approve", WAITS, {"pending": CHOICE}, Facts(answer="81"), g.answer_is_given,
     "the answer must be one of: 80, 8080"),
    ("approve", WAITS, ASKED, Facts(drift=("a.py was changed",)), g.subject_has_not_drifted,
     ("the files are no longer what the diff was made from (a.py was changed), so it is made anew when the mission "
      "runs on, and asked about again")),
    ("void", WAITS, ASKED, Facts(), g.subject_has_drifted,
     "the files are what the diff was made from"),
    ("approve", "idle", {"pending": PLAN_REQUEST, "plan": STRICT}, Facts(by="ann"), g.author_may_approve,
     "the plan says that whoever made the mission may not approve it, and that was ann; have someone else approve it"),
    ("expire", WAITS, ASKED, Facts(now=BEFORE_TEN), g.limit_has_passed,
     f"the request may be decided until {AT_TEN}"),
    ("expire", WAITS, {"pending": QUESTION}, Facts(now=AT_TEN), g.limit_has_passed,
     "the request has no time limit"),
    ("advance", "running", {}, Facts(step_index=0), g.step_is_next,
     "step 0 is not the plan's next one, which is 1"),
    ("advance", "running", {"cursor": 2}, Facts(step_index=2), g.step_is_next,
     "step 2 is not the plan's next one, which is 2"),
    ("advance", "running", {}, Facts(effect=RunStage), g.effect_is_next,
     "RunStage is reported, and BeginStep is what comes next"),
    ("request_approval", "running", ASKED, Facts(), g.nothing_is_pending,
     "approval-8 is still waiting for a decision"),
    ("retry", "paused", ASKED, Facts(), g.nothing_is_pending,
     "approval-8 is still waiting for a decision"),
    ("retry", "failed", {"retried": {"fix": 10}}, Facts(), g.attempts_are_left,
     "step fix has used its 10 attempts; repair it, roll back or stop"),
    *((trigger, "failed", ROLLBACK_DUE, Facts(), g.no_rollback_is_due,
       ("the plan has what the repair changed taken back first, to checkpoint-9; "
        "run the mission to have that done, or roll back by yourself"))
      for trigger in ("retry", "repair")),
    ("repair", "failed", {}, Facts(bound=False), g.repair_is_bound,
     "the plan binds no repair to this step; give one, as a patch"),
    *((trigger, state, ROLLING_BACK, Facts(), g.no_rollback_is_open,
       "the rollback checkpoint-30 was cut short; roll back again to finish it")
      for trigger, state in (("resume", "paused"), ("retry", "paused"), ("retry", "failed"), ("repair", "failed"))),
    *(("rollback", state, {"edits": (UNDONE,)}, Facts(), g.checkpoint_is_live,
       "the mission has changed nothing that is still there to be rolled back")
      for state in ("paused", "failed", "stopped", "complete")),
    ("rollback", "paused", {"edits": (EDIT,)}, Facts(checkpoint="checkpoint-1"), g.checkpoint_is_live,
     "this mission has no checkpoint checkpoint-1"),
    ("rollback", "paused", {"edits": (UNDONE,)}, Facts(checkpoint="checkpoint-9"), g.checkpoint_is_live,
     "checkpoint-9 has been rolled back already; roll back checkpoint-30 to have it again"),
    ("rollback", "paused", {"edits": (EDIT,)}, Facts(conflicts=("a was changed", "b is gone")), g.nothing_else_changed,
     "files are not as the mission left them (a was changed; b is gone); look at them, or say to overwrite"),
    ("finish", "running", {}, Facts(), g.every_step_is_completed,
     "1 of the plan's steps is not completed"),
]
# fmt: on


@pytest.mark.parametrize(
    ("trigger", "state", "fields", "facts", "guard", "sentence"),
    [pytest.param(*refusal, id=f"{refusal[0]}-{refusal[1]}-{refusal[4].__name__}") for refusal in REFUSALS],
)
def test_a_refusal_names_its_guard_and_says_what_to_do(
    trigger: str, state: str, fields: dict[str, Any], facts: Facts, guard: Guard, sentence: str
) -> None:
    with pytest.raises(GuardRefused) as refusal:
        next_state(_mission(state, fields), trigger, facts)
    assert refusal.value.guard == guard.__name__
    assert refusal.value.reason == sentence


# Guards that only choose between two rows of one trigger: one of each pair always holds.
CHOOSING = {guard for pair in g.EXCLUSIVE for guard in pair}


def test_every_guard_that_can_refuse_has_its_refusal_here() -> None:
    used = {guard for row in TABLE for guard in row.guards}
    assert used - CHOOSING == {refusal[4] for refusal in REFUSALS}


@pytest.mark.parametrize("pending", [None, DIFF])
def test_resume_goes_back_to_the_request_where_one_is_pending_and_else_runs_on(pending: Request | None) -> None:
    mission = _mission("paused", {"pending": pending})
    assert next_state(mission, "resume") is (State.AWAITING_APPROVAL if pending else State.RUNNING)
    assert (g.a_request_is_pending(mission, Facts()) is None) is (pending is not None)
    assert (g.no_request_is_pending(mission, Facts()) is None) is (pending is None)


@pytest.mark.parametrize("in_doubt", [(), ("deploy to production",)])
def test_recover_pauses_where_something_is_in_doubt_and_says_what(in_doubt: tuple[str, ...]) -> None:
    mission = _mission("running", {})
    assert next_state(mission, "recover", Facts(in_doubt=in_doubt)) is (State.PAUSED if in_doubt else State.RUNNING)
    sentence = g.nothing_is_in_doubt(mission, Facts(in_doubt=in_doubt))
    assert sentence == ("it is not known whether deploy to production took effect" if in_doubt else None)


@pytest.mark.parametrize(
    ("trigger", "state", "fields", "facts"),
    [
        (
            "approve",
            "awaiting_approval",
            {"pending": DIFF},
            Facts(approval_id="approval-8", digest="abc", now=BEFORE_TEN),
        ),
        ("approve", "awaiting_approval", {"pending": QUESTION}, Facts(answer="443")),
        ("approve", "awaiting_approval", {"pending": CHOICE}, Facts(answer="8080")),
        ("approve", "awaiting_approval", {"pending": DIFF}, Facts(answer="")),
        ("advance", "running", {}, Facts(step_index=1, effect=BeginStep)),
        ("advance", "running", {"active": Active(1, "fix", 1, "edit")}, Facts(step_index=1, effect=RunStage)),
        ("retry", "failed", {"retried": {"fix": 9}}, Facts()),
        ("retry", "failed", {"retried": {"find": 10}}, Facts()),
        ("rollback", "complete", {"edits": (UNDONE, EDIT)}, Facts()),
        ("stop", "paused", {"restoring": RESTORING, "pending": DIFF}, Facts()),
    ],
)
def test_what_nothing_speaks_against_passes(trigger: str, state: str, fields: dict[str, Any], facts: Facts) -> None:
    next_state(_mission(state, fields), trigger, facts)


@pytest.mark.parametrize("digits", [12, 13, 64])
def test_a_digest_is_named_by_twelve_of_its_first_digits_or_more(digits: int) -> None:
    assert g.decision_fits(_mission(WAITS, {"pending": HASHED}), Facts(digest=HASHED.digest[:digits])) is None


def test_a_fact_that_is_not_given_counts_against_nothing() -> None:
    mission = _mission("awaiting_approval", {"pending": attrs.evolve(CHOICE, expires_at=AT_TEN)})
    assert next_state(mission, "approve", Facts()) is State.RUNNING
    assert next_state(mission, "expire", Facts()) is State.PAUSED
