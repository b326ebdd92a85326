"""The one cattrs converter: between frozen classes and JSON values, for events, snapshots and options.

Nothing is coerced ("5" is not 5, true is not 1, a string is not a list of its letters), unknown keys are errors,
tuples are lists in JSON, and a field whose name Python keeps to itself (`from_`, `with_`) loses its underscore.
`problems_of` turns what cattrs raises into sentences with places, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, IntEnum, StrEnum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from attrs import fields, has
from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import Reply
from mission_fsm.core.wording import MismatchError, at, did_you_mean

Hook = Callable[[Any, Any], Any]

SEQUENCES = (tuple, list, Sequence)
MAPPINGS = (dict, Mapping)


def key_of(field_name: str) -> str:
    """The key under which a class's field stands in JSON and in plans."""
    return field_name.removesuffix("_")


# --- hooks


def _scalar(expected: str, *kinds: type) -> Hook:
    # By the exact type, because bool is an int to Python.
    def structure(value: object, _: Any) -> object:
        if type(value) not in kinds:
            raise MismatchError(expected, value)
        return value

    return structure


def _float(value: object, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MismatchError("a number", value)
    return float(value)


def _as_it_is(value: object, _: Any) -> object:
    return value


_SCALARS: dict[Any, Hook] = {
    NoneType: _scalar("nothing", NoneType),
    str: _scalar("text", str),
    bool: _scalar("true or false", bool),
    int: _scalar("a whole number", int),
    float: _float,
}


def _structure_class(cls: Any, converter: Converter) -> Hook:
    # Made when it is first needed: a mission is opened without most of the classes that it may hold.
    inner: Hook | None = None

    def structure(value: object, _: Any) -> object:
        nonlocal inner
        if not isinstance(value, Mapping):
            raise MismatchError("a mapping", value)
        if inner is None:
            inner = make_dict_structure_fn(cls, converter, **_renamed(cls))
        return inner(value, cls)

    return structure


def _unstructure_class(cls: Any, converter: Converter) -> Callable[[Any], Any]:
    return make_dict_unstructure_fn(cls, converter, **_renamed(cls))


def _renamed(cls: Any) -> dict[str, Any]:
    names = [field.name for field in fields(get_origin(cls) or cls)]
    return {name: override(rename=key_of(name)) for name in names if key_of(name) != name}


def _structure_sequence(kind: Any, converter: Converter) -> Hook:
    item = get_args(kind)[0]
    structure_item = converter.get_structure_hook(item)
    make: Any = list if get_origin(kind) is list else tuple

    def structure(value: object, _: Any) -> object:
        if not isinstance(value, list | tuple):
            raise MismatchError("a list", value)
        return make(_each(enumerate(value), structure_item, item))

    return structure


def _structure_mapping(kind: Any, converter: Converter) -> Hook:
    item = get_args(kind)[1]
    structure_item = converter.get_structure_hook(item)

    def structure(value: object, _: Any) -> object:
        if not isinstance(value, Mapping):
            raise MismatchError("a mapping", value)
        if not all(isinstance(key, str) for key in value):
            raise MismatchError("a mapping whose keys are text", value)
        return dict(zip(value, _each(value.items(), structure_item, item), strict=True))

    return structure


def _each(parts: Iterable[tuple[int | str, Any]], structure: Hook, kind: Any) -> list[Any]:
    """Structure every (index, value), and raise what is wrong with any of them together."""
    done: list[Any] = []
    errors: list[Exception] = []
    for index, value in parts:
        try:
            done.append(structure(value, kind))
        except Exception as error:
            error.add_note(IterableValidationNote(f"at {index}", index, kind))
            errors.append(error)
    if errors:
        raise IterableValidationError("in a list or mapping", errors, kind)
    return done


def _enum(value: object, kind: type[Enum]) -> object:
    return _one_of({member.value: member for member in kind}, value)


def _literal(value: object, kind: Any) -> object:
    return _one_of({choice: choice for choice in get_args(kind)}, value)


def _one_of(choices: Mapping[Any, object], value: object) -> object:
    for choice, meaning in choices.items():
        if type(value) is type(choice) and value == choice:
            return meaning
    raise MismatchError(f"one of {', '.join(str(choice) for choice in choices)}", value)


def _structure_union(union: Any, converter: Converter) -> Hook:
    members = {json_kind(member): member for member in get_args(union) if member is not NoneType}
    hooks = {kind: converter.get_structure_hook(member) for kind, member in members.items()}
    expected = " or ".join(members)
    optional = NoneType in get_args(union)

    def structure(value: object, _: Any) -> object:
        if value is None and optional:
            return None
        # A lone member is asked whatever the value: it may take more than its own kind, and says best what it wants.
        kind = expected if len(members) == 1 else _kind_of(value)
        if kind == "a whole number" and kind not in hooks:
            kind = "a number"
        if kind not in hooks:
            raise MismatchError(expected, value)
        return hooks[kind](value, members[kind])

    return structure


_KINDS: dict[Any, str] = {
    NoneType: "nothing",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


def json_kind(kind: Any) -> str:
    """What values of a type are called in JSON, in plain words."""
    if get_origin(kind) is Annotated:
        return json_kind(get_args(kind)[0])
    kind = getattr(kind, "__supertype__", kind)  # of a NewType
    origin: Any = get_origin(kind) or kind
    if origin is Literal:
        return _KINDS.get(type(get_args(kind)[0]), "anything")
    if isinstance(origin, type) and issubclass(origin, Enum):
        return "text"
    if origin in SEQUENCES:
        return "a list"
    return "a mapping" if origin in MAPPINGS or has(origin) else _KINDS.get(kind, "anything")


def _kind_of(value: object) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else _KINDS.get(type(value), "anything")


def is_union(kind: Any) -> bool:
    """Whether a type is a union of others, in either spelling."""
    return get_origin(kind) in (Union, UnionType)


def _is_told_by_kind(kind: Any) -> bool:
    """Whether a value's kind in JSON says which member of a union it is."""
    members = get_args(kind)
    return is_union(kind) and len({json_kind(member) for member in members}) == len(members)


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) in MAPPINGS


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_sequence(kind: Any) -> bool:
    arguments = get_args(kind)
    is_tuple = get_origin(kind) is tuple
    return get_origin(kind) in SEQUENCES and (not is_tuple or arguments[1:] == (Ellipsis,))


def _is(kind: Any) -> Callable[[Any], bool]:
    return lambda other: other is kind


def _build() -> Converter:
    made = Converter(forbid_extra_keys=True, prefer_attrib_converters=True)
    # What was registered last is asked first.
    structure: Any = made.register_structure_hook_factory
    unstructure: Any = made.register_unstructure_hook_factory
    for kind, hook in _SCALARS.items():
        made.register_structure_hook(kind, hook)
    # By their own name, or the hook of str, which they inherit from, would be taken.
    for enum in (Enum, StrEnum, IntEnum):
        made.register_structure_hook(enum, _enum)
        made.register_unstructure_hook(enum, attrgetter("value"))
    made.register_structure_hook_func(_is(object), _as_it_is)
    made.register_structure_hook_func(_is_literal, _literal)
    structure(has, _structure_class)
    unstructure(lambda kind: has(kind) and bool(_renamed(kind)), _unstructure_class)
    structure(_is_sequence, _structure_sequence)
    structure(_is_mapping, _structure_mapping)
    structure(_is_told_by_kind, _structure_union)
    configure_tagged_union(Reply, made, tag_name="type")
    reply = made.get_structure_hook(Reply)
    made.register_structure_hook(Reply | None, lambda value, _: None if value is None else reply(value, Reply))
    made.register_unstructure_hook(Reply | None, lambda value: value and made.unstructure(value, Reply))
    # A snapshot holds all of a mission but its plan, which is stored once, by its digest.
    # Whoever reads it puts the plan, already structured, in its place.
    without = override(omit=True)
    unstructure(_is(Mission), lambda kind, made: make_dict_unstructure_fn(kind, made, plan=without))
    as_it_is = override(struct_hook=_as_it_is)
    structure(_is(Mission), lambda kind, made: make_dict_structure_fn(kind, made, plan=as_it_is))
    return made


converter = _build()


# --- errors


def problems_of(error: Exception, place: str = "", also_known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Everything that an error of `converter.structure` says, as (place, message).

    place: of the value that was structured, such as `steps[2].with`; the places returned begin with it.
    also_known: keys that may stand there besides the class's own, as what a misspelt one was meant to be.
    """
    if isinstance(error, ForbiddenExtraKeysError):
        known = [*(key_of(field.name) for field in fields(error.cl)), *also_known]
        unknown = sorted(error.extra_fields, key=str)
        return [(at(place, str(key)), f"unknown key {key!r}{did_you_mean(str(key), known)}") for key in unknown]
    if not isinstance(error, ExceptionGroup):
        return [(place, str(error) or f"is not valid ({type(error).__name__})")]
    found: list[tuple[str, str]] = []
    for part in error.exceptions:
        key = _key_noted_on(part)
        if key is not None and isinstance(part, KeyError) and part.args == (key,):
            found.append((at(place, key), "is required"))
        elif key is not None:
            found += problems_of(part, at(place, key))
        elif isinstance(error, ClassValidationError) and not isinstance(part, ForbiddenExtraKeysError | ExceptionGroup):
            found.append(_refused_by_class(part, error.cl, place))
        else:
            found += problems_of(part, place, also_known)
    return found


def _key_noted_on(error: BaseException) -> str | int | None:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return key_of(note.name)
        if isinstance(note, IterableValidationNote):
            return note.index
    return None


def _refused_by_class(error: Exception, cls: Any, place: str) -> tuple[str, str]:
    """What a validator says begins with its field, as `'run' must ...` or as `run: ...`: that is its place."""
    said = str(error) or f"is not valid ({type(error).__name__})"
    if named := re.match(r"(?:'(?P<quoted>\w+)' |(?P<name>\w+)(?P<index>\[\d+\])?: )(?P<rest>.*)", said, re.DOTALL):
        name = named["quoted"] or named["name"]
        if name in {field.name for field in fields(cls)}:
            return at(place, key_of(name)) + (named["index"] or ""), named["rest"]
    return place, said
