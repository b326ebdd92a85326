"""`approve` and `reject`: a decision on what is waiting."""

from __future__ import annotations

from typing import BinaryIO

import click

from mission_fsm.cli.diffs import waiting_diff
from mission_fsm.cli.editing import edited
from mission_fsm.cli.foreground import came_to, carry_on, recorded
from mission_fsm.cli.invocation import Invocation, by_option, mission_argument, no_run_option, standard_options
from mission_fsm.cli.progress import teller
from mission_fsm.cli.words import one_line
from mission_fsm.core.mission import State
from mission_fsm.errors import RequestLapsed, UsageError

_digest = click.option("--digest", metavar="DIGEST", help="Decide only if this is what is waiting; 12 digits do.")


@click.command("approve")
@mission_argument
@_digest
@click.option("--answer", metavar="TEXT", help="The answer, where a question is waiting.")
@click.option("--reason", metavar="TEXT", help="Goes on record.")
@click.option("--files", metavar="GLOB", multiple=True, help="Of a change only these files; may be repeated.")
@click.option("--hunks", metavar="PATH:N,N", multiple=True, help="And these hunks, as the diff counts them.")
@click.option("--edit", is_flag=True, help="Edit the diff, in $VISUAL or $EDITOR, and approve what comes back.")
@click.option(
    "--patch", type=click.File("rb"), metavar="FILE", help="Approve this diff in its place; - for standard input."
)
@no_run_option
@by_option
@standard_options
def approve_command(
    invocation: Invocation,
    mission: str | None,
    digest: str | None,
    answer: str | None,
    reason: str | None,
    files: tuple[str, ...],
    hunks: tuple[str, ...],
    edit: bool,  # noqa: FBT001 - as click calls it
    patch: BinaryIO | None,
    no_run: bool,  # noqa: FBT001
) -> int:
    """Approve what is waiting, and carry on.

    What is waiting is a plan, a change, a command or a question; `mission show` says which, with its digest.
    The mission then runs to where it rests next, which the exit status tells.

    A part of a change, or an edited one, is a revision with a digest of its own; what it leaves out goes on record.
    What changes more than a file's text is approved whole. Where the files have changed since the diff was made, it
    is void: what changed is shown, the diff is made anew, and waits to be approved.

    \b
    Examples:
      mission approve
      mission approve 7kd --digest 4c1f08d2a97b --reason "reviewed with Ada"
      mission approve 7kd --answer postgres
      mission approve 7kd --files 'src/**' --hunks tests/test_a.py:1,3-4
      mission approve 7kd --edit
    """
    if edit + (patch is not None) + bool(files or hunks) > 1:
        raise UsageError(
            "a change is approved in part, or as it is edited now, or as a patch has it: give one of these"
        )
    if hunks and digest is None and not invocation.may_ask:
        raise UsageError("hunks are counted in the diff that was read; give its --digest, which `mission show` tells")
    told = teller(as_json=invocation.as_json)
    with invocation.open(told) as engine:
        mission_id = invocation.find(engine, mission)
        content = patch.read() if patch is not None else None
        if edit:
            shown = engine.state(mission_id)
            content = edited(waiting_diff(engine, shown))
            # It is this diff that was edited, and none that may have come in its place meanwhile.
            digest = digest or (shown.pending.digest if shown.pending else None)
        try:
            decided = engine.approve(
                mission_id,
                digest=digest,
                answer=answer,
                reason=reason,
                files=files or None,
                hunks=hunks or None,
                patch=content,
            )
        except RequestLapsed as refusal:
            if no_run or engine.state(mission_id).state is not State.RUNNING:
                raise
            click.echo(f"mission: {one_line(str(refusal))}", err=True)
            return carry_on(invocation, engine, mission_id, told)
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
