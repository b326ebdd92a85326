"""`resume`, `retry`, `repair` and `propose`: what sets a mission running again."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import click

from mission_fsm.cli.foreground import carry_on, recorded
from mission_fsm.cli.invocation import Invocation, by_option, mission_argument, no_run_option, standard_options
from mission_fsm.cli.progress import teller
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.errors import IllegalTransition


@click.command("resume")
@mission_argument
@no_run_option
@by_option
@standard_options
def resume_command(invocation: Invocation, mission: str | None, no_run: bool) -> int:  # noqa: FBT001 - click's
    """Let a paused mission run on.

    A step that was cut short begins again; one that waits for a decision waits for it again.

    \b
    Examples:
      mission resume
    """
    return _carry(invocation, mission, Engine.resume, no_run=no_run)


@click.command("retry")
@mission_argument
@no_run_option
@by_option
@standard_options
def retry_command(invocation: Invocation, mission: str | None, no_run: bool) -> int:  # noqa: FBT001
    """Run the step that failed, or was paused, again.

    \b
    Examples:
      mission retry 7kd
    """
    return _carry(invocation, mission, Engine.retry, no_run=no_run)


class _WithProgram(click.Command):
    """A command whose words after `--` are a program with its arguments, to be found in the context's `meta`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_PROGRAM] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


_PROGRAM = "mission_fsm.program"


@click.command("repair", cls=_WithProgram, options_metavar="[OPTIONS] [-- PROGRAM [ARGUMENT]...]")
@mission_argument
@click.option("--patch", type=click.File("rb"), metavar="FILE", help="A unified or git diff; - for standard input.")
@no_run_option
@by_option
@standard_options
def repair_command(invocation: Invocation, mission: str | None, patch: BinaryIO | None, no_run: bool) -> int:  # noqa: FBT001
    """Repair the step that failed, and run it again.

    With a patch of yours, by a program, which works in a copy of the workspace, or with the repair that the plan binds
    to the step. Each goes through the same gate as any edit.

    \b
    Examples:
      mission repair --patch fix.patch
      mission repair 7kd -- ruff check --fix .
      mission repair 7kd
    """
    content = patch.read() if patch is not None else None
    program: tuple[str, ...] = click.get_current_context().meta[_PROGRAM]

    def repair(engine: Engine, mission_id: str) -> Mission:
        return engine.repair(mission_id, content, program=program)

    return _carry(invocation, mission, repair, no_run=no_run)


@click.command("propose")
@mission_argument
@click.option("--patch", type=click.File("rb"), metavar="FILE", required=True, help="As for repair.")
@no_run_option
@by_option
@standard_options
def propose_command(invocation: Invocation, mission: str | None, patch: BinaryIO, no_run: bool) -> int:  # noqa: FBT001
    """Give a step that asks for a change one, as a patch.

    For steps whose plan leaves their edit open. The change goes through the same gate as any other.

    \b
    Examples:
      mission propose --patch change.patch
      git diff | mission propose 7kd --patch -
    """
    content = patch.read()
    return _carry(invocation, mission, lambda engine, mission_id: engine.propose(mission_id, content), no_run=no_run)


def _carry(
    invocation: Invocation, mission: str | None, decide: Callable[[Engine, str], Mission], *, no_run: bool
) -> int:
    told = teller(as_json=invocation.as_json)
    with invocation.open(told) as engine:
        mission_id = invocation.find(engine, mission)
        try:
            decided = decide(engine, mission_id)
        except IllegalTransition as refusal:
            if refusal.state == State.RUNNING:
                refusal.add_note(f"nobody runs it now: `mission run {mission_id}` carries it on")
            raise
        return recorded(invocation, engine, decided) if no_run else carry_on(invocation, engine, mission_id, told)
