"""`prune`: missions that have ended are removed from the home, to make room."""

from __future__ import annotations

import re

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.cli.words import one_line, print_json, state_in_words
from mission_fsm.converter import converter
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.mission import State
from mission_fsm.core.sizes import bytes_of, in_bytes
from mission_fsm.core.wording import MismatchError, count
from mission_fsm.errors import Refused, UsageError
from mission_fsm.planfile.rules import SECONDS_IN
from mission_fsm.runner.prune import Kept, Pruned, PrunePlan


def _age(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    given = re.fullmatch(r"([0-9]{1,8})([smhd])", value or "", re.ASCII)
    if value is not None and given is None:
        raise click.BadParameter(f"{value!r} is no age: give a number with its unit, such as 12h or 30d")
    return int(given[1]) * SECONDS_IN[given[2]] if given else None


def _size(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else bytes_of(value)
    except MismatchError as error:
        raise click.BadParameter(str(error)) from error


_ENDED = sorted(state.value for state in FINAL)


@click.command("prune")
@click.argument("missions", metavar="[ID]...", nargs=-1)
@click.option("--older-than", metavar="AGE", callback=_age, help="Nothing was done with it for so long: 12h, 30d.")
@click.option("--state", "states", multiple=True, type=click.Choice(_ENDED), help="How it ended; any.")
@click.option("--keep-size", metavar="SIZE", callback=_size, help="The oldest, until the home takes no more: 500MB.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@standard_options
def prune_command(
    invocation: Invocation,
    missions: tuple[str, ...],
    older_than: int | None,
    states: tuple[str, ...],
    keep_size: int | None,
    dry_run: bool,  # noqa: FBT001 - as click calls it
    yes: bool,  # noqa: FBT001
) -> int:
    """Remove missions that have ended from the home, to make room.

    Whole missions go, with their events, artifacts and checkpoints. What they did in their workspaces stays, and can
    then be neither rolled back nor verified: export first what is to be kept. A mission goes if all that is asked for
    holds; one that has not ended never does, nor does anything that a mission which stays needs. Those that ended
    first go first.

    Asks before it removes anything; without a terminal it takes --yes. Giving the room back to the disk takes as long
    as copying what is left, and those who write to the home wait meanwhile. The exit status is 7 where a mission had
    to be left.

    \b
    Examples:
      mission prune --older-than 30d --dry-run
      mission prune --keep-size 500MB --yes
      mission prune -C . --state stopped
      mission prune 7kd
    """
    if not missions and not states and older_than is None and keep_size is None:
        raise UsageError("say which missions may go: name them, or give --older-than, --state or --keep-size")
    with invocation.open() as engine:
        plan = engine.plan_prune(
            [engine.find(name) for name in missions],
            workspace=invocation.workspace,
            states=states or _ENDED,
            older_than_s=older_than,
            keep_bytes=keep_size,
        )
        if not invocation.as_json:
            _show(plan)
        if dry_run or not plan.missions:
            return _told(invocation, plan, dry_run=dry_run)
        if not yes and not _confirmed(invocation):
            raise Refused("nothing was removed")
        return _told(invocation, engine.prune(plan), dry_run=False)


def _show(plan: PrunePlan) -> None:
    for doomed in plan.missions:
        state = state_in_words(State(doomed.state))
        size = in_bytes(doomed.size_bytes)
        click.echo(f"{doomed.mission_id}  {state}  {doomed.ended[:10]}  {size:>10}  {one_line(doomed.goal)}")
    if plan.missions:
        missions, freed, used = (
            count(len(plan.missions), "mission"),
            in_bytes(plan.freed_bytes),
            in_bytes(plan.used_bytes),
        )
        click.echo(
            f"{missions}, about {freed} of the {used} that the home uses. What they changed in their workspaces stays, "
            "and cannot be rolled back once they are gone."
        )
    else:
        click.echo("nothing is to be removed")
    _show_kept(plan.kept)


def _confirmed(invocation: Invocation) -> bool:
    if not invocation.may_ask:
        raise UsageError("nobody is there to be asked, so nothing was removed; look with --dry-run, then give --yes")
    return click.confirm("remove them for good?")


def _told(invocation: Invocation, what: PrunePlan | Pruned, *, dry_run: bool) -> int:
    """Say what was done, or would be, and give the exit status for it."""
    if invocation.as_json:
        print_json({"dry_run": dry_run, **converter.unstructure(what)})
    elif isinstance(what, Pruned):
        _show_kept(what.kept)
        click.echo(
            f"removed {count(len(what.missions), 'mission')}: {in_bytes(what.freed_bytes)} are free; the home takes "
            f"{in_bytes(what.disk_bytes)} of its disk"
        )
    if isinstance(what, Pruned) and what.not_compacted is not None:
        click.echo(
            f"what is free will be used again, but was not given back to the disk: {what.not_compacted}", err=True
        )
    return Refused.exit_status if what.kept else 0


def _show_kept(kept: Kept) -> None:
    for mission_id, why in kept:
        click.secho(f"{mission_id}  stays: {one_line(why)}", fg="yellow")
