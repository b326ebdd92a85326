"""A mission under arbitrary commands, sensible and not: whatever is asked of it, it stays safe.

The driver holds every decision against the fold of its events, and the auditor holds the events against the rules.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import next as n
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import ChangeSet, Revision, Risk, RiskLevel
from mission_fsm.core.deciding_again import LONGEST, decided_again
from mission_fsm.core.lifecycle import FINAL, TRIGGERS, UNASKED, legal_triggers, why_not
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.plan import Plan, ScopeContract
from mission_fsm.core.report import MOST_DRIFTS
from mission_fsm.core.rollback import target_of
from mission_fsm.errors import MissionError, Refused, UsageError
from tests.unit.core.auditor import Auditor
from tests.unit.core.driver import EXITED, PYTEST, WRITING, Driver, change_set_of, folded, plan_of, propose

SCOPE = ScopeContract(paths=("src/**", "a.py"), max_files=3, max_lines=12, max_time_s=60, max_tool_calls=6)
STAGES = ("retrieve", "edit", "test", "repair", "plan", "deploy")
EARLY, LIMIT, LATE = (f"2024-01-01T{hour}:00:00Z" for hour in ("09", "10", "11"))

limits = st.sampled_from([None, None, LIMIT])
times = st.sampled_from([None, EARLY, LATE])
results = st.sampled_from([None, EXITED])
signatures = st.sampled_from(["", "red", "amber"])
paths = st.lists(st.sampled_from(["a.py", "src/a.py", "src/b.py", "src/c.py"]), min_size=1, max_size=3, unique=True)
change_sets = st.one_of(
    st.builds(lambda paths, lines: change_set_of(*paths, lines=lines), paths, st.integers(0, 6)),
    st.sampled_from([ChangeSet((), "empty"), change_set_of("outside.py")]),
)
HELPFUL: list[o.Outcome] = [
    o.Completed("done"),
    o.BeginRetrieval("where"),
    o.Retrieved(1, "found", b"[]"),
    o.AskQuestion("which?", ("this", "that")),
    o.NeedInput("a patch"),
    o.BeginRepair(2),
]
outcomes = st.one_of(
    st.builds(o.Failed, st.just("broken"), st.just("it broke"), signatures, may_repeat=st.booleans()),
    st.builds(o.Tested, st.booleans(), st.just("tested"), signature=signatures, may_repeat=st.booleans()),
    st.builds(o.BeginRepair, st.integers(1, 3), st.sampled_from(["fail", "rollback"])),
    st.sampled_from([*HELPFUL, o.AskQuestion("which?")]),
)

# What people may ask for, and what a runner may report, whether it fits or not.
requests: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Approve, st.just("ann"), st.just("api"), digest=st.just("another")),
    st.builds(c.Reject, st.just("ann"), st.just("api"), st.just("no"), now=times),
    st.builds(c.Expire, st.sampled_from([EARLY, LATE])),
    st.builds(c.GiveGrant, st.sampled_from(["edit:src/**", "test", "all", "nonsense"]), st.just("ann")),
    st.builds(c.Start, st.just(WRITING), st.sampled_from([None, "another mission holds it"])),
    st.builds(c.Pause, st.just("ann"), st.sampled_from(["manual", "interrupted", "failure", "rejected"])),
    st.builds(
        c.SecureRollback,
        st.sampled_from(["checkpoint-7", "checkpoint-8"]),
        st.integers(-1, 5),
        st.sampled_from([("checkpoint-7",), ("checkpoint-8",), ()]),
        st.just(("a.py",)),
        st.just(7),
        st.just("manifest"),
        st.just("ann"),
    ),
    st.sampled_from(
        [
            c.Resume("ann"),
            c.Retry("ann"),
            c.RepairStep("ann", patch="patch"),
            c.RepairStep("ann", options_step=0, max_attempts=3),
            c.RepairStep("ann", options_step=0, max_attempts=2, on_exhausted="rollback"),
            c.RepairStep("ann"),
            c.ReceiveInput("patch", "ann", "api"),
            c.FinishRollback(("a.py",)),
            c.RevokeGrant("grant-8", "ann"),
            c.VoidRequest((), "ann"),
            c.VoidRequest(("a.py was changed",), "ann"),
        ]
    ),
)
reports: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(
        c.RecordOutcome, outcomes, st.just(WRITING), st.just("digest"), results, st.booleans(), expires_at=limits
    ),
    st.builds(propose, change_sets, final=st.booleans(), result=results, expires_at=limits),
    st.builds(
        c.ProposeCommand,
        st.just(PYTEST),
        st.just("digest"),
        st.sampled_from(["test", "command"]),
        st.booleans(),
        results,
        limits,
    ),
    st.sampled_from(
        [
            c.Recover("pid 2"),
            c.Recover("pid 2", ("deploy",)),
            c.BeginStep(WRITING),
            c.StartCommand(),
            c.SecureChange(("a.py",), 7, "manifest"),
            c.FinishChange(WRITING),
            c.ReportFailure("conflict", "a.py was changed"),
            c.ReportDrift(("a.py was changed",)),
            c.AskChange(),
            c.AskScope(),
            c.AskScope(61.5, LIMIT),
            c.NoteTime(1.5),
            c.NoteTime(2.5),
        ]
    ),
    st.builds(
        c.ReportFilesChanged,
        paths.map(tuple),
        st.integers(0, 9),
        st.just(7),
        st.just("manifest"),
        st.just("artifact"),
        st.sampled_from([(), ("a.py",)]),
        st.sampled_from([{}, {"outside.bin": "was larger than 16 MiB"}]),
    ),
)


class MissionMachine(RuleBasedStateMachine):
    """Single commands come whether they fit or not; a few rules in a row act so that missions get far."""

    driver: Driver

    @initialize(
        stages=st.lists(st.sampled_from(STAGES), min_size=1, max_size=4),
        most=st.integers(1, 3),
        expires_at=limits,
        begun=st.sampled_from([True, True, True, False]),
    )
    def create(self, stages: list[str], most: int, expires_at: str | None, *, begun: bool) -> None:
        steps = (f"step-{number}:{stage}" for number, stage in enumerate(stages))
        self.driver = Driver(plan_of(*steps, max_attempts=most, scope=SCOPE), expires_at=expires_at)
        if begun:
            self.driver.start()

    def attempt(self, command: c.Command) -> None:
        """Give a command: its events pass the audit, or it is refused in a sentence and nothing has happened."""
        before, count = self.driver.mission, len(self.driver.events)
        refusal: MissionError | None = None
        try:
            self.driver(command)
        except (Refused, UsageError) as error:
            refusal = error
        if refusal is None:
            assert len(self.driver.events) > count, "what is granted is on record"
        else:
            assert str(refusal)
            assert (self.driver.mission, len(self.driver.events)) == (before, count)

    # --- anything at any time

    @rule(request=requests)
    def ask(self, request: c.Command) -> None:
        self.attempt(request)

    @rule(report=reports)
    def report(self, report: c.Command) -> None:
        self.attempt(report)

    @rule(answer=st.sampled_from([None, "this", "nonsense"]), drifted=st.booleans(), now=times)
    def approve(self, *, answer: str | None, drifted: bool, now: str | None) -> None:
        pending = self.driver.mission.pending
        drift = ("a.py was changed",) if drifted else ()
        digest = pending.digest if pending else None
        self.attempt(c.Approve("ann", "api", digest=digest, answer=answer, drift=drift, now=now))

    @rule(change_set=change_sets, digest=st.sampled_from(["change", "revised"]), edited=st.booleans())
    def revise(self, change_set: ChangeSet, digest: str, *, edited: bool) -> None:
        change_set = evolve(change_set, digest=digest)
        revision = Revision(change_set, "artifact", Risk(RiskLevel.HIGH, ("delete",)), ("b.py:1",), edited)
        self.attempt(c.Approve("bob", "api", revision=revision))

    @precondition(lambda self: self.driver.mission.grants)
    @rule(at=st.integers(0, 9))
    def revoke(self, at: int) -> None:
        grants = self.driver.mission.grants
        self.attempt(c.RevokeGrant(grants[at % len(grants)].grant_id, "bob"))

    @rule(surely=st.integers(0, 19))
    def stop(self, surely: int) -> None:
        if surely == 7:
            self.attempt(c.Stop("ann"))

    @rule(to=st.sampled_from([None, "start", "step-0", "step-1", "nowhere"]), finishes=st.booleans(), data=st.data())
    def roll_back(self, to: str | None, data: st.DataObject, *, finishes: bool) -> None:
        """Pause where that is needed, and go back to an edit, a step or a rollback; perhaps cut short."""
        if self.driver.state in (State.RUNNING, State.AWAITING_APPROVAL) and self.driver.mission.edits:
            self.attempt(c.Pause("ann"))
        to = data.draw(st.sampled_from([to, *(edit.checkpoint_id for edit in self.driver.mission.edits)]))
        with contextlib.suppress(Refused):
            target = target_of(self.driver.mission, to)
            self.attempt(
                c.SecureRollback(target.checkpoint_id, target.cursor, target.undoes, ("a.py",), 7, "manifest", "ann")
            )
        if finishes:
            self.attempt(c.FinishRollback(("a.py",)))

    # --- getting far

    @precondition(lambda self: self.driver.state not in FINAL)
    @rule(outcome=st.sampled_from(HELPFUL))
    def go_on(self, outcome: o.Outcome) -> None:
        """Do what a person and a runner would who want the mission to get on."""
        match self.driver.state:
            case State.IDLE:
                self.attempt(c.Approve("ann", "api"))
                self.attempt(c.Start(WRITING))
            case State.AWAITING_APPROVAL:
                self.attempt(c.Approve("ann", "api", answer="this"))
            case State.PAUSED:
                self.attempt(c.FinishRollback(("a.py",)))
                self.attempt(c.Resume("ann"))
            case State.FAILED:
                self.attempt(c.FinishRollback(("a.py",)))
                self.attempt(c.Retry("ann"))
        if self.driver.state is State.RUNNING:
            self.bring_about(outcome)

    def bring_about(self, outcome: o.Outcome) -> None:
        """The effect that comes next."""
        match n.next_of(self.driver.mission):
            case n.AskScope():
                self.attempt(c.AskScope())
            case n.AskChange():
                self.attempt(c.AskChange())
            case n.BeginStep():
                self.attempt(c.BeginStep(WRITING))
            case n.SecureChange():
                self.attempt(c.SecureChange(("a.py",), 7, "manifest"))
            case n.ApplyChange():
                self.attempt(c.FinishChange(WRITING))
            case n.StartCommand():
                self.attempt(c.StartCommand())
            case n.RunCommand():
                self.attempt(c.RecordOutcome(outcome, WRITING, "digest", EXITED))
            case n.RunStage():
                self.attempt(c.RecordOutcome(outcome, WRITING, "digest"))

    @precondition(lambda self: self.driver.state is State.RUNNING)
    @rule(change_set=change_sets, final=st.booleans())
    def edit(self, change_set: ChangeSet, *, final: bool) -> None:
        """Begin a step if none is under way, and take a change all the way."""
        self.attempt(c.BeginStep(WRITING))
        self.attempt(propose(change_set, final=final))
        self.attempt(c.Approve("ann", "api"))
        self.attempt(c.SecureChange(change_set.paths, 7, "manifest"))
        self.attempt(c.FinishChange(WRITING))

    @precondition(lambda self: self.driver.state is State.RUNNING)
    @rule(change_set=change_sets, passes=st.booleans(), widens=st.booleans())
    def leave_files(self, change_set: ChangeSet, *, passes: bool, widens: bool) -> None:
        """Begin a step if none is under way, and run a test that changes files; the contract is widened, or not."""
        self.attempt(c.BeginStep(WRITING))
        self.attempt(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
        self.attempt(c.ReportFilesChanged(change_set.paths, change_set.lines, 7, "manifest", "artifact"))
        self.attempt(c.AskScope())
        if widens:
            self.attempt(c.Approve("ann", "api"))
            self.attempt(c.StartCommand())
        self.attempt(c.RecordOutcome(o.Tested(passes, "tested"), WRITING, result=EXITED))

    @precondition(lambda self: self.driver.state is State.RUNNING)
    @rule(passes=st.booleans(), signature=signatures, may_repeat=st.booleans())
    def test(self, signature: str, *, passes: bool, may_repeat: bool) -> None:
        """Begin a step if none is under way, run a test and judge it."""
        verdict = o.Tested(passes, "tested", signature=signature, may_repeat=may_repeat)
        self.attempt(c.BeginStep(WRITING))
        self.attempt(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
        self.attempt(c.RecordOutcome(verdict, WRITING, result=EXITED))

    def teardown(self) -> None:
        """What is legal can be asked, final states stay what they are, and all of it can be decided again."""
        mission = self.driver.mission
        assert legal_triggers(mission) == tuple(t for t in TRIGGERS if t not in UNASKED and why_not(mission, t) is None)
        assert mission.state not in FINAL or set(legal_triggers(mission)) <= {"rollback"}
        assert decided_anew(self.driver.plan, self.driver.events) == mission


def decided_anew(plan: Plan, events: list[e.Event]) -> Mission:
    """The mission, from its events alone, by deciding all of them again."""
    mission, at = folded(plan, events[:2]), 2
    while at < len(events):
        following = events[at : at + LONGEST]
        decision = decided_again(mission, following, partial(_change_set, following))
        assert decision is not None, f"event {at + 1} in a mission that is {mission.state}: {following}"
        mission, at = decision.mission, at + len(decision.events)
    return mission


def _change_set(following: list[e.Event], digest: str) -> ChangeSet:
    proposed = next(event for event in following if isinstance(event, e.DiffProposed))
    return change_set_of(*proposed.files, lines=proposed.lines, digest=digest)


@pytest.mark.parametrize("report", [c.ReportFailure("conflict", "a.py is busy"), c.ReportDrift(("a.py was changed",))])
def test_a_change_that_cannot_be_written_begins_another_attempt_and_that_is_decided_again(report: c.Command) -> None:
    """Why it failed is in no event then, only what the failure is known by."""
    driver = Driver(plan_of("fix:edit", "mend:repair")).start()
    driver.fail()
    driver(c.RepairStep("ann", options_step=1, max_attempts=3))
    driver.edit("a.py")
    for _ in range(1 if isinstance(report, c.ReportFailure) else MOST_DRIFTS + 1):
        driver.propose("b.py")
        driver.approve()
        events = driver(report)
    assert any(isinstance(event, e.RepairStarted) and event.attempt == 2 for event in events)
    assert decided_anew(driver.plan, driver.events) == driver.mission


MissionMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
MissionSuite = MissionMachine.TestCase


# --- the auditor itself


def _run() -> list[e.Event]:
    """A whole mission, with an edit at the gate, a failed test, a repair in place, and a rollback at the end."""
    driver = Driver(plan_of("fix:edit", "check:test")).start()
    driver.edit("a.py")
    driver.test(passes=False, signature="red")
    driver(c.RepairStep("ann", patch="patch"))
    driver.edit("b.py")
    driver.test()
    driver.roll_back("start")
    return driver.events


def _audit(events: Iterable[e.Event]) -> None:
    auditor = Auditor(plan_of("fix:edit", "check:test"))
    for event in events:
        auditor.see(event)


# Left out, each of these breaks a promise; the others only tell what happened.
PROMISED = [
    e.ApprovalRequested,
    e.ApprovalResolved,
    e.MissionStarted,
    e.StepStarted,
    e.CheckpointCreated,
    e.DiffProposed,
    e.CheckpointSecured,
    e.DiffApplied,
    e.TestStarted,
    e.RepairStarted,
    e.RepairCompleted,
    e.FailureDetected,
    e.StepCompleted,
]


@pytest.mark.parametrize("missing", PROMISED, ids=lambda missing: missing.__name__)
def test_the_auditor_misses_what_a_promise_rests_on(missing: type) -> None:
    events = _run()
    _audit(events)
    places = [place for place, event in enumerate(events) if type(event) is missing]
    assert places
    for place in places:
        with pytest.raises(AssertionError):
            _audit([*events[:place], *events[place + 1 :]])


def test_the_auditor_sees_an_event_that_comes_twice() -> None:
    events = _run()
    quiet = (e.StageChanged, e.CommandProposed, e.MissionCreated)
    for place, event in enumerate(events):
        if not isinstance(event, quiet):
            with pytest.raises(AssertionError):
                _audit([*events[: place + 1], *events[place:]])
