"""The JSON Schema (2020-12) of plans, made from the same classes that plans are read with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from inspect import getdoc
from itertools import combinations
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from attrs import NOTHING, fields, has, resolve_types

from mission_fsm.converter import MAPPINGS, SEQUENCES, converter, is_union, key_of
from mission_fsm.core.options import InlinedFile
from mission_fsm.planfile.document import PlanDocument, StepDocument
from mission_fsm.planfile.inlining import EXPECTED
from mission_fsm.planfile.options import takes_tries
from mission_fsm.planfile.rules import DURATION_SCHEMA, Duration, rule_of
from mission_fsm.registry import Registry
from mission_fsm.stage import Stage

Schema = dict[str, Any]

_TYPES: dict[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}
# Types that are written otherwise in a plan than they are held.
_NAMED: dict[Any, str] = {Duration: "duration", InlinedFile: "inlined_file", StepDocument: "step"}

_INLINED_FILE: Schema = {
    "description": f"A file: {EXPECTED}, or a mapping that holds its content.",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {
                "name": {"type": ["string", "null"], "description": "What to call it."},
                "text": {"type": ["string", "null"], "description": "Its content."},
                "base64": {"type": ["string", "null"], "description": "Its content, where it is no text."},
            },
            "anyOf": [{"required": ["text"]}, {"required": ["base64"]}],
            "additionalProperties": False,
        },
    ],
}


def plan_schema(registry: Registry) -> Schema:
    """The schema of a plan for these stages and editors, all of which it loads."""
    editors = {name: _schema_of(registry.editor(name).options) for name in registry.editor_names()}
    stages = [registry.stage(name) for name in registry.stage_names()]
    step = _object(StepDocument)
    step["properties"]["stage"] |= {"enum": [*registry.stage_names(), None]}
    step["allOf"] = [_when(stage, editors) for stage in stages]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mission-fsm plan",
        **_object(PlanDocument),
        "$defs": {
            "duration": dict(DURATION_SCHEMA),
            "inlined_file": _INLINED_FILE,
            "step": step,
            **{_editor_def(name): schema for name, schema in editors.items()},
        },
    }


def schema_text(registry: Registry) -> str:
    """The schema as it is printed and published."""
    return json.dumps(plan_schema(registry), indent=2, ensure_ascii=False) + "\n"


def _when(stage: Stage, editors: Mapping[str, Schema]) -> Schema:
    """What holds for a step's `with` where the step names this stage."""
    options = _object(stage.options)
    if stage.binds_edits:
        bound = {name: {"$ref": f"#/$defs/{_editor_def(name)}"} for name in editors}
        options["properties"] |= bound
        options["allOf"] = [{"not": {"required": list(pair)}} for pair in combinations(bound, 2)]
        if takes_tries(stage):
            options["properties"]["tries"]["items"] = {
                "type": "object",
                "properties": bound,
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            }
    is_required = bool(options.get("required"))
    given = {"with": options if is_required else {"anyOf": [options, {"type": "null"}]}}
    then: Schema = {"properties": given}
    if is_required:
        then["required"] = ["with"]
    return {"if": {"properties": {"stage": {"const": stage.name}}, "required": ["stage"]}, "then": then}


def _editor_def(name: str) -> str:
    return f"editor_{name}"


def _object(cls: Any) -> Schema:
    resolve_types(cls, include_extras=True)
    properties: Schema = {}
    required = []
    for field in fields(cls):
        key = key_of(field.name)
        properties[key] = _schema_of(field.type)
        if sentence := field.metadata.get("help"):
            properties[key] |= {"description": sentence}
        if field.default is NOTHING:
            required.append(key)
        elif (default := _default(field.default)) is not None:
            properties[key] |= {"default": default}
    schema: Schema = {"type": "object"}
    if sentence := (getdoc(cls) or "").partition("\n")[0]:
        schema["description"] = sentence
    schema["properties"] = properties
    if required:
        schema["required"] = required
    return {**schema, "additionalProperties": False}


def _default(default: Any) -> Any:
    factory = getattr(default, "factory", None)
    return converter.unstructure(factory() if factory else default)


def _schema_of(kind: Any) -> Schema:
    arguments = get_args(kind)
    if kind in _NAMED:
        return {"$ref": f"#/$defs/{_NAMED[kind]}"}
    if kind in _TYPES:
        return {"type": _TYPES[kind]}
    if get_origin(kind) is Annotated:
        rule = rule_of(kind)
        return {**_schema_of(arguments[0]), **(rule.schema if rule else {})}
    if is_union(kind):
        return {"anyOf": [_schema_of(member) for member in arguments]}
    if get_origin(kind) is Literal:
        return {"enum": list(arguments)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if get_origin(kind) in SEQUENCES:
        return {"type": "array", "items": _schema_of(arguments[0])}
    if get_origin(kind) in MAPPINGS:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1])}
    return _object(kind) if isinstance(kind, type) and has(kind) else {}
