"""Kinds of files that matter less than source, unless the query asks for them: told by their paths, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import frozen

from .terms import fold


@frozen
class Kind:
    """A kind of file.

    pattern: finds it, in a path in lower case.
    factor: what is left of the score of a file of that kind.
    asked_by: words, folded, with which a query asks for it.
    """

    pattern: re.Pattern[str]
    factor: float
    asked_by: frozenset[str]


def _kind(pattern: str, factor: float, asked_by: str) -> Kind:
    return Kind(re.compile(pattern), factor, frozenset(map(fold, asked_by.split())))


_PROSE = "doc docs document documentation readme changelog guide tutorial example demo"

KINDS = (
    _kind(
        r"(^|/)(tests?|specs?|__tests__|testing|testdata|fixtures)/"
        r"|(^|/)(test_[^/]*|tests|conftest|[^/]*[._-](test|tests|spec|specs))\.\w+$",
        0.4,
        "test spec fixture",
    ),
    _kind(
        r"\.(md|rst|txt|adoc|html?|po|pot|tex|texi|[1-9])$"
        r"|(^|/)(readme|changelog|changes|history|news|licen[cs]e|authors|copying|contributing|todo)[^/]*$",
        0.25,
        _PROSE,
    ),
    _kind(r"(^|/)(docs?|examples?|demos?|samples?|benchmarks?)/", 0.5, f"{_PROSE} sample benchmark"),
    _kind(
        r"\.(toml|cfg|ini|ya?ml|xml|conf|cmake|gradle|properties)$"
        r"|(^|/)(setup\.py|makefile|dockerfile|\.[^/]*$|\.[^/]*/)",
        0.5,
        "config configuration configure build ci workflow package packaging dependency",
    ),
    _kind(
        r"\.(lock|map|svg|csv|tsv|jsonl?|ipynb|snap|sum)$|\.min\.\w+$|(^|/)package-lock\.json$|\.(egg|dist)-info/"
        r"|(^|/)pkg-info$|(^|/)(vendor|_vendor|third_party|node_modules)/",
        0.2,
        "json csv tsv svg lock notebook vendor",
    ),
)


def kinds_of(path: str) -> int:
    """The kinds of the file at the path: bit n is set where it is of KINDS[n]."""
    lowered = path.lower()
    return sum(1 << at for at, kind in enumerate(KINDS) if kind.pattern.search(lowered))


def factors(stems: Iterable[str]) -> tuple[float, ...]:
    """For each value of `kinds_of`, what is left of a file's score, for a query of those stems."""
    asked = frozenset(stems)
    wanted = [1.0 if kind.asked_by & asked else kind.factor for kind in KINDS]
    return tuple(
        min((factor for at, factor in enumerate(wanted) if kinds >> at & 1), default=1.0)
        for kinds in range(1 << len(KINDS))
    )
