"""The published schema: made from the classes, in step with them, and of one mind with what loads plans."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mission_fsm.errors import InvalidPlan
from mission_fsm.planfile.load import LoadedPlan
from mission_fsm.planfile.schema import plan_schema, schema_text
from mission_fsm.registry import Registry

Load = Callable[..., LoadedPlan]


@pytest.fixture(scope="session")
def schema(registry: Registry) -> Draft202012Validator:
    found = plan_schema(registry)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def plan(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    numbered = [
        {"step_id": f"s{number}", "description": "Find it", **step} for number, step in enumerate(steps or ({},))
    ]
    return {"version": 1, "goal": "g", "steps": numbered, **changes}


PUT = [{"path": "src/a.py", "text": "x"}]
VALID = [
    plan(),
    plan(assumptions=["a"], success_criteria=[], risks=["b"], approval_timeout="2h"),
    plan(scope_contract={"paths": ["src/**"], "max_files": 4, "max_lines": None, "allowed_tools": ["read", "write"]}),
    plan({"timeout": 90, "max_attempts": 1000}, {"timeout": "10m", "stage": None, "with": None}),
    plan({"stage": "find", "with": {"query": "x", "limit": 3}}, {"stage": "find", "with": {"query": None}}),
    plan({"stage": "change"}, {"stage": "change", "with": None}, {"stage": "change", "with": {"put": PUT}}),
    plan({"stage": "change", "with": {"listing": "a b\nc\n"}}, {"stage": "change", "with": {"listing": {"text": "a"}}}),
    plan({"stage": "check", "with": {"run": ["make"], "env": {"A": "1"}, "input": {"base64": "YQ=="}}}),
    plan({"stage": "mend", "with": {"tries": [{"put": PUT}, {"listing": "a\n"}], "ratio": 2}}),
    plan({"stage": "mend", "with": {"put": []}}),
]
INVALID = [
    {},
    [],
    plan(version=2),
    plan(goal=" "),
    plan(steps=[]),
    plan(goals="x"),
    plan(risks=[""]),
    plan(approval_timeout="soon"),
    plan(scope_contract={"max_files": -1}),
    plan(scope_contract={"allowed_tools": ["rm"]}),
    plan(scope_contract={"path": []}),
    plan({"step_id": "a b"}),
    plan({"description": ""}),
    plan({"stage": "zzz"}),
    plan({"max_attempts": 0}),
    plan({"timeout": 0}),
    plan({"timeout": "1.5h"}),
    plan({"tiemout": 5}),
    plan({"with": []}),
    plan({"stage": "find", "with": {"limit": "3"}}),
    plan({"stage": "find", "with": {"put": PUT}}),
    plan({"stage": "check"}),
    plan({"stage": "check", "with": None}),
    plan({"stage": "check", "with": {"run": "make"}}),
    plan({"stage": "check", "with": {"run": ["make"], "env": {"A": 1}}}),
    plan({"stage": "check", "with": {"run": ["make"], "input": {"txet": "a"}}}),
    plan({"stage": "change", "with": {"put": PUT, "listing": "a\n"}}),
    plan({"stage": "change", "with": {"put": [{"text": "x"}]}}),
    plan({"stage": "change", "with": {"tries": []}}),
    plan({"stage": "mend", "with": {"tries": [{"put": PUT, "listing": "a\n"}]}}),
    plan({"stage": "mend", "with": {"tries": [{}]}}),
    plan({"stage": "mend", "with": {"tries": [{"puut": PUT}]}}),
]


@pytest.mark.parametrize("document", VALID)
def test_what_loads_is_valid(schema: Draft202012Validator, load: Load, document: dict[str, Any]) -> None:
    load(document)
    assert list(schema.iter_errors(document)) == []


@pytest.mark.parametrize("document", INVALID)
def test_what_is_not_valid_does_not_load(schema: Draft202012Validator, load: Load, document: dict[str, Any]) -> None:
    assert not schema.is_valid(document)
    with pytest.raises(InvalidPlan):
        load(document)


def test_every_key_of_a_plan_is_explained(built_in: Registry) -> None:
    """Whoever writes a plan in an editor that knows the schema sees a sentence for each key."""
    found = plan_schema(built_in)
    Draft202012Validator.check_schema(found)
    assert [place for place, part in _properties(found, "") if not part.get("description")] == []


def _properties(schema: object, place: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        return [item for index, part in enumerate(schema) for item in _properties(part, f"{place}[{index}]")]
    if not isinstance(schema, dict):
        return []
    named = schema.get("properties", {})
    # Below `if` and `with` stands what narrows a key that is explained elsewhere.
    explained = [
        (f"{place}.{key}", part) for key, part in named.items() if key not in ("stage", "with") and "$ref" not in part
    ]
    return explained + [item for key, part in schema.items() for item in _properties(part, f"{place}.{key}")]


def test_the_published_schema_is_the_one_that_is_made(built_in: Registry) -> None:
    """Where this fails after a change of a stage's options: `python -m mission_fsm schema > docs/plan.schema.json`."""
    published = Path(__file__).parents[3] / "docs" / "plan.schema.json"
    assert json.loads(published.read_text("utf-8")) == plan_schema(built_in)
    assert published.read_text("utf-8") == schema_text(built_in)


def test_every_stage_and_editor_of_this_project_stands_in_the_schema(built_in: Registry) -> None:
    found = plan_schema(built_in)
    for name in built_in.stage_names():
        assert any(case["if"]["properties"]["stage"]["const"] == name for case in found["$defs"]["step"]["allOf"])
    for name in built_in.editor_names():
        assert f"editor_{name}" in found["$defs"]
