"""From text to what is compared: identifiers whole and in parts, words by their stem. A query's terms are made so,
and what a file is indexed under too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from attrs import evolve, frozen

_TOKEN = re.compile(r"\w+")
# Words that say nothing about where something is, in a sentence or in code.
_STOP_WORDS = frozenset(
    _TOKEN.findall(
        "a about all also an and any are around as at be been being both but by can code could do does done each "
        "every file files for from function functions had has have how i if in into is it its line lines logic look "
        "make me method methods module modules most my need no not of on one only or our out over place places "
        "please project repo repository should so some source than that the their them then there these they this "
        "those through to under up use used uses using via was way we were what when where which who why will with "
        "within work works would you your py js ts "
        # What is said of any change.
        "bug bugfix bugs correct correctly due fix fixed fixes fixing instead issue issues longer now properly "
        "regression"
    )
)
_RUN = re.compile(r"[^\W\d_]+|\d+")
# Of `HTMLParser` the last capital begins a word; of `URLs` it does not.
_CAMEL = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")
_VOWEL = re.compile(r"[aeiouy]")

WORD, WHOLE, PART = 1.0, 2.0, 0.5
# Longer ones are data. Nobody asks for them.
_LONGEST = 100
# A key of a whole identifier begins so, and a part's does not.
WHOLE_SIGN = "="


@frozen(eq=False)
class Term:
    """What is searched for.

    text: as the query has it, in lower case.
    keys: what it is found under; see `keys_of`.
    weight: WORD, WHOLE for an identifier, PART for one of its parts; times how often the query says it.
    """

    text: str
    keys: tuple[str, ...]
    weight: float


def terms_of(query: str, leading: Collection[str] = ()) -> tuple[Term, ...]:
    """The terms of a query, the weightiest first.

    leading: verbs that only ask for the search where the query begins with one, such as `find`.
    """
    tokens = [token for token in _TOKEN.findall(query) if len(token) <= _LONGEST]
    if len(tokens) > 1 and tokens[0].lower() in leading:
        tokens = tokens[1:]
    telling = [token for token in tokens if token.lower() not in _STOP_WORDS]
    terms: dict[str, Term] = {}
    for word in telling or tokens:
        parts = parts_of(word)
        named = [part for part in parts if _tells(part) and not (telling and part in _STOP_WORDS)]
        is_identifier = sum(not part.isdigit() for part in parts) > 1
        if is_identifier:
            _put(terms, Term(word.lower(), (_whole(parts), fold("".join(parts))), WHOLE))
        elif len(parts) > 1:  # a word with a number: ipv6
            _put(terms, Term(word.lower(), (_whole(parts),), WORD))
            continue
        for part in named:
            # A word may be an identifier's whole name, written in parts: timezone, time_zone, TimeZone.
            _put(terms, Term(part, (fold(part), _whole((part,))), PART if is_identifier else WORD))
    times = Counter(key for token in tokens for key in keys_of(token.encode("utf-8")))
    said = [evolve(term, weight=term.weight * max(1, times[term.keys[0]])) for term in terms.values()]
    return tuple(sorted(said, key=lambda term: -term.weight))


def _put(terms: dict[str, Term], term: Term) -> None:
    known = terms.get(term.keys[0])
    if known is None or known.weight < term.weight:
        terms[term.keys[0]] = term


def by_key(terms: Iterable[Term]) -> dict[str, list[Term]]:
    """The terms under each of their keys."""
    found: dict[str, list[Term]] = {}
    for term in terms:
        for key in term.keys:
            found.setdefault(key, []).append(term)
    return found


def terms_in(identifier: bytes, terms: Mapping[str, Sequence[Term]]) -> tuple[Term, ...]:
    """The terms that an identifier is, or has among its parts, each once. terms: as `by_key` gives them."""
    found = [term for key in keys_of(identifier) if key in terms for term in terms[key]]
    return tuple(dict.fromkeys(found)) if found else ()


@lru_cache(maxsize=1 << 17)
def keys_of(identifier: bytes) -> tuple[str, ...]:
    """What an identifier, in UTF-8, is found under: the stem of each of its parts, and itself where it has several.

    How the parts are joined does not matter: `parse_kv_pairs`, `parseKvPairs` and `ParseKVPairs` are one.
    """
    if len(identifier) > _LONGEST:
        return ()
    parts = parts_of(identifier.decode("utf-8", "replace"))
    keys = dict.fromkeys(fold(part) for part in parts if _tells(part))
    if len(parts) > 1:
        keys[_whole(parts)] = None
    return tuple(keys)


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


def _tells(part: str) -> bool:
    return len(part) > 1 and not part.isdigit()


def _whole(parts: Collection[str]) -> str:
    return WHOLE_SIGN + "".join(parts)


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
