"""`diff`: what waits to be written, or what was."""

from __future__ import annotations

import click

from mission_fsm.cli.diffs import Diff, changes_made, coloured, pending_diff
from mission_fsm.cli.invocation import Invocation, mission_argument, standard_options
from mission_fsm.cli.words import one_line, print_exact, print_json, raw_option, risk_in_words
from mission_fsm.engine import Engine


@click.command("diff")
@mission_argument
@click.option("--step", metavar="STEP_ID", help="Only what that step has changed.")
@raw_option
@standard_options
def diff_command(invocation: Invocation, mission: str | None, step: str | None, raw: bool) -> int:  # noqa: FBT001
    """Show the change that is waiting, or what the mission has changed.

    The change that waits for a decision, where one does; otherwise every change that was applied, or that a command
    made by itself, and that has not been rolled back, in order. It is a patch, byte for byte, for `git apply`; but on a
    terminal it is in colour, and what nobody would see is named, such as ⟦U+202E⟧. Of a binary file only its name and
    size are told.

    \b
    Examples:
      mission diff
      mission diff 7kd --step fix
      mission diff 7kd | git -C elsewhere apply
    """
    with invocation.open() as engine:
        shown = engine.state(invocation.find(engine, mission))
        waiting = pending_diff(engine, shown) if step is None else None
        proposals = [waiting] if waiting else changes_made(engine, shown)
        chosen = [proposal for proposal in proposals if step in (None, proposal.step_id)]
        if invocation.as_json:
            diffs = [_as_object(engine, proposal, pending=proposal is waiting) for proposal in chosen]
            print_json({"mission_id": shown.mission_id, "diffs": diffs})
            return 0
        for proposal in chosen:
            heading = f"{'waits' if waiting else 'applied'} in step {one_line(proposal.step_id)}"
            if proposal.risk_level is not None:
                heading += f", {risk_in_words(proposal.risk_level, proposal.rules)}"
            click.echo(f"{heading}: {one_line(proposal.summary)}", err=True)
            print_exact(engine.artifact(proposal.artifact), raw=raw, shown=coloured)
        if not chosen:
            click.echo(f"mission {shown.mission_id} has changed nothing that is still there", err=True)
    return 0


def _as_object(engine: Engine, proposal: Diff, *, pending: bool) -> dict[str, object]:
    return {
        "diff_id": proposal.diff_id,
        "step_id": proposal.step_id,
        "pending": pending,
        "digest": proposal.digest,
        "summary": proposal.summary,
        "risk_level": proposal.risk_level,
        "rules": list(proposal.rules),
        "files": list(proposal.files),
        "diff": engine.artifact(proposal.artifact).decode("utf-8", "replace"),
    }
