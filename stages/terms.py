"""From a query in words to the terms that are searched for: identifiers whole and in parts, words by their stem."""

from __future__ import annotations

import re
from collections.abc import Collection

from attrs import frozen

_TOKEN = re.compile(r"\w+")
# Words that say nothing about where something is, in a sentence or in code.
_STOP_WORDS = frozenset(
    _TOKEN.findall(
        "a about all also an and any are around as at be been being both but by can code could do does done each "
        "every file files for from function functions had has have how i if in into is it its line lines logic look "
        "make me method methods module modules most my need no not of on one only or our out over place places "
        "please project repo repository should so some source than that the their them then there these they this "
        "those through to under up use used uses using via was way we were what when where which who why will with "
        "within work works would you your py js ts"
    )
)
_RUN = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")
_VOWEL = re.compile(r"[aeiouy]")

WORD, WHOLE, PART = 1.0, 3.0, 0.5


@frozen
class Term:
    """What is searched for.

    text: as the query has it, in lower case.
    stem: what the parts of an identifier are compared with, folded; for a whole identifier, its text.
    needle: bytes that every file holds, in lower case, that holds the term in any form.
    weight: WORD, WHOLE for an identifier, PART for one of its parts.
    """

    text: str
    stem: str
    needle: bytes
    weight: float

    @property
    def is_whole(self) -> bool:
        """Whether a whole identifier is meant, and not a part of one."""
        return self.weight == WHOLE


def terms_of(query: str, leading: Collection[str] = ()) -> tuple[Term, ...]:
    """The terms of a query, the weightiest first.

    leading: verbs that only ask for the search where the query begins with one, such as `find`.
    """
    tokens = _TOKEN.findall(query)
    if len(tokens) > 1 and tokens[0].lower() in leading:
        tokens = tokens[1:]
    telling = [token for token in tokens if token.lower() not in _STOP_WORDS]
    terms: dict[str, Term] = {}
    for word in telling or tokens:
        parts = parts_of(word)
        is_identifier = len(parts) > 1 or "_" in word
        if is_identifier:
            text = word.lower()
            terms[text] = Term(text, text, text.encode("utf-8"), WHOLE)
        for part in parts:
            if len(part) < 2 or part.isdigit() or (telling and part in _STOP_WORDS):
                continue
            term = Term(part, fold(part), _needle(part), PART if is_identifier else WORD)
            known = terms.get(term.stem)
            if known is None or known.weight < term.weight:
                terms[term.stem] = term
    return tuple(sorted(terms.values(), key=lambda term: -term.weight))


def parts_of(identifier: str) -> tuple[str, ...]:
    """The parts of an identifier, in lower case: `OrderedMultiDict`, `parse_kv_pairs`, `bytes2human`."""
    runs = _RUN.findall(identifier)
    return tuple(part.lower() for run in runs for part in _CAMEL.findall(run))


def fold(word: str) -> str:
    """A form that a word has in common with its plural and its verb endings: parse, parses, parsed, parsing.

    It need not be a word, and some that have nothing in common share one; it is only compared with its like.
    """
    word = _without_ending(word)
    if len(word) > 2 and word[-1] == "e":
        word = word[:-1]
    if len(word) > 2 and word[-1] == "y":
        word = f"{word[:-1]}i"
    if len(word) > 2 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1 and _is_ending(stem, ending):
            return stem
    return word


def _is_ending(stem: str, ending: str) -> bool:
    """Whether the rest of the word could be a word, so that its ending is one: not for string, need or class."""
    if ending == "es":
        return stem.endswith(("s", "x", "z", "ch", "sh", "i"))
    if ending == "s":
        return not stem.endswith(("s", "u", "i"))
    return bool(_VOWEL.search(stem)) and not (ending == "ed" and stem.endswith("e"))


def _needle(part: str) -> bytes:
    """The longest beginning that all forms of a word share, if it is long enough not to be everywhere."""
    stem = fold(part)
    shared = stem[:-1] if stem.endswith("i") else stem
    return next((form for form in (shared, _without_ending(part)) if len(form) > 2), part).encode("utf-8")
