"""`python -m bench.peers [NAME]...`: the same work with every library that can be installed, or with some."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench import results
from bench.disk import bytes_per_step
from bench.machine import described
from bench.peers import environment
from bench.peers.catalogue import CONTENDERS, LEFT_OUT, OURS, Contender
from bench.peers.comparison import Comparison, Row, Sizes
from bench.peers.table import cells, heads, line, markdown

_LONG = 5_000

_MEANING = """\
Milliseconds for a step that does nothing and is durable before the next begins, of N such steps, with each library's
own public interface, on SQLite where it can; in brackets, how many raw commits that is, of as many bytes as a step of
ours, timed right before. Resume is in a new process, its imports done, from opening to the step that was cut short,
the last of the longest. Then short works of ten steps, one after the other; the time from a person's answer at a gate
to the next step; and peak memory and disk use of the longest. They do not promise the same for it: a store of events
runs nothing, and only mission-fsm's figures hold an approval, a hash chain, a fenced lease and a hold on a folder.
"""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([contender.module for contender in CONTENDERS]))
@click.option("--long", "is_long", is_flag=True, help=f"With {_LONG:,} steps, too: many minutes, and gigabytes.")
@click.option("--quick", is_flag=True, help="See that all works: the sizes are too small for figures that hold.")
@click.option("--write", is_flag=True, help="Write the table to bench/RESULTS.md, too.")
def main(names: tuple[str, ...], *, is_long: bool, quick: bool, write: bool) -> None:
    """Compare with the libraries of those NAMES, or with all of them."""
    if write and (names or quick):
        raise click.UsageError("--write is for all libraries at their full sizes")
    sizes = Sizes(lengths=(5, 10), turns=1, missions=3, gates=2) if quick else Sizes()
    if is_long:
        sizes = Sizes(lengths=(*sizes.lengths, _LONG))
    machine = described()
    chosen = [contender for contender in CONTENDERS if not names or contender.module in names]
    rows, notes = _compared(chosen, sizes)
    notes += [f"{name}: left out; {why}." for name, why in LEFT_OUT.items()]
    click.echo("\n" + "\n".join(notes))
    if write:
        text = f"{_MEANING}\n{markdown(rows, sizes, notes)}"
        results.write("peers", {**machine, **environment.versions()}, text)


def _compared(contenders: Sequence[Contender], sizes: Sizes) -> tuple[list[Row], list[str]]:
    """The rows, each shown when it is there, and what there is to say of them."""
    with TemporaryDirectory() as folder:
        comparison = Comparison(sizes, bytes_per_step(Path(folder), 200))
    rows, notes = [comparison.limit(), comparison.row(OURS)], []
    for texts in (heads(sizes), *(cells(row, sizes) for row in rows)):
        click.echo(line(texts))
    for contender in contenders:
        problem = environment.installed(contender)
        row = Row(contender.name, problems=[f"not installed: {problem}"]) if problem else comparison.row(contender)
        click.echo(line(cells(row, sizes)))
        rows.append(row)
        notes += [f"{contender.name}: {contender.note}."] if contender.note else []
    notes += [f"{row.name}: {problem}" for row in rows for problem in row.problems]
    return rows, notes


if __name__ == "__main__":
    main()
