"""`list`: the missions of a home, or of a workspace."""

from __future__ import annotations

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.cli.words import one_line, print_json, state_in_words
from mission_fsm.converter import converter
from mission_fsm.core.mission import State
from mission_fsm.core.projections import status
from mission_fsm.core.sizes import in_bytes
from mission_fsm.engine import Engine
from mission_fsm.journal.store import Listing
from mission_fsm.runner.holdings import HomeSize, MissionSize


@click.command("list")
@click.option("--size", "sized", is_flag=True, help="How much each takes, and the home.")
@standard_options
def list_command(invocation: Invocation, sized: bool) -> int:  # noqa: FBT001 - as click calls it
    """List missions, newest first.

    All that the home keeps, or those of one workspace with -C.

    The size of a mission is that of its events, and of the artifacts and checkpoints that it alone speaks of: they
    would go with it. What others speak of too is kept once, and told apart.

    \b
    Examples:
      mission list -C .
      mission list --size
      mission list --json
    """
    with invocation.open() as engine:
        rows = engine.missions(invocation.workspace)
        size = engine.size() if sized else None
        if invocation.as_json:
            print_json(_as_object(engine, rows, size))
            return 0
        for row in rows:
            state = State(row.state)
            pad = " " * (len(State.AWAITING_APPROVAL) - len(state))
            created = f"{row.created[:10]} {row.created[11:16]}"
            taken = "" if size is None else f"{_size_in_words(size.missions.get(row.mission_id)):>10}  "
            click.echo(f"{row.mission_id}  {state_in_words(state)}{pad}  {created}  {taken}{one_line(row.goal)}")
            if invocation.workspace is None:
                click.echo(click.style(f"{'':{len(row.mission_id)}}  in {one_line(row.workspace)}", dim=True))
        if not rows:
            click.echo(f"there are no missions in {invocation.home_folder}", err=True)
        if size is not None:
            _say_total(size)
    return 0


def _as_object(engine: Engine, rows: list[Listing], size: HomeSize | None) -> dict[str, object]:
    missions = [dict(status(engine.state(row.mission_id))) for row in rows]
    if size is None:
        return {"missions": missions}
    for told in missions:
        told["size"] = converter.unstructure(size.missions.get(str(told["mission_id"])))
    totals = {name: getattr(size, name) for name in ("shared_bytes", "used_bytes", "disk_bytes", "quota_bytes")}
    return {"missions": missions, "size": totals}


def _size_in_words(size: MissionSize | None) -> str:
    return "" if size is None else in_bytes(size.events_bytes + size.own_bytes)


def _say_total(size: HomeSize) -> None:
    shared_bytes = size.shared_bytes
    shared = f"{in_bytes(shared_bytes)} of that for more than one mission; " if shared_bytes else ""
    quota = "" if size.quota_bytes is None else f"; its quota is {in_bytes(size.quota_bytes)}"
    click.echo(
        f"the home uses {in_bytes(size.used_bytes)}; {shared}it takes {in_bytes(size.disk_bytes)} of its disk{quota}"
    )
