"""Ranks the files of a workspace for the terms of a query: BM25 of what mentions a term, and what is better than that.

A file's score is a sum over the terms. Each term is worth its weight in the query times how rare it is in the
workspace. What counts is how often the term is there (more mentions matter less and less, and less in a long file),
whether the file defines a name that is the term or has it as a part, and whether the file or its folders are named for
it. Then comes what the file's kind leaves of the sum, see `kinds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import nlargest, nsmallest
from itertools import compress
from math import log

from attrs import frozen

from .kinds import factors
from .reading import COUNT_SHIFT, IN_FOLDERS, IN_NAME, SHARE_SHIFT, WHOLE_SHARE
from .tables import GONE, MARK_MASK, NUMBER_SHIFT, UNSEARCHED, Numbered, Tables
from .terms import Term

# Of BM25: how soon more mentions stop mattering, and how much a file's length does. Then what else tells, in mentions.
_K1, _B = 1.2, 0.4
_DEFINES, _IN_NAME, _IN_FOLDERS = 2.0, 2.5, 0.5
# Of one term for one file; and what sums may differ by for the order in which they are made.
_MOST_TOLD, _ROUNDING = _K1 + 1 + _DEFINES + _IN_NAME, 1e-6

# For each value of a file's kinds, whether it is searched.
_IS_SEARCHED = bytes(kinds < UNSEARCHED for kinds in range(256))


@frozen
class Ranked:
    """A file that matters, and how much."""

    path: str
    score: float


@frozen
class Ranking:
    """The files that matter, the best first; how many were searched, and how many could not be."""

    ranked: tuple[Ranked, ...]
    searched: int
    passed_over: int


def rank(
    tables: Tables, numbered: Numbered, terms: Sequence[Term], limit: int, is_wanted: Callable[[str], bool] | None
) -> Ranking:
    """The best files, at most `limit`. The same files and terms give the same ranking; ties go by path.

    is_wanted: whether a path is to be searched at all; None for every path.
    """
    kinds = numbered.kinds
    if is_wanted is not None:
        kinds = bytearray([GONE]) * len(kinds)
        for number, path in tables.paths():
            if is_wanted(path):
                kinds[number] = numbered.kinds[number]
    passed_over = kinds.count(UNSEARCHED)
    searched = len(kinds) - kinds.count(GONE) - passed_over
    by_kind = factors(key for term in terms for key in term.keys)
    final = _scores(tables, numbered.sizes, kinds, terms, searched, limit, by_kind)
    if not final:
        return Ranking((), searched, passed_over)
    least = sorted(final.values(), reverse=True)[:limit][-1]
    best = [Ranked(tables.path(number), score) for number, score in final.items() if score >= least]
    return Ranking(tuple(nsmallest(limit, best, key=lambda each: (-each.score, each.path))), searched, passed_over)


def _scores(
    tables: Tables,
    sizes: Sequence[int],
    kinds: bytearray,
    terms: Sequence[Term],
    searched: int,
    limit: int,
    by_kind: Sequence[float],
) -> dict[int, float]:
    """What files score that hold a term, by their numbers: all that are among the best, and perhaps others.

    The terms that can tell most come first. As soon as the rest of them could not lift a file that none of these was in
    among the best, only the files that still can be are looked at.
    """
    average = max(sum(compress(sizes, kinds.translate(_IS_SEARCHED))) / max(searched, 1), 1.0)
    worths = []
    for at, term in enumerate(terms):
        held = _held(tables, term, kinds)
        worth = term.weight * log(1 + (searched - len(held) + 0.5) / (len(held) + 0.5))
        worths.append((-worth, at, held))
    to_come = sum(-worth for worth, _, _ in worths) * _MOST_TOLD + _ROUNDING
    scores: dict[int, float] = {}
    is_complete = False
    for negative, _, held in sorted(worths):
        worth = -negative
        for number in scores.keys() & held.keys() if is_complete else held:
            mark = held[number]
            count = mark >> COUNT_SHIFT
            told = count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * sizes[number] / average))
            told += _DEFINES * (mark >> SHARE_SHIFT & WHOLE_SHARE) / WHOLE_SHARE
            if mark & IN_NAME:
                told += _IN_NAME
            elif mark & IN_FOLDERS:
                told += _IN_FOLDERS
            scores[number] = scores.get(number, 0.0) + worth * told * by_kind[kinds[number]]
        to_come -= worth * _MOST_TOLD
        if len(scores) > limit:
            least = nlargest(limit, scores.values())[-1]
            is_complete = is_complete or to_come < least
            if is_complete:
                scores = {number: score for number, score in scores.items() if score + to_come >= least}
    return scores


def _held(tables: Tables, term: Term, kinds: bytearray) -> dict[int, int]:
    """The files that hold a term, under whichever of its keys tells more, with the mark."""
    held: dict[int, int] = {}
    for key in term.keys:
        for postings in tables.postings(key):
            found = {
                posting >> NUMBER_SHIFT: posting & MARK_MASK
                for posting in postings
                if kinds[posting >> NUMBER_SHIFT] < UNSEARCHED
            }
            for number in found.keys() & held.keys():
                found[number] = max(found[number], held[number])
            held.update(found)
    return held
