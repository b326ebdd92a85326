"""The gate on a terminal: what waits for a decision is shown, and a person approves, rejects, pauses or leaves it."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import click

from mission_fsm.cli.diffs import coloured, diff_text, pending_diff, waiting_diff
from mission_fsm.cli.editing import edited
from mission_fsm.cli.words import indented, one_line, request_in_words, split_words
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.replies import CommandSpec
from mission_fsm.core.text import visible
from mission_fsm.engine import Engine
from mission_fsm.errors import Refused, RequestLapsed, UsageError
from mission_fsm.workspace.selection import names_hunks

_RULE = "─" * 78


Answers = Callable[[str], str]


def decide(engine: Engine, mission: Mission, answer: Answers) -> Mission:
    """Ask until something is decided, or the person leaves it waiting; the mission as it stands then.

    answer: puts a question and gives its answer; raises EOFError or KeyboardInterrupt where there is none.
    Raises Refused where it was decided elsewhere meanwhile.
    """
    request = mission.pending
    if request is None:
        raise AssertionError("there is a gate only where a request is pending")
    if request.kind is not ApprovalKind.PLAN:
        _show(engine, mission, request)
    decided: Mission | None = None
    while decided is None:
        try:
            decided = _ask(engine, mission, request, answer)
        except (Refused, UsageError) as refusal:
            now = engine.state(mission.mission_id)
            lapsed = isinstance(refusal, RequestLapsed)
            if not lapsed and (now.pending is None or now.pending.approval_id != request.approval_id):
                raise
            click.secho(visible(str(refusal)), fg="red", err=True)
            decided = now if lapsed else None
        except (KeyboardInterrupt, EOFError):
            click.echo()
            return engine.state(mission.mission_id)
    return decided


def _show(engine: Engine, mission: Mission, request: Request) -> None:
    click.echo(click.style(_RULE, dim=True))
    proposal = pending_diff(engine, mission)
    command = mission.active.command if mission.active is not None else None
    if proposal is not None:
        click.echo(coloured(diff_text(engine, proposal)).rstrip("\n"))
        click.echo(click.style(_RULE, dim=True))
    elif request.kind is ApprovalKind.COMMAND and command is not None:
        click.echo(indented(_command_in_words(command.spec)))
    click.echo(indented(request_in_words(request)))


def _command_in_words(spec: CommandSpec) -> list[str]:
    lines = [click.style(f"$ {visible(shlex.join(spec.argv))}", bold=True)]
    lines.append(f"in {one_line(spec.cwd)}, at most {spec.timeout_s} s")
    lines += [f"with {one_line(name)}={visible(shlex.quote(value))}" for name, value in spec.env.items()]
    return lines


def _ask(engine: Engine, mission: Mission, request: Request, answer: Answers) -> Mission | None:
    answers = request.kind is ApprovalKind.QUESTION
    choices: dict[str, tuple[str, Callable[[], Mission | None]]] = {
        "a": ("answer" if answers else "approve", lambda: _approve(engine, mission, request, answer)),
        "r": ("reject", lambda: _reject(engine, mission, request, answer)),
        "l": ("leave it waiting", lambda: engine.state(mission.mission_id)),
    }
    if mission.state is State.AWAITING_APPROVAL:
        choices["p"] = ("pause", lambda: engine.pause(mission.mission_id))
    if request.kind is ApprovalKind.DIFF:
        choices["s"] = ("some of it", lambda: _approve_some(engine, mission, request, answer))
        choices["e"] = ("edit", lambda: _approve_edited(engine, mission, request))
    menu = ", ".join(f"[{key}] {word}" for key, (word, _) in choices.items())
    key = answer(f"{menu}? ").lower()
    chosen = choices.get(key) or next((choice for choice in choices.values() if choice[0] == key), None)
    return chosen[1]() if chosen is not None else None


def _approve(engine: Engine, mission: Mission, request: Request, answer: Answers) -> Mission:
    # Which answers there are stands in the request, and one that is none of them is refused.
    text = answer("your answer: ") if request.kind is ApprovalKind.QUESTION else None
    return engine.approve(mission.mission_id, digest=request.digest, approval_id=request.approval_id, answer=text)


def _approve_some(engine: Engine, mission: Mission, request: Request, answer: Answers) -> Mission:
    words = split_words(answer("files and hunks, such as src/** or a.py:1,3: "))
    return engine.approve(
        mission.mission_id,
        digest=request.digest,
        approval_id=request.approval_id,
        files=[word for word in words if not names_hunks(word)],
        hunks=[word for word in words if names_hunks(word)],
    )


def _approve_edited(engine: Engine, mission: Mission, request: Request) -> Mission:
    patch = edited(waiting_diff(engine, mission))
    return engine.approve(mission.mission_id, digest=request.digest, approval_id=request.approval_id, patch=patch)


def _reject(engine: Engine, mission: Mission, request: Request, answer: Answers) -> Mission:
    reason = answer("reason: ")
    return engine.reject(mission.mission_id, reason, digest=request.digest, approval_id=request.approval_id)
