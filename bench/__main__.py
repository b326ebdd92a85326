"""`python -m bench [SUBJECT]...`: all figures, or those of some subjects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from bench import (
    checkpoint,
    command,
    disk,
    durable_step,
    gate,
    held,
    isolation,
    many,
    memory,
    reading,
    results,
    resume,
    scan,
    startup,
)
from bench.effort import FULL, QUICK, Effort
from bench.figures import Table, markdown, shown
from bench.machine import described

SUBJECTS: dict[str, Callable[[Effort], Table]] = {
    "step": durable_step.measure,
    "resume": resume.measure,
    "many": many.measure,
    "gate": gate.measure,
    "disk": disk.measure,
    "memory": memory.measure,
    "held": held.measure,
    "reading": reading.measure,
    "checkpoint": checkpoint.measure,
    "command": command.measure,
    "isolation": isolation.measure,
    "scan": scan.measure,
    "startup": startup.measure,
}


@click.command()
@click.argument("subjects", nargs=-1, type=click.Choice(list(SUBJECTS)))
@click.option("--quick", is_flag=True, help="See that all works: the sizes are too small for figures that hold.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures to this file, too.")
@click.option("--write", is_flag=True, help="Write the figures to bench/RESULTS.md, too.")
def main(subjects: tuple[str, ...], *, quick: bool, json_path: Path | None, write: bool) -> None:
    """Measure those SUBJECTS, or all of them."""
    if write and (subjects or quick):
        raise click.UsageError("--write is for all subjects at their full sizes")
    machine = described()
    tables = []
    for name in subjects or SUBJECTS:
        tables.append(SUBJECTS[name](QUICK if quick else FULL))
        click.echo(f"{shown(tables[-1])}\n")
    if json_path is not None:
        json_path.write_text(results.as_json(machine, tables), encoding="utf-8")
    if write:
        results.write("limits", machine, "\n".join(map(markdown, tables)))


if __name__ == "__main__":
    main()
