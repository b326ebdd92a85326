"""What a plugin has to declare of itself, whether it does, and how its options are told to people."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from attrs import NOTHING, fields, frozen, has, resolve_types

from mission_fsm.converter import MAPPINGS, SEQUENCES, converter, is_union, json_kind, key_of
from mission_fsm.core.plan import Tool
from mission_fsm.core.replies import Interrupted
from mission_fsm.stage import Editor, InlinedFile, Stage


@frozen
class Option:
    """One option of a plugin, for listings. type: in plain words; default: a JSON value, None where required."""

    name: str
    type: str
    required: bool
    default: object
    help: str


def problem_with_declarations(cls: Any, name: str | None) -> str | None:
    """What is wrong with what a plugin's class declares, in words, or None. name: under which it is registered."""
    declared = getattr(cls, "name", None)
    if not isinstance(declared, str) or not declared:
        return "it does not declare its name"
    if name is not None and declared != name:
        return f"it is registered as {name!r} and calls itself {declared!r}"
    if not hasattr(cls, "options"):
        return "it does not declare its options"
    if not isinstance(cls.touches, frozenset) or not all(isinstance(tool, Tool) for tool in cls.touches):
        return "touches must be a frozenset of Tool"
    if issubclass(cls, Stage):
        if not isinstance(cls.words, tuple) or not all(isinstance(word, str) for word in cls.words):
            return "words must be a tuple of verbs"
        if not isinstance(cls.when_interrupted, Interrupted):
            return "when_interrupted must be an Interrupted"
    return _problem_with_options(cls.options, several=issubclass(cls, Editor))


def _see_readable(kind: Any) -> None:
    """See that values of that type can be read: the converter itself looks into a class when it first reads one."""
    converter.get_structure_hook(kind)
    if has(kind):
        resolve_types(kind)
        for attribute in fields(kind):
            _see_readable(attribute.type)
    for part in get_args(kind):
        if has(part):
            _see_readable(part)


def _problem_with_options(options: Any, *, several: bool) -> str | None:
    one = get_args(options)[0] if several and get_origin(options) is tuple else options
    if not isinstance(one, type) or not has(one):
        return f"options must be an attrs class, not {options!r}"
    try:
        _see_readable(options)
    except Exception as error:  # whatever a class can have wrong in its annotations
        return f"options cannot be read from a plan: {cause(error)}"
    return None


def cause(error: BaseException) -> str:
    """What went wrong, as it is told after a colon."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def keys_of(options: Any) -> set[str]:
    """The keys that an options class may be given."""
    return {key_of(field.name) for field in fields(options)}


def options_of(options: Any) -> Iterator[Option]:
    """The options of an options class, in order; none for a file, or a list, that an editor takes as its whole."""
    if options is InlinedFile or not has(options):
        return
    resolve_types(options)
    for field in fields(options):
        required = field.default is NOTHING
        factory = getattr(field.default, "factory", None)
        default = None if required else converter.unstructure(factory() if factory else field.default)
        yield Option(key_of(field.name), in_words(field.type), required, default, field.metadata.get("help", ""))


def in_words(kind: Any) -> str:
    """A type as a person would call it: `text or list of text`."""
    arguments = get_args(kind)
    if is_union(kind):
        return " or ".join(in_words(member) for member in arguments if member is not type(None))
    if get_origin(kind) is Literal:
        return f"one of {', '.join(str(choice) for choice in arguments)}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(str(member.value) for member in kind)}"
    if get_origin(kind) in SEQUENCES:
        return f"list of {in_words(arguments[0])}"
    if get_origin(kind) in MAPPINGS:
        return f"mapping of {in_words(arguments[1])}"
    return "file" if kind is InlinedFile else json_kind(kind)
