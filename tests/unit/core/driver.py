"""Small plans, and a driver that takes a mission through one of them in memory, one command at a time."""

from __future__ import annotations

from functools import reduce

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import Change, ChangeSet, Risk, RiskLevel, Version
from mission_fsm.core.decide import Decision, create, decide
from mission_fsm.core.evolve import begin, evolve
from mission_fsm.core.lifecycle import rows
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.plan import Plan, ScopeContract, Step
from mission_fsm.core.replies import CommandResult, CommandSpec
from mission_fsm.core.rollback import target_of
from tests.unit.core.auditor import Auditor

ANYWHERE = ScopeContract()
WRITING = frozenset({"edit", "repair"})
EXITED = CommandResult(kind="exited", exit_status=0, duration_s=0.25, artifact="output")
PYTEST = CommandSpec(("pytest", "-q"))


def plan_of(*steps: str, max_attempts: int = 10, scope: ScopeContract = ANYWHERE) -> Plan:
    """A plan of steps that are written `id:stage`."""
    parts = [step.split(":") for step in steps]
    made = tuple(Step(name, f"do {name}", stage, max_attempts=max_attempts) for name, stage in parts)
    return Plan(goal="make it right", steps=made, digest="plan-digest", scope=scope)


def change_set_of(*paths: str, lines: int = 2, digest: str = "change") -> ChangeSet:
    """New files of that many lines altogether (the first has them all)."""
    counts = (lines, *(0 for _ in paths[1:]))
    files = zip(paths, counts, strict=True)
    return ChangeSet(
        tuple(Change(path, None, Version("file", 0o644, f"of {path}", 1), added=count) for path, count in files), digest
    )


def propose(
    change_set: ChangeSet, *, final: bool = True, result: CommandResult | None = None, expires_at: str | None = None
) -> c.ProposeDiff:
    """The report of a stage that proposes that change, at low risk."""
    low = Risk(RiskLevel.LOW)
    return c.ProposeDiff(change_set, "artifact", "a change", low, final, WRITING, result=result, expires_at=expires_at)


class Driver:
    """A mission in memory. Every decision is audited, and held against the fold of all events from the first."""

    def __init__(self, plan: Plan, *, expires_at: str | None = None) -> None:
        decision = create("m1", plan, "/workspace", source="plan.yaml", by="ann", expires_at=expires_at)
        self.plan = plan
        self.events: list[e.Event] = []
        self.auditor = Auditor(plan)
        self._take(decision)

    def __call__(self, *commands: c.Command) -> tuple[e.Event, ...]:
        """Decide each command in turn; the events of all of them."""
        before = len(self.events)
        for command in commands:
            self._take(decide(self.mission, command))
        return tuple(self.events[before:])

    def _take(self, decision: Decision) -> None:
        before = self.mission.state if self.events else State.IDLE
        for event in decision.events:
            self.auditor.see(event)
            self.events.append(event)
            if isinstance(event, e.MissionCreated):
                self._replayed = begin("m1", self.plan, event)
            else:
                self._replayed = evolve(self._replayed, event)
        self.mission: Mission = decision.mission
        assert self._replayed == self.mission
        assert self.mission.sequence == len(self.events)
        for move in decision.transitions:
            assert move.source is before
            assert any(row.lands is move.dest for row in rows(move.trigger, before))
            before = move.dest
        assert before is self.mission.state

    @property
    def state(self) -> State:
        return self.mission.state

    def types(self, after: int = 0) -> list[str]:
        """The types of the events after the first so many."""
        return [e.type_of(type(event)) for event in self.events[after:]]

    # --- what people do

    def start(self) -> Driver:
        self(c.Approve("ann", "api", digest=self.mission.plan.digest), c.Start(WRITING))
        return self

    def approve(self, answer: str | None = None) -> tuple[e.Event, ...]:
        return self(c.Approve("ann", "terminal", answer=answer))

    def reject(self) -> tuple[e.Event, ...]:
        return self(c.Reject("ann", "terminal", "not like this"))

    def secure_rollback(self, to: str | None = None) -> tuple[e.Event, ...]:
        target = target_of(self.mission, to)
        paths = tuple(sorted({path for edit in target.edits for path in edit.paths}))
        return self(c.SecureRollback(target.checkpoint_id, target.cursor, target.undoes, paths, 7, "manifest", "ann"))

    def roll_back(self, to: str | None = None) -> str:
        """Roll back, and give the checkpoint that undoes it."""
        self.secure_rollback(to)
        restoring = self.mission.restoring
        assert restoring is not None
        self(c.FinishRollback(("a.py",)))
        return restoring.checkpoint_id

    # --- what the runner reports

    def outcome(
        self,
        outcome: o.Outcome,
        *,
        result: CommandResult | None = None,
        digest: str | None = None,
        proceed: bool = True,
    ) -> tuple[e.Event, ...]:
        return self(c.RecordOutcome(outcome, WRITING, digest, result, proceed=proceed, elapsed_s=3.5))

    def complete(self, *, proceed: bool = True) -> tuple[e.Event, ...]:
        return self.outcome(o.Completed("done"), proceed=proceed)

    def fail(self, kind: str = "broken", signature: str = "") -> tuple[e.Event, ...]:
        return self.outcome(o.Failed(kind, "it broke", signature))

    def propose(
        self, *paths: str, lines: int = 2, final: bool = True, expires_at: str | None = None
    ) -> tuple[e.Event, ...]:
        change_set = change_set_of(*paths, lines=lines, digest=f"change-{self.mission.sequence}")
        return self(propose(change_set, final=final, expires_at=expires_at))

    def land(self) -> tuple[e.Event, ...]:
        """Secure and apply the change that is approved."""
        return self(c.SecureChange(("a.py",), 7, f"manifest-{self.mission.sequence}"), c.FinishChange(WRITING))

    def edit(self, *paths: str, lines: int = 2, final: bool = True) -> str:
        """Propose, approve, secure and apply a change; its checkpoint."""
        self.propose(*(paths or ("a.py",)), lines=lines, final=final)
        self.approve()
        self.land()
        return self.mission.edits[-1].checkpoint_id

    def test(self, *, passes: bool = True, signature: str = "", may_repeat: bool = False) -> tuple[e.Event, ...]:
        """Run a test that the plan covers, and give the verdict."""
        verdict = o.Tested(passes, "1 passed" if passes else "1 failed", signature=signature, may_repeat=may_repeat)
        began = self(c.ProposeCommand(PYTEST, "pytest-digest", "test", covered=True))
        return (*began, *self.outcome(verdict, result=EXITED))


def folded(plan: Plan, events: list[e.Event]) -> Mission:
    """The mission that those events make, from its creation on."""
    created = events[0]
    assert isinstance(created, e.MissionCreated)
    return reduce(evolve, events[1:], begin("m1", plan, created))
