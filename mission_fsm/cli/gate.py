"""The gate on a terminal: what waits for a decision is shown, and a person approves, rejects, pauses or leaves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import click

from mission_fsm.cli.diffs import coloured, diff_text, pending_diff, unapproved_changes, waiting_diff
from mission_fsm.cli.editing import edited
from mission_fsm.cli.words import indented, request_in_words, split_words
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.text import visible
from mission_fsm.engine import Engine
from mission_fsm.errors import Refused, RequestLapsed, UsageError
from mission_fsm.workspace.selection import names_hunks

_RULE = "─" * 78


class Person(Protocol):
    """Who is asked."""

    def answer(self, question: str) -> str:
        """Their answer. Raises EOFError or KeyboardInterrupt where there is none."""

    def heed(self) -> None:
        """Raises KeyboardInterrupt where they, or whoever ends this process, have said that nothing is to go on."""


def decide(engine: Engine, mission: Mission, person: Person) -> Mission:
    """Ask until something is decided, or the person leaves it waiting; the mission as it stands then.

    Raises Refused where it was decided elsewhere meanwhile.
    """
    request = mission.pending
    if request is None:
        raise AssertionError("there is a gate only where a request is pending")
    if request.kind is not ApprovalKind.PLAN:
        _show(engine, mission)
    decided: Mission | None = None
    while decided is None:
        try:
            decided = _ask(engine, mission, request, person)
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


def _show(engine: Engine, mission: Mission) -> None:
    click.echo(click.style(_RULE, dim=True))
    waiting = pending_diff(engine, mission)
    for diff in [waiting] if waiting is not None else unapproved_changes(engine, mission):
        click.echo(coloured(diff_text(engine, diff)).rstrip("\n"))
        click.echo(click.style(_RULE, dim=True))
    click.echo(indented(request_in_words(mission)))


def _ask(engine: Engine, mission: Mission, request: Request, person: Person) -> Mission | None:
    answers = request.kind is ApprovalKind.QUESTION
    choices: dict[str, tuple[str, Callable[[], Mission | None]]] = {
        "a": ("answer" if answers else "approve", lambda: _approve(engine, mission, request, person)),
        "r": ("reject", lambda: _reject(engine, mission, request, person)),
        "l": ("leave it waiting", lambda: engine.state(mission.mission_id)),
    }
    if mission.state is State.AWAITING_APPROVAL:
        choices["p"] = ("pause", lambda: engine.pause(mission.mission_id))
    if request.kind is ApprovalKind.DIFF:
        choices["s"] = ("some of it", lambda: _approve_some(engine, mission, request, person))
        choices["e"] = ("edit", lambda: _approve_edited(engine, mission, request, person))
    menu = ", ".join(f"[{key}] {word}" for key, (word, _) in choices.items())
    key = person.answer(f"{menu}? ").lower()
    chosen = choices.get(key) or next((choice for choice in choices.values() if choice[0] == key), None)
    return chosen[1]() if chosen is not None else None


def _approve(engine: Engine, mission: Mission, request: Request, person: Person) -> Mission:
    # Which answers there are stands in the request, and one that is none of them is refused.
    text = person.answer("your answer: ") if request.kind is ApprovalKind.QUESTION else None
    return engine.approve(mission.mission_id, digest=request.digest, approval_id=request.approval_id, answer=text)


def _approve_some(engine: Engine, mission: Mission, request: Request, person: Person) -> Mission:
    words = split_words(person.answer("files and hunks, such as src/** or a.py:1,3: "))
    return engine.approve(
        mission.mission_id,
        digest=request.digest,
        approval_id=request.approval_id,
        files=[word for word in words if not names_hunks(word)],
        hunks=[word for word in words if names_hunks(word)],
    )


def _approve_edited(engine: Engine, mission: Mission, request: Request, person: Person) -> Mission:
    try:
        patch = edited(waiting_diff(engine, mission))
    finally:
        # Whatever came back, it is not approved where a signal has come meanwhile.
        person.heed()
    return engine.approve(mission.mission_id, digest=request.digest, approval_id=request.approval_id, patch=patch)


def _reject(engine: Engine, mission: Mission, request: Request, person: Person) -> Mission:
    reason = person.answer("reason: ")
    return engine.reject(mission.mission_id, reason, digest=request.digest, approval_id=request.approval_id)
