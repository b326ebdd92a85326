"""The comparison as a table."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import number
from bench.peers.comparison import Row, Sizes

_NOTHING = "-"


def heads(sizes: Sizes) -> list[str]:
    """The heads of the columns."""
    steps = [f"N = {steps:,}, ms" for steps in sizes.lengths]
    return ["", *steps, "resume, ms", f"{sizes.missions} x 10, /s", "gate, ms", "peak, MiB", "bytes a step"]


def cells(row: Row, sizes: Sizes) -> list[str]:
    """A row's cells, in the order of the heads."""
    paces = [row.paces.get(steps) for steps in sizes.lengths]
    redone = f" (redoes {row.redone})" if row.redone else ""
    return [
        row.name,
        *(_NOTHING if p is None else f"{number(p.step_s * 1e3)} ({number(p.step_s / p.raw_s)})" for p in paces),
        _cell(row.resume_s, 1e3) + redone,
        _cell(row.many_per_s),
        _cell(row.gate_s, 1e3),
        _cell(row.peak_mib),
        _cell(row.bytes_per_step),
    ]


def markdown(rows: Sequence[Row], sizes: Sizes, notes: Sequence[str]) -> str:
    """The table for a page, with its notes below."""
    lines = [heads(sizes), ["---", *["---:"] * (len(heads(sizes)) - 1)], *[cells(row, sizes) for row in rows]]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *(f"- {note}" for note in notes), ""])


def line(texts: Sequence[str]) -> str:
    """A row, or the heads, for a terminal."""
    first, *rest = texts
    return f"{first:<22}" + "".join(f"{text:>17}" for text in rest)


def _cell(value: float | None, factor: float = 1) -> str:
    return _NOTHING if value is None else number(value * factor)
