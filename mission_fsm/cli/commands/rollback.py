"""`rollback`: files go back to where they were before the mission's edits."""

from __future__ import annotations

from contextlib import suppress

import click

from mission_fsm.cli.foreground import recorded
from mission_fsm.cli.invocation import Invocation, by_option, standard_options
from mission_fsm.cli.progress import teller
from mission_fsm.cli.words import one_line, print_json
from mission_fsm.core.mission import Mission
from mission_fsm.core.rollback import START
from mission_fsm.core.wording import count
from mission_fsm.engine import Engine
from mission_fsm.errors import Refused, UnknownMission, UsageError
from mission_fsm.runner.rollback import RollbackPlan


@click.command("rollback")
@click.argument("names", metavar="[ID] [STEP|CHECKPOINT]", nargs=-1)
@click.option("--to", metavar="STEP_ID|start", help="Take back everything from that step on, or from the start.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--overwrite", is_flag=True, help="Also files that are no longer as the mission left them.")
@by_option
@standard_options
def rollback_command(
    invocation: Invocation,
    names: tuple[str, ...],
    to: str | None,
    dry_run: bool,  # noqa: FBT001 - as click calls it
    overwrite: bool,  # noqa: FBT001
) -> int:
    """Put files back to where they were before the mission's edits.

    Takes the last edit back, or everything since a step, a checkpoint or the start. What somebody else has changed
    meanwhile is a conflict, and then nothing is touched. A rollback is checkpointed too: roll back its checkpoint
    to have it undone.

    \b
    Examples:
      mission rollback
      mission rollback 7kd --to fix --dry-run
      mission rollback 7kd --to start
      mission rollback 7kd checkpoint-31
    """
    with invocation.open(teller(as_json=invocation.as_json)) as engine:
        mission_id, named = _names(invocation, engine, names)
        if named is not None and to is not None:
            raise UsageError(f"name the place to go back to once: {named!r} and --to {to!r} are two")
        place = named if named is not None else to
        if not dry_run:
            return recorded(invocation, engine, engine.rollback(mission_id, place, overwrite=overwrite))
        plan = engine.plan_rollback(mission_id, place, overwrite=overwrite)
        with suppress(BrokenPipeError):  # what was found stands, whether or not anybody reads it
            _preview(invocation, mission_id, plan)
        return Refused.exit_status if plan.conflicts else 0


def _names(invocation: Invocation, engine: Engine, names: tuple[str, ...]) -> tuple[str, str | None]:
    """The mission, and the step or checkpoint: one word alone can be either, but not both."""
    if len(names) > 2:
        raise UsageError("name a mission, and a step or a checkpoint, and no more")
    if len(names) == 2:
        return invocation.find(engine, names[0]), names[1]
    if not names:
        return invocation.find(engine, None), None
    (name,) = names
    missions = [row.mission_id for row in engine.missions() if row.mission_id.startswith(name)]
    here = engine.missions(invocation.folder)
    is_place = len(here) == 1 and name in _places(engine.state(here[0].mission_id))
    if is_place and missions:
        raise UsageError(f"{name!r} is a place in mission {here[0].mission_id}, and begins {missions[0]}: name both")
    if is_place:
        return here[0].mission_id, name
    if not missions and len(here) == 1:
        raise UnknownMission(
            f"{name!r} begins no mission's id, and is neither a step nor a checkpoint of {here[0].mission_id}"
        )
    return invocation.find(engine, name), None


def _places(mission: Mission) -> set[str]:
    steps = {step.step_id for step in mission.plan.steps}
    return {START} | steps | {edit.checkpoint_id for edit in mission.edits}


def _preview(invocation: Invocation, mission_id: str, plan: RollbackPlan) -> None:
    if invocation.as_json:
        print_json(
            {
                "mission_id": mission_id,
                "checkpoint_id": plan.target.checkpoint_id,
                "step_index": plan.target.cursor,
                "files": [{"path": path, "what": what} for path, what in plan.steps],
                "conflicts": list(plan.conflicts),
            }
        )
    else:
        edits = count(len(plan.target.edits), "edit")
        click.echo(f"would take {edits} back, to {plan.target.checkpoint_id}:")
        for path, what in plan.steps:
            click.echo(f"  {one_line(what)}  {one_line(path)}")
        for conflict in plan.conflicts:
            click.secho(f"  {one_line(conflict)}", fg="red")
