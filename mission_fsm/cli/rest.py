"""Where a mission came to rest: the exit status that says so, and the words."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from mission_fsm.cli.advice import PATCH, advice
from mission_fsm.cli.words import indented, one_line, print_json, request_in_words, state_in_words
from mission_fsm.core.mission import Failure, Mission, State
from mission_fsm.core.projections import status, step_status
from mission_fsm.core.text import visible
from mission_fsm.core.wording import count
from mission_fsm.engine import Engine
from mission_fsm.errors import MissionError

AWAITING, PAUSED, FAILED, STOPPED, REFUSED = 3, 4, 5, 6, 7

_STATUSES = {
    State.COMPLETE: 0,
    State.AWAITING_APPROVAL: AWAITING,
    State.PAUSED: PAUSED,
    State.FAILED: FAILED,
    State.STOPPED: STOPPED,
}


def exit_status(mission: Mission) -> int:
    """The exit status of a command that left the mission there. A plan that was rejected is refused for good."""
    if mission.state is State.IDLE:
        return {"pending": AWAITING, "rejected": REFUSED}.get(mission.plan_decision, 0)
    return _STATUSES.get(mission.state, 0)


def report(engine: Engine, mission: Mission, *, as_json: bool) -> None:
    """Say where the mission stands, and what can be done now."""
    # Whether anybody still reads it changes nothing in where the mission stands, or in the status that says so.
    with suppress(BrokenPipeError):
        if as_json:
            print_json(status(mission))
            return
        click.echo(standing(mission))
        commands = advice_for(engine, mission, held=engine.holder(mission.mission_id) is not None)
        if commands:
            click.echo(indented(commands))


def standing(mission: Mission) -> str:
    """One line, or a few: the state and the reason for it."""
    verb = "has" if mission.state is State.FAILED else "is"
    line = f"mission {mission.mission_id} {verb} {state_in_words(mission.state)}"
    if mission.state is State.COMPLETE:
        every = range(len(mission.plan.steps))
        undone = sum(step_status(mission, index) == "rolled_back" for index in every)
        taken_back = f", {undone} of them rolled back" if undone else ""
        return f"{line}: {count(len(every), 'step')}{taken_back}"
    if mission.state is State.IDLE:
        return f"{line}: its plan is {_PLAN_DECISIONS[mission.plan_decision]}"
    steps = mission.plan.steps
    if mission.cursor < len(steps):
        line += f" at step {steps[mission.cursor].step_id} ({mission.cursor + 1} of {len(steps)})"
    if mission.failure is not None and mission.state is State.FAILED:
        return f"{line}: {_told(mission.failure)}"
    if mission.pending is not None:
        return "\n".join([f"{line}:", indented(request_in_words(mission), 4)])
    if mission.state is State.RUNNING and mission.at_rest:
        return f"{line}: it may go on, and nobody carries it on yet"
    if mission.pause_reason is not None and mission.state is State.PAUSED:
        wants = mission.active.wants if mission.awaits_input and mission.active else None
        return f"{line}: {mission.pause_reason.replace('_', ' ')}" + (f": {one_line(wants)}" if wants else "")
    return line


def _told(failure: Failure) -> str:
    """A failure's message: a sentence, and below it the end of what a test printed."""
    message = failure.message.strip() or f"{failure.kind.replace('_', ' ')}, and nothing was said of why"
    sentence, _, output = visible(message).partition("\n")
    return "\n".join([sentence, *(click.style(f"  {line}", dim=True) for line in output.splitlines())])


_PLAN_DECISIONS = {
    "pending": "waiting for approval",
    "approved": "approved, and has not been started",
    "rejected": "rejected, so it will never run",
}


def advice_for(engine: Engine, mission: Mission, *, held: bool = False) -> list[str]:
    """What can be done now, as aligned lines."""
    try:
        legal = engine.legal_triggers(mission.mission_id)
        in_the_way = _in_the_way(engine, mission)
    except MissionError as error:  # looking at the mission is still possible
        return [one_line(str(error))]
    # What is held has not lost its runner.
    commands = advice(mission, tuple(t for t in legal if not (held and t == "recover")))
    if mission.state is State.FAILED and mission.rollback_due is None:
        commands.insert(0, (f"mission repair {mission.mission_id} {PATCH}", "repairs it with a patch of yours"))
    if mission.failure is not None and mission.failure.artifact is not None:
        commands.append((f"mission output {mission.mission_id}", "prints what shows why it failed"))
    width = max((len(command) for command, _ in commands), default=0)
    lines = [f"{command:<{width}}  {click.style(does, dim=True)}" for command, does in commands]
    if not Path(mission.workspace).is_dir():
        lines.insert(0, one_line(f"its workspace {mission.workspace} does not exist any more"))
    return in_the_way + lines


def _in_the_way(engine: Engine, mission: Mission) -> list[str]:
    """What keeps a failed repair from being taken back, as the plan has it; nothing where nothing does."""
    if mission.rollback_due is None:
        return []
    found = engine.plan_rollback(mission.mission_id, mission.rollback_due).conflicts
    says = "the plan has what the repair changed taken back, and files are not as the mission left them:"
    return [says, *(one_line(f"  {conflict}") for conflict in found)] if found else []
