"""What a search is held against: counting lines, as `rg -c` does, and plain BM25 on whole files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

_WORD = re.compile(r"\w+")
_K1, _B = 1.2, 0.75
# Whoever counts would leave these out of the query by hand.
_COMMON = frozenset(
    _WORD.findall(
        "a about all also an and any are as at be been but by can do does every for from has have how if in into is it "
        "its make no not now of on only or so some than that the their then there these they this those to up use used "
        "uses using was we were what when where which who why will with"
    )
)


def words_of(query: str) -> tuple[str, ...]:
    """The words of a query in lower case, each once, without the common ones."""
    return tuple(dict.fromkeys(word for word in _WORD.findall(query.lower()) if word not in _COMMON))


def by_counting(query: str, files: Mapping[str, str]) -> list[str]:
    """Paths, those with the most lines that hold a word of the query first: `rg --ignore-case --count -e WORD...`."""
    words = words_of(query)
    if not words:
        return []
    any_word = re.compile("|".join(map(re.escape, words)))
    counts = {
        path: sum(1 for line in text.lower().split("\n") if any_word.search(line)) for path, text in files.items()
    }
    return _best(counts)


def by_bm25(query: str, files: Mapping[str, str]) -> list[str]:
    """Paths by BM25, of words as they stand, in lower case."""
    words = words_of(query)
    counts = {path: Counter(_WORD.findall(text.lower())) for path, text in files.items()}
    return _best(bm25(words, counts))


def bm25(words: Sequence[str], counts: Mapping[str, Counter[str]]) -> dict[str, float]:
    """The score of each file, of which it is given how often it holds which word."""
    lengths = {path: each.total() for path, each in counts.items()}
    average = sum(lengths.values()) / max(len(lengths), 1)
    scores = dict.fromkeys(counts, 0.0)
    for word in words:
        holding = [path for path, each in counts.items() if each[word]]
        rarity = log(1 + (len(counts) - len(holding) + 0.5) / (len(holding) + 0.5))
        for path in holding:
            count = counts[path][word]
            scores[path] += rarity * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * lengths[path] / average))
    return scores


def _best(scores: Mapping[str, float]) -> list[str]:
    return sorted((path for path, score in scores.items() if score > 0), key=lambda path: (-scores[path], path))
