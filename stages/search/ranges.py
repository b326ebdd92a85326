"""Which lines of a file matter for the terms of a query."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from attrs import frozen

from .definitions import definitions
from .reading import IDENTIFIER
from .terms import Term, by_key, terms_in

_MOST = 5
_AROUND = 2
_LONGEST = 40


@frozen
class Range:
    """Lines from start to end, counted from 1, both included."""

    start: int
    end: int


def ranges(path: str, content: bytes, terms: Sequence[Term]) -> tuple[Range, ...]:
    """The places that matter most, in the order of the file: definitions as a whole, mentions with what is around."""
    lines = content.split(b"\n")
    if lines[-1] == b"" and len(lines) > 1:
        lines.pop()
    starts = _line_starts(lines)
    weights: defaultdict[int, float] = defaultdict(float)
    known: dict[bytes, float] = {}
    wanted = by_key(terms)
    for found in IDENTIFIER.finditer(content):
        identifier = found[0]
        weight = known.get(identifier)
        if weight is None:
            weight = known[identifier] = sum(term.weight for term in terms_in(identifier, wanted))
        if weight:
            weights[bisect_right(starts, found.start()) - 1] += weight
    blocks = {}
    for name, at in definitions(path, content):
        line = bisect_right(starts, at) - 1
        weight = known.get(name, 0.0)
        if weight:
            weights[line] += 2 * weight
            blocks[line] = _block_end(lines, line)
    spans = _merged(
        [
            (max(line - _AROUND, 0), max(blocks.get(line, 0), min(line + _AROUND, len(lines) - 1)), weight)
            for line, weight in sorted(weights.items())
        ]
    )
    best = sorted(spans, key=lambda span: (-span[2], span[0]))[:_MOST]
    return tuple(Range(start + 1, end + 1) for start, end, _ in sorted(best))


def _line_starts(lines: Sequence[bytes]) -> list[int]:
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts


def _merged(spans: Sequence[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Spans that touch made into one, as long as that stays readable."""
    merged: list[tuple[int, int, float]] = []
    for start, end, weight in spans:
        if merged:
            first, last, sum_so_far = merged[-1]
            if start <= last + 1 and max(last, end) - first < _LONGEST:
                merged[-1] = (first, max(last, end), sum_so_far + weight)
                continue
            start = max(start, last + 1)  # noqa: PLW2901 - two spans never share a line
            if start > end:
                merged[-1] = (first, last, sum_so_far + weight)
                continue
        merged.append((start, end, weight))
    return merged


def _block_end(lines: Sequence[bytes], line: int) -> int:
    """The last line of the block that a line opens: those below it that are indented more, and a closing one."""
    depth = _indent(lines[line])
    end = line
    for at in range(line + 1, min(line + _LONGEST - _AROUND, len(lines))):
        text = lines[at].strip()
        if not text:
            continue
        if _indent(lines[at]) <= depth:
            return at if text.startswith((b"}", b")", b"]", b"end")) else end
        end = at
    return end


def _indent(line: bytes) -> int:
    expanded = line.expandtabs()
    return len(expanded) - len(expanded.lstrip())
