"""`revoke`: a decision that was given in advance is taken back."""

from __future__ import annotations

import click

from mission_fsm.cli.foreground import recorded
from mission_fsm.cli.invocation import Invocation, by_option, standard_options, take_over_option
from mission_fsm.cli.progress import teller


@click.command("revoke")
@click.argument("mission", metavar="ID")
@click.argument("grant")
@take_over_option
@by_option
@standard_options
def revoke_command(
    invocation: Invocation,
    mission: str,
    grant: str,
    take_over: bool,  # noqa: FBT001 - as click calls it
) -> int:
    """Take back a decision that was given in advance.

    The grant covers nothing from now on; what it has decided stands. `mission show` lists the grants of a mission, with
    their ids and how often each was used. It does not matter which process runs the mission: once this has ended well
    the grant decides nothing any more, and the mission runs on.

    \b
    Examples:
      mission revoke 7kd grant-3
    """
    with invocation.open(teller(as_json=invocation.as_json)) as engine:
        found = invocation.find(engine, mission)
        return recorded(invocation, engine, engine.revoke(found, grant, take_over=take_over))
