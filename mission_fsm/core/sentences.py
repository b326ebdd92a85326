"""What people are told: one event as a sentence, and a command in full."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from mission_fsm.core import events as e
from mission_fsm.core.replies import NONE, CommandSpec
from mission_fsm.core.text import visible
from mission_fsm.core.wording import count


def sentence(recorded: e.Recorded) -> str:
    """The event in words, on one line, with nothing in it that could act on a terminal."""
    words = SENTENCES[type(recorded.event)](recorded.event)
    return visible(" ".join(words.split()))


def command_in_words(spec: CommandSpec) -> list[str]:
    """All of a command that its approval covers, line by line, with nothing in it that could act on a terminal.

    What a line feed parts is marked, so that nothing in a command passes for a line of its own.
    """
    words, *details = map(visible, _all_of(spec))
    return [line for entry in (f"$ {words}", *details) for line in entry.replace("\n", "\n> ").split("\n")]


def _all_of(spec: CommandSpec) -> list[str]:
    copied = " of a copy of the workspace" if spec.isolated else ""
    return [
        shlex.join(spec.argv),
        f"in {shlex.quote(spec.cwd)}{copied}, at most {spec.timeout_s} s",
        *(f"with {shlex.quote(name)}={shlex.quote(value)}" for name, value in spec.env.items()),
        _contained(spec),
        *([f"its reports are read from {shlex.quote(spec.report)}"] if spec.report is not None else []),
    ]


def _contained(spec: CommandSpec) -> str:
    if spec.sandbox == "off":
        return "in no sandbox"
    network = "with" if spec.network else "without"
    where = "a sandbox, or not at all" if spec.sandbox == "required" else "a sandbox where there is one"
    return f"in {where}, {network} the network"


def uncontained(sandbox: str) -> str:
    """`not in a sandbox: ` and why, as the result of a command says it; empty for one that ran in a sandbox."""
    return f"not in a sandbox: {sandbox.removeprefix(NONE)}" if sandbox.startswith(NONE) else ""


def _then(said: str) -> str:
    return f"; {said}" if said else ""


def _listed(paths: tuple[str, ...], most: int = 3) -> str:
    more = len(paths) - most
    return ", ".join(paths[:most]) + (f" and {more} more" if more > 0 else "")


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _by(who: str | None) -> str:
    return f" by {who}" if who else ""


def _at(step_id: str | None) -> str:
    return f" at step {step_id}" if step_id else ""


def _diff_proposed(event: e.DiffProposed) -> str:
    what = f"{event.risk_level} risk, {count(event.lines, 'line')} in {_listed(event.files)}"
    if event.revises is None:
        return f"a change was proposed ({what}): {event.summary}"
    how = "edited" if event.edited else "took a part of"
    without = f", without {_listed(event.left_out)}" if event.left_out else ""
    return f"{event.author} {how} {event.revises}{without}, as {event.diff_id} ({what})"


def _command_proposed(event: e.CommandProposed) -> str:
    if event.covered:
        return f"a command was proposed, as the approved plan has it: {' '.join(event.command.argv)}"
    return f"a command was proposed: {', '.join(_all_of(event.command))}"


def _approval_requested(event: e.ApprovalRequested) -> str:
    risk = f" ({event.risk_level} risk)" if event.risk_level else ""
    return f"approval is needed for the {event.kind}{risk}: {event.summary}"


def _approval_resolved(event: e.ApprovalResolved) -> str:
    # What a person said is quoted after a colon; a grant's reason is the rule itself.
    how = f" by the grant {event.reason}" if event.means == "grant" else _because(event.answer or event.reason)
    return f"the {event.kind} was {event.decision} by {event.decided_by}{how}"


def _checkpoint_secured(event: e.CheckpointSecured) -> str:
    purpose = f", to roll back to {event.target}" if event.scope == "rollback" else ""
    saved = f"{count(len(event.paths), 'file')}, {count(event.size_bytes, 'byte')}"
    return f"{event.checkpoint_id} is secured ({saved}){purpose}"


def _test_completed(event: e.TestCompleted) -> str:
    verdict = "passed" if event.success else "failed"
    if event.expect == "fail":
        verdict += " as expected" if event.as_expected else ", though it was expected to fail"
    counts = [
        f"{count} {word}"
        for count, word in ((event.passed, "passed"), (event.failed, "failed"), (event.skipped, "skipped"))
        if count
    ]
    status = "no exit status" if event.exit_status is None else f"exit status {event.exit_status}"
    failing = _because(_listed(event.failing))
    told = f"the test {verdict} ({', '.join([*counts, status])}, {event.duration_s:.1f} s){failing}"
    return told + _then(uncontained(event.sandbox))


def _command_completed(event: e.CommandCompleted) -> str:
    status = "without an exit status" if event.exit_status is None else f"with exit status {event.exit_status}"
    return f"the command ended {status} after {event.duration_s:.1f} s{_then(uncontained(event.sandbox))}"


def _files_changed(event: e.FilesChanged) -> str:
    lost = f"; this cannot be put back: {_listed(tuple(event.lost))}" if event.lost else ""
    return f"the command changed {_listed((*event.files, *event.lost))}; {event.checkpoint_id} takes it back{lost}"


def _scope_expansion_requested(event: e.ScopeExpansionRequested) -> str:
    return f"the scope contract is not wide enough{_at(event.step_id)}: {_listed(event.breaches)}"


def _repair_started(event: e.RepairStarted) -> str:
    source = " with a given patch" if event.patch else ""
    return (
        f"repair of step {event.step_id} began{source}{_by(event.by)}, attempt {event.attempt} of {event.max_attempts}"
    )


def _failure_detected(event: e.FailureDetected) -> str:
    # The lines after the first are details, such as the end of a command's output.
    message = event.message.partition("\n")[0]
    return f"step {event.step_id} failed ({event.kind}){_because(message)}"


def _mission_recovered(event: e.MissionRecovered) -> str:
    doubt = f"; it is not known whether this took effect: {', '.join(event.in_doubt)}" if event.in_doubt else ""
    return f"{event.runner} took over from the runner before it{doubt}"


SENTENCES: dict[type, Callable[[Any], str]] = {
    e.MissionCreated: lambda event: f"mission created by {event.created_by}: {event.goal}",
    e.MissionStarted: lambda event: f"mission started, {count(event.steps_count, 'step')} to go",
    e.StepStarted: lambda event: (
        f"step {event.step_id} began ({event.stage}, attempt {event.attempt}): {event.description}"
    ),
    e.StageChanged: lambda event: f"stage {event.to}",
    e.RetrievalStarted: lambda event: f"searching for {event.query}",
    e.RetrievalCompleted: lambda event: f"the search gave {count(event.result_count, 'result')}: {event.summary}",
    e.DiffProposed: _diff_proposed,
    e.CommandProposed: _command_proposed,
    e.ApprovalRequested: _approval_requested,
    e.ApprovalResolved: _approval_resolved,
    e.ApprovalExpired: lambda event: f"the request {event.approval_id} expired at {event.expires_at}",
    e.ApprovalVoided: lambda event: (
        f"{event.diff_id} is void, {'and was approved' if event.approval_id is None else 'and was waiting'}: "
        f"{_listed(event.changed)} since it was made"
    ),
    e.GrantRevoked: lambda event: f"{event.by} revoked {event.grant_id} ({event.rule})",
    e.GrantGiven: lambda event: f"{event.by} granted {event.rule} in advance",
    e.InputRequested: lambda event: f"step {event.step_id} needs input: {event.what}",
    e.InputReceived: lambda event: f"{event.by} gave step {event.step_id} a proposal",
    e.ExecutionPaused: lambda event: (
        f"paused{_at(event.current_step)}{_by(event.by)}: {event.reason.replace('_', ' ')}"
    ),
    e.ExecutionResumed: lambda event: f"running on{_at(event.current_step)}{_by(event.by)}: {event.reason}",
    e.ExecutionStopped: lambda event: f"stopped for good by {event.by}: {event.reason}",
    e.CheckpointCreated: lambda event: f"{event.checkpoint_id} was opened {event.description}",
    e.CheckpointSecured: _checkpoint_secured,
    e.CheckpointRestored: lambda event: (
        f"{f'the plan that {event.by} approved' if event.means == 'plan' else event.by} rolled back to "
        f"{event.checkpoint_id}, {count(len(event.paths), 'file')} written; {event.undo_checkpoint} undoes it"
    ),
    e.DiffApplied: lambda event: f"the change was applied to {_listed(event.files)}",
    e.TestStarted: lambda event: f"testing with {' '.join(event.command)}",
    e.TestCompleted: _test_completed,
    e.CommandStarted: lambda event: f"running {' '.join(event.command)}",
    e.CommandCompleted: _command_completed,
    e.FilesChanged: _files_changed,
    e.ScopeExpansionRequested: _scope_expansion_requested,
    e.TimeSpent: lambda event: f"at work for {event.spent_s:.1f} s so far",
    e.RepairStarted: _repair_started,
    e.RepairCompleted: lambda event: f"the repair {'worked' if event.success else 'did not work'}",
    e.FailureDetected: _failure_detected,
    e.StepCompleted: lambda event: f"step {event.step_id} is completed{_because(event.summary)}",
    e.MissionRecovered: _mission_recovered,
    e.Final: lambda event: f"mission complete: {count(event.steps_completed, 'step')} in {event.duration_s:.1f} s",
}
