"""RESULTS.md: what the last runs gave, each in a part of its own that the next run of its kind writes anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from bench.figures import Table

RESULTS = Path(__file__).parent / "RESULTS.md"

_EMPTY = """\
# Figures

Written by `make bench FLAGS=--write` and `make bench-peers FLAGS=--write`. Compare ratios within one run: each figure
and what stands beside it took turns on the same machine, and another machine, or a busy one, gives other absolutes.

## Beside the physical limit

<!-- limits:begin -->
<!-- limits:end -->

## Beside others

<!-- peers:begin -->
<!-- peers:end -->
"""


def write(part: str, machine: Mapping[str, str], text: str, path: Path = RESULTS) -> None:
    """Put that text, with the machine, in the place of what the part (`limits` or `peers`) holds."""
    before = path.read_text(encoding="utf-8") if path.exists() else _EMPTY
    block = re.compile(rf"(?<=<!-- {part}:begin -->\n).*?(?=<!-- {part}:end -->\n)", re.DOTALL)
    made_on = "; ".join(f"{name} {value}" for name, value in machine.items())
    after, blocks = block.subn(lambda _: f"{made_on}.\n\n{text}\n", before)
    if blocks != 1:
        raise SystemExit(f"{path} should have one block between {part}:begin and {part}:end, and has {blocks}")
    path.write_text(after, encoding="utf-8")


def as_json(machine: Mapping[str, str], tables: Iterable[Table]) -> str:
    """A run as JSON: the machine, and the tables with their figures."""
    return json.dumps({"machine": machine, "tables": [attrs.asdict(table) for table in tables]}, indent=2) + "\n"
