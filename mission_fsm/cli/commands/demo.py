"""`demo`: the main job, on a project that is bundled."""

from __future__ import annotations

from pathlib import Path

import click

from mission_fsm import demo


@click.command("demo")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
def demo_command(folder: Path | None) -> int:
    """Watch a real plan run on a small project with a real fault.

    It finds the fault, edits, tests, fails, repairs and completes, and leaves its folder to look at.

    \b
    Examples:
      mission demo
      mission demo /tmp/look
    """
    status: int = demo.main(folder)
    return status
