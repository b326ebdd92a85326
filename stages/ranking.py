"""Ranks the files of a workspace for the terms of a query, by BM25 and by what is better than a mention.

Two passes. The first goes over every file and counts, in C, how often the beginnings of the terms are in it: it is
fast and finds too much (`add` in `address`). The second reads the best of those anew, by the reader, which follows
no link, and takes them apart, identifier by identifier; all that is told of a file comes from it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from pathlib import PurePosixPath

from attrs import frozen

from mission_fsm.stage import UnsafePath, WorkspaceError, WorkspaceReader

from .terms import Term, fold, parts_of

MAX_FILE_BYTES = 1024 * 1024

# The usual constants of BM25: how soon more mentions stop mattering, and how much a file's length does.
_K1, _B = 1.2, 0.75
_SNIFFED_BYTES = 8000
_REFINED = 200
_DEFINES, _IN_NAME, _IN_FOLDERS = 2.0, 1.5, 0.5

IDENTIFIER = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")
# A definition in the languages that announce one by a word, and a name bound at the beginning of a line.
DEFINITION = re.compile(
    rb"^[ \t]*(?:[a-z]+[ \t]+){0,4}?(?:def|class|function|func|fn|interface|struct|enum|trait|type|module|const|let|var"
    rb"|macro|protocol|object|namespace)[ \t]+(?:\([^)\n]*\)[ \t]*)?([A-Za-z_]\w*)"
    rb"|^([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=(?!=)",
    re.MULTILINE,
)

# What counts for less, unless the query asks for it: pattern of its path, factor, words that ask for it.
_LESSER = (
    (
        re.compile(r"(^|/)(tests?|specs?|__tests__|testing)/|(^|/)(test_[^/]*|conftest|[^/]*[._](test|spec))\.\w+$"),
        0.5,
        frozenset({"test", "spec"}),
    ),
    (
        re.compile(r"\.(md|rst|txt|adoc|html?|po)$|(^|/)(readme|changelog|changes|history|news|licen[cs]e|authors)[^/]*$"),
        0.35,
        frozenset({"doc", "document", "documentation", "readm", "changelog", "guid"}),
    ),
    (
        re.compile(r"\.(lock|map|svg|csv|tsv|jsonl?|ipynb|snap|sum)$|\.min\.\w+$|(^|/)package-lock\.json$"),
        0.25,
        frozenset({"json", "csv", "tsv", "svg", "lock", "notebook"}),
    ),
)  # fmt: skip


@frozen
class Found:
    """A file that matters, how much, and why."""

    path: str
    score: float
    reasons: tuple[str, ...]


@frozen
class Ranking:
    """The files that matter, the best first; how many were searched, and how many could not be."""

    found: tuple[Found, ...]
    searched: int
    passed_over: int


@frozen
class _Candidate:
    path: str
    size_bytes: int
    counts: tuple[int, ...]


def rank(workspace: WorkspaceReader, paths: Iterable[str], terms: Sequence[Term], limit: int) -> Ranking:
    """The best files, at most `limit`. The same files and terms give the same ranking; ties go by path.

    Passed over are files with more than MAX_FILE_BYTES, binary ones, and those that cannot be read.
    """
    candidates, sizes, passed_over = [], [], 0
    needles = [term.needle for term in terms]
    root = os.fspath(workspace.root)
    for path in paths:
        content = _skimmed(f"{root}/{path}")
        if content is None:
            passed_over += 1
            continue
        sizes.append(len(content))
        lowered = content.lower()
        counts = tuple([lowered.count(needle) for needle in needles])
        if any(counts) or _needles_in(path, needles):
            candidates.append(_Candidate(path, len(content), counts))
    scale = _Scale(terms, candidates, sizes)
    candidates.sort(key=lambda candidate: (-scale.coarse(candidate), candidate.path))
    found = [_refined(workspace, candidate, scale) for candidate in candidates[: max(_REFINED, limit)]]
    best = sorted((each for each in found if each is not None), key=lambda each: (-each.score, each.path))
    return Ranking(tuple(best[:limit]), len(sizes), passed_over)


def mentions(identifier: bytes, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms that an identifier is, or has among its parts."""
    name = identifier.decode("utf-8", "replace")
    whole = name.lower()
    stems = {fold(part) for part in parts_of(name)}
    return tuple(term for term in terms if (term.stem == whole if term.is_whole else term.stem in stems))


def read_text(workspace: WorkspaceReader, path: str) -> bytes | None:
    """The file's bytes, or None where it is passed over."""
    try:
        content = workspace.read(path)
    except (UnsafePath, WorkspaceError):
        return None
    return None if content is None else _if_text(content)


def _skimmed(place: str) -> bytes | None:
    """As `read_text`, by the path as it stands: five times as fast as the reader."""
    try:
        file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _if_text(os.read(file, MAX_FILE_BYTES + 1))
    except OSError:
        return None
    finally:
        os.close(file)


def _if_text(content: bytes) -> bytes | None:
    return None if len(content) > MAX_FILE_BYTES or b"\0" in content[:_SNIFFED_BYTES] else content


def _needles_in(path: str, needles: Sequence[bytes]) -> bool:
    lowered = path.lower().encode("utf-8")
    return any(needle in lowered for needle in needles)


class _Scale:
    """How much each term tells in this workspace, and what a file scores by that."""

    def __init__(self, terms: Sequence[Term], candidates: Sequence[_Candidate], sizes: Sequence[int]) -> None:
        self.terms = tuple(terms)
        self._average_bytes = sum(sizes) / len(sizes) if sizes else 1.0
        self._worth = []
        for at, term in enumerate(terms):
            holding = sum(1 for candidate in candidates if candidate.counts[at])
            rarity = log(1 + (len(sizes) - holding + 0.5) / (holding + 0.5))
            self._worth.append(term.weight * rarity)
        self._lesser = [
            (pattern, factor) for pattern, factor, asked in _LESSER if not any(term.stem in asked for term in terms)
        ]

    def coarse(self, candidate: _Candidate) -> float:
        """The score by the counts of the first pass."""
        in_path = sum(worth for term, worth in self.worths() if _needles_in(candidate.path, [term.needle]))
        return self.factor(candidate.path) * (self.mentioned(candidate.counts, candidate.size_bytes) + in_path)

    def worths(self) -> Iterable[tuple[Term, float]]:
        """Each term with what one mention of it is worth."""
        return zip(self.terms, self._worth, strict=True)

    def mentioned(self, counts: Iterable[int], size_bytes: int) -> float:
        """BM25 of a file of that length with these counts of the terms."""
        length = _K1 * (1 - _B + _B * size_bytes / max(self._average_bytes, 1.0))
        return sum(
            worth * count * (_K1 + 1) / (count + length)
            for worth, count in zip(self._worth, counts, strict=True)
            if count
        )

    def factor(self, path: str) -> float:
        """What a file's kind takes from its score."""
        lowered = path.lower()
        return min((factor for pattern, factor in self._lesser if pattern.search(lowered)), default=1.0)


def _refined(workspace: WorkspaceReader, candidate: _Candidate, scale: _Scale) -> Found | None:
    """The candidate with its exact score, or None where no term is in it after all, or it has gone."""
    content = read_text(workspace, candidate.path)
    if content is None:
        return None
    counts: Counter[Term] = Counter()
    for identifier, count in Counter(IDENTIFIER.findall(content)).items():
        for term in mentions(identifier, scale.terms):
            counts[term] += count
    defined: dict[Term, tuple[float, str]] = {}
    for found in DEFINITION.finditer(content):
        name = found[1] or found[2]
        matched = mentions(name, scale.terms)
        share = _share(name, matched)
        for term in matched:
            defined[term] = max(defined.get(term, (0.0, "")), (share, name.decode("utf-8", "replace")))
    folders, name = _path_stems(candidate.path)
    score, reasons = scale.mentioned((counts[term] for term in scale.terms), len(content)), []
    for term, worth in scale.worths():
        if term in defined:
            share, definition = defined[term]
            score += _DEFINES * worth * share
            reasons.append(f"defines {definition}")
        if term.stem in name:
            score += _IN_NAME * worth
            reasons.append(f"is named for {term.text}")
        elif term.stem in folders:
            score += _IN_FOLDERS * worth
            reasons.append(f"lies in a folder named for {term.text}")
        if counts[term]:
            reasons.append(f"mentions {term.text} {counts[term]} time{'' if counts[term] == 1 else 's'}")
    if not reasons:
        return None
    return Found(candidate.path, scale.factor(candidate.path) * score, tuple(dict.fromkeys(reasons)))


def _share(name: bytes, matched: Sequence[Term]) -> float:
    """How much of a defined name the matched terms make up, from 0 to 1."""
    if any(term.is_whole for term in matched):
        return 1.0
    parts = [fold(part) for part in parts_of(name.decode("utf-8", "replace"))]
    stems = {term.stem for term in matched}
    return sum(part in stems for part in parts) / len(parts) if parts else 0.0


def _path_stems(path: str) -> tuple[frozenset[str], frozenset[str]]:
    """What the folders of a path, and what its last part, are named for."""
    pure = PurePosixPath(path)
    own = frozenset({pure.name.lower(), pure.stem.lower(), *map(fold, parts_of(pure.stem))})
    return frozenset(fold(part) for folder in pure.parts[:-1] for part in parts_of(folder)), own
