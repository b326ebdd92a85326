"""`log`: a mission's events, in words or as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from mission_fsm.cli.invocation import Invocation, mission_argument, standard_options
from mission_fsm.cli.words import print_json
from mission_fsm.converter import converter
from mission_fsm.core.events import ExecutionStopped, Final, Recorded
from mission_fsm.core.sentences import sentence
from mission_fsm.engine import Engine

_POLL_S = 0.1


@click.command("log")
@mission_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the mission has ended, or Ctrl-C.")
@standard_options
def log_command(invocation: Invocation, mission: str | None, follow: bool) -> int:  # noqa: FBT001 - click's
    """Print a mission's events.

    With --json one object a line: sequence, type, version, time, mission_id, stage, data, previous_hash, hash.

    \b
    Examples:
      mission log --follow
      mission log 7kd --json
    """
    with invocation.open() as engine:
        mission_id = invocation.find(engine, mission)
        entries = _followed(engine, mission_id) if follow else engine.events(mission_id)
        try:
            for entry in entries:
                _print(entry, as_json=invocation.as_json)
        except KeyboardInterrupt:
            if not follow:
                raise
    return 0


def _followed(engine: Engine, mission_id: str) -> Iterator[Recorded]:
    last, ended = 0, False
    while True:
        for entry in engine.events(mission_id, after=last):
            last = entry.sequence
            ended = ended or isinstance(entry.event, Final | ExecutionStopped)
            yield entry
        if ended:
            return
        time.sleep(_POLL_S)


def _print(entry: Recorded, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sequence": entry.sequence,
                "type": entry.type,
                "version": entry.version,
                "time": entry.time,
                "mission_id": entry.mission_id,
                "stage": entry.stage,
                "data": converter.unstructure(entry.event),
                "previous_hash": entry.previous_hash,
                "hash": entry.hash,
            }
        )
    else:
        when = click.style(f"{entry.time[:10]} {entry.time[11:19]}", dim=True)
        click.echo(f"{entry.sequence:>5}  {when}  {sentence(entry)}")
