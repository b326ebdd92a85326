"""How the command line speaks: colours for states and risks, JSON on standard output, text that is safe to show."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable

import click

from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.changes import RiskLevel
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.risk import LARGE, RULES
from mission_fsm.core.sentences import command_in_words
from mission_fsm.core.text import visible
from mission_fsm.core.wording import count
from mission_fsm.errors import UsageError

STATE_COLOURS = {
    State.IDLE: "white",
    State.RUNNING: "blue",
    State.AWAITING_APPROVAL: "yellow",
    State.PAUSED: "yellow",
    State.FAILED: "red",
    State.STOPPED: "magenta",
    State.COMPLETE: "green",
}
RISK_COLOURS = {RiskLevel.LOW: "green", RiskLevel.MEDIUM: "yellow", RiskLevel.HIGH: "red"}

_SAYS = {rule.id: rule.says for rule in (*RULES, LARGE)}


def print_json(value: object) -> None:
    """One JSON value on one line of standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


raw_option = click.option("--raw", is_flag=True, help="The exact bytes, on a terminal too.")


def print_exact(content: bytes, *, raw: bool, shown: Callable[[str], str]) -> None:
    """The bytes as they are; but on a terminal, unless they are wanted raw, as they can be shown there."""
    if raw or not sys.stdout.isatty():
        click.echo(content, nl=False)
    else:
        click.echo(shown(content.decode("utf-8", "surrogateescape")), nl=False)


def one_line(text: str) -> str:
    """Text from outside on one line, with nothing in it that could act on a terminal."""
    return visible(" ".join(text.split()))


def split_words(text: str) -> list[str]:
    """The words of a line, as a shell would read them. Raises UsageError where it could not."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text!r} cannot be read: {error}") from error


def state_in_words(state: State) -> str:
    """The state in its colour."""
    return click.style(state.value.replace("_", " "), fg=STATE_COLOURS[state], bold=True)


def risk_in_words(level: RiskLevel, rules: tuple[str, ...]) -> str:
    """`medium risk: a file is deleted (deletes)`, in its colour."""
    because = "; ".join(f"{_SAYS[rule]} ({rule})" if rule in _SAYS else rule for rule in rules)
    return click.style(f"{level.value} risk", fg=RISK_COLOURS[level], bold=True) + (f": {because}" if because else "")


def scope_in_words(scope: ScopeContract) -> str:
    """`src/**, tests/**; at most 4 files and 120 lines`."""
    limits = (
        (scope.max_files, "file"),
        (scope.max_lines, "line"),
        (scope.max_time_s, "second"),
        (scope.max_tool_calls, "tool call"),
    )
    bounds = [count(most, noun) for most, noun in limits if most is not None]
    paths = ", ".join(map(one_line, scope.paths))
    return f"{paths}; at most {' and '.join(bounds)}" if bounds else paths


def request_in_words(mission: Mission) -> list[str]:
    """What the request that is waiting is about, line by line; a command in full."""
    request, command = mission.pending, mission.awaited_command
    if request is None:
        return []
    lines = [f"{request.kind.value}: {one_line(request.summary)}"]
    if command is not None:
        lines += [click.style(line, bold=line.startswith("$ ")) for line in command_in_words(command)]
    if request.kind is ApprovalKind.SCOPE and mission.widening is not None:
        lines = ["scope: the mission has left its scope contract, or would:"]
        lines += [f"- {one_line(breach)}" for breach in mission.widening.breaches]
        lines.append(f"approving it widens the contract, for this mission, to {scope_in_words(mission.widening.scope)}")
    if request.risk_level is not None:
        lines.append(risk_in_words(request.risk_level, request.rules))
    if request.choices:
        lines.append(f"answers: {', '.join(map(one_line, request.choices))}")
    lines.append(f"digest {request.digest}")
    if request.expires_at is not None:
        lines.append(f"to be decided before {request.expires_at}")
    return lines


def indented(lines: list[str], by: int = 2) -> str:
    """The lines as one text, each moved to the right."""
    return "\n".join(" " * by + line for line in lines)
