"""`output`: what a step's command printed, its search found, or an answer that it could not use, in full."""

from __future__ import annotations

import click
from attrs import frozen

from mission_fsm.cli.invocation import Invocation, mission_argument, standard_options
from mission_fsm.cli.words import one_line, print_exact, print_json, raw_option
from mission_fsm.core import events as e
from mission_fsm.core.sentences import sentence
from mission_fsm.core.text import visible
from mission_fsm.core.wording import count
from mission_fsm.engine import Engine
from mission_fsm.errors import UsageError


@frozen
class _Output:
    """Something that a step came to, in one of its attempts."""

    entry: e.Recorded
    step_id: str
    attempt: int
    artifact: str


@click.command("output")
@mission_argument
@click.option("--step", metavar="STEP_ID", help="The last that this step gave.")
@raw_option
@standard_options
def output_command(invocation: Invocation, mission: str | None, step: str | None, raw: bool) -> int:  # noqa: FBT001
    """Print all that the last test, command, search or failed edit gave.

    What a command printed, as far as it was kept; what a search found, as JSON; or what shows why an edit failed, such
    as a model's answer that could not be used. Of the whole mission, or of one step. The exact bytes, but on a terminal
    what nobody would see is named, such as ⟦U+001B⟧.

    \b
    Examples:
      mission output
      mission output 7kd --step check > check.log
    """
    with invocation.open() as engine:
        shown = engine.state(invocation.find(engine, mission))
        if step is not None and step not in {planned.step_id for planned in shown.plan.steps}:
            raise UsageError(f"{step!r} is no step of mission {shown.mission_id}")
        outputs = [output for output in _outputs(engine, shown.mission_id) if step in (None, output.step_id)]
        last = outputs[-1] if outputs else None
        content = engine.artifact(last.artifact) if last is not None else b""
    if invocation.as_json:
        print_json({"mission_id": shown.mission_id, "output": _as_object(last, content) if last else None})
    elif last is None:
        whose = f"step {one_line(step)} of mission" if step is not None else "mission"
        click.echo(f"{whose} {shown.mission_id} has no output", err=True)
    else:
        click.echo(
            f"step {one_line(last.step_id)}, attempt {last.attempt}, {count(len(content), 'byte')}: "
            f"{sentence(last.entry)}",
            err=True,
        )
        print_exact(content, raw=raw, shown=visible)
    return 0


def _outputs(engine: Engine, mission_id: str) -> list[_Output]:
    found: list[_Output] = []
    step_id, attempt = "", 0
    types = {
        "step_started",
        "test_completed",
        "command_completed",
        "retrieval_completed",
        "repair_completed",
        "failure_detected",
    }
    for entry in engine.events(mission_id, types=types):
        match entry.event:
            case e.StepStarted():
                step_id, attempt = entry.event.step_id, entry.event.attempt
            case e.TestCompleted(artifact=str(artifact)) | e.CommandCompleted(artifact=str(artifact)):
                found.append(_Output(entry, step_id, attempt, artifact))
            case e.RepairCompleted(artifact=str(artifact)) | e.FailureDetected(artifact=str(artifact)):
                found.append(_Output(entry, step_id, attempt, artifact))
            case e.RetrievalCompleted(artifact=artifact) if artifact:
                found.append(_Output(entry, step_id, attempt, artifact))
    return found


def _as_object(output: _Output, content: bytes) -> dict[str, object]:
    return {
        "sequence": output.entry.sequence,
        "type": output.entry.type,
        "step_id": output.step_id,
        "attempt": output.attempt,
        "artifact": output.artifact,
        "text": content.decode("utf-8", "replace"),
    }
