"""Descriptions cut into tokens: words, what joins and ends clauses, and what is not language at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from attrs import frozen


class Kind(Enum):
    """What a token is to `grammar`."""

    WORD = auto()
    OTHER = auto()  # code, paths, numbers, quotations: stands for a thing
    MARK = auto()  # list markers, checkboxes, ticket numbers, brackets: stands for nothing
    COMMA = auto()
    AND = auto()
    SLASH = auto()
    COLON = auto()  # a colon, or a dash with space around it
    STOP = auto()  # ends a sentence, or an independent clause


@frozen
class Token:
    """text: as it stands in the description; word: the same folded for comparison."""

    kind: Kind
    text: str
    word: str = ""


# The quotation marks of typesetters, left and right, double and single.
_LEFT_2, _RIGHT_2, _LEFT_1, _RIGHT_1 = "\u201c", "\u201d", "\u2018", "\u2019"
_GROUP = re.compile(
    r"`[^`]*`|\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)"
    rf"|{_LEFT_2}[^{_RIGHT_2}\n]*{_RIGHT_2}|{_LEFT_1}[^{_RIGHT_1}\n]*{_RIGHT_1}"
    r"|(?P<bracket>\([^()\n]*\)|\[[^\[\]\n]*\]|\{[^{}\n]*\})"
)
# 3. 3) 1.2.3 a) #12 T012 US001 PROJ-34. Not UTF-8 or SHA-256, which name things.
_MARK = re.compile(
    r"\d+[.)]|\d+(\.\d+)+[.)]?|[a-z][.)]|#\d+|T\d+[a-z]?|[A-Z]{1,2}\d{3}|(?P<project>[A-Z]{2,}\d*)-\d+", re.ASCII
)
_NAMES_WITH_NUMBERS = frozenset(
    {"UTF", "SHA", "ISO", "RFC", "AES", "RSA", "MD", "HTTP", "BASE", "CVE", "IEEE", "GPT", "IPV", "ES", "PEP", "X"}
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_WORDS_WITH_SLASH = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)+")
_ENDINGS = {",": Kind.COMMA, ":": Kind.COLON, ";": Kind.STOP, ".": Kind.STOP, "!": Kind.STOP, "?": Kind.STOP}
_JOINS = {"and": Kind.AND, "or": Kind.AND, "&": Kind.AND, "+": Kind.AND, "and/or": Kind.AND, "then": Kind.STOP}
# Hyphen, en dash, em dash, and what people draw in their place.
_DASHES = frozenset("-\u2013\u2014|\u2192")
_BULLET = "\u2022"
_OPENING = f"\"'{_LEFT_1}{_LEFT_2}(<[{{#>\u2022\u00bf\u00a1"
_CLOSING = f",:;.!?\u2026\"'{_RIGHT_1}{_RIGHT_2})>]}}*_~"
_ABBREVIATIONS = frozenset({"e.g", "i.e", "etc", "vs", "cf", "incl", "approx", "no"})


def tokens(description: str) -> list[Token]:
    """The tokens of a description, in order."""
    found: list[Token] = []
    position = 0
    for group in _GROUP.finditer(description):
        found += _plain(description[position : group.start()], first=not found)
        found.append(Token(Kind.MARK if group["bracket"] else Kind.OTHER, group[0]))
        position = group.end()
    return found + list(_plain(description[position:], first=not found))


def _plain(text: str, *, first: bool) -> Iterator[Token]:
    for line_number, line in enumerate(text.split("\n")):
        if line_number:
            yield Token(Kind.STOP, "\n")
        for number, chunk in enumerate(line.split()):
            yield from _chunk(chunk, opens=number == 0 and (first or line_number > 0))


def _chunk(chunk: str, *, opens: bool) -> Iterator[Token]:
    """What stands between two spaces. opens: whether it is the first of its line, where a dash is a list marker."""
    if chunk in _DASHES or chunk in {"*", _BULLET, "+", "--"}:
        yield Token(Kind.MARK if opens or chunk in {"*", _BULLET} else _JOINS.get(chunk, Kind.COLON), chunk)
        return
    core = chunk.strip("*_~")
    if mark := _MARK.fullmatch(core.rstrip(":")):
        yield Token(Kind.OTHER if mark["project"] in _NAMES_WITH_NUMBERS else Kind.MARK, chunk)
        return
    core = core.lstrip(_OPENING)
    body = core.rstrip(_CLOSING)
    yield from _body(body)
    if body.lower() not in _ABBREVIATIONS:
        ending = next((_ENDINGS[sign] for sign in core[len(body) :] if sign in _ENDINGS), None)
        if ending:
            yield Token(ending, core[len(body) :])


def _body(body: str) -> Iterator[Token]:
    word = body.replace(_RIGHT_1, "'").casefold()
    if word in _JOINS:
        yield Token(_JOINS[word], body, word)
    elif _WORD.fullmatch(word):
        yield Token(Kind.WORD, body, word)
    elif _WORDS_WITH_SLASH.fullmatch(word):
        for number, part in enumerate(body.split("/")):
            if number:
                yield Token(Kind.SLASH, "/")
            yield Token(Kind.WORD, part, part.casefold())
    elif any(character.isalnum() for character in body):
        yield Token(Kind.OTHER, body)
    elif body:
        yield Token(Kind.MARK, body)
