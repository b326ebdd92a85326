"""At a gate: a diff, a command or a question waits, and is decided by a person, by a grant, or by time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import ChangeSet, Revision, Risk, RiskLevel
from mission_fsm.core.mission import State
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.replies import Answer
from mission_fsm.core.report import MOST_DRIFTS
from mission_fsm.errors import GuardRefused, IllegalTransition, UsageError
from tests.unit.core.driver import WRITING, Driver, change_set_of, plan_of

Drive = Callable[..., Driver]
AT_TEN = "2024-01-01T10:00:00Z"


def test_approving_a_diff_runs_on_and_says_who_decided_and_how(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    assert driver.approve() == (
        e.ApprovalResolved("approval-9", "diff", "approved", "ann", "terminal", "change-7"),
        e.ExecutionResumed("approved", "fix", "ann"),
    )
    assert driver.state is State.RUNNING


def test_an_approval_is_void_where_something_has_drifted_or_its_time_has_passed(drive: Drive, idle: Driver) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py", expires_at=AT_TEN)
    with pytest.raises(GuardRefused, match=r"no longer what the diff was made from \(a.py was changed\)"):
        driver(c.Approve("ann", "api", drift=("a.py was changed",)))
    with pytest.raises(GuardRefused, match="is about digest another"):
        driver(c.Approve("ann", "api", digest="another"))
    for late in (c.Approve("ann", "api", now=AT_TEN), c.Reject("ann", "api", "no", now=AT_TEN)):
        with pytest.raises(GuardRefused, match="the request expired"):
            driver(late)
    with pytest.raises(GuardRefused, match=r"has changed since it was loaded \(goal\)"):
        idle(c.Approve("ann", "api", plan_changes=("goal",)))
    assert (driver.types()[-1], idle.types()[-1]) == ("execution_paused", "approval_requested")


def test_a_mission_is_not_started_where_the_world_is_not_ready(idle: Driver) -> None:
    idle(c.Approve("ann", "api"))
    for command, sentence in (
        (c.Start(WRITING, held_by="mission m2 holds the workspace"), "mission m2 holds the workspace"),
        (c.Start(WRITING, missing_stages=("deploy",)), "no plugin is installed for deploy"),
        (c.Start(WRITING, plan_changes=("goal",)), "the plan's file has changed"),
    ):
        with pytest.raises(GuardRefused, match=sentence):
            idle(command)
    assert idle.state is State.IDLE


def test_rejecting_a_diff_pauses_and_drops_it(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    assert driver.reject() == (
        e.ApprovalResolved("approval-9", "diff", "rejected", "ann", "terminal", "change-7", "not like this"),
        e.ExecutionPaused("rejected", "fix", "ann"),
    )
    assert (driver.state, driver.mission.active, driver.mission.pending) == (State.PAUSED, None, None)


def test_an_answer_reaches_the_stage_that_asked(drive: Drive) -> None:
    driver = drive("ask:plan")
    driver.outcome(o.AskQuestion("which port?", ("80", "8080")), digest="question")
    asked = driver.mission.pending
    assert asked is not None
    assert (asked.kind, asked.summary, asked.choices) == ("question", "which port?", ("80", "8080"))
    with pytest.raises(GuardRefused, match="the answer must be one of: 80, 8080"):
        driver.approve("81")
    with pytest.raises(GuardRefused, match="the question needs an answer"):
        driver.approve()
    resolved, _ = driver.approve("8080")
    assert resolved == e.ApprovalResolved(
        asked.approval_id, "question", "approved", "ann", "terminal", "question", answer="8080"
    )
    assert driver.mission.active is not None
    assert driver.mission.active.reply == Answer("8080", "ann")


def test_a_request_expires_at_its_limit_and_is_asked_again_when_the_mission_resumes(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py", expires_at=AT_TEN)
    with pytest.raises(GuardRefused, match="may be decided until"):
        driver(c.Expire("2024-01-01T09:59:59Z"))
    assert driver(c.Expire(AT_TEN)) == (
        e.ApprovalExpired("approval-9", AT_TEN),
        e.ExecutionPaused("expired", "fix"),
    )
    driver(c.Resume("ann"), c.BeginStep(WRITING))
    driver.propose("a.py")
    assert driver.mission.pending is not None
    assert driver.mission.pending.approval_id != "approval-9"


def test_whoever_rejects_is_asked_again_as_often_as_the_mission_is_resumed(drive: Drive) -> None:
    """Attempts bound what is tried again after a failure; how often a person is asked is for people to decide."""
    driver = drive("fix:edit", max_attempts=2)
    for attempt in range(1, 5):
        driver.propose("a.py")
        assert driver.mission.attempts(0) == attempt
        driver.reject()
        if attempt > 1:
            with pytest.raises(GuardRefused, match="has used its 2 attempts; resume it, roll back or stop"):
                driver(c.Retry("ann"))
        driver(c.Resume("ann"), c.BeginStep(WRITING))
    assert driver.state is State.RUNNING


def test_a_grant_decides_at_once_with_the_same_record_and_counts_its_use(drive: Drive) -> None:
    driver = drive("fix:edit")
    assert driver(c.GiveGrant("edit:src/**", "ann")) == (e.GrantGiven("grant-8", "edit:src/**", "ann"),)
    proposed = driver.propose("src/a.py")
    assert [e.type_of(type(event)) for event in proposed] == [
        "diff_proposed",
        "approval_requested",
        "execution_paused",
        "approval_resolved",
        "execution_resumed",
    ]
    assert proposed[3] == e.ApprovalResolved(
        "approval-10", "diff", "approved", "ann", "grant", "change-8", "edit:src/**", grant_id="grant-8"
    )
    assert (driver.state, driver.mission.grants[0].used) == (State.RUNNING, 1)


def test_a_grant_that_does_not_cover_every_path_decides_nothing(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver(c.GiveGrant("edit:src/**", "ann"))
    driver.propose("src/a.py", "setup.py")
    assert (driver.state, driver.mission.grants[0].used) == (State.AWAITING_APPROVAL, 0)


def test_a_bad_rule_is_no_grant_and_an_ended_mission_takes_none(drive: Drive) -> None:
    driver = drive("fix:edit")
    with pytest.raises(UsageError, match="grant 'deploy' is not one of"):
        driver(c.GiveGrant("deploy", "ann"))
    driver(c.Stop("ann"))
    with pytest.raises(IllegalTransition, match="cannot grant a mission that is stopped"):
        driver(c.GiveGrant("edit", "ann"))


# --- revisions


def _revision(*paths: str, digest: str = "revised", edited: bool = False) -> Revision:
    return Revision(change_set_of(*paths, digest=digest), "shown", Risk(RiskLevel.MEDIUM, ("ci",)), ("b.py",), edited)


def test_a_revision_is_on_record_with_its_author_and_what_it_leaves_out_and_is_what_is_approved(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py", "b.py")
    assert driver(c.Approve("bob", "terminal", digest="change-7", revision=_revision("a.py"))) == (
        e.DiffProposed(
            "diff-11",
            "fix",
            "a change",
            "medium",
            "revised",
            ("a.py",),
            "shown",
            2,
            ("ci",),
            revises="diff-8",
            author="bob",
            left_out=("b.py",),
        ),
        e.ApprovalResolved("approval-9", "diff", "approved", "bob", "terminal", "revised"),
        e.ExecutionResumed("approved", "fix", "bob"),
    )
    secured, applied, _, _ = driver.land()
    assert isinstance(secured, e.CheckpointSecured)
    assert applied == e.DiffApplied("diff-11", "checkpoint-7", ("a.py",), "revised")
    assert driver.mission.edits[0].paths == ("a.py",)


def test_a_revision_that_is_the_whole_proposal_is_no_revision(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    resolved, _ = driver(c.Approve("bob", "api", revision=_revision("a.py", digest="change-7")))
    assert resolved == e.ApprovalResolved("approval-9", "diff", "approved", "bob", "api", "change-7")


@pytest.mark.parametrize(
    ("revision", "guard", "sentence"),
    [
        (Revision(ChangeSet((), "none"), "shown", Risk(RiskLevel.LOW)), "something_is_left", "which is a rejection"),
        (_revision("a.py", "c.py"), "revision_lies_within", "c.py is not in the change"),
        (_revision("etc/x", edited=True), "revision_is_in_scope", "etc/x is outside the paths"),
    ],
)
def test_a_revision_that_leaves_nothing_or_goes_beyond_its_bounds_is_refused(
    drive: Drive, revision: Revision, guard: str, sentence: str
) -> None:
    driver = drive("fix:edit", scope=ScopeContract(paths=("*.py",)))
    driver.propose("a.py", "b.py")
    with pytest.raises(GuardRefused, match=sentence) as refusal:
        driver(c.Approve("bob", "api", revision=revision))
    assert refusal.value.guard == guard
    assert driver.state is State.AWAITING_APPROVAL


def test_only_a_change_can_be_revised(drive: Drive, idle: Driver) -> None:
    with pytest.raises(GuardRefused, match="only a change is approved in part or edited, and a plan is waiting"):
        idle(c.Approve("bob", "api", revision=_revision("a.py")))
    driver = drive("ask:plan")
    driver.outcome(o.AskQuestion("which?"), digest="question")
    with pytest.raises(GuardRefused, match="and a question is waiting"):
        driver(c.Approve("bob", "api", answer="this", revision=_revision("a.py")))


def test_a_decision_about_a_revision_is_bound_to_what_was_shown(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py", "b.py")
    with pytest.raises(GuardRefused, match="is about digest revised"):
        driver(c.Approve("bob", "api", digest="revised", revision=_revision("a.py")))


# --- drift


def test_a_request_whose_files_have_drifted_is_void_and_the_stage_makes_its_change_anew(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    checkpoint = driver.mission.active and driver.mission.active.checkpoint_id
    assert driver(c.VoidRequest(("a.py was changed",), "bob")) == (
        e.ApprovalVoided("fix", "diff-8", "change-7", ("a.py was changed",), "approval-9"),
        e.ExecutionResumed("drifted", "fix", "bob"),
    )
    assert (driver.state, driver.mission.attempts(0), driver.mission.pending) == (State.RUNNING, 1, None)
    driver.propose("a.py")
    assert driver.mission.pending is not None
    assert driver.mission.pending.digest != "change-7"
    assert driver.mission.active is not None
    assert driver.mission.active.checkpoint_id == checkpoint


@pytest.mark.parametrize("secured", [False, True])
def test_an_approval_whose_files_have_drifted_is_void_until_the_change_is_applied(
    drive: Drive, *, secured: bool
) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    driver.approve()
    if secured:
        driver(c.SecureChange(("a.py",), 7, "manifest"))
    assert driver(c.ReportDrift(("a.py was changed",))) == (
        e.ApprovalVoided("fix", "diff-8", "change-7", ("a.py was changed",)),
    )
    driver.propose("a.py")
    assert driver.state is State.AWAITING_APPROVAL
    driver.approve()
    driver.land()
    assert driver.types()[-1] == "final"


def test_a_change_that_drifts_again_and_again_before_it_is_written_fails_its_step(drive: Drive) -> None:
    """Under a grant nobody would see that the files change each time, and it would never end."""
    driver = drive("fix:edit")
    driver(c.GiveGrant("edit", "ann"))
    drifted = c.ReportDrift(("a.py was changed",))
    for _ in range(MOST_DRIFTS):
        driver.propose("a.py")
        assert isinstance(driver(drifted)[0], e.ApprovalVoided)
    driver.propose("a.py", final=False)
    driver.land()
    for _ in range(MOST_DRIFTS):
        driver.propose("a.py")
        driver(drifted)
    driver.propose("a.py")
    failed, _ = driver(drifted)
    assert isinstance(failed, e.FailureDetected)
    assert (failed.kind, failed.message) == (
        "conflict",
        "the files changed each time before the change was written: a.py was changed",
    )
    assert (driver.state, driver.mission.active) == (State.FAILED, None)


def test_only_drift_after_the_approval_counts(drive: Drive) -> None:
    driver = drive("fix:edit")
    for _ in range(MOST_DRIFTS + 1):
        driver.propose("a.py")
        driver(c.VoidRequest(("a.py was changed",), "bob"))
    assert driver.mission.active is not None
    assert driver.mission.active.drifts == 0


def test_nothing_is_void_that_has_not_drifted_or_is_no_change(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    with pytest.raises(GuardRefused, match="the files are what the diff was made from"):
        driver(c.VoidRequest((), "bob"))
    driver = drive("ask:plan")
    driver.outcome(o.AskQuestion("which?"), digest="question")
    with pytest.raises(GuardRefused, match="no change is on its way"):
        driver(c.VoidRequest(("a.py was changed",), "bob"))


# --- grants that are taken back, and whose approval a plan takes


def test_a_grant_that_is_revoked_decides_nothing_any_more_and_what_it_decided_is_counted(drive: Drive) -> None:
    driver = drive("fix:edit", "more:edit")
    driver(c.GiveGrant("edit", "ann"))
    driver.propose("a.py")
    driver.land()
    assert driver(c.RevokeGrant("grant-8", "bob")) == (e.GrantRevoked("grant-8", "edit", "bob"),)
    driver.propose("b.py")
    assert driver.state is State.AWAITING_APPROVAL
    (grant,) = driver.mission.grants
    assert (grant.used, grant.revoked_by) == (1, "bob")


def test_a_grant_is_revoked_once_and_by_its_name_while_the_mission_goes_on(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver(c.GiveGrant("edit", "ann"), c.RevokeGrant("grant-8", "bob"))
    with pytest.raises(GuardRefused, match="grant-8 was revoked already, by bob"):
        driver(c.RevokeGrant("grant-8", "ann"))
    with pytest.raises(UsageError, match=r"no grant 'edit'; it has grant-8 \(edit\)"):
        driver(c.RevokeGrant("edit", "ann"))
    driver(c.Stop("ann"))
    with pytest.raises(IllegalTransition, match="cannot revoke a grant of a mission that is stopped"):
        driver(c.RevokeGrant("grant-8", "ann"))


def test_a_plan_may_ask_for_another_approver_than_whoever_made_the_mission() -> None:
    driver = Driver(evolve(plan_of("fix:edit"), author_may_approve=False))
    with pytest.raises(GuardRefused, match="whoever made the mission may not approve it, and that was ann"):
        driver(c.Approve("ann", "api"))
    driver(c.Approve("bob", "api"), c.Start(WRITING))
    driver.propose("a.py")
    driver.approve()
    assert driver.state is State.RUNNING
