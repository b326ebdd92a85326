"""`approve` and `reject`: a decision on what is waiting."""

from __future__ import annotations

import click

from mission_fsm.cli.foreground import came_to, carry_on, recorded
from mission_fsm.cli.invocation import Invocation, by_option, mission_argument, no_run_option, standard_options
from mission_fsm.cli.progress import teller
from mission_fsm.core.mission import State

_digest = click.option("--digest", metavar="DIGEST", help="Decide only if this is what is waiting.")


@click.command("approve")
@mission_argument
@_digest
@click.option("--answer", metavar="TEXT", help="The answer, where a question is waiting.")
@click.option("--reason", metavar="TEXT", help="Goes on record.")
@no_run_option
@by_option
@standard_options
def approve_command(
    invocation: Invocation,
    mission: str | None,
    digest: str | None,
    answer: str | None,
    reason: str | None,
    no_run: bool,  # noqa: FBT001 - as click calls it
) -> int:
    """Approve what is waiting, and carry on.

    What is waiting is a plan, a change, a command or a question; `mission show` says which, with its digest.
    The mission then runs to where it rests next, which the exit status tells.

    \b
    Examples:
      mission approve
      mission approve 7kd --digest 4c1f... --reason "reviewed with Ada"
      mission approve 7kd --answer postgres
    """
    told = teller(as_json=invocation.as_json)
    with invocation.open(told) as engine:
        mission_id = invocation.find(engine, mission)
        decided = engine.approve(mission_id, digest=digest, answer=answer, reason=reason)
        return recorded(invocation, engine, decided) if no_run else carry_on(invocation, engine, mission_id, told)


@click.command("reject")
@mission_argument
@_digest
@click.option("--reason", metavar="TEXT", required=True, help="Why; goes on record.")
@by_option
@standard_options
def reject_command(invocation: Invocation, mission: str | None, digest: str | None, reason: str) -> int:
    """Reject what is waiting, with a reason.

    The mission pauses, with exit status 4. A mission whose plan is rejected never runs.

    \b
    Examples:
      mission reject 7kd --reason "the limit belongs in the settings"
    """
    with invocation.open(teller(as_json=invocation.as_json)) as engine:
        decided = engine.reject(invocation.find(engine, mission), reason, digest=digest)
        if decided.state is State.IDLE:
            return recorded(invocation, engine, decided)  # a rejected plan leaves nothing paused
        return came_to(invocation, engine, decided)
