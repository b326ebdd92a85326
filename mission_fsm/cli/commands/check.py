"""`check`: what a plan comes to, before anyone approves it."""

from __future__ import annotations

from pathlib import Path

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.cli.plan_page import plan_page
from mission_fsm.cli.words import print_json
from mission_fsm.converter import converter
from mission_fsm.planfile.load import load_plan
from mission_fsm.registry import Registry


@click.command("check")
@click.argument("plan", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--full", is_flag=True, help="Also what each step is told, with its patches and files.")
@standard_options
def check_command(invocation: Invocation, plan: Path, full: bool) -> int:  # noqa: FBT001 - as click calls it
    """Say what a plan comes to, or all that is wrong with it.

    Each step's stage with the word of its description that decided it, the scope, and the digest that an approval
    is bound to. An invalid plan: every problem with its line, and exit status 2.

    \b
    Examples:
      mission check plan.yaml
      mission check plan.yaml --full
    """
    loaded = load_plan(plan, Registry.installed(), workspace=invocation.folder)
    if not invocation.as_json:
        click.echo(plan_page(loaded.plan, loaded.mapped, options=full))
        return 0
    print_json(
        {
            "source": str(plan),
            "goal": loaded.plan.goal,
            "plan_digest": loaded.plan.digest,
            "scope_contract": converter.unstructure(loaded.plan.scope),
            "steps": [
                {"step_id": step.step_id, "stage": mapped.stage, "word": mapped.word, "description": step.description}
                for step, mapped in zip(loaded.plan.steps, loaded.mapped, strict=True)
            ],
        }
    )
    return 0
