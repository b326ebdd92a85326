"""A plan's text as plain values that know their lines, held to the bounds that every format shares."""

from __future__ import annotations

import math
from typing import Any

from attrs import frozen

from mission_fsm.core.wording import at, keys_of, shown
from mission_fsm.errors import Problem

MAX_DEPTH = 32
MAX_KEY_LENGTH = 1000
# Beyond it not every reader of JSON reads a whole number alike (RFC 7493).
MAX_NUMBER = 2**53 - 1
# Past this many there is no use in reading on, and what is told stays short whatever the text.
MAX_COMPLAINTS = 100

EMPTY = "is empty: a plan has at least version, goal and steps"
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"


class UnreadableError(Exception):
    """The text cannot be read any further."""

    def __init__(self, message: str, *, place: str = "", line: int | None = None) -> None:
        self.problem = Problem(place, line, message)
        super().__init__(message)


@frozen
class Tree:
    """The values of a plan's text.

    problems: what is wrong with single values; the rest could be read.
    lines: from a container, by identity, and a key or an index in it, to a line; empty where the format gives none.
    """

    value: Any
    problems: tuple[Problem, ...]
    _lines: dict[tuple[int, str | int], int]

    def line(self, place: str) -> int | None:
        """The line, from 1, of a place such as `steps[2].with`, or of the nearest part around it that has one."""
        container = self.value
        line = 1 if self._lines else None
        for key in keys_of(place):
            line = self._lines.get((id(container), key), line)
            try:
                container = container[key]
            except (KeyError, IndexError, TypeError):
                break
        return line


class Builder:
    """Takes the parts of a text in their order: mappings and lists are opened and closed, and scalars stand in them.

    In a mapping, keys and values take turns.
    """

    def __init__(self) -> None:
        self._root: list[Any] = []
        # The containers that are open, innermost last, and in each the key or index at hand; None where a key is due.
        self._open: list[dict[str, Any] | list[Any]] = [self._root]
        self._keys: list[str | int | None] = [0]
        self._lines: dict[tuple[int, str | int], int] = {}
        self._problems: list[Problem] = []

    def open(self, container: dict[str, Any] | list[Any], line: int | None) -> None:
        """Begin a mapping or a list."""
        if len(self._open) > MAX_DEPTH:
            raise UnreadableError(TOO_DEEP, place=self._place(), line=line)
        self._put(container, line)
        self._open.append(container)
        self._keys.append(None if isinstance(container, dict) else 0)

    def close(self) -> None:
        """End the innermost mapping or list."""
        self._open.pop()
        self._keys.pop()
        self._next()

    def scalar(self, value: object, line: int | None) -> None:
        """A key, where a mapping wants one next, or a value."""
        if self._keys[-1] is None:
            self._key(value, line)
            return
        self._put(value, line)
        if problem := _problem_with(value):
            self._complain(line, problem)
        self._next()

    def tree(self) -> Tree:
        """What was built. Raises UnreadableError where there was nothing."""
        if not self._root or self._root == [None]:
            raise UnreadableError(EMPTY)
        return Tree(self._root[0], tuple(self._problems), self._lines)

    def _key(self, key: object, line: int | None) -> None:
        if not isinstance(key, str):
            raise UnreadableError(f"a key must be text, found {shown(key)}", place=self._place(), line=line)
        if len(key) > MAX_KEY_LENGTH:
            message = f"a key is longer than {MAX_KEY_LENGTH} characters"
            raise UnreadableError(message, place=self._place(), line=line)
        container = self._open[-1]
        self._keys[-1] = key
        if key in container:
            self._complain(line, f"key {shown(key)} is there twice")
        elif line:
            self._lines[id(container), key] = line
        if problem := _problem_with(key):
            self._complain(line, f"a key {problem}")

    def _put(self, value: Any, line: int | None) -> None:
        container, key = self._open[-1], self._keys[-1]
        if isinstance(container, list):
            container.append(value)
            if line:
                self._lines[id(container), len(container) - 1] = line
        elif isinstance(key, str):
            # Of a key that is there twice, the first counts: it has been complained about.
            container.setdefault(key, value)
        else:
            found = "a list" if isinstance(value, list) else "a mapping"
            raise UnreadableError(f"a key must be text, found {found}", place=self._place(), line=line)

    def _next(self) -> None:
        container = self._open[-1]
        self._keys[-1] = None if isinstance(container, dict) else len(container)

    def _complain(self, line: int | None, message: str) -> None:
        if len(self._problems) >= MAX_COMPLAINTS:
            raise UnreadableError("and there is more of this kind", line=line)
        self._problems.append(Problem(self._place(), line, message))

    def _place(self) -> str:
        place = ""
        for key in self._keys[1:]:
            place = place if key is None else at(place, key)
        return place


def _problem_with(value: object) -> str | None:
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL character"
        return None if _is_unicode(value) else "holds half of a surrogate pair, which is no character"
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    if isinstance(value, int | float):
        return None if abs(value) <= MAX_NUMBER else "is too large a number: put it in quotes if it is text"
    return f"is {shown(value)}, which a plan cannot hold: put it in quotes"


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
