"""Bounds on single values of a plan, each in the words of JSON Schema and held by the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, NewType, get_args, get_origin

from attrs import field, frozen
from cattrs import Converter

from mission_fsm.core.wording import MismatchError

SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_DURATION_S = 365 * 86400

# Seconds; in a plan also "90s", "10m", "2h" or "1d".
Duration = NewType("Duration", int)


@frozen(eq=False)  # a type's annotations must be hashable, and a schema is not
class Rule:
    """A bound on a value, to be put in `Annotated[type, Rule(...)]`.

    expected: in plain words, to follow "expected".
    schema: keywords of JSON Schema; `const`, `pattern`, `minimum`, `maximum`, `minItems` and `maxItems` are held.
    """

    expected: str
    schema: Mapping[str, Any] = field(factory=dict)

    def allows(self, value: Any) -> bool:
        """Whether a value of the right type keeps to the bound."""
        return all(_HELD[keyword](value, bound) for keyword, bound in self.schema.items())


_HELD: dict[str, Any] = {
    "const": lambda value, bound: value == bound,
    "pattern": lambda value, bound: re.fullmatch(bound, value) is not None,
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
}

DURATION_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_DURATION_S},
        {"type": "string", "pattern": "^[1-9][0-9]{0,7}[smhd]$"},
    ],
    "description": "Seconds, or a number with its unit: 90s, 10m, 2h, 1d.",
}


def rule_of(kind: Any) -> Rule | None:
    """The rule that a type is annotated with, if any."""
    if get_origin(kind) is not Annotated:
        return None
    return next((note for note in get_args(kind) if isinstance(note, Rule)), None)


def teach(converter: Converter) -> None:
    """Make a converter hold the rules, and read durations."""
    structure: Any = converter.register_structure_hook_factory
    structure(lambda kind: rule_of(kind) is not None, _structure_ruled)
    converter.register_structure_hook(Duration, lambda value, _: seconds(value))


def _structure_ruled(kind: Any, converter: Converter) -> Any:
    rule = rule_of(kind) or Rule("")
    bare = get_args(kind)[0]
    inner = converter.get_structure_hook(bare)

    def structure(value: object, _: Any) -> object:
        structured = inner(value, bare)
        if not rule.allows(structured):
            raise MismatchError(rule.expected, len(value) if isinstance(value, list) else value)
        return structured

    return structure


def seconds(value: object) -> int:
    """The length of a duration as a plan gives it. Raises MismatchError."""
    if isinstance(value, str) and (given := re.fullmatch(r"([1-9][0-9]{0,7})([smhd])", value)):
        length = int(given[1]) * SECONDS_IN[given[2]]
    else:
        length = value if type(value) is int else 0
    if not 0 < length <= MAX_DURATION_S:
        raise MismatchError("seconds, or a number with its unit such as 90s, 10m, 2h or 1d, up to a year", value)
    return length
