"""How values, numbers, places and misspelt names are told to people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping


class MismatchError(ValueError):
    """A value is not what was expected at its place; the message says both, in plain words."""

    def __init__(self, expected: str, found: object) -> None:
        hint = ": put it in quotes" if expected == "text" and isinstance(found, bool | int | float) else ""
        super().__init__(f"expected {expected}, found {shown(found)}{hint}")


def shown(value: object) -> str:
    """A JSON value as a person would call it, short enough for a sentence."""
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case bool() | int() | float():
            # Python refuses to print an integer of more than a few thousand digits.
            return "a very long number" if isinstance(value, int) and value.bit_length() > 256 else json.dumps(value)
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "...")
        case _:
            return f"a {type(value).__name__}"


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def workspace_held(workspace: str, mission_id: str | None = None, state: str = "running") -> str:
    """What somebody is told who wants a workspace that a mission holds, or a folder around or inside it.

    mission_id, state: of that mission; None where it is known only to another home.
    """
    whose = "another mission" if mission_id is None else f"mission {mission_id}"
    return f"{whose}, which is {state.replace('_', ' ')}, holds the workspace {workspace}; finish or stop it first"


def at(place: str, key: str | int) -> str:
    """The place of a part: `steps[2]`, `steps[2].with`; a key that is not a plain word is quoted."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    if not re.fullmatch(r"[\w-]+", key):
        return f"{place}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{place}.{key}" if place else key


def keys_of(place: str) -> list[str | int]:
    """The keys and indices that a place, made with `at`, is made of."""
    return [
        int(index) if index else json.loads(quoted) if quoted else plain
        for index, quoted, plain in re.findall(r'\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([\w-]+)', place)
    ]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean 'stage'?` where one of the known names is close to the word, else nothing."""
    # Only errors need it, and importing it takes longer than importing this package's own modules.
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(known), n=3)
    return f": did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
