"""Pictures of the lifecycle, and of one mission's way through it: in Mermaid, and in DOT for Graphviz.

All that they show is read from the lifecycle table. An arrow bears every trigger that leads from its source to
its destination, each with its guards in brackets, as in UML; what happens without leaving a state stands in the
state's box. In a mission's picture the counts of its moves take the place of the guards.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping

from attrs import frozen

from mission_fsm.core.lifecycle import FINAL, INITIAL, TABLE, Row
from mission_fsm.core.mission import State
from mission_fsm.core.text import visible
from mission_fsm.core.trace import Trace

# In this order, and with labels of these widths, neither program draws one label over another.
DRAWN = (
    State.IDLE,
    State.RUNNING,
    State.FAILED,
    State.PAUSED,
    State.AWAITING_APPROVAL,
    State.STOPPED,
    State.COMPLETE,
)
_ARROW_WIDTH = 22
_BOX_WIDTH = 30
_WAY_WIDTH = 64
_WAY_MOST = 24


@frozen
class Paint:
    """Colours of a box or an arrow, as CSS and Graphviz both read them."""

    fill: str
    line: str
    text: str


_INK = "#111827"
_FAINT = Paint("#ffffff", "#9ca3af", "#9ca3af")

# Blue is at work, amber and violet wait, red has failed, green is done.
PAINTS: Mapping[State, Paint] = {
    State.IDLE: Paint("#f3f4f6", "#6b7280", _INK),
    State.RUNNING: Paint("#dbeafe", "#2563eb", _INK),
    State.AWAITING_APPROVAL: Paint("#fef3c7", "#d97706", _INK),
    State.PAUSED: Paint("#ede9fe", "#7c3aed", _INK),
    State.FAILED: Paint("#fee2e2", "#dc2626", _INK),
    State.STOPPED: Paint("#e5e7eb", "#374151", _INK),
    State.COMPLETE: Paint("#dcfce7", "#16a34a", _INK),
}


# --- what is drawn


def _arrows() -> dict[tuple[State, State], list[Row]]:
    """The rows of the table that lead from one state to another, by source and destination."""
    arrows: dict[tuple[State, State], list[Row]] = {}
    for row in sorted(TABLE, key=lambda row: (DRAWN.index(row.source), DRAWN.index(row.lands))):
        if row.dest is not None:
            arrows.setdefault((row.source, row.dest), []).append(row)
    return arrows


def _arrow_lines(rows: list[Row], way: Trace | None) -> list[str]:
    return [line for row in rows for line in textwrap.wrap(_label(row, way), _ARROW_WIDTH)]


def _box_lines(state: State, way: Trace | None) -> list[list[str]]:
    """What can happen in that state without leaving it, each wrapped."""
    rows = [row for row in TABLE if row.source is state and row.dest is None]
    return [textwrap.wrap(_label(row, way), _BOX_WIDTH) for row in rows]


def _label(row: Row, way: Trace | None) -> str:
    trigger = row.trigger.replace("_", " ")
    if way is not None:
        count = _count(row, way)
        return f"{trigger} \N{MULTIPLICATION SIGN}{count}" if count else trigger
    guards = ", ".join(guard.__name__.replace("_", " ") for guard in row.guards)
    return f"{trigger} [{guards}]" if guards else trigger


def _count(row: Row, way: Trace) -> int:
    return way.counts.get((row.trigger, row.source, row.lands), 0)


def _paint(state: State, way: Trace | None) -> Paint:
    return PAINTS[state] if way is None or state in way.states else _FAINT


def _border(state: State, way: Trace | None) -> int:
    """Width of the border, in pixels or points: thick where the mission stands."""
    return 4 if way is not None and way.state is state else 1


def _title(way: Trace | None) -> str:
    if way is None:
        return "The lifecycle of a mission"
    return f"Mission {way.mission_id}: {textwrap.shorten(visible(way.goal), 80, placeholder=' ...')}"


def _way_in_words(way: Trace) -> list[str]:
    """The states in order, on lines of one width; of a long way, the end."""
    names = [_name(state) for state in way.states[-_WAY_MOST:]]
    if len(way.states) > _WAY_MOST:
        names.insert(0, "...")
    # A line breaks only before an arrow.
    together = [name.replace(" ", "\N{NO-BREAK SPACE}") for name in names]
    return textwrap.wrap(" →\N{NO-BREAK SPACE}".join(together), _WAY_WIDTH, break_long_words=False)


def _name(state: State) -> str:
    return state.value.replace("_", " ")


# --- Mermaid

# Mermaid shows a title as it is, and yet will not have these in it.
_LOOKALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "&": "+",
    }
)


def mermaid(way: Trace | None = None) -> str:
    """The lifecycle, or a mission's way through it, as a Mermaid `stateDiagram-v2`."""
    title = json.dumps(_title(way).translate(_LOOKALIKES), ensure_ascii=False)
    lines = ["---", f"title: {title}", "---", "stateDiagram-v2"]
    for state in DRAWN:
        lines.append(f'    state "{_name(state)}" as {state}')
        lines += [f"    {state} : {'<br/>'.join(wrapped)}" for wrapped in _box_lines(state, way)]
    lines.append(f"    [*] --> {INITIAL}")
    for (source, dest), rows in _arrows().items():
        lines.append(f"    {source} --> {dest} : {'<br/>'.join(_arrow_lines(rows, way))}")
    lines += [f"    {state} --> [*]" for state in DRAWN if state in FINAL]
    if way is not None:
        lines += [f"    note right of {way.state}", *(f"        {line}" for line in _way_in_words(way)), "    end note"]
    for state in DRAWN:
        paint, width = _paint(state, way), _border(state, way)
        style = f"fill:{paint.fill},stroke:{paint.line},color:{paint.text},stroke-width:{width}px"
        lines += [f"    classDef is_{state} {style}", f"    class {state} is_{state}"]
    return "\n".join(lines) + "\n"


# --- DOT


def dot(way: Trace | None = None) -> str:
    """The lifecycle, or a mission's way through it, in the DOT language of Graphviz."""
    title = _quoted([_title(way), *(_way_in_words(way) if way else ())])
    lines = [
        "digraph lifecycle {",
        f"    graph [label={title}, labelloc=t, fontname=Helvetica, fontsize=16, nodesep=0.5, ranksep=0.7]",
        '    node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=13, margin="0.2,0.1"]',
        "    edge [fontname=Helvetica, fontsize=10]",
        f'    begin [shape=circle, fillcolor="{_INK}", label="", width=0.15]',
        f"    begin -> {INITIAL}",
    ]
    for state in DRAWN:
        inside = "".join(f'<br/><font point-size="10">{line}</font>' for w in _box_lines(state, way) for line in w)
        paint = _paint(state, way)
        lines.append(
            f"    {state} [label=<<b>{_name(state)}</b>{inside}>, peripheries={2 if state in FINAL else 1}, "
            f'fillcolor="{paint.fill}", color="{paint.line}", fontcolor="{paint.text}", '
            f"penwidth={_border(state, way)}]"
        )
    for (source, dest), rows in _arrows().items():
        taken = way is None or any(_count(row, way) for row in rows)
        colour = _INK if taken else _FAINT.line
        lines.append(
            f"    {source} -> {dest} [label={_quoted(_arrow_lines(rows, way))}, "
            f'color="{colour}", fontcolor="{colour}", penwidth={2 if way and taken else 1}]'
        )
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(lines: list[str]) -> str:
    """A DOT string of those lines, centred."""
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'
