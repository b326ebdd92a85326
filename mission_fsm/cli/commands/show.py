"""`show`: one mission, on one page."""

from __future__ import annotations

import click

from mission_fsm.cli.invocation import Invocation, mission_argument, standard_options
from mission_fsm.cli.rest import advice_for, standing
from mission_fsm.cli.words import indented, one_line, print_json, scope_in_words
from mission_fsm.core.approvals import Grant
from mission_fsm.core.events import CommandCompleted, TestCompleted
from mission_fsm.core.mission import Edit, Mission, State
from mission_fsm.core.projections import status, step_status
from mission_fsm.core.sentences import uncontained
from mission_fsm.core.wording import count
from mission_fsm.engine import Engine

_MARKS = {
    "completed": ("✓", "green"),
    "rolled_back": ("↶", "magenta"),
    "failed": ("✗", "red"),
    "stopped": ("■", "magenta"),
    "running": ("▶", "blue"),
    "awaiting_approval": ("?", "yellow"),
    "paused": ("‖", "yellow"),
    "pending": ("·", "bright_black"),
}


@click.command("show")
@mission_argument
@standard_options
def show_command(invocation: Invocation, mission: str | None) -> int:
    """Show where a mission stands, and what can be done now.

    With --json: mission_id, state, plan_digest, step_index, steps (step_id, stage, status, attempts), pending
    (or null: approval_id, kind, digest, summary, risk_level, rules, expires_at, command), failure (or null: kind,
    message, signature, artifact), sequence, grants (grant_id, rule, by, used, revoked_by).

    \b
    Examples:
      mission show
      mission show 7kd --json
    """
    with invocation.open() as engine:
        shown = engine.state(invocation.find(engine, mission))
        if invocation.as_json:
            print_json(status(shown))
        else:
            click.echo("\n".join(_page(engine, shown)))
    return 0


def _page(engine: Engine, mission: Mission) -> list[str]:
    holder = engine.holder(mission.mission_id)
    widest = max(len(one_line(step.step_id)) for step in mission.plan.steps)
    lines = [
        click.style(one_line(mission.plan.goal), bold=True),
        f"workspace {one_line(mission.workspace)}",
        f"plan      {one_line(mission.source or 'given in process')}, by {one_line(mission.created_by)}",
        f"digest    {mission.plan.digest}",
        *([f"widened   to {scope_in_words(mission.widened)}"] if mission.widened is not None else []),
        *[_grant_line(grant) for grant in mission.grants],
        "",
        *[_step_line(mission, index, widest) for index in range(len(mission.plan.steps))],
        "",
        standing(mission),
    ]
    if mission.state is State.RUNNING:
        if holder:
            lines.append(f"  run by {holder}")
        elif not mission.at_rest:
            lines.append("  nobody runs it: its runner is gone, and `mission run` takes it over where it was")
    if said := _uncontained(engine, mission):
        lines.append(f"  its last command ran {one_line(said)}")
    edits = [edit for edit in mission.edits if edit.undone_by is None]
    if edits:
        lines += ["", "can be taken back with `mission rollback`:", *map(_edit_line, reversed(edits))]
    commands = advice_for(engine, mission, held=holder is not None)
    if commands:
        lines += ["", "what can be done now:", indented(commands)]
    return lines


def _uncontained(engine: Engine, mission: Mission) -> str:
    said = ""
    for entry in engine.events(mission.mission_id, types={"test_completed", "command_completed"}):
        if isinstance(entry.event, TestCompleted | CommandCompleted):
            said = uncontained(entry.event.sandbox)
    return said


def _step_line(mission: Mission, index: int, widest: int) -> str:
    step = mission.plan.steps[index]
    word = step_status(mission, index)
    mark, colour = _MARKS[word]
    attempts = mission.attempts(index)
    again = f" (attempt {attempts})" if attempts > 1 else ""
    again += " (rolled back)" if word == "rolled_back" else ""
    said = f"{index + 1:>3} {one_line(step.step_id):<{widest}}  {one_line(step.stage):<9} {one_line(step.description)}"
    return f"  {click.style(mark, fg=colour)} {said}{click.style(again, dim=True)}"


def _grant_line(grant: Grant) -> str:
    line = f"granted   {one_line(grant.rule)} by {one_line(grant.by)}, used {count(grant.used, 'time')}"
    return f"{line}, revoked by {one_line(grant.revoked_by)}" if grant.revoked_by else f"{line} ({grant.grant_id})"


def _edit_line(edit: Edit) -> str:
    step = f"step {one_line(edit.step_id)}"
    what = {"rollback": "rollback", "command": f"the command of {step}"}.get(edit.kind, step)
    some = ", ".join(map(one_line, edit.paths[:3])) + (", ..." if len(edit.paths) > 3 else "")
    return f"  {edit.checkpoint_id}  before {what}, {count(len(edit.paths), 'file')}: {some}"
