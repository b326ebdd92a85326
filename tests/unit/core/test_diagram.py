"""The pictures: all that they show is in the lifecycle table, and all of the table is in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.diagram import DRAWN, PAINTS, dot, mermaid
from mission_fsm.core.lifecycle import FINAL, TABLE, Row
from mission_fsm.core.mission import State
from mission_fsm.core.trace import Trace

Draw = Callable[[Trace | None], str]
Labels = Callable[[str], dict[tuple[str, str], str]]

WAY = Trace(
    "m1",
    "sizes roll over",
    (State.IDLE, State.RUNNING, State.AWAITING_APPROVAL, State.RUNNING),
    {
        ("approve", State.IDLE, State.IDLE): 1,
        ("start", State.IDLE, State.RUNNING): 1,
        ("advance", State.RUNNING, State.RUNNING): 12,
        ("request_approval", State.RUNNING, State.AWAITING_APPROVAL): 1,
        ("approve", State.AWAITING_APPROVAL, State.RUNNING): 1,
    },
)


def words(text: str) -> str:
    """A label without its line breaks."""
    return " ".join(re.sub(r"<br/>|</?font[^>]*>|\\n", " ", text).split())


def mermaid_labels(drawing: str) -> dict[tuple[str, str], str]:
    """The labels of the arrows, by source and destination; a state and itself for what stands in its box."""
    arrows = {(a, b): words(label) for a, b, label in re.findall(r"^    (\w+) --> (\w+) : (.*)$", drawing, re.M)}
    boxes: dict[tuple[str, str], str] = {}
    for state, label in re.findall(r"^    (\w+) : (.*)$", drawing, re.M):
        boxes[state, state] = f"{boxes.get((state, state), '')} {words(label)}".strip()
    return arrows | boxes


def dot_labels(drawing: str) -> dict[tuple[str, str], str]:
    arrows = {
        (a, b): words(label) for a, b, label in re.findall(r'^    (\w+) -> (\w+) \[label="([^"]*)"', drawing, re.M)
    }
    boxes = re.findall(r"^    (\w+) \[label=<<b>[\w ]+</b>(.*?)>, ", drawing, re.M)
    return arrows | {(state, state): words(label) for state, label in boxes}


BOTH = pytest.mark.parametrize(
    ("draw", "labels"), [(mermaid, mermaid_labels), (dot, dot_labels)], ids=["mermaid", "dot"]
)


def in_words(row: Row) -> str:
    guards = ", ".join(guard.__name__ for guard in row.guards)
    return f"{row.trigger} [{guards}]".replace(" []", "").replace("_", " ")


def ends(row: Row) -> tuple[str, str]:
    return row.source.value, row.lands.value


@BOTH
def test_every_row_of_the_table_is_on_its_arrow_with_its_guards_and_nothing_else_is(draw: Draw, labels: Labels) -> None:
    expected: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        expected.setdefault(ends(row), []).append(in_words(row))
    found = {key: label for key, label in labels(draw(None)).items() if label}
    assert found.keys() == expected.keys()
    for key, left in found.items():
        for labelled in expected[key]:
            left = left.replace(labelled, "", 1)  # noqa: PLW2901 - what is left of it
        assert left.split() == []


def test_every_state_is_drawn_and_painted() -> None:
    assert set(DRAWN) == set(State) == set(PAINTS)


def test_the_first_state_and_the_final_ones_are_marked() -> None:
    assert "    [*] --> idle\n" in mermaid()
    assert set(re.findall(r"^    (\w+) --> \[\*\]$", mermaid(), re.M)) == {state.value for state in FINAL}
    assert "    begin -> idle\n" in dot()
    assert set(re.findall(r"^    (\w+) \[.*peripheries=2", dot(), re.M)) == {state.value for state in FINAL}


@BOTH
def test_a_missions_moves_bear_their_counts_in_place_of_guards(draw: Draw, labels: Labels) -> None:
    found = labels(draw(WAY))
    assert found["running", "running"] == "advance \N{MULTIPLICATION SIGN}12 recover"
    assert found["awaiting_approval", "running"] == "approve \N{MULTIPLICATION SIGN}1 void"
    assert found["awaiting_approval", "paused"] == "reject expire pause"
    assert not any("[" in label for label in found.values())


def test_where_the_mission_stands_has_a_thick_border_and_where_it_never_was_is_faint() -> None:
    styles = dict(re.findall(r"classDef is_(\w+) (.*)$", mermaid(WAY), re.M))
    assert styles["running"].endswith("stroke-width:4px")
    assert styles["idle"].endswith("stroke-width:1px")
    assert PAINTS[State.IDLE].fill in styles["idle"]
    assert PAINTS[State.FAILED].fill not in styles["failed"]
    assert re.search(r"^    running \[.*penwidth=4\]$", dot(WAY), re.M)


def test_arrows_that_were_taken_are_thick_and_the_others_faint() -> None:
    arrows = {line.split(" [")[0].strip(): line for line in dot(WAY).splitlines() if " -> " in line}
    assert "penwidth=2" in arrows["idle -> running"]
    assert "penwidth=1" in arrows["running -> failed"]
    colours = {key: re.search(r' color="(#\w+)"', line) for key, line in arrows.items() if key != "begin -> idle"}
    assert colours["idle -> running"] != colours["running -> failed"]


@pytest.mark.parametrize("draw", [mermaid, dot])
def test_the_way_is_told_in_words(draw: Draw) -> None:
    told = words(draw(WAY).replace("\N{NO-BREAK SPACE}", " "))
    assert "idle → running → awaiting approval → running" in told


def test_of_a_long_way_only_the_end_is_told() -> None:
    states = (State.IDLE, *[State.RUNNING, State.AWAITING_APPROVAL] * 500, State.RUNNING)
    drawing = mermaid(Trace("m1", "long", states, {}))
    assert "... → " in drawing.replace("\N{NO-BREAK SPACE}", " ")
    assert drawing.count("→") == 24


def lines_of_strings(drawing: str) -> Iterator[str]:
    """The drawing with every string of the DOT language replaced."""
    for line in drawing.splitlines():
        yield re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)


@given(goal=st.text())
def test_no_goal_can_change_the_drawing(goal: str) -> None:
    plain, odd = (Trace("m1", text, WAY.states, WAY.counts) for text in ("plain", goal))
    _, header, body = mermaid(odd).split("---\n", 2)
    assert yaml.safe_load(header)["title"].startswith("Mission m1:")
    assert body == mermaid(plain).split("---\n", 2)[2]
    assert list(lines_of_strings(dot(odd))) == list(lines_of_strings(dot(plain)))
