"""How many points there were of each kind, how many of them passed, and how they ended: a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import field, frozen


@frozen
class Row:
    """passed: how many of the points; ends: how many ended in which way."""

    passed: Counter[bool] = field(factory=Counter)
    ends: Counter[str] = field(factory=Counter)


@frozen
class Tally:
    """The rows, by what befell."""

    rows: dict[str, Row] = field(factory=dict)

    def note(self, what: str, end: str, *, passed: bool = True) -> None:
        """Count one more point."""
        row = self.rows.setdefault(what, Row())
        row.passed[passed] += 1
        row.ends[end] += 1

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"{'what befell':<28}{'points':>8}{'passed':>8}  how they ended"
        for what, row in self.rows.items():
            ends = ", ".join(f"{count} {end}" for end, count in sorted(row.ends.items()))
            yield f"{what:<28}{row.passed.total():>8}{row.passed[True]:>8}  {ends}"
