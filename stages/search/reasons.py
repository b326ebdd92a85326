"""Why a file was found, in words, told from its bytes as they are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .definitions import definitions
from .reading import IDENTIFIER, named_for
from .terms import Term, by_key, terms_in


def reasons(path: str, content: bytes, terms: Sequence[Term]) -> tuple[str, ...]:
    """What speaks for the file, the weightiest term first; nothing where no term is in it."""
    wanted = by_key(terms)
    mentioned: Counter[Term] = Counter()
    for identifier, count in Counter(IDENTIFIER.findall(content)).items():
        for term in terms_in(identifier, wanted):
            mentioned[term] += count
    defined: dict[Term, str] = {}
    for name in dict.fromkeys(name for name, _ in definitions(path, content)):
        for term in terms_in(name, wanted):
            # The shortest is the one of which the term makes up the most.
            defined[term] = min(name.decode("utf-8", "replace"), defined.get(term, ""), key=_brevity)
    named = named_for(path)
    told = [reason for term in terms for reason in _about(term, named, mentioned[term], defined.get(term))]
    return tuple(dict.fromkeys(told))


def _brevity(name: str) -> tuple[bool, int]:
    return not name, len(name)


def _about(
    term: Term, named: tuple[frozenset[str], frozenset[str]], count: int, definition: str | None
) -> Iterator[str]:
    in_folders, in_name = named
    if definition is not None:
        yield f"defines {definition}"
    if in_name.intersection(term.keys):
        yield f"is named for {term.text}"
    elif in_folders.intersection(term.keys):
        yield f"lies in a folder named for {term.text}"
    if count:
        yield f"mentions {term.text} {count} time{'' if count == 1 else 's'}"
