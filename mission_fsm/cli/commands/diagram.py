"""`diagram`: the lifecycle, from its table, or a mission's way through it."""

from __future__ import annotations

import click

from mission_fsm.cli.invocation import Invocation, mission_argument, standard_options
from mission_fsm.cli.words import print_json
from mission_fsm.core.diagram import dot, mermaid

_FORMATS = {"mermaid": mermaid, "dot": dot}


@click.command("diagram")
@mission_argument
@click.option("--format", "form", type=click.Choice(tuple(_FORMATS)), default="mermaid", show_default=True)
@standard_options
def diagram_command(invocation: Invocation, mission: str | None, form: str) -> int:
    """Draw the lifecycle, or a mission in it.

    Without a mission's id, the lifecycle alone; with one, where it stands, the path that it took, and how often.

    \b
    Examples:
      mission diagram
      mission diagram 7kd --format dot | dot -Tsvg > mission.svg
    """
    way = None
    if mission is not None:
        with invocation.open() as engine:
            way = engine.trace(invocation.find(engine, mission))
    drawing = _FORMATS[form](way)
    if invocation.as_json:
        print_json({"format": form, "diagram": drawing})
    else:
        click.echo(drawing.rstrip("\n"))
    return 0
