"""The effects of a running mission: running its stages, writing its changes, running its commands.

Each begins after the events that lead to it are durable, and ends in a command to the session, whose events
say what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from mission_fsm.core import commands as c
from mission_fsm.core import next as n
from mission_fsm.core import outcomes as o
from mission_fsm.core.changes import Version
from mission_fsm.core.mission import Active, Mission, State
from mission_fsm.core.replies import CommandResult, CommandSpec, Reply
from mission_fsm.core.scope import due_widening
from mission_fsm.errors import (
    Conflict,
    EditFailed,
    HalfWritten,
    JournalError,
    MissionError,
    OverQuota,
    UnsafePath,
    WorkspaceError,
)
from mission_fsm.logs import log_stage_error
from mission_fsm.planfile.options import StepOptions, step_options, touched_by
from mission_fsm.registry import Registry
from mission_fsm.runner.context import Context
from mission_fsm.runner.control import Control
from mission_fsm.runner.coverage import answered_as_declared, is_covered, writing_stages
from mission_fsm.runner.digests import bytes_digest, command_digest, question_digest
from mission_fsm.runner.pen import Pen
from mission_fsm.runner.proposing import proposed
from mission_fsm.runner.quota import OVER_QUOTA, Quota
from mission_fsm.runner.running import OUTPUT_CAP_BYTES, run_command
from mission_fsm.runner.session import Session
from mission_fsm.runner.side_effects import changes_found, kept_baseline, run_name
from mission_fsm.runner.timekeeping import Timekeeper
from mission_fsm.runner.times import seconds_between, time_after
from mission_fsm.workspace import changeset, checkpoint
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.isolation import CutShort
from mission_fsm.workspace.output import HeadAndTail
from mission_fsm.workspace.reader import Reader
from mission_fsm.workspace.scan import SideEffects

_OUTPUT = (2 * OUTPUT_CAP_BYTES, "the output of this command")

OutputListener = Callable[[bytes], None]


class Effects:
    """Brings about what a running mission needs next, one effect at a time."""

    def __init__(
        self,
        session: Session,
        registry: Registry,
        pen: Pen,
        control: Control,
        quota: Quota,
        on_output: OutputListener | None = None,
        home: Path | None = None,
    ) -> None:
        self._session = session
        self._registry = registry
        self.pen = pen
        self._root = pen.root
        self._control = control
        self._quota = quota
        self._on_output = on_output
        self._home = home
        self.timekeeper = Timekeeper(session)
        self._writing_stages = writing_stages(session.mission.plan, registry)

    def act(self, blobs: Mapping[str, bytes] | None = None) -> None:
        """Bring about the next effect. Raises JournalError where its events could not be made durable.

        blobs: what the mission refers to and the store does not keep yet.
        Raises OverQuota where there is no room for what it would keep; nothing is then done.
        """
        spent_s = self.timekeeper.spent_s()
        if due_widening(self._session.mission, spent_s):
            self._session.decide(c.AskScope(round(spent_s, 3), self._expires_at()))
            return
        match n.next_of(self._session.mission):
            case n.RunStage(active=active):
                self._run_stage(active, active.reply, blobs or {})
            case n.AskChange():
                self._session.decide(c.AskChange(self._expires_at()))
            case n.BeginStep():
                self._session.decide(c.BeginStep(self._writing_stages))
            case n.SecureChange(change_set=digest):
                self._secure_change(digest)
            case n.ApplyChange(diff_id=diff_id, manifest=digest):
                self._apply_change(diff_id, digest)
            case n.StartCommand():
                self._quota.require(*_OUTPUT)
                self._session.decide(c.StartCommand())
            case n.RunCommand(spec=spec):
                self._run_command(spec)

    def finish_change(self) -> None:
        """Finish an edit that was cut short after its checkpoint, so that it is never half there."""
        mission = self._session.mission
        if mission.state is State.RUNNING and isinstance(n.next_of(mission), n.ApplyChange):
            self.act()

    def find_changes(self) -> None:
        """Put on record what a command has changed whose runner was gone before it could."""
        mission, following = self._session.mission, n.next_of(self._session.mission)
        running = mission.active.command if mission.active is not None else None
        if not isinstance(following, n.RunCommand) or running is None or running.surveyed:
            return
        with kept_baseline(mission, self._home) as baseline:
            run = run_name(mission)
            with self.pen.in_hand():
                found = baseline.changed(self._root) if baseline.is_of(run) else None
            if found is not None:
                self._record_changes(found, following.spec)

    # --- stages

    def _run_stage(
        self,
        active: Active,
        reply: Reply | CommandResult | None,
        blobs: Mapping[str, bytes],
        seen: Mapping[str, Version | None] | None = None,
    ) -> None:
        reader = Reader(self._root, seen)
        result = reply if isinstance(reply, CommandResult) else None
        outcome = self._outcome(active, reply, reader, blobs)
        match outcome:
            case None:
                return  # the loop sees what was asked for, and does it
            case o.ProposeChange():
                self._propose_change(outcome, reader, result, blobs)
            case o.RunCommand():
                self._propose_command(outcome, result, blobs)
            case _:
                self._record(outcome, result, blobs)

    def _outcome(
        self, active: Active, reply: Reply | CommandResult | None, reader: Reader, blobs: Mapping[str, bytes]
    ) -> o.Outcome | None:
        """What the stage answers, or None where it was told to end, and so did not come to an answer."""
        told_to_end = False

        def should_end() -> bool:
            nonlocal told_to_end
            told_to_end = told_to_end or self._is_to_end()
            return told_to_end

        outcome = self._answer(active, reply, reader, blobs, should_end)
        return None if told_to_end and isinstance(outcome, o.Failed) else outcome

    def _answer(
        self,
        active: Active,
        reply: Reply | CommandResult | None,
        reader: Reader,
        blobs: Mapping[str, bytes],
        should_end: Callable[[], bool],
    ) -> o.Outcome:
        mission = self._session.mission
        try:
            store, registry = self._session.store, self._registry
            stage, bound = registry.stage(active.stage), self._bound_options(mission, active)
            touches = touched_by(stage, bound.edits, registry)
            with Context(mission, bound, reply, reader, store, registry, blobs, self._home, should_end) as context:
                return answered_as_declared(stage, stage.run(context), touches, mission.plan.scope.allowed_tools)
        except JournalError:
            raise
        except MissionError as error:
            evidence = error.evidence if isinstance(error, EditFailed) else None
            return o.Failed(_kind_of(error), str(error), evidence=evidence)
        except Exception as error:
            log_stage_error(mission.mission_id, active.step_id, active.stage, error)
            return o.Failed("stage_error", f"stage {active.stage} raised {type(error).__name__}: {error}")

    def _bound_options(self, mission: Mission, active: Active) -> StepOptions:
        """The options of the stage that performs: the step's own, or those of the repair that is bound to it."""
        repair = mission.repair
        if repair is None or not repair.in_place or active.stage != "repair":
            return step_options(mission.plan.steps[active.step_index], self._registry)
        if repair.options_step is not None:
            return step_options(mission.plan.steps[repair.options_step], self._registry)
        return StepOptions(self._registry.stage("repair").options(), ())

    def _record(self, outcome: o.Outcome, result: CommandResult | None, blobs: Mapping[str, bytes]) -> None:
        digest = None
        if isinstance(outcome, o.Retrieved):
            digest = bytes_digest(outcome.result)
            if result is None:
                self._quota.require(self._quota.bytes_of({digest: outcome.result}), "what was found")
            blobs = {**blobs, digest: outcome.result}
        elif isinstance(outcome, o.Failed) and outcome.evidence:
            shown = HeadAndTail(OUTPUT_CAP_BYTES)
            shown.add(outcome.evidence)
            digest = bytes_digest(shown.kept())
            blobs = {**blobs, digest: shown.kept()}
        elif isinstance(outcome, o.AskQuestion):
            digest = question_digest(outcome.question, outcome.choices)
        self._session.decide(
            c.RecordOutcome(
                outcome=outcome,
                writing_stages=self._writing_stages,
                digest=digest,
                result=result,
                proceed=self._proceed(),
                elapsed_s=self._elapsed_s(),
                expires_at=self._expires_at(),
            ),
            blobs,
        )

    # --- changes

    def _propose_change(
        self, outcome: o.ProposeChange, reader: Reader, result: CommandResult | None, blobs: Mapping[str, bytes]
    ) -> None:
        try:
            repairs = self._session.mission.repair is not None
            made = proposed(self._root, outcome.files, reader.seen, repairs=repairs)
        except MissionError as error:
            self._record(o.Failed(_kind_of(error), str(error)), result, blobs)
            return
        if self._lacks_room(self._quota.bytes_of(made.needed), "this edit", result, blobs):
            return
        self._session.decide(
            c.ProposeDiff(
                change_set=made.change_set,
                artifact=made.artifact,
                summary=outcome.summary,
                risk=made.risk,
                final=outcome.final,
                result=result,
                writing_stages=self._writing_stages,
                proceed=self._proceed(),
                elapsed_s=self._elapsed_s(),
                expires_at=self._expires_at(),
            ),
            {**blobs, **made.kept},
        )

    def _secure_change(self, digest: str) -> None:
        change_set = changeset.from_json(self._session.store.blob(digest))
        try:
            manifest, pre_images = checkpoint.secure(self._root, change_set)
        except MissionError as error:
            self._session.decide(_not_written(error))
            return
        data = checkpoint.to_json(manifest)
        manifest_digest = bytes_digest(data)
        size_bytes = sum(map(len, pre_images.values()))
        kept = {**pre_images, manifest_digest: data}
        self._quota.require(self._quota.bytes_of(kept), "the checkpoint of this edit")
        self._session.decide(c.SecureChange(change_set.paths, size_bytes, manifest_digest), kept)

    def _apply_change(self, diff_id: str, digest: str) -> None:
        store = self._session.store
        manifest = checkpoint.from_json(store.blob(digest))
        with self.pen.in_hand():
            try:
                apply(self._root, manifest, store.blob, f"{self._session.mission.mission_id}-{diff_id}")
            except (JournalError, HalfWritten):
                # The mission stays where it is, with its checkpoint: whoever runs it again finishes the change.
                raise
            except MissionError as error:
                self._session.decide(_not_written(error))
                return
        self._session.decide(c.FinishChange(self._writing_stages, self._proceed(), self._elapsed_s()))

    # --- commands

    def _propose_command(self, asked: o.RunCommand, result: CommandResult | None, blobs: Mapping[str, bytes]) -> None:
        if self._lacks_room(*_OUTPUT, result, blobs):
            return
        spec = CommandSpec(
            asked.argv,
            asked.cwd,
            asked.env,
            asked.timeout_s,
            asked.report,
            asked.isolated,
            asked.sandbox,
            asked.network,
        )
        mission = self._session.mission
        self._session.decide(
            c.ProposeCommand(
                spec=spec,
                digest=command_digest(mission, spec),
                purpose=asked.purpose,
                covered=is_covered(mission, spec),
                result=result,
                expires_at=self._expires_at(),
                reason=asked.reason,
            ),
            blobs,
        )

    def _run_command(self, spec: CommandSpec) -> None:
        mission = self._session.mission
        try:
            with kept_baseline(mission, self._home) as baseline:
                with self.pen.in_hand():
                    baseline.take(self._root, run_name(mission), self._proceed)
                ran = run_command(spec, self._session, self.pen, self._home, self._on_output, self._should_end)
                with self.pen.in_hand():
                    found = baseline.changed(self._root)
                self._record_changes(found, spec)
        except CutShort:
            return  # the loop sees what was asked for, and does it
        except WorkspaceError as error:
            self._session.decide(c.ReportFailure("not_done", str(error)))
            return
        active, result = self._session.mission.active, attrs.evolve(ran.result, ignored_files=found.ignored)
        # Ctrl-C reaches a command that has not yet left the terminal's process group; it too is ended on request.
        cut_off = result.exit_status is None and self._is_to_end()
        if result.kind == "ended" or cut_off or active is None or self._session.mission.breaches:
            return
        digest = bytes_digest(ran.output)
        self._run_stage(active, attrs.evolve(result, artifact=digest), {digest: ran.output}, ran.seen)

    def _record_changes(self, found: SideEffects, spec: CommandSpec) -> None:
        report, kept = changes_found(found, spec)
        if report is not None:
            self._session.decide(report, kept)

    def _should_end(self) -> bool:
        self.pen.secure()
        return self._is_to_end()

    def _is_to_end(self) -> bool:
        return self._control.wanted() is not None or self.timekeeper.is_up()

    def _lacks_room(self, needed: int, what: str, result: CommandResult | None, blobs: Mapping[str, bytes]) -> bool:
        """Whether there is no room for so many bytes, which a stage asks for after a command, and so has failed.

        What came of the command is recorded. Where there was none, OverQuota is raised, and it may ask again later.
        """
        try:
            self._quota.require(needed, what)
        except OverQuota as refusal:
            if result is None:
                raise
            self._record(o.Failed(OVER_QUOTA, str(refusal)), result, blobs)
            return True
        return False

    # --- facts that come with a command

    def _proceed(self) -> bool:
        return self._control.wanted() is None

    def _elapsed_s(self) -> float:
        mission = self._session.mission
        if mission.started_sequence is None or mission.cursor < len(mission.plan.steps) - 1:
            return 0.0
        started = mission.started_sequence
        entry = next(self._session.store.read(mission.mission_id, after=started - 1, upto=started))
        return seconds_between(entry.time, self._session.clock())

    def _expires_at(self) -> str | None:
        timeout_s = self._session.mission.plan.approval_timeout_s
        return None if timeout_s is None else time_after(self._session.clock(), timeout_s)


def _not_written(error: MissionError) -> c.ReportDrift | c.ReportFailure:
    return c.ReportDrift(error.details) if isinstance(error, Conflict) else c.ReportFailure(_kind_of(error), str(error))


def _kind_of(error: MissionError) -> str:
    match error:
        case Conflict():
            return "conflict"
        case UnsafePath():
            return "unsafe_path"
        case EditFailed():
            return "edit_failed"
    return "not_done"
