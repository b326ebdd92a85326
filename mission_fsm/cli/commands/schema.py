"""`schema`: what a plan may hold."""

from __future__ import annotations

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.planfile.schema import schema_text
from mission_fsm.registry import Registry


@click.command("schema")
@standard_options
def schema_command(invocation: Invocation) -> int:  # noqa: ARG001 - the schema is JSON, and the same for everyone
    """Print the JSON Schema of plans.

    With the options of the stages and editors that are installed.

    \b
    Examples:
      mission schema > plan.schema.json
    """
    click.echo(schema_text(Registry.installed()), nl=False)
    return 0
