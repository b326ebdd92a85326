"""From what was recorded back to what was asked: deciding again has to give the same events.

A journal does not say where one decision ends and the next begins. So each is found by how it begins: the requests
that could have led there are decided again, and one of them has to give just the events that come next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.changes import ChangeSet, Revision, Risk, RiskLevel
from mission_fsm.core.decide import Decision, decide
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.replies import CommandResult
from mission_fsm.core.steps import SAME_FAILURE
from mission_fsm.errors import MissionError

LONGEST = 24
"""No decision gives more events than that."""

ChangeSetOf = Callable[[str], ChangeSet]
"""Gives the change set with that digest."""

Events = Sequence[e.Event]


def decided_again(mission: Mission, following: Events, change_set_of: ChangeSetOf) -> Decision | None:
    """The decision that gives the events that came next, as many as one can; None where there is none.

    following: the events after the mission as it stands, LONGEST of them or all.
    """
    best: Decision | None = None
    for command in _requests(mission, following, change_set_of):
        try:
            decision = decide(mission, command)
        except MissionError:
            continue
        made = decision.events
        if made == tuple(following[: len(made)]) and len(made) > (len(best.events) if best else 0):
            best = decision
    return best


def _requests(mission: Mission, following: Events, change_set_of: ChangeSetOf) -> Iterator[c.Command]:
    """What may have been asked, so that these events came of it."""
    # A repair that is given up, or done, is said to be so before anything else.
    first = next((event for event in following if not isinstance(event, e.RepairCompleted)), None)
    yield from _decisions(first, following, change_set_of)
    match first:
        case e.MissionStarted():
            yield from (c.Start(writing) for writing in _writing_stages(following))
        case e.ExecutionPaused():
            yield c.Pause(first.by or "", first.reason)
        case e.ExecutionResumed():
            yield c.Resume(first.by or "")
            yield c.Retry(first.by or "")
        case e.ExecutionStopped():
            yield c.Stop(first.by, first.reason)
        case e.CheckpointRestored():
            yield c.FinishRollback(first.paths)
        case e.CheckpointSecured(scope="rollback"):
            yield c.SecureRollback(
                first.target or "",
                first.cursor or 0,
                first.undoes,
                first.paths,
                first.size_bytes,
                first.manifest,
                first.by or "",
                means=first.means,
            )
        case e.CheckpointSecured():
            yield c.SecureChange(first.paths, first.size_bytes, first.manifest)
        case e.MissionRecovered():
            yield c.Recover(first.runner, first.in_doubt)
        case e.RepairStarted() if mission.state is State.FAILED:
            yield c.RepairStep(
                first.by or "", first.patch, first.options_step, first.max_attempts, _on_exhausted(first)
            )
        case e.TestStarted() | e.CommandStarted():
            yield c.StartCommand()
        case e.FilesChanged():
            yield c.ReportFilesChanged(
                first.files, first.lines, first.size_bytes, first.manifest, first.artifact, first.reports, first.lost
            )
        case e.TimeSpent():
            yield c.NoteTime(first.spent_s)
        case e.TestCompleted() | e.CommandCompleted():
            result = CommandResult(
                "exited",
                first.exit_status,
                first.duration_s,
                artifact=first.artifact,
                ignored_files=first.ignored_files,
                sandbox=first.sandbox,
            )
            if isinstance(first, e.TestCompleted):
                yield from _verdicts(first, result, following)
            rest = following[list(following).index(first) + 1 :]
            yield from _reports(rest, result, change_set_of)
        case _:
            yield from _reports(following, None, change_set_of)


def _decisions(first: e.Event | None, following: Events, change_set_of: ChangeSetOf) -> Iterator[c.Command]:
    """What may have been decided at a gate, or in advance of one."""
    match first:
        case e.ApprovalResolved(decision="approved"):
            yield _approval(first)
        case e.DiffProposed(revises=str()):
            resolved = next((event for event in following if isinstance(event, e.ApprovalResolved)), None)
            if resolved is not None:
                yield _approval(resolved, _revision(first, change_set_of))
        case e.ApprovalResolved():
            yield c.Reject(first.decided_by, first.means, first.reason or "", first.digest, first.approval_id)
        case e.ApprovalExpired():
            yield c.Expire(first.expires_at)
        case e.ApprovalVoided(approval_id=str()):
            resumed = next((event for event in following if isinstance(event, e.ExecutionResumed)), None)
            yield c.VoidRequest(first.changed, (resumed and resumed.by) or "")
        case e.ApprovalVoided():
            yield c.ReportDrift(first.changed)
        case e.GrantGiven():
            yield c.GiveGrant(first.rule, first.by)
        case e.GrantRevoked():
            yield c.RevokeGrant(first.grant_id, first.by)
        case e.InputReceived():
            yield c.ReceiveInput(first.digest, first.by, first.means)


def _approval(resolved: e.ApprovalResolved, revision: Revision | None = None) -> c.Approve:
    # What a reviewer saw, before it was revised, is what was waiting.
    digest = resolved.digest if revision is None else None
    return c.Approve(
        resolved.decided_by, resolved.means, digest, resolved.approval_id, resolved.reason, resolved.answer, revision
    )


def _revision(proposed: e.DiffProposed, change_set_of: ChangeSetOf) -> Revision:
    risk = Risk(RiskLevel(proposed.risk_level), proposed.rules)
    return Revision(change_set_of(proposed.digest), proposed.artifact, risk, proposed.left_out, proposed.edited)


def _reports(following: Events, result: CommandResult | None, change_set_of: ChangeSetOf) -> Iterator[c.Command]:
    """What the runner may have reported."""
    expires_at = next((event.expires_at for event in following if isinstance(event, e.ApprovalRequested)), None)
    # The checkpoint of a change is opened with it, where none is open.
    skipped = (e.RepairCompleted, e.CheckpointCreated)
    first = next((event for event in following if not isinstance(event, skipped)), None)
    proceed, elapsed_s = _proceeds(following), _elapsed_s(following)
    for writing in _writing_stages(following):
        if isinstance(first, e.StepStarted):
            yield c.BeginStep(writing)
        if isinstance(first, e.DiffApplied):
            yield c.FinishChange(writing, proceed, elapsed_s)
        for outcome, digest in _outcomes(first, following):
            yield c.RecordOutcome(outcome, writing, digest, result, proceed, elapsed_s, expires_at)
        if isinstance(first, e.DiffProposed):
            yield c.ProposeDiff(
                change_set_of(first.digest),
                first.artifact,
                first.summary,
                Risk(RiskLevel(first.risk_level), first.rules),
                first.final,
                writing,
                result,
                proceed,
                elapsed_s,
                expires_at,
            )
    if isinstance(first, e.ScopeExpansionRequested):
        yield c.AskScope(first.spent_s, expires_at)
        # What a search asks for is not recorded where there was no room left for it.
        yield c.RecordOutcome(o.BeginRetrieval(""), frozenset(), None, result, expires_at=expires_at)
    if isinstance(first, e.ApprovalRequested) and first.kind == ApprovalKind.DIFF:
        yield c.AskChange(expires_at)
    if isinstance(first, e.CommandProposed):
        yield c.ProposeCommand(
            first.command, first.digest, first.purpose, first.covered, result, expires_at, first.reason
        )
    if isinstance(first, e.FailureDetected):
        yield c.ReportFailure(first.kind, first.message.removesuffix(SAME_FAILURE))
    if isinstance(first, e.RepairStarted) and first.signatures:
        yield c.ReportFailure("", "", _failed_before(first))


def _outcomes(first: e.Event | None, following: Events) -> Iterator[tuple[o.Outcome, str | None]]:
    """What a stage may have answered, with the digest that belongs to it."""
    match first:
        case e.StepStarted():
            yield o.Completed(""), None
        case e.StepCompleted():
            yield o.Completed(first.summary, first.evidence), None
        case e.FailureDetected():
            yield o.Failed(first.kind, first.message.removesuffix(SAME_FAILURE), first.signature), first.artifact
            yield o.Failed(first.kind, first.message, first.signature), first.artifact
        case e.RepairStarted():
            yield o.BeginRepair(first.max_attempts, _on_exhausted(first)), None
            given_up = next((event for event in following if isinstance(event, e.RepairCompleted)), None)
            yield o.Failed("", "", _failed_before(first), may_repeat=True), given_up.artifact if given_up else None
        case e.RetrievalStarted():
            yield o.BeginRetrieval(first.query), None
        case e.RetrievalCompleted():
            yield o.Retrieved(first.result_count, first.summary, b""), first.artifact
        case e.ApprovalRequested():
            yield o.AskQuestion(first.summary, first.choices), first.digest
        case e.InputRequested():
            yield o.NeedInput(first.what), None


def _verdicts(completed: e.TestCompleted, result: CommandResult, following: Events) -> Iterator[c.Command]:
    """What a stage may have said of a test that has ended."""
    repair = next((event for event in following if isinstance(event, e.RepairStarted)), None)
    signature = _failed_before(repair) if repair else ""
    for message in _messages(following):
        for may_repeat in (False, True):
            verdict = o.Tested(
                completed.success,
                message,
                completed.passed,
                completed.failed,
                completed.skipped,
                completed.failing,
                completed.signature,
                may_repeat,
                completed.expect,
            )
            for writing in _writing_stages(following):
                proceed, elapsed_s = _proceeds(following), _elapsed_s(following)
                yield c.RecordOutcome(verdict, writing, None, result, proceed, elapsed_s, signature=signature)


def _on_exhausted(begun: e.RepairStarted) -> str:
    return "fail" if begun.keeps_edits is None else "rollback"


def _failed_before(begun: e.RepairStarted) -> str:
    """What the failure is known by that led to this attempt; why it failed is in no event."""
    return begun.signatures[-1] if begun.signatures else ""


def _messages(following: Events) -> Iterator[str]:
    for event in following:
        if isinstance(event, e.StepCompleted):
            yield event.summary
            return
        if isinstance(event, e.FailureDetected):
            yield event.message.removesuffix(SAME_FAILURE)
            yield event.message
            return
    yield ""


def _elapsed_s(following: Events) -> float:
    return next((event.duration_s for event in following if isinstance(event, e.Final)), 0.0)


def _proceeds(following: Events) -> bool:
    """Whether the step that is completed first, if one is, leads right on to the next."""
    then = next((after for event, after in pairwise(following) if isinstance(event, e.StepCompleted)), None)
    return isinstance(then, e.StepStarted)


def _writing_stages(following: Events) -> tuple[frozenset[str], ...]:
    """Whether a stage that begins may write is for its plugin to say; one of these is as it said."""
    if not any(isinstance(event, e.CheckpointCreated) for event in following):
        return (frozenset(),)
    return frozenset(), frozenset(event.stage for event in following if isinstance(event, e.StepStarted))
