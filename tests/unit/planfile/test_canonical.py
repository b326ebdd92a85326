"""The canonical bytes of a plan, its digest, and what has changed between two plans."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
import rfc8785
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.plan import Plan, ScopeContract, Step, Tool
from mission_fsm.errors import JournalDamaged, JournalNewer
from mission_fsm.planfile.canonical import canonical_json, differences, plan_from_json, with_digest

PLAN = with_digest(
    Plan(
        goal="sizes roll over",
        digest="",
        scope=ScopeContract(("src/**", "tests/**"), 4, None, (Tool.READ, Tool.WRITE)),
        risks=("slow",),
        steps=(
            Step("find", "Find it", "retrieve", {"query": "x", "limit": 20}),
            Step("fix", "Fix it", "edit", {"patch": {"name": "a.patch", "text": "--- a\n", "base64": None}}),
            Step("check", "Run it", "test", {"run": ["make", "check"], "env": {"A": "1"}}, 60, 3),
        ),
    )
)


def changed(index: int, **changes: Any) -> Plan:
    """The plan with one step changed."""
    steps = list(PLAN.steps)
    steps[index] = evolve(steps[index], **changes)
    return evolve(PLAN, steps=tuple(steps))


def test_the_form_of_the_stored_plan_stays_as_it_is() -> None:
    """Stored plans are approved by these very bytes: a change of them needs another version of the form."""
    plan = evolve(PLAN, steps=PLAN.steps[:1])
    assert canonical_json(plan) == (
        b'{"approval_timeout_s":null,"assumptions":[],"goal":"sizes roll over","risks":["slow"],'
        b'"scope":{"allowed_tools":["read","write"],"max_files":4,"max_lines":null,"paths":["src/**","tests/**"]},'
        b'"steps":[{"description":"Find it","max_attempts":10,"options":{"limit":20,"query":"x"},"stage":"retrieve",'
        b'"step_id":"find","timeout_s":null}],"success_criteria":[],"version":1}'
    )


def test_the_digest_is_the_sha_256_of_the_canonical_bytes() -> None:
    assert PLAN.digest == hashlib.sha256(canonical_json(PLAN)).hexdigest()


def test_the_digest_itself_is_not_digested() -> None:
    assert canonical_json(evolve(PLAN, digest="other")) == canonical_json(PLAN)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=8,
)
OPTIONS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), VALUES, max_size=5)


@given(OPTIONS)
def test_every_value_is_written_as_rfc_8785_says(options: dict[str, Any]) -> None:
    """Also where the standard library's encoder is used instead of the package that knows the whole of it."""
    written = canonical_json(changed(0, options=options))
    assert written == rfc8785.dumps(json.loads(written))
    assert rfc8785.dumps(options) in written


@given(OPTIONS)
def test_a_plan_comes_back_from_its_bytes_and_gives_the_same_bytes_again(options: dict[str, Any]) -> None:
    written = canonical_json(changed(1, options=options))
    plan = plan_from_json(written)
    assert plan == with_digest(plan)
    assert canonical_json(plan) == written
    assert plan.digest == hashlib.sha256(written).hexdigest()


@given(OPTIONS, OPTIONS)
def test_two_plans_differ_in_words_exactly_where_their_digests_differ(one: dict[str, Any], two: dict[str, Any]) -> None:
    before, after = with_digest(changed(0, options=one)), with_digest(changed(0, options=two))
    assert bool(differences(before, after)) == (before.digest != after.digest)


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), 2.0**53, 1e300, float("nan"), float("inf"), "\ud800", {"\ud800": 1}, 1j, {1: 2}]
)
def test_what_json_cannot_hold_the_same_everywhere_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="the plan holds what JSON cannot"):
        canonical_json(changed(0, options={"value": value}))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"5", b"null", b"{}", b'{"version": 1}', b"\xff", b"[" * 100_000),
        canonical_json(PLAN).replace(b'"read"', b'"rm"'),
        canonical_json(PLAN).replace(b'"stage"', b'"stge"'),
    ],
)
def test_what_is_no_stored_plan_is_damage(content: bytes) -> None:
    with pytest.raises(JournalDamaged, match="a stored plan cannot be read"):
        plan_from_json(content)


def test_a_stored_plan_of_a_later_version_is_not_guessed_at() -> None:
    with pytest.raises(JournalNewer, match="version 2, and this program reads 1"):
        plan_from_json(canonical_json(PLAN).replace(b'"version":1', b'"version":2'))


def test_a_long_plan_is_read_back_quickly() -> None:
    steps = tuple(
        Step(f"s{number}", f"Write part {number} of it", "edit", {"write": [{"path": "a", "content": "x"}]})
        for number in range(5_000)
    )
    content = canonical_json(evolve(PLAN, steps=steps))
    times = []
    for _ in range(5):
        began = time.process_time()
        plan = plan_from_json(content)
        times.append(time.process_time() - began)
    assert len(plan.steps) == 5_000
    assert min(times) < 0.2


# --- differences


def test_equal_plans_do_not_differ() -> None:
    assert differences(PLAN, plan_from_json(canonical_json(PLAN))) == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (evolve(PLAN, goal="sizes"), ["goal changed from 'sizes roll over' to 'sizes'"]),
        (evolve(PLAN, goal="x" * 61), ["goal changed"]),
        (evolve(PLAN, approval_timeout_s=60), ["approval_timeout changed from nothing to 60"]),
        (evolve(PLAN, author_may_approve=False), ["author_may_approve changed from true to false"]),
        (evolve(PLAN, risks=("slow", "new")), ["risks changed from 1 entries to 2"]),
        (evolve(PLAN, risks=("fast",)), ["risks[0] changed from 'slow' to 'fast'"]),
        (
            evolve(PLAN, scope=evolve(PLAN.scope, paths=("**", "tests/**"), max_lines=9)),
            [
                "scope_contract.max_lines changed from nothing to 9",
                "scope_contract.paths[0] changed from 'src/**' to '**'",
            ],
        ),
        (changed(0, options={"query": "y", "limit": 20}), ["steps[0] 'find': with.query changed from 'x' to 'y'"]),
        (changed(0, options={"query": "x"}), ["steps[0] 'find': with.limit was removed"]),
        (changed(0, options={"query": True, "limit": 20}), ["steps[0] 'find': with.query changed from 'x' to true"]),
        (
            changed(1, options={"patch": {"name": "a.patch", "text": "x" * 99, "base64": None}}),
            ["steps[1] 'fix': with.patch.text changed"],
        ),
        (
            changed(2, options={"run": ["make", "test"], "env": {"A B": "1"}}, timeout_s=None, stage="repair"),
            [
                "steps[2] 'check': stage changed from 'test' to 'repair'",
                "steps[2] 'check': with.env.A was removed",
                "steps[2] 'check': with.env[\"A B\"] was added",
                "steps[2] 'check': with.run[1] changed from 'check' to 'test'",
                "steps[2] 'check': timeout changed from 60 to nothing",
            ],
        ),
        (changed(0, max_attempts=1), ["steps[0] 'find': max_attempts changed from 10 to 1"]),
        (changed(0, step_id="seek"), ["step 'find' was removed", "step 'seek' was added"]),
        (evolve(PLAN, steps=PLAN.steps[:2]), ["step 'check' was removed"]),
        (evolve(PLAN, steps=(*PLAN.steps, Step("x", "d", "edit"))), ["step 'x' was added"]),
        (evolve(PLAN, steps=PLAN.steps[::-1]), ["the steps were put in another order"]),
    ],
)
def test_what_has_changed_is_told_in_sentences_with_places(after: Plan, said: list[str]) -> None:
    assert differences(PLAN, after) == said
