"""The resolved plan as bytes: what is approved, what is stored, and what the digest is of.

Canonical JSON (RFC 8785), so that equal plans are equal bytes, whatever wrote them and in whatever format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from mission_fsm.core.plan import Plan, ScopeContract, Step, Tool
from mission_fsm.core.wording import at, shown
from mission_fsm.errors import JournalDamaged, JournalNewer

VERSION = 1


def canonical_json(plan: Plan) -> bytes:
    """Everything in a plan but its digest, as canonical JSON.

    Raises ValueError when it holds what JSON cannot hold the same everywhere: numbers beyond 2^53, NaN, half of a
    surrogate pair, what is no JSON value at all.
    """
    value = _as_json(plan)
    try:
        if _is_plain(value):
            # What RFC 8785 asks for, in the words of the standard library's encoder, which is many times faster.
            return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        return _canonical(value)
    except ValueError as error:
        raise ValueError(f"the plan holds what JSON cannot: {error}") from error


def _is_plain(value: object) -> bool:
    """Whether a value holds no floats, no numbers beyond 2^53, and no keys beyond ASCII, whose order is not its own."""
    if isinstance(value, str):
        return True
    if isinstance(value, dict):
        return all(isinstance(key, str) and key.isascii() for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or (isinstance(value, int) and abs(value) < 2**53)


def _canonical(value: Any) -> bytes:
    from rfc8785 import CanonicalizationError, dumps

    try:
        written = dumps(value)
    except CanonicalizationError as error:
        raise ValueError(str(error)) from error
    # A large float without a fraction is written as digits, and would come back as an integer that is refused.
    if not all(abs(number) < 2**53 for number in _floats(value)):
        raise ValueError("a number beyond 2^53")
    return written


def _floats(value: object) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _floats(part)


def with_digest(plan: Plan) -> Plan:
    """The plan as it comes back from its own canonical JSON, with its digest. Raises ValueError as above."""
    return plan_from_json(canonical_json(plan))


def plan_from_json(content: bytes) -> Plan:
    """The plan that those bytes are the canonical JSON of; its digest is theirs.

    Raises JournalNewer for another version of the form, and JournalDamaged for what is no such JSON.
    """
    try:
        found = json.loads(content)
        if found["version"] != VERSION:
            raise JournalNewer(f"a stored plan has version {found['version']}, and this program reads {VERSION}")
        return _plan(found, hashlib.sha256(content).hexdigest())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise JournalDamaged(f"a stored plan cannot be read: {type(error).__name__}: {error}") from error


def _as_json(plan: Plan) -> dict[str, Any]:
    # What came to be later is left out where it is as it was before, so that no digest of a plan has changed since.
    added: dict[str, Any] = {} if plan.author_may_approve else {"author_may_approve": False}
    budgets = {"max_time_s": plan.scope.max_time_s, "max_tool_calls": plan.scope.max_tool_calls}
    return {
        **added,
        "version": VERSION,
        "goal": plan.goal,
        "assumptions": plan.assumptions,
        "success_criteria": plan.success_criteria,
        "risks": plan.risks,
        "approval_timeout_s": plan.approval_timeout_s,
        "scope": {
            "paths": plan.scope.paths,
            "max_files": plan.scope.max_files,
            "max_lines": plan.scope.max_lines,
            "allowed_tools": [tool.value for tool in plan.scope.allowed_tools],
            **{name: most for name, most in budgets.items() if most is not None},
        },
        "steps": [
            {
                "step_id": step.step_id,
                "description": step.description,
                "stage": step.stage,
                "options": step.options,
                "timeout_s": step.timeout_s,
                "max_attempts": step.max_attempts,
            }
            for step in plan.steps
        ],
    }


def _plan(found: Mapping[str, Any], digest: str) -> Plan:
    # By hand rather than by the converter: a plan of thousands of steps is read each time its mission is opened.
    scope = found["scope"]
    return Plan(
        goal=found["goal"],
        steps=tuple([Step(**step) for step in found["steps"]]),
        digest=digest,
        scope=ScopeContract(
            paths=tuple(scope["paths"]),
            max_files=scope["max_files"],
            max_lines=scope["max_lines"],
            max_time_s=scope.get("max_time_s"),
            max_tool_calls=scope.get("max_tool_calls"),
            allowed_tools=tuple([Tool(tool) for tool in scope["allowed_tools"]]),
        ),
        assumptions=tuple(found["assumptions"]),
        success_criteria=tuple(found["success_criteria"]),
        risks=tuple(found["risks"]),
        approval_timeout_s=found["approval_timeout_s"],
        author_may_approve=found.get("author_may_approve", True),
    )


# --- what has changed

# Where a field of the model stands in a plan's file.
_PLAN_KEYS = {
    "goal": "goal",
    "assumptions": "assumptions",
    "success_criteria": "success_criteria",
    "risks": "risks",
    "approval_timeout_s": "approval_timeout",
    "author_may_approve": "author_may_approve",
    "scope": "scope_contract",
}
_STEP_KEYS = {
    "description": "description",
    "stage": "stage",
    "options": "with",
    "timeout_s": "timeout",
    "max_attempts": "max_attempts",
}


def differences(before: Plan, after: Plan) -> list[str]:
    """What has changed from one plan to another, in sentences with places; empty for equal plans."""
    one, other = ({"author_may_approve": True, **_as_json(plan)} for plan in (before, after))
    found = [sentence for key, name in _PLAN_KEYS.items() for sentence in _changes(one[key], other[key], name)]
    old = {step["step_id"]: step for step in one["steps"]}
    new = {step["step_id"]: step for step in other["steps"]}
    found += [f"step {step_id!r} was removed" for step_id in old if step_id not in new]
    found += [f"step {step_id!r} was added" for step_id in new if step_id not in old]
    if [step_id for step_id in old if step_id in new] != [step_id for step_id in new if step_id in old]:
        found.append("the steps were put in another order")
    for index, (step_id, step) in enumerate(new.items()):
        if step_id in old:
            prefix = f"steps[{index}] {step_id!r}: "
            for key, name in _STEP_KEYS.items():
                found += [prefix + sentence for sentence in _changes(old[step_id][key], step[key], name)]
    return found


def _changes(before: object, after: object, place: str) -> Iterator[str]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            if key not in before:
                yield f"{at(place, key)} was added"
            elif key not in after:
                yield f"{at(place, key)} was removed"
            else:
                yield from _changes(before[key], after[key], at(place, key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        if len(before) == len(after):
            for index, pair in enumerate(zip(before, after, strict=True)):
                yield from _changes(*pair, at(place, index))
        elif before != after:
            yield f"{place} changed from {len(before)} entries to {len(after)}"
    elif _is_short(before) and _is_short(after):
        yield f"{place} changed from {shown(before)} to {shown(after)}"
    else:
        yield f"{place} changed"


def _is_short(value: object) -> bool:
    return not isinstance(value, Mapping | list | tuple) and not (isinstance(value, str) and len(value) > 60)
