"""`pause` and `stop`: from any process, whichever runs the mission."""

from __future__ import annotations

import click

from mission_fsm.cli.foreground import recorded
from mission_fsm.cli.invocation import Invocation, by_option, mission_argument, standard_options, take_over_option
from mission_fsm.cli.progress import teller


@click.command("pause")
@mission_argument
@take_over_option
@by_option
@standard_options
def pause_command(
    invocation: Invocation,
    mission: str | None,
    take_over: bool,  # noqa: FBT001 - as click calls it
) -> int:
    """Pause a mission at its next safe point.

    Whichever process runs it; a command under way is ended, and will run again. `mission resume` lets it run on.

    \b
    Examples:
      mission pause 7kd
    """
    with invocation.open(teller(as_json=invocation.as_json)) as engine:
        return recorded(invocation, engine, engine.pause(invocation.find(engine, mission), take_over=take_over))


@click.command("stop")
@mission_argument
@click.option("--reason", metavar="TEXT", default="manual", help="Goes on record.")
@take_over_option
@by_option
@standard_options
def stop_command(
    invocation: Invocation,
    mission: str | None,
    reason: str,
    take_over: bool,  # noqa: FBT001
) -> int:
    """Stop a mission for good.

    Whichever process runs it; a command under way is ended, with all that it has started. A stopped mission never
    runs again, but its edits can still be rolled back.

    \b
    Examples:
      mission stop 7kd --reason "the plan is out of date"
    """
    with invocation.open(teller(as_json=invocation.as_json)) as engine:
        return recorded(invocation, engine, engine.stop(invocation.find(engine, mission), reason, take_over=take_over))
