"""The three formats of plans, each read strictly: nothing is executed, expanded, merged or guessed.

YAML is read as its 1.2 core schema has it: only true, false, null and numbers are anything but text, so that `on`,
`yes` and `1:30` stay what they look like. Aliases and tags are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from mission_fsm.planfile.tree import EMPTY, MAX_DEPTH, TOO_DEEP, Builder, Tree, UnreadableError

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

# A string that nothing closes goes on to the end, so that no text is gone over twice.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[][{}]|[^\s\[\]{},:"]+', re.DOTALL)
_JSON_WORDS = {"true": True, "false": False, "null": None}

# Strings and comments, in the same way.
_TOML_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|#[^\n]*+', re.DOTALL
)
_TOML_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}")


def read_yaml(text: str) -> Tree:
    """Raises UnreadableError."""
    # Imported here because a plan may come in another format, and a stored one in none of these.
    import yaml

    builder = Builder()
    documents = 0
    try:
        # Events come one at a time, so what goes too deep is noticed before it is read to its end.
        event: Any
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            kind, line = type(event), event.start_mark.line + 1
            if tag := getattr(event, "tag", None):
                raise UnreadableError(f"tags such as {tag} are not allowed in plans", line=line)
            if kind is yaml.ScalarEvent:
                builder.scalar(_yaml_scalar(event.value) if event.implicit[0] else event.value, line)
            elif kind is yaml.MappingStartEvent:
                builder.open({}, line)
            elif kind is yaml.SequenceStartEvent:
                builder.open([], line)
            elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                builder.close()
            elif kind is yaml.AliasEvent:
                raise UnreadableError(f"aliases such as *{event.anchor} are not allowed in plans", line=line)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise UnreadableError("a plan is one YAML document, and a second one begins here", line=line)
    except yaml.YAMLError as error:
        raise _not_yaml(error) from error
    return builder.tree()


def _not_yaml(error: Exception) -> UnreadableError:
    mark = getattr(error, "problem_mark", None)
    said = ", ".join(part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part)
    return UnreadableError(f"is not valid YAML: {said or error}", line=mark.line + 1 if mark else None)


def _yaml_scalar(text: str) -> object:
    if text[:1].isalpha() and text not in _WORDS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
        return _number(text)
    return float(text.replace(".", "", 1)) if _NOT_FINITE.fullmatch(text) else text


def _number(text: str) -> int | float:
    if not _INTEGER.fullmatch(text):
        return float(text)
    # Python reads no more than a few thousand digits; a number with that many is refused in any case.
    return int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) < 1000 else 10**1000


def read_json(text: str) -> Tree:
    """Raises UnreadableError."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth > MAX_DEPTH:
            raise UnreadableError(TOO_DEEP, line=_line(text, token.start()))
    if not text.strip():
        raise UnreadableError(EMPTY)
    try:
        json.loads(text, parse_int=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is not valid JSON: {error.msg}", line=error.lineno) from error
    builder = Builder()
    line, position = 1, 0
    # That it is JSON is known; what json.loads does not tell is where each part stands, and which key is there twice.
    for token in _JSON_TOKEN.finditer(text):
        line, position = line + text.count("\n", position, token.start()), token.start()
        match token[0]:
            case "{":
                builder.open({}, line)
            case "[":
                builder.open([], line)
            case "}" | "]":
                builder.close()
            case scalar:
                builder.scalar(_json_scalar(scalar), line)
    return builder.tree()


def _json_scalar(text: str) -> object:
    if text[0] == '"':
        return json.loads(text)
    return _JSON_WORDS[text] if text in _JSON_WORDS else _number(text)


def _no_constant(text: str) -> None:
    raise UnreadableError(f"is not valid JSON: {text} is no number there")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def read_toml(text: str) -> Tree:
    """Raises UnreadableError."""
    import tomllib

    # The parser's time grows with the square of a dotted key's length, and its stack with the depth of arrays.
    if _TOML_LONG_KEY.search(_TOML_STRING.sub("s", text)):
        raise UnreadableError(TOO_DEEP)
    try:
        value = tomllib.loads(text)
    except RecursionError as error:
        raise UnreadableError(TOO_DEEP) from error
    except ValueError as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        said = str(error)[: place.start()] if place else str(error)
        raise UnreadableError(f"is not valid TOML: {said}", line=int(place[1]) if place else None) from error
    if not value:
        raise UnreadableError(EMPTY)
    builder = Builder()
    _feed(value, builder)
    return builder.tree()


def _feed(value: object, builder: Builder) -> None:
    if isinstance(value, Mapping):
        builder.open({}, None)
        for key, inner in value.items():
            builder.scalar(key, None)
            _feed(inner, builder)
        builder.close()
    elif isinstance(value, list):
        builder.open([], None)
        for inner in value:
            _feed(inner, builder)
        builder.close()
    else:
        builder.scalar(value, None)


READERS: dict[str, Callable[[str], Tree]] = {
    ".yaml": read_yaml,
    ".yml": read_yaml,
    ".json": read_json,
    ".toml": read_toml,
}
