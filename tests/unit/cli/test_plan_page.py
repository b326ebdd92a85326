"""The page that a plan is approved from shows all that the approval covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.cli.plan_page import plan_page
from mission_fsm.core.plan import Plan, ScopeContract, Step, Tool
from mission_fsm.planfile.load import load_plan
from mission_fsm.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

words = st.text("abcdefgh", min_size=3, max_size=8)
# The names that the page knows how to show better, and others.
names = st.sampled_from(["text", "name", "base64", "path", "content", "mode", "search", "replace", "count", "run", "x"])
leaves = st.one_of(st.none(), st.booleans(), st.integers(100, 10**6), words)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=5)),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=4))
def test_nothing_that_a_step_is_told_is_left_out(options: dict[str, Any]) -> None:
    plan = Plan("goal", (Step("step", "Do it", "edit", options, timeout_s=77, max_attempts=3),), "digest")
    page = click.unstyle(plan_page(plan, options=True))
    for leaf in _leaves(options):
        assert str(leaf) in page
    assert "77 s" in page
    assert "3 attempts" in page


def _leaves(value: object) -> Iterator[object]:
    """Texts and numbers; what is None, False or empty says nothing."""
    match value:
        case dict():
            for part in value.values():
                yield from _leaves(part)
        case list():
            for part in value:
                yield from _leaves(part)
        case str():
            yield value
        case int() if not isinstance(value, bool):
            yield value


def test_it_says_that_a_test_without_a_command_will_look_for_one(plan_file: Callable[..., Path]) -> None:
    step = {"step_id": "a", "description": "Run the tests", "with": {"expect": "fail"}}
    page = click.unstyle(plan_page(load_plan(plan_file(step), Registry.installed()).plan, options=True))
    assert "its command is looked for when it runs, and asked about then\n" in page
    assert 'expect: "fail"' in page


def test_it_shows_the_whole_plan_and_the_words_that_decided(plan_file: Callable[..., Path]) -> None:
    steps = [
        {"step_id": "a", "description": "Modify it", "with": {"patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n"}},
        {"step_id": "b", "description": "Anything", "stage": "test", "with": {"run": ["make", "a b"]}, "timeout": "2m"},
    ]
    scope = {"paths": ["x", "y/**"], "max_files": 2, "max_lines": 9}
    more = {"assumptions": ["it is"], "success_criteria": ["it was"], "risks": ["it may"], "scope_contract": scope}
    loaded = load_plan(plan_file(*steps, **more), Registry.installed())
    page = click.unstyle(plan_page(loaded.plan, loaded.mapped, options=True))
    for shown in (
        "greet politely",
        "it is",
        "it was",
        "it may",
        "x, y/**; at most 2 files and 9 lines",
        "read, write, exec",
        "edit (by 'Modify')",
        "test (named)",
        "-one\n",
        "+two\n",
        "$ make 'a b'",
        "at most 120 s",
        loaded.plan.digest,
    ):
        assert shown in page


def test_what_differs_in_white_space_or_cannot_be_seen_is_not_shown_alike() -> None:
    pages = set()
    told = ("a b", "a  b", "a\tb", "a\nb", "a\rb", "a\u2028b", "a\u00a0b", "a b\u200b", "a b ")
    for text in told:
        replacement = {"path": "x", "search": text, "replace": text, "count": 1}
        for options in ({"run": [text]}, {"name": text}, {"replace": [replacement]}):
            page = click.unstyle(
                plan_page(Plan("goal", (Step("s", "Do it", "edit", options),), "digest"), options=True)
            )
            pages.add("\n".join(map(str.rstrip, page.expandtabs().split("\n"))))
    assert len(pages) == 3 * len(told)


def test_nothing_in_a_plan_can_act_on_a_terminal() -> None:
    evil = "\x1b[2J\u202e\r"
    options = {evil: {"text": f"+{evil}\n", "name": evil, "base64": None}, "b": [evil], "run": [evil]}
    scope = ScopeContract(paths=(evil,), allowed_tools=(Tool.READ,))
    step = Step(evil, evil, evil, options)
    plan = Plan(evil, (step,), "digest", scope, (evil,), (evil,), (evil,))
    page = click.unstyle(plan_page(plan, options=True))
    assert not {"\x1b", "\u202e", "\r"} & set(page)
