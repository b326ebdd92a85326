"""The converter: what goes through it comes back the same, and what does not fit is told with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import pytest
from attrs import field, frozen, validators
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.converter import converter, problems_of
from mission_fsm.core.events import CommandProposed, StageChanged, StepCompleted
from mission_fsm.core.mission import Active, Mission, State
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.replies import Applied, CommandSpec, Proposal


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@frozen
class Inner:
    size: int
    names: tuple[str, ...] = ()


@frozen
class Outer:
    text: str = ""
    flag: bool = False
    count: int = 0
    ratio: float = 0.0
    maybe: int | None = None
    colour: Colour = Colour.RED
    way: Literal["up", "down"] = "up"
    run: str | tuple[str, ...] = ()
    amount: int | Inner | None = None
    inner: Inner = Inner(1)
    inners: tuple[Inner, ...] = ()
    listed: list[int] = field(factory=list)
    table: Mapping[str, Inner] = field(factory=dict)
    loose: Mapping[str, object] = field(factory=dict)
    anything: Any = None
    with_: int = 0
    level: int = field(default=1, validator=validators.ge(1))


def found_in(value: object, cls: Any = Outer, place: str = "") -> list[tuple[str, str]]:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (which class of error it is, is what problems_of is for)
        converter.structure(value, cls)
    return problems_of(caught.value, place)


def test_values_of_every_kind_come_back_as_they_went() -> None:
    outer = Outer(
        text="t",
        flag=True,
        count=3,
        ratio=0.5,
        maybe=4,
        colour=Colour.GREEN,
        way="down",
        run=("a", "b"),
        amount=Inner(2),
        inners=(Inner(1, ("x",)),),
        listed=[1, 2],
        table={"k": Inner(5)},
        loose={"any": [1, {"deep": None}]},
        anything={"x": 1},
        with_=9,
        level=2,
    )
    written = json.loads(json.dumps(converter.unstructure(outer)))
    assert written["with"] == 9
    assert written["colour"] == "green"
    assert converter.structure(written, Outer) == outer


@pytest.mark.parametrize(
    ("value", "place", "message"),
    [
        ({"text": 5}, "text", "expected text, found 5: put it in quotes"),
        ({"text": None}, "text", "expected text, found nothing"),
        ({"flag": 1}, "flag", "expected true or false, found 1"),
        ({"flag": "yes"}, "flag", "expected true or false, found 'yes'"),
        ({"count": "5"}, "count", "expected a whole number, found '5'"),
        ({"count": True}, "count", "expected a whole number, found true"),
        ({"count": 1.0}, "count", "expected a whole number, found 1.0"),
        ({"ratio": "1"}, "ratio", "expected a number, found '1'"),
        ({"ratio": True}, "ratio", "expected a number, found true"),
        ({"maybe": "ten"}, "maybe", "expected a whole number, found 'ten'"),
        ({"colour": "blue"}, "colour", "expected one of red, green, found 'blue'"),
        ({"colour": ["red"]}, "colour", "expected one of red, green, found a list"),
        ({"way": "left"}, "way", "expected one of up, down, found 'left'"),
        ({"run": 5}, "run", "expected text or a list, found 5"),
        ({"run": ["a", 5]}, "run[1]", "expected text, found 5: put it in quotes"),
        ({"amount": "x"}, "amount", "expected a whole number or a mapping, found 'x'"),
        ({"inner": {"size": "x"}}, "inner.size", "expected a whole number, found 'x'"),
        ({"inner": [1]}, "inner", "expected a mapping, found a list"),
        ({"inner": {}}, "inner.size", "is required"),
        ({"inner": {"size": 1, "names": "abc"}}, "inner.names", "expected a list, found 'abc'"),
        ({"inners": {"size": 1}}, "inners", "expected a list, found a mapping"),
        ({"inners": [{"size": 1}, {"size": 1, "names": [0]}]}, "inners[1].names[0]", "expected text, found 0"),
        ({"listed": [1, "2"]}, "listed[1]", "expected a whole number, found '2'"),
        ({"table": {"a key": {"size": None}}}, 'table["a key"].size', "expected a whole number, found nothing"),
        ({"table": {1: {"size": 1}}}, "table", "expected a mapping whose keys are text"),
        ({"loose": []}, "loose", "expected a mapping, found an empty list"),
        ({"level": 0}, "level", "must be >= 1"),
        ({"txet": "a"}, "txet", "unknown key 'txet': did you mean 'text'?"),
        ({"zzz": "a"}, "zzz", "unknown key 'zzz'"),
        ([], "", "expected a mapping, found an empty list"),
        ("text", "", "expected a mapping, found 'text'"),
        ({"text": 10**5000}, "text", "expected text, found a very long number"),
        ({"count": "x" * 100}, "count", "..."),
    ],
)
def test_what_does_not_fit_is_told_with_its_place_and_what_was_expected(
    value: object, place: str, message: str
) -> None:
    [(found_place, found_message)] = found_in(value)
    assert found_place == place
    assert message in found_message
    assert len(found_message) < 120


def test_all_that_is_wrong_is_told_at_once_below_the_given_place() -> None:
    wrong = {"text": 1, "inners": [{"size": "a"}, {"szie": 2}], "with": "x", "more": 1}
    assert [place for place, _ in found_in(wrong, place="steps[2].with")] == [
        "steps[2].with.text",
        "steps[2].with.inners[0].size",
        "steps[2].with.inners[1].size",
        "steps[2].with.inners[1].szie",
        "steps[2].with.with",
        "steps[2].with.more",
    ]


def test_a_whole_number_will_do_where_a_number_is_expected() -> None:
    assert converter.structure({"ratio": 2}, Outer).ratio == 2.0


def test_a_field_that_python_keeps_to_itself_stands_without_its_underscore() -> None:
    assert converter.unstructure(StageChanged("none", "edit", "a")) == {"from": "none", "to": "edit", "step_id": "a"}
    assert converter.structure({"from": "a", "to": "b", "step_id": "c"}, StageChanged) == StageChanged("a", "b", "c")


@pytest.mark.parametrize("reply", [None, Applied("d"), Proposal("digest", "ann")])
def test_a_reply_says_which_of_its_kinds_it_is(reply: Applied | Proposal | None) -> None:
    active = Active(0, "fix", 1, "edit", reply=reply)
    assert converter.structure(json.loads(json.dumps(converter.unstructure(active))), Active) == active


def test_a_mission_is_written_without_its_plan_and_read_with_it() -> None:
    plan = Plan("g", (Step("a", "d", "edit"),), "digest")
    mission = Mission("m", plan, "/w", None, "ann", State.IDLE, 1, retried={"a": 2})
    written = json.loads(json.dumps(converter.unstructure(mission)))
    assert "plan" not in written
    assert converter.structure({**written, "plan": plan}, Mission) == mission


def test_an_event_with_nested_classes_and_free_values_comes_back() -> None:
    proposed = CommandProposed("t", "d", CommandSpec(("a", "b"), env={"X": "1"}), "test", covered=True)
    done = StepCompleted("t", 0, success=True, evidence={"files": ["a"], "n": {"deep": 1.5}})
    for event in (proposed, done):
        assert converter.structure(json.loads(json.dumps(converter.unstructure(event))), type(event)) == event


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["text", "flag", "inner", "inners", "size", "names", "run", "amount", "table", "loose", "with"])
SHAPED = st.recursive(JSON, lambda inner: st.dictionaries(NAMES, inner, max_size=4) | st.lists(inner, max_size=2))


@given(SHAPED)
def test_every_json_value_is_either_taken_or_explained(value: object) -> None:
    try:
        outer = converter.structure(value, Outer)
    except Exception as error:
        found = problems_of(error)
        assert found
        assert all(message and "sub-exception" not in message for _, message in found)
    else:
        assert converter.structure(converter.unstructure(outer), Outer) == outer
