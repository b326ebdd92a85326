"""How languages announce that a name is defined, as data: for each kind of language, a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_NAME = rb"([A-Za-z_$][\w$]*)"
# A name bound at the beginning of a line, and not compared.
_BOUND = rb"^" + _NAME + rb"[ \t]*(?::[^=\n]{0,200})?[:?+]?=(?!=)"
# What may stand before the word that announces a definition: `export default async`, `pub(crate)`, `private static`.
_BEFORE = rb"^[ \t]*(?:@\w+[ \t]+)?(?:(?:[a-z]+|pub\([a-z]+\))[ \t]+){0,4}?"
# Types, then the name, then what it takes: C, C++, Java, C#.
_TYPED = rb"^(?:    |\t)?(?:[A-Za-z_][\w:<>,&*\[\]]*[ \t]+[*&]*){1,5}" + _NAME + rb"[ \t]*\([^;\n]*$"


def _announced(words: str, before: bytes = _BEFORE, after: bytes = rb"[ \t]+") -> bytes:
    return before + rb"(?:" + "|".join(words.split()).encode() + rb")" + after + _NAME


# By the endings of files, the ways in which the languages written in them define a name.
_LANGUAGES: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("py pyi pyx", (_announced("def class cdef cpdef", rb"^[ \t]*(?:async[ \t]+)?"), _BOUND)),
    (
        "js jsx mjs cjs ts tsx vue svelte",
        (
            _announced("class function function\\* interface type enum namespace const let var"),
            rb"^[ \t]*(?:(?:async|static|get|set|public|private|protected)[ \t]+){0,3}"
            + _NAME + rb"[ \t]*\([^)\n]*\)[^;\n]*\{$",
        ),
    ),
    ("go", (_announced("func type var const package", rb"^", rb"[ \t]+(?:\([^)\n]*\)[ \t]*)?"),)),
    ("rs", (_announced("fn struct enum trait type mod const static union", after=rb"[ \t]+(?:mut[ \t]+)?"),)),
    (
        "c h cc cpp cxx hpp hh m mm java cs",
        (
            _announced("class struct enum union interface record namespace"),
            rb"^[ \t]*#[ \t]*define[ \t]+" + _NAME,
            _TYPED,
        ),
    ),
    (
        "rb rake ex exs cr",
        (_announced("def class module defmodule defp defmacro", rb"^[ \t]*", rb"[ \t]+(?:self\.)?"), _BOUND),
    ),
    (
        "sql",
        (rb"(?i:^[ \t]*create[ \t]+(?:or[ \t]+replace[ \t]+)?\w+[ \t]+(?:if[ \t]+not[ \t]+exists[ \t]+)?)" + _NAME,),
    ),
    ("sh bash zsh mk", (rb"^[ \t]*(?:function[ \t]+)?" + _NAME + rb"[ \t]*\(\)", _BOUND)),
    ("md rst txt adoc json yaml yml toml lock csv svg html htm xml po", ()),
)  # fmt: skip
_ANY_LANGUAGE = (
    _announced(
        "def class func function fun fn sub proc interface struct enum trait impl type module const let var val object"
        " macro protocol extension record namespace package message service",
    ),
    _BOUND,
)


def _compiled(ways: tuple[bytes, ...]) -> re.Pattern[bytes] | None:
    return re.compile(b"|".join(ways), re.MULTILINE) if ways else None


_PATTERNS: Mapping[str, re.Pattern[bytes] | None] = {
    ending: pattern for endings, ways in _LANGUAGES for pattern in [_compiled(ways)] for ending in endings.split()
}
_OTHER = _compiled(_ANY_LANGUAGE)
# Words that stand where a name would, in what only looks like a definition.
_NO_NAMES = frozenset(
    b"if else elif for while do switch case catch return and or not in is new with try except finally throw await "
    b"yield print assert import from as then unless until foreach sizeof typeof delete match when loop where".split()
)


def definitions(path: str, content: bytes) -> Iterator[tuple[bytes, int]]:
    """The names that a file defines, each with where in its bytes it stands."""
    pattern = _PATTERNS.get(path.rpartition(".")[2].lower(), _OTHER)
    for found in pattern.finditer(content) if pattern is not None else ():
        way = found.lastindex or 0
        if found[way] not in _NO_NAMES:
            yield found[way], found.start(way)
