"""What the runner's reports come to: a stage's outcome, a change on its way, a command that ended."""

from __future__ import annotations

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import next as n
from mission_fsm.core import outcomes as o
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.bounds import ask_to_widen
from mission_fsm.core.draft import Draft
from mission_fsm.core.gates import change_voided
from mission_fsm.core.mission import ProposedChange, ProposedCommand, Repair
from mission_fsm.core.replies import CommandResult
from mission_fsm.core.scope import budget_left, one_call_more, widening_for
from mission_fsm.core.steps import (
    ask,
    begin_step,
    complete_step,
    diff_proposed,
    fail_step,
    give_up_repair,
    kept_edits,
    open_checkpoint,
    start_repair,
)
from mission_fsm.errors import GuardRefused

MOST_DRIFTS = 3
"""How often a step's change is made anew that was approved, and then could not be written over what is there."""

_EFFECTS: dict[type, type[n.Next]] = {
    c.BeginStep: n.BeginStep,
    c.AskChange: n.AskChange,
    c.StartCommand: n.StartCommand,
    c.SecureChange: n.SecureChange,
    c.FinishChange: n.ApplyChange,
}


def effect_of(command: c.Command) -> type[n.Next] | None:
    """Which effect that is the report of, as its class; None for a failure, which any effect may come to."""
    if isinstance(command, c.RecordOutcome | c.ProposeDiff | c.ProposeCommand):
        return n.RunStage if command.result is None else n.RunCommand
    return _EFFECTS.get(type(command))


def step_begun(draft: Draft, command: c.BeginStep) -> None:
    """The runner is ready for the plan's next step."""
    begin_step(draft, command.writing_stages)


def outcome(draft: Draft, command: c.RecordOutcome) -> None:
    """A stage has answered."""
    answer = command.outcome
    step_id = draft.active.step_id
    if not isinstance(answer, o.Tested):
        _command_ended(draft, command.result)
    match answer:
        case o.Completed(summary=summary, evidence=evidence):
            _complete(draft, command, summary, dict(evidence))
        case o.Failed():
            fail_step(
                draft,
                answer.kind,
                answer.message,
                answer.signature,
                may_repeat=answer.may_repeat,
                artifact=command.digest,
            )
        case o.BeginRetrieval() if not budget_left(draft.mission):
            ask_to_widen(draft, one_call_more(draft.mission), command.expires_at)
        case o.BeginRetrieval(query=query):
            draft.emit(e.RetrievalStarted(draft.new_id("retrieval"), query, step_id))
        case o.Retrieved(result_count=count, summary=summary):
            retrieval_id = draft.active.retrieval_id
            if retrieval_id is None:
                _breach(draft, "gave what a search found, and had not said that it would search")
                return
            draft.emit(e.RetrievalCompleted(retrieval_id, count, summary, command.digest or ""))
            _complete(draft, command, summary, {})
        case o.BeginRepair(max_attempts=most, on_exhausted=on_exhausted):
            repair = draft.mission.repair
            if repair is not None and repair.in_place and draft.active.stage == "repair":
                _breach(draft, "began a repair in the middle of one")
                return
            give_up_repair(draft)
            kept = kept_edits(draft.mission, on_exhausted)
            start_repair(draft, Repair("", step_id, 1, most, "step", draft.active.step_index, keeps_edits=kept))
        case o.Tested():
            _tested(draft, command, answer)
        case o.AskQuestion(question=question, choices=choices):
            digest = command.digest or ""
            ask(draft, ApprovalKind.QUESTION, digest, question, choices=choices, expires_at=command.expires_at)
        case o.NeedInput(what=what):
            draft.fire("request_input")
            draft.emit(e.InputRequested(step_id, what))
            draft.emit(e.ExecutionPaused("awaiting_input", step_id))
        case o.ProposeChange() | o.RunCommand():
            raise AssertionError("the runner reports changes and commands by requests of their own")


def diff(draft: Draft, command: c.ProposeDiff) -> None:
    """A stage has proposed a change set."""
    _command_ended(draft, command.result)
    change_set = command.change_set
    if not change_set.changes:
        if command.final:
            _complete(draft, command, "the workspace is already as the change would leave it", {})
        else:
            fail_step(draft, "no_change", "the repair changes nothing", may_repeat=True)
        return
    widening = widening_for(draft.mission, change_set.paths, change_set.lines)
    open_checkpoint(draft)
    summary, final = command.summary, command.final
    draft.emit(diff_proposed(draft, change_set, command.risk, command.artifact, summary=summary, final=final))
    if widening is not None:
        ask_to_widen(draft, widening, command.expires_at)
    else:
        _ask_change(draft, command.expires_at)


def change_asked(draft: Draft, command: c.AskChange) -> None:
    """The scope contract is wide enough for the change that was proposed."""
    _ask_change(draft, command.expires_at)


def _ask_change(draft: Draft, expires_at: str | None) -> None:
    change = _change(draft)
    ask(
        draft,
        ApprovalKind.DIFF,
        change.digest,
        change.summary,
        paths=change.paths,
        risk_level=change.risk.level,
        rules=change.risk.rules,
        expires_at=expires_at,
    )


def command(draft: Draft, command: c.ProposeCommand) -> None:
    """A stage wants a command to be run; one that stands in the plan was approved with the plan."""
    _command_ended(draft, command.result)
    step_id = draft.active.step_id
    draft.emit(
        e.CommandProposed(step_id, command.digest, command.spec, command.purpose, command.covered, command.reason)
    )
    if not command.covered:
        summary = " ".join(command.spec.argv) + (f" ({command.reason})" if command.reason else "")
        ask(
            draft,
            ApprovalKind.COMMAND,
            command.digest,
            summary,
            argv=command.spec.argv,
            expires_at=command.expires_at,
        )
    elif budget_left(draft.mission):
        command_started(draft, c.StartCommand())


def command_started(draft: Draft, _: c.StartCommand) -> None:
    """The command is about to be started."""
    active, running = draft.active, _command(draft)
    if not running.approved:
        raise GuardRefused("advance", "command_is_approved", "the command is not approved")
    argv = running.spec.argv
    if running.purpose == "test":
        draft.emit(e.TestStarted(draft.new_id("test"), argv, active.step_id))
    else:
        draft.emit(e.CommandStarted(draft.new_id("command"), argv, active.step_id))


def change_secured(draft: Draft, command: c.SecureChange) -> None:
    """The pre-images are on disk."""
    checkpoint_id = draft.active.checkpoint_id or ""
    draft.emit(e.CheckpointSecured(checkpoint_id, command.paths, command.size_bytes, command.manifest))


def change_applied(draft: Draft, command: c.FinishChange) -> None:
    """The change set is in the workspace."""
    change = _change(draft)
    checkpoint_id = draft.active.checkpoint_id or ""
    draft.emit(e.DiffApplied(change.diff_id, checkpoint_id, change.paths, change.digest))
    if change.final:
        _complete(draft, command, change.summary, {"files": len(change.paths), "lines": change.lines})


def drifted(draft: Draft, command: c.ReportDrift) -> None:
    """The approved change cannot be written over what is there now."""
    change = draft.active.change
    if change is None or not change.approved:
        raise GuardRefused("advance", "change_is_approved", "no approved change is on its way")
    if draft.active.drifts < MOST_DRIFTS:
        change_voided(draft, command.drift)
    else:
        changed = "; ".join(command.drift)
        fail_step(draft, "conflict", f"the files changed each time before the change was written: {changed}")


def failure(draft: Draft, command: c.ReportFailure) -> None:
    """An effect could not be brought about."""
    fail_step(draft, command.kind, command.message, command.signature)


def _complete(
    draft: Draft,
    command: c.RecordOutcome | c.ProposeDiff | c.FinishChange,
    summary: str,
    evidence: dict[str, object],
) -> None:
    complete_step(
        draft,
        summary,
        evidence,
        writing_stages=command.writing_stages,
        proceed=command.proceed,
        elapsed_s=command.elapsed_s,
    )


def _tested(draft: Draft, command: c.RecordOutcome, verdict: o.Tested) -> None:
    running, result = draft.active.command, command.result
    if running is None or running.run_id is None or running.purpose != "test" or result is None:
        _command_ended(draft, result)
        _breach(draft, "gave a verdict, and had not run a test")
        return
    draft.emit(
        e.TestCompleted(
            test_id=running.run_id,
            success=verdict.success,
            exit_status=result.exit_status,
            duration_s=round(result.duration_s, 3),
            passed=verdict.passed,
            failed=verdict.failed,
            skipped=verdict.skipped,
            failing=verdict.failing,
            signature=verdict.signature,
            artifact=result.artifact,
            expect=verdict.expect,
            ignored_files=result.ignored_files,
            sandbox=result.sandbox,
        )
    )
    if verdict.success == (verdict.expect == "pass"):
        _complete(draft, command, verdict.message, {})
    else:
        kind = "test_passed" if verdict.success else "test_failed"
        signature = verdict.signature or command.signature
        fail_step(draft, kind, verdict.message, signature, may_repeat=verdict.may_repeat)


def _breach(draft: Draft, what: str) -> None:
    """The stage broke its contract: the step fails, as it does where a stage raises."""
    fail_step(draft, "stage_error", f"stage {draft.active.stage} {what}")


def _command_ended(draft: Draft, result: CommandResult | None) -> None:
    """The command that was under way has ended, and nothing was said of it as a test."""
    if result is None:
        return
    running = _command(draft)
    run_id, duration_s = running.run_id or "", round(result.duration_s, 3)
    if running.purpose == "test":
        draft.emit(
            e.TestCompleted(
                run_id,
                success=False,
                exit_status=result.exit_status,
                duration_s=duration_s,
                artifact=result.artifact,
                ignored_files=result.ignored_files,
                sandbox=result.sandbox,
            )
        )
    else:
        draft.emit(
            e.CommandCompleted(
                run_id, result.exit_status, duration_s, result.artifact, result.ignored_files, result.sandbox
            )
        )


def _change(draft: Draft) -> ProposedChange:
    change = draft.active.change
    if change is None:
        raise AssertionError("the guard effect_is_next let a report pass that is about no change")
    return change


def _command(draft: Draft) -> ProposedCommand:
    command = draft.active.command
    if command is None:
        raise AssertionError("the guard effect_is_next let a report pass that is about no command")
    return command
