"""The embedding face: open a home, create a mission from a plan, approve it, run it, and decide at its gates.

    engine = Engine.open(home)
    mission = engine.create("plan.yaml", workspace)
    engine.approve(mission.mission_id, digest=mission.plan.digest)
    mission = engine.run(mission.mission_id)

In process, no server. Every method gives the mission as it stands in the journal, or raises a MissionError.
"""

from __future__ import annotations

import getpass
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mission_fsm.core import commands as c
from mission_fsm.core import lifecycle
from mission_fsm.core.decide import create, decide
from mission_fsm.core.events import Recorded
from mission_fsm.core.guards import Facts
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.plan import Plan
from mission_fsm.core.trace import Trace
from mission_fsm.errors import UnknownMission, UsageError
from mission_fsm.home import default_home, default_quota
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Listing, Store
from mission_fsm.planfile.canonical import canonical_json, plan_from_json
from mission_fsm.planfile.check import check_plan
from mission_fsm.planfile.load import load_plan
from mission_fsm.planfile.options import bound_repair
from mission_fsm.registry import Registry
from mission_fsm.runner import asking, audit
from mission_fsm.runner.checking import CheckedReplay, checked_replay
from mission_fsm.runner.effects import OutputListener
from mission_fsm.runner.facts import drift, plan_changes
from mission_fsm.runner.given import of_files, of_patch
from mission_fsm.runner.holdings import HomeSize, home_size
from mission_fsm.runner.host import Host
from mission_fsm.runner.loading import Loaded
from mission_fsm.runner.portable import Backup, Exported, Imported, back_up, export_mission, import_mission
from mission_fsm.runner.prune import Criteria, Pruned, PrunePlan, plan_prune, prune
from mission_fsm.runner.quota import Quota
from mission_fsm.runner.revising import Part
from mission_fsm.runner.rollback import RollbackPlan, finish_rollback, plan_rollback, roll_back
from mission_fsm.runner.runners import this_runner
from mission_fsm.runner.running import of_program
from mission_fsm.runner.session import Clock, Listener, standing_of
from mission_fsm.runner.times import now, time_after
from mission_fsm.workspace.paths import Root, check_workspace

_ID_LETTERS = "abcdefghjkmnpqrstvwxyz0123456789"
_ID_LENGTH = 10


class Engine:
    """Missions of one home. Safe to use from several threads; several processes may open the same home."""

    def __init__(
        self,
        store: Store,
        registry: Registry | None = None,
        *,
        home: Path | None = None,
        by: str | None = None,
        means: str = "api",
        clock: Clock = now,
        quota_bytes: int | None = None,
        on_output: OutputListener | None = None,
    ) -> None:
        """Use `Engine.open` unless the store is your own.

        by, means: who decides through this engine, and by which means, as the journal records it.
        quota_bytes: how much the home may hold. What would exceed it is refused, before anything is done for it, with
            OverQuota; what has happened is recorded all the same, and a rollback is never refused.
        on_output: is given the output of commands as it comes.
        """
        self._store = store
        self._registry = registry or Registry.installed()
        self._home = home
        self._by = by or _user()
        self._means = means
        self._clock = clock
        self._quota = Quota(store, quota_bytes)
        self._host = Host(store, self._registry, home, clock, self._quota, on_output)

    @classmethod
    def open(
        cls,
        home: str | os.PathLike[str] | None = None,
        *,
        registry: Registry | None = None,
        by: str | None = None,
        means: str = "api",
        quota_bytes: int | None = None,
        on_output: OutputListener | None = None,
    ) -> Engine:
        """Open the home folder, or the default one; it is made when the first mission is.

        quota_bytes: how much the home may hold; where it is not given, `$MISSION_QUOTA` says, or it has no quota.
        """
        folder = Path(home).expanduser().absolute() if home is not None else default_home()
        limit = quota_bytes if quota_bytes is not None else default_quota()
        return cls(
            SqliteStore.open(folder), registry, home=folder, by=by, means=means, quota_bytes=limit, on_output=on_output
        )

    def close(self) -> None:
        """Release the home."""
        self._store.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- looking

    def state(self, mission_id: str) -> Mission:
        """The mission as it stands now. Raises UnknownMission."""
        return self._host.loader.load(mission_id).mission

    def events(self, mission_id: str, after: int = 0, types: Collection[str] | None = None) -> Iterator[Recorded]:
        """The mission's events with a sequence above `after`, in order: of those types, or of all."""
        return self._store.read(mission_id, after=after, types=types)

    def missions(self, workspace: str | os.PathLike[str] | None = None) -> list[Listing]:
        """The missions of that workspace, or of all, newest first."""
        return self._store.rows(workspace=None if workspace is None else str(Path(workspace).resolve()))

    def find(self, prefix: str = "", workspace: str | os.PathLike[str] | None = None) -> str:
        """The one mission whose id begins so; without a prefix, the one mission of the workspace.

        Where the workspace has several, the one that may still run is meant: it has not ended, its plan was not
        rejected, and may still be approved.
        Raises UnknownMission where there is none or more than one.
        """
        found = self._store.rows(prefix=prefix) if prefix else self.missions(workspace)
        if not prefix and len(found) > 1:
            found = [row for row in found if self._may_still_run(row)] or found
        if len(found) == 1:
            return found[0].mission_id
        what = f"id begins with {prefix!r}" if prefix else f"workspace is {workspace}"
        if not found:
            raise UnknownMission(f"no mission's {what}; `mission list` shows them all")
        listed = [f"  {row.mission_id}  {row.state.replace('_', ' ')}: {' '.join(row.goal.split())}" for row in found]
        raise UnknownMission("\n".join([f"{len(found)} missions' {what}; name one:", *listed]))

    def holder(self, mission_id: str) -> str | None:
        """Who runs the mission now, in words, or None."""
        holder = self._store.holder(mission_id)
        return None if holder is None else f"{holder.runner} since {holder.since}"

    def legal_triggers(self, mission_id: str) -> tuple[str, ...]:
        """What may be asked of the mission now, without asking it."""
        mission = self.state(mission_id)
        return lifecycle.legal_triggers(mission, self._host.facts(mission, self._by))

    def why_not(self, mission_id: str, trigger: str) -> str | None:
        """Why that may not be asked of the mission now, in a sentence, or None where it may."""
        if trigger not in lifecycle.TRIGGERS:
            raise UsageError(f"{trigger!r} is not a trigger; they are {', '.join(lifecycle.TRIGGERS)}")
        mission = self.state(mission_id)
        return lifecycle.why_not(mission, trigger, self._host.facts(mission, self._by))

    def artifact(self, digest: str) -> bytes:
        """The bytes of an artifact that an event refers to."""
        return self._store.blob(digest)

    def verify(self, mission_id: str, head: str | None = None) -> audit.Verification:
        """Verify all that the journal holds of the mission. Raises JournalDamaged at the first bad position.

        head: the hash of an event that was kept elsewhere, such as an earlier verification's `head`; the journal
        has to hold that event still, so a journal whose end was cut off, or that was written anew, is found.
        """
        return audit.verify(self._store, mission_id, head)

    def replay(self, mission_id: str, at: int | None = None) -> Mission:
        """The mission folded anew from its first event, to the end or to the event with that sequence."""
        return audit.replay(self._store, mission_id, at)

    def checked_replay(self, mission_id: str) -> CheckedReplay:
        """The mission folded anew, with all that was decided of it decided again, and compared.

        Raises JournalDamaged, with the first position, where deciding again does not give the events that stand there.
        """
        return checked_replay(self._store, mission_id)

    def trace(self, mission_id: str) -> Trace:
        """The way that the mission took through the lifecycle, for diagrams."""
        return audit.trace(self._store, mission_id)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told each event once it is durable, with the mission after its commit; gives how to unsubscribe.

        An exception that a listener raises reaches the caller of the method that made the event, once all are
        told; the event stands.
        """
        self._host.listeners.append(listener)
        return lambda: self._host.listeners.remove(listener)

    # --- beginning

    def create(
        self,
        plan: Plan | str | os.PathLike[str],
        workspace: str | os.PathLike[str],
        *,
        grants: Iterable[str] = (),
        by: str | None = None,
    ) -> Mission:
        """A new mission, idle, with its plan waiting for approval.

        plan: a plan, or the path of a plan's file.
        grants: rules by which gates are decided in advance, such as `edit:src/**`.
        Raises InvalidPlan, InvalidWorkspace, UsageError for a bad grant, OverQuota.
        """
        folder = check_workspace(Path(workspace), home=self._home)
        source = None
        if not isinstance(plan, Plan):
            source = str(Path(plan).resolve())
            plan = load_plan(Path(plan), self._registry, workspace=folder).plan
            content = canonical_json(plan)
        else:
            check_plan(plan, self._registry)
            # It is known by what it holds, whatever digest it came with.
            content = canonical_json(plan)
            plan = plan_from_json(content)
        created = self._clock()
        timeout_s = plan.approval_timeout_s
        decision = create(
            _new_id(),
            plan,
            str(folder),
            source=source,
            by=by or self._by,
            expires_at=None if timeout_s is None else time_after(created, timeout_s),
        )
        mission, events = decision.mission, decision.events
        # In the same commit: once the mission is there, another process may hold it before its grants are given.
        for rule in grants:
            granted = decide(mission, c.GiveGrant(rule, by or self._by))
            mission, events = granted.mission, events + granted.events
        blobs = {plan.digest: content}
        self._quota.require(self._quota.bytes_of(blobs), "this plan")
        recorded = self._store.create(
            mission.mission_id,
            workspace=mission.workspace,
            source=source,
            plan_digest=plan.digest,
            goal=plan.goal,
            events=events,
            time=created,
            standing=standing_of(mission),
            blobs=blobs,
        )
        self._host.loader.remember(Loaded(mission, recorded[-1].hash, snapshot_at=0))
        self._host.tell(recorded, mission)
        return mission

    def grant(self, mission_id: str, rule: str, *, by: str | None = None) -> Mission:
        """Decide gates of this mission in advance, by rule. Raises UsageError for a bad rule."""
        return self._do(mission_id, c.GiveGrant(rule, by or self._by))

    def revoke(self, mission_id: str, grant_id: str, *, by: str | None = None, take_over: bool = False) -> Mission:
        """Take a grant back, whichever process runs the mission: it covers nothing from now on; what it decided stands.

        take_over: take the mission over from that process, as in `run`, rather than ask it.
        Raises UsageError for a grant that the mission does not have, GuardRefused for one that was revoked already,
        IllegalTransition for a mission that has ended, MissionHeld for one whose runner is suspended.
        """
        return asking.revoke(self._host, mission_id, c.RevokeGrant(grant_id, by or self._by), take_over=take_over)

    # --- deciding

    def approve(
        self,
        mission_id: str,
        *,
        digest: str | None = None,
        approval_id: str | None = None,
        answer: str | None = None,
        reason: str | None = None,
        files: Iterable[str] | None = None,
        hunks: Iterable[str] | None = None,
        patch: bytes | None = None,
        by: str | None = None,
        means: str | None = None,
    ) -> Mission:
        """Approve what is waiting: the plan, a diff, a command, or a question with its answer. `run` carries on.

        digest: of what is approved; where it is given it must be that of what is waiting, or 12 of its first digits.
        files, hunks: of a diff only these: files by globs, and of others the hunks `path:1,3`, as the diff counts them.
        patch: a diff that takes the place of the one that is waiting, within the scope contract.
        Either is a new revision, with a digest and risk of its own; what it leaves out goes on record with it.
        Raises GuardRefused where that is not what is waiting, or a revision leaves nothing or does not apply;
        UsageError for a file or a hunk that is not there, or a choice of none; RequestLapsed where the time to decide
        has passed, or the files have drifted since the diff was made: it is made anew when the mission runs on, and
        asked about again.
        """
        in_part = files is not None or hunks is not None
        if patch is not None and in_part:
            raise UsageError("a diff is approved in part, or as it was edited, and not both")
        part = Part(tuple(files or ()), tuple(hunks or ()), patch)
        if part.is_all and in_part:
            raise UsageError("no file and no hunk of the change is chosen: choose some, or reject it")
        with self._host.session(mission_id) as session:
            command = c.Approve(
                by=by or self._by,
                means=means or self._means,
                digest=digest,
                approval_id=approval_id,
                reason=reason,
                answer=answer,
                drift=drift(session.mission, self._store, self._home),
                plan_changes=plan_changes(session.mission, self._registry),
                now=self._clock(),
            )
            return self._host.approve(session, command, part)

    def reject(
        self,
        mission_id: str,
        reason: str,
        *,
        digest: str | None = None,
        approval_id: str | None = None,
        by: str | None = None,
        means: str | None = None,
    ) -> Mission:
        """Reject what is waiting, with a reason; the mission pauses."""
        if not reason.strip():
            raise UsageError("a rejection needs a reason")
        who, how = by or self._by, means or self._means
        return self._do(mission_id, c.Reject(who, how, reason, digest, approval_id, self._clock()))

    # --- running

    def run(self, mission_id: str, *, by: str | None = None, take_over: bool = False) -> Mission:
        """Run the mission to the next gate, pause, failure or end.

        Starts one that is idle and approved, resumes one that is paused, and takes over one whose runner is gone.
        Where a repair has failed and the plan says `on_exhausted: rollback`, what it changed is taken back, and the
        mission is paused then; while files stand in the way it stays failed, with `mission.rollback_due`, of which
        `plan_rollback` tells the conflicts, and `run` tries again.

        take_over: also take over from a runner that lives, such as one that is suspended or hangs, unless it is
        writing files or running a command. It can then append no event, and write no file, and ends once it tries.
        Raises Held where another runs it, and GuardRefused where it may not start or run on: its plan changed,
        another mission holds its workspace, or it is in doubt whether a command took effect.
        """
        return self._host.run(mission_id, by or self._by, take_over=take_over)

    def resume(self, mission_id: str, *, by: str | None = None) -> Mission:
        """Let a paused mission run on; `run` carries it."""
        return self._do(mission_id, c.Resume(by or self._by))

    def retry(self, mission_id: str, *, by: str | None = None) -> Mission:
        """Let the step that failed, or was paused, begin again; `run` carries it."""
        return self._do(mission_id, c.Retry(by or self._by))

    def repair(
        self,
        mission_id: str,
        patch: bytes | None = None,
        *,
        program: Sequence[str] = (),
        timeout_s: int = 3600,
        by: str | None = None,
    ) -> Mission:
        """Repair the failed step, with a patch, by a program, or with the repair that the plan binds to it.

        program: its argv; it is run now, as the editor `command` runs it, and what it changes in its copy of the
            workspace is the repair. timeout_s: after which it is ended.

        The repair goes through the same gate as any edit, by `run`; then the failed step runs again.
        Raises UsageError for a patch that is malformed, and GuardRefused for a repair that would only fail.
        """
        if patch is not None and program:
            raise UsageError("a step is repaired with a patch or by a program, not both")
        with self._host.session(mission_id) as session:
            who = by or self._by
            if patch is not None or program:
                give = of_patch(patch) if patch is not None else of_program(program, timeout_s)
                return self._host.take(session, lambda digest: c.RepairStep(who, digest), give)
            index, most, on_exhausted = bound_repair(session.mission, self._registry)
            return session.decide(c.RepairStep(who, options_step=index, max_attempts=most, on_exhausted=on_exhausted))

    def propose(
        self,
        mission_id: str,
        patch: bytes | None = None,
        *,
        files: Mapping[str, bytes | None] | None = None,
        by: str | None = None,
        means: str | None = None,
    ) -> Mission:
        """Give a step that asked for a proposal one, as a patch or as whole files; `run` carries it to the gate.

        files: the bytes that each path is to hold, None where it is to be gone.

        Raises UsageError for a patch that is malformed, GuardRefused for one that does not fit the files as they are,
        or leaves the scope contract, and UnsafePath or EditFailed for files that may not be written.
        """
        if (patch is None) == (files is None):
            raise UsageError("a proposal is a patch or files: give one of them")
        give = of_patch(patch) if patch is not None else of_files(files or {})
        who, how = by or self._by, means or self._means
        with self._host.session(mission_id) as session:
            return self._host.take(session, lambda digest: c.ReceiveInput(digest, who, how), give)

    # --- interrupting

    def pause(self, mission_id: str, *, by: str | None = None, take_over: bool = False) -> Mission:
        """Pause the mission at its next safe point, whichever process runs it; a command under way is ended.

        take_over: take it over from that process, as in `run`, rather than ask.
        """
        return asking.interrupt(self._host, mission_id, c.Pause(by or self._by), State.PAUSED, take_over=take_over)

    def stop(
        self, mission_id: str, reason: str = "manual", *, by: str | None = None, take_over: bool = False
    ) -> Mission:
        """Stop the mission for good, whichever process runs it; a command under way is ended and gone.

        take_over: take it over from that process, as in `run`, rather than ask.
        """
        return asking.interrupt(
            self._host, mission_id, c.Stop(by or self._by, reason), State.STOPPED, take_over=take_over
        )

    def interrupt(self, *, stop: bool = False) -> None:
        """Ask every mission that this engine is running, or else the next that it runs, to pause or to stop.

        Safe in a signal handler.
        """
        self._host.ask_all(c.Stop(self._by, "interrupted") if stop else c.Pause(self._by, "interrupted"))

    # --- going back

    def plan_rollback(self, mission_id: str, to: str | None = None, *, overwrite: bool = False) -> RollbackPlan:
        """What a rollback would do, file by file; nothing is touched.

        to: None for the last edit, a step's id for everything from it on, a checkpoint's id, or `start`.
        """
        mission = self.state(mission_id)
        with Root(check_workspace(Path(mission.workspace), home=self._home)) as root:
            return plan_rollback(mission, self._store, root, to, overwrite=overwrite)

    def rollback(
        self, mission_id: str, to: str | None = None, *, overwrite: bool = False, by: str | None = None
    ) -> Mission:
        """Put the workspace back to where it was before the edits since `to`, and the mission to that step.

        overwrite: also files that are no longer as the mission left them. A rollback can be rolled back.
        Raises GuardRefused where there is nothing to take back, or files are in the way.
        """
        with self._host.session(mission_id) as session, self._host.workspace(session) as pen:
            if session.mission.restoring is None:
                plan = plan_rollback(session.mission, self._store, pen.root, to, overwrite=overwrite)
                roll_back(session, pen, plan, by or self._by)
            else:
                finish_rollback(session, pen)
            return session.mission

    # --- moving and keeping

    def export_mission(self, mission_id: str, path: str | os.PathLike[str], *, force: bool = False) -> Exported:
        """Write the mission, as it stands, to one file that verifies by itself, for `import_mission` elsewhere.

        force: also over a file that is there.
        Raises JournalDamaged where the mission does not verify, UsageError where the file may not be put there.
        """
        return export_mission(self._store, mission_id, Path(path), home=self._home, force=force)

    def import_mission(self, path: str | os.PathLike[str]) -> Imported:
        """Take in a mission from such a file, once all of it was verified; it is there whole or not at all.

        It holds no workspace until it is carried on, and needs its workspace for that, and for a rollback.
        Raises JournalDamaged, with the first bad position, for a file that is not as it was written; JournalNewer;
        UsageError for another kind of file; Refused where the home has another mission of that id; OverQuota.
        """
        return import_mission(self._store, Path(path), self._quota)

    def backup(self, path: str | os.PathLike[str], *, force: bool = False) -> Backup:
        """Copy the whole journal to one file, as it is at one instant, while missions run.

        As `journal.db` in an empty home the file is that home. force: also over a file that is there.
        Raises JournalDamaged where the journal is not sound, UsageError where the file may not be put there.
        """
        return back_up(self._store, Path(path), home=self._home, force=force)

    # --- making room

    def size(self) -> HomeSize:
        """How much the home takes, and each of its missions.

        Raises JournalDamaged where a mission does not tell any more which blobs it speaks of.
        """
        return home_size(self._store, self._quota.limit_bytes)

    def plan_prune(
        self,
        mission_ids: Iterable[str] = (),
        *,
        workspace: str | os.PathLike[str] | None = None,
        states: Iterable[str] = tuple(lifecycle.FINAL),
        older_than_s: float | None = None,
        keep_bytes: int | None = None,
    ) -> PrunePlan:
        """What a prune would remove: whole missions that have ended, for which all of this holds. Nothing is touched.

        mission_ids, workspace: these alone. states: `stopped`, `complete` or both.
        older_than_s: seconds since their last event.
        keep_bytes: the ones that ended first, and only until the home uses no more than that.
        Raises UsageError for a state that no mission ends in, UnknownMission, and JournalDamaged as `size`.
        """
        only = None if workspace is None else str(Path(workspace).resolve())
        ended = frozenset(states)
        if not ended <= lifecycle.FINAL:
            raise UsageError(f"a mission ends {' or '.join(sorted(lifecycle.FINAL))}, and only then can it be pruned")
        wanted = Criteria(frozenset(mission_ids), only, frozenset(map(State, ended)), older_than_s, keep_bytes)
        return plan_prune(self._store, wanted, self._clock())

    def prune(self, plan: PrunePlan) -> Pruned:
        """Remove from the home what was planned, for good: events, artifacts and checkpoints. Workspaces stay.

        What those missions did can then be neither verified nor rolled back; `export_mission` keeps what is to be
        kept. A mission that is held, or was rolled back since it was planned, is left, and told.
        """
        return prune(
            self._store, plan, lambda mission_id: self._store.acquire(mission_id, this_runner(), self._clock())
        )

    # --- inside

    def _may_still_run(self, row: Listing) -> bool:
        if row.state != State.IDLE:
            return row.state not in lifecycle.FINAL
        mission = self.state(row.mission_id)
        expired_or_rejected = lifecycle.why_not(mission, "approve", Facts(now=self._clock()))
        return mission.plan_decision == "approved" or expired_or_rejected is None

    def _do(self, mission_id: str, command: c.Command) -> Mission:
        with self._host.session(mission_id) as session:
            return session.decide(command)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user that the system does not know, as in some containers
        return f"uid {os.getuid()}"


def _new_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
