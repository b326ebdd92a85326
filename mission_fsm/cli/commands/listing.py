"""`list`: the missions of a home, or of a workspace."""

from __future__ import annotations

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.cli.words import one_line, print_json, state_in_words
from mission_fsm.core.mission import State
from mission_fsm.core.projections import status


@click.command("list")
@standard_options
def list_command(invocation: Invocation) -> int:
    """List missions, newest first.

    All that the home keeps, or those of one workspace with -C.

    \b
    Examples:
      mission list -C .
      mission list --json
    """
    with invocation.open() as engine:
        rows = engine.missions(invocation.workspace)
        if invocation.as_json:
            print_json({"missions": [status(engine.state(row.mission_id)) for row in rows]})
            return 0
        for row in rows:
            state = State(row.state)
            pad = " " * (len(State.AWAITING_APPROVAL) - len(state))
            created = f"{row.created[:10]} {row.created[11:16]}"
            click.echo(f"{row.mission_id}  {state_in_words(state)}{pad}  {created}  {one_line(row.goal)}")
            if invocation.workspace is None:
                click.echo(click.style(f"{'':{len(row.mission_id)}}  in {one_line(row.workspace)}", dim=True))
        if not rows:
            click.echo(f"there are no missions in {invocation.home_folder}", err=True)
    return 0
