"""How missions are held and run: sessions under a lease, the workspace under a lock, and those who ask from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve

from mission_fsm.core import commands as c
from mission_fsm.core.decide import decide
from mission_fsm.core.events import Recorded
from mission_fsm.core.gates import reviewed
from mission_fsm.core.guards import Facts, subject_has_not_drifted
from mission_fsm.core.lifecycle import next_state
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.next import ApplyChange, RunCommand, next_of
from mission_fsm.errors import GuardRefused, InvalidWorkspace, MissionHeld, RequestLapsed
from mission_fsm.journal.store import Store
from mission_fsm.registry import Registry
from mission_fsm.runner import loop
from mission_fsm.runner.control import Control, Interruption, heed_inbox
from mission_fsm.runner.coverage import writing_stages
from mission_fsm.runner.effects import Effects, OutputListener
from mission_fsm.runner.facts import drift, facts_of
from mission_fsm.runner.given import Giver, Giving, refuse_malformed
from mission_fsm.runner.loading import Loader
from mission_fsm.runner.pen import Pen, mark_of
from mission_fsm.runner.quota import Quota
from mission_fsm.runner.recovery import in_doubt
from mission_fsm.runner.rehearsal import Rehearsal
from mission_fsm.runner.revising import Part, revised
from mission_fsm.runner.rollback import finish_rollback
from mission_fsm.runner.runners import refuse_suspended, this_runner
from mission_fsm.runner.session import Clock, Listener, Session
from mission_fsm.workspace import changeset, lock
from mission_fsm.workspace.paths import Root, check_workspace

# Of what is not made yet, where it is only asked whether it would be taken.
_ANY_DIGEST = "0" * 64

Taking = Callable[[str], c.ReceiveInput | c.RepairStep]


class Host:
    """What the verbs of the engine stand on. One for each engine."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        home: Path | None,
        clock: Clock,
        quota: Quota,
        on_output: OutputListener | None,
    ) -> None:
        self.store = store
        self.loader = Loader(store)
        self.registry = registry
        self.home = home
        self.clock = clock
        self.listeners: list[Listener] = []
        self.quota = quota
        self._on_output = on_output
        self._sessions: list[Session] = []
        self._controls: list[Control] = []
        self._early: Interruption | None = None
        self._runner = this_runner()

    @contextmanager
    def session(self, mission_id: str, *, take_over: bool = False) -> Iterator[Session]:
        """Hold the mission. Raises Held where another does."""
        try:
            lease = self.store.acquire(mission_id, self._runner, self.clock(), take_over=take_over)
        except MissionHeld:
            if not take_over:
                self._refuse_suspended(mission_id)
            raise
        try:
            session = Session(self.store, lease, self.clock, self.tell, self.loader.load(mission_id))
            self._sessions.append(session)
            try:
                yield session
            finally:
                self._sessions.remove(session)
                self.loader.remember(session.loaded)
        finally:
            lease.release()

    @contextmanager
    def workspace(self, session: Session) -> Iterator[Pen]:
        """Hold the mission's workspace, against missions of other homes too. Raises Held, InvalidWorkspace."""
        folder = check_workspace(Path(session.mission.workspace), home=self.home)
        with lock.hold(folder, mark_of(self.home, session.mission.mission_id)) as hold, Root(folder) as root:
            yield Pen(self.store, session.lease, hold, root)

    def take(self, session: Session, taking: Taking, give: Giver) -> Mission:
        """Give the mission something from outside, where the step that has it next can use it.

        taking: the command that takes what has that digest. give: makes it, of the workspace.
        Raises what `give` does; UsageError for a patch that is malformed; Refused where the mission wants none, or
        where it does not fit the files or the scope contract.
        """
        decide(session.mission, taking(_ANY_DIGEST))
        with self._controlled(session) as (pen, control):
            given = give(Giving(session, pen, control, self.home, self._on_output))
            self.quota.require(self.quota.bytes_of(given.blobs), "this patch")
            refuse_malformed(given, self.registry)
            command = taking(given.digest)
            Rehearsal(session).rehearse(command, given.blobs, pen, self.registry, self.quota)
        return session.decide(command, given.blobs)

    def approve(self, session: Session, command: c.Approve, part: Part) -> Mission:
        """Approve that part of what is waiting. Where that is void, or comes too late, it is refused and recorded."""
        kept: dict[str, bytes] = {}
        try:
            if not part.is_all:
                decide(session.mission, command)
                command, kept = self._revised(session.mission, command, part)
            return session.decide(command, kept)
        except GuardRefused as refusal:
            if refusal.guard == subject_has_not_drifted.__name__:
                session.decide(c.VoidRequest(command.drift, command.by))
            elif not self.expire(session):
                raise
            raise RequestLapsed(refusal.trigger, refusal.guard, refusal.reason) from refusal

    def _void_drifted(self, session: Session, by: str) -> None:
        """Where the files of the change that is waiting have drifted, have it made anew."""
        if session.mission.state is State.AWAITING_APPROVAL:
            drifted = drift(session.mission, self.store, self.home)
            if drifted:
                session.decide(c.VoidRequest(drifted, by))

    def _revised(self, mission: Mission, command: c.Approve, part: Part) -> tuple[c.Approve, dict[str, bytes]]:
        change_set = changeset.from_json(self.store.blob(reviewed(mission).digest))
        with Root(check_workspace(Path(mission.workspace), home=self.home)) as root:
            revision, made = revised(mission, change_set, part, root, self.store.blob, self.registry)
        self.quota.require(self.quota.bytes_of(made.needed), "this edit")
        return evolve(command, revision=revision), dict(made.kept)

    def run(self, mission_id: str, by: str, *, take_over: bool = False) -> Mission:
        """Start, resume or take over the mission, and run it to where it comes to rest."""
        early, self._early = self._early, None
        with self.session(mission_id, take_over=take_over) as session, self._effects(session) as (effects, control):
            if early is not None:
                control.ask(early)
            self.expire(session)
            mission = session.mission
            if mission.state is State.IDLE and mission.plan_decision == "pending":
                # One that nobody can approve any more waits for nothing, and says so.
                next_state(mission, "approve", Facts(now=self.clock()))
            elif mission.state is State.IDLE:
                self._start(session)
            elif mission.state is State.RUNNING:
                effects.find_changes()
                self._recover(session)
                effects.finish_change()
            elif mission.state is not State.AWAITING_APPROVAL and mission.rollback_due is None:
                _refuse_doubt(mission)
                session.decide(c.Resume(by))
            self._void_drifted(session, by)
            return loop.run(session, effects, control)

    def own_session(self, mission_id: str) -> Session | None:
        """The session in which the calling thread holds that mission, as where a listener asks for something."""
        return next((session for session in tuple(self._sessions) if session.is_own(mission_id)), None)

    def control_of(self, session: Session | None) -> Control | None:
        """What may be asked to end what is done in that session."""
        return next((control for control in tuple(self._controls) if control.session is session), None)

    def ask_all(self, request: Interruption) -> None:
        """Ask every mission that this host is running, or else the next one; safe in a signal handler."""
        controls = tuple(self._controls)
        if not controls:
            self._early = request
        for control in controls:
            control.ask(request)

    def facts(self, mission: Mission, by: str | None = None) -> Facts:
        """What the guards need to know of the world outside, as it is now. by: who asks."""
        return facts_of(mission, self.store, self.registry, self.home, self.clock(), by)

    def expire(self, session: Session) -> bool:
        """Let the request that is waiting expire, where its time limit has passed; whether it did."""
        pending = session.mission.pending
        if pending is None or pending.expires_at is None or session.mission.state is not State.AWAITING_APPROVAL:
            return False
        now = self.clock()
        if now < pending.expires_at:
            return False
        session.decide(c.Expire(now))
        return True

    def tell(self, entries: Sequence[Recorded], mission: Mission) -> None:
        """Tell every listener the events of a commit that is durable; what the first raises is raised at the end."""
        raised: list[BaseException] = []
        for entry in entries:
            for listener in tuple(self.listeners):
                try:
                    listener(entry, mission)
                except BaseException as error:
                    raised.append(error)
        if raised:
            raise raised[0]

    @contextmanager
    def _effects(self, session: Session) -> Iterator[tuple[Effects, Control]]:
        """Hold the mission's workspace too, and finish a rollback that was cut short."""
        with self._controlled(session) as (pen, control):
            if session.mission.rollback_due is None:  # else the loop does so, and goes no further
                finish_rollback(session, pen)
            yield Effects(session, self.registry, pen, control, self.quota, self._on_output, self.home), control

    @contextmanager
    def _controlled(self, session: Session) -> Iterator[tuple[Pen, Control]]:
        """Hold the mission's workspace, and let it be asked to end what is done there."""
        with self.workspace(session) as pen:
            control = Control(session)
            self._controls.append(control)
            try:
                yield pen, control
            finally:
                self._controls.remove(control)
                for outer in tuple(self._controls):
                    outer.look_anew()

    def _refuse_suspended(self, mission_id: str) -> None:
        holder = self.store.holder(mission_id)
        if holder is not None:
            refuse_suspended(mission_id, holder)

    def _start(self, session: Session) -> None:
        facts = self.facts(session.mission)
        writing: frozenset[str] = frozenset()
        if not facts.missing_stages:
            writing = writing_stages(session.mission.plan, self.registry)
        session.decide(c.Start(writing, facts.held_by, facts.missing_stages, facts.plan_changes))

    def _recover(self, session: Session) -> None:
        """Take over a mission whose runner is gone, where it had begun anything."""
        if not session.mission.at_rest:
            session.decide(c.Recover(self._runner, in_doubt(session.mission, self.registry)))

    def interrupt_unheld(self, mission_id: str, request: Interruption, *, take_over: bool) -> Mission:
        """Pause or stop a mission that nobody runs; one whose runner is gone is left with nothing half done."""
        with self.session(mission_id, take_over=take_over) as session:
            # What was left for a runner that has come to rest, or is gone, is answered here.
            heed_inbox(session)
            if session.mission.state is State.RUNNING:
                self._see_out(session, request)
            return interrupted(session, request)

    def _see_out(self, session: Session, request: Interruption) -> None:
        """Finish what the runner that is gone had begun to write, and find what its command has changed."""
        if not isinstance(next_of(session.mission), ApplyChange | RunCommand):
            self._recover(session)
            return
        try:
            with self._effects(session) as (effects, control):
                control.ask(request)
                effects.find_changes()
                self._recover(session)
                effects.finish_change()
        except InvalidWorkspace:
            # Without its folder there is nothing to finish, and that must not keep a mission from being stopped.
            if isinstance(request, c.Pause):
                raise
            self._recover(session)


def interrupted(session: Session, request: Interruption) -> Mission:
    """The mission once it is paused, which it may be already, or stopped."""
    if session.mission.state is State.PAUSED and isinstance(request, c.Pause):
        return session.mission
    return session.decide(request)


def _refuse_doubt(mission: Mission) -> None:
    """Whoever runs a mission again as a matter of course does not settle what only a person can."""
    if mission.pause_reason == "in_doubt":
        raise GuardRefused(
            "run",
            "nothing_is_in_doubt",
            "the runner was gone while a command ran, and it is not known whether it took effect; "
            "look, then resume or retry to run it again, roll back or stop",
        )
