"""`python -m bench.retrieval`: how well the stage `retrieve` finds, and how fast. Writes RETRIEVAL.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from bench.machine import described
from bench.retrieval_history import MOST_ENTRIES, MOST_FILES, PACKAGES, RELEASES, fetch, known_searches
from bench.retrieval_recall import CUTS, Recall, recalls
from bench.retrieval_times import Times, times

_PAGE = Path(__file__).parent / "RETRIEVAL.md"
_ARCHIVES = Path(__file__).parent / "archives"
_SIZES = (1_000, 10_000, 100_000)
_QUERIES = 9
_AIM_S = 0.1

_HEAD = f"""\
# Retrieval: how well, and how fast

Written by `make bench-retrieval`. The source archives are fetched by pip, and kept in `bench/archives`.

## How well

A search whose answer is known: of {len(PACKAGES)} packages, the last {RELEASES} releases up to those that
`bench/retrieval_history.py` fixes. Each release whose changelog has at most {MOST_ENTRIES} new entries, and which
changed at most {MOST_FILES} source files, gives one search. Its words are those entries, without links; it is made in
the release before; to be found are the files that were changed. No search was picked or left out by hand. An entry
seldom names all the files, and some name none: nobody finds everything here, and only the differences tell.

Recall@k is the share of those files among the first k that are named, averaged over the searches. The two other ways
get the query's words without the common ones. They are also given the source alone, without tests, prose and
configuration, which is a part of what the stage does. The weights of its ranking were chosen by half of the packages.
The others were measured meanwhile, too, and had a say in one rule: a term counts as often as the query says it.

"""
_TIMES_HEAD = """
## How fast

Workspaces filled with the Python files of these packages, over and over, each with a name of its own. A first search
makes the index. A warm one looks at every file (its size, times and inode), and then asks the index; nothing that has
changed can be missed for that, and that look is most of the time. The aim for a warm search of 100,000 files is 100 ms.

"""


@click.command()
@click.option("--archives", default=_ARCHIVES, type=click.Path(path_type=Path), help="Where the archives are kept.")
@click.option("--fetch/--no-fetch", "fetching", default=True, help="Whether to have pip fetch what is missing there.")
@click.option("--quick", is_flag=True, help="See that all works: small workspaces, and nothing is written.")
def main(archives: Path, *, fetching: bool, quick: bool) -> None:
    """Measure the stage `retrieve`."""
    machine = described()
    if fetching:
        fetch(archives)
    searches = tuple(known_searches(archives))
    if not searches:
        raise click.ClickException(f"there is nothing to search in {archives}; leave out --no-fetch")
    well = _recall_table(recalls(searches), len(searches))
    click.echo(well)
    queries = [search.query for search in searches[:_QUERIES]]
    fast = _times_table([times(files, archives, queries) for files in (_SIZES[:1] if quick else _SIZES)])
    click.echo(fast)
    if not quick:
        made_on = "; ".join(f"{name} {value}" for name, value in machine.items())
        _PAGE.write_text(f"{_HEAD}{well}{_TIMES_HEAD}{made_on}.\n\n{fast}", encoding="utf-8")


def _recall_table(found: Sequence[Recall], searches: int) -> str:
    groups = dict.fromkeys(each.searches for each in found)
    lines = [f"{searches} searches.\n"]
    for group in groups:
        lines += [
            f"| {group} | {' | '.join(f'recall@{cut}' for cut in CUTS)} |",
            f"| --- |{' ---: |' * len(CUTS)}",
            *(
                f"| {each.way.strip()} | {' | '.join(f'{recall:.2f}' for recall in each.recalls)} |"
                for each in found
                if each.searches == group
            ),
            "",
        ]
    return "\n".join(lines)


def _times_table(measured: Sequence[Times]) -> str:
    lines = [
        "| files | source | first search | warm search | of which the look at every file | after an edit | index |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each.files:,} | {each.size_bytes / 1e6:.0f} MB | {each.first:.1f} s | {each.warm * 1e3:.0f} ms"
        f"{': missed' if each.warm > _AIM_S else ''} | {each.looking * 1e3:.0f} ms | {each.after_a_change * 1e3:.0f} ms"
        f" | {each.index_bytes / 1e6:.0f} MB |"
        for each in measured
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
