"""What happens, told as it happens: a line on standard error for each event that a person cares about.

What commands print stands there too, below the line that says what is run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click
from attrs import evolve

from mission_fsm.cli.printed import Printed
from mission_fsm.cli.words import one_line
from mission_fsm.core import events as e
from mission_fsm.core.mission import Mission
from mission_fsm.core.sentences import sentence, uncontained

# Events that have a line, and its colour. A gate, a pause, a failure and the end are told by whoever comes to rest.
_COLOURS: dict[type, str | None] = {
    e.MissionCreated: None,
    e.StepStarted: "cyan",
    e.RetrievalCompleted: None,
    e.DiffProposed: None,
    e.ApprovalResolved: None,
    e.ApprovalVoided: "yellow",
    e.GrantRevoked: None,
    e.CheckpointSecured: "bright_black",
    e.CheckpointRestored: None,
    e.DiffApplied: None,
    e.TestStarted: "bright_black",
    e.TestCompleted: "green",
    e.CommandStarted: "bright_black",
    e.CommandCompleted: None,
    e.FilesChanged: "yellow",
    e.RepairStarted: "cyan",
    e.InputRequested: "yellow",
    e.InputReceived: None,
    e.MissionRecovered: "yellow",
    e.StepCompleted: "green",
}


class Silent:
    """Tells nothing: the base of those who do."""

    def event(self, entry: e.Recorded, mission: Mission) -> None:
        """A listener for `Engine.subscribe`."""

    def output(self, chunk: bytes) -> None:
        """A listener for the output of commands."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """While the mission runs."""
        yield


class Lines(Silent):
    """Tells a line for each event, and what commands print."""

    def __init__(self) -> None:
        self._printed = Printed()
        self._uncontained: set[str] = set()

    def event(self, entry: e.Recorded, mission: Mission) -> None:
        self._say_printed(self._printed.rest())
        self._printed = Printed()
        if isinstance(entry.event, e.TestCompleted | e.CommandCompleted):
            self._say_uncontained(uncontained(entry.event.sandbox))
        line = line_of(entry, mission)
        if line is not None:
            # The mission does not depend on a listener: a closed terminal or pipe is none of its business.
            with suppress(OSError):
                self.say(line)

    def output(self, chunk: bytes) -> None:
        self._say_printed(self._printed.add(chunk))

    def _say_printed(self, lines: list[str]) -> None:
        with suppress(OSError):
            for line in lines:
                self.say(click.style(f"    │ {line}".rstrip(), dim=True))

    def _say_uncontained(self, said: str) -> None:
        """Say once that commands run in no sandbox, and why."""
        if said and said not in self._uncontained:
            self._uncontained.add(said)
            with suppress(OSError):
                self.say(click.style(f"  {one_line(said)}", dim=True))

    def say(self, line: str) -> None:
        """Print it."""
        click.echo(line, err=True)


def teller(*, as_json: bool) -> Silent:
    """The teller that fits: one that draws on a terminal, one that prints lines, and with JSON none."""
    if as_json:
        return Silent()
    if not sys.stderr.isatty():
        return Lines()
    from mission_fsm.cli.live import OnTerminal  # here, because rich takes long to import

    return OnTerminal()


def line_of(entry: e.Recorded, mission: Mission) -> str | None:
    """The event as a line of progress, or None where it has none."""
    event = entry.event
    if type(event) not in _COLOURS:
        return None
    colour = _COLOURS[type(event)]
    if isinstance(event, e.TestCompleted) and not event.as_expected:
        colour = "red"
    if isinstance(event, e.TestCompleted | e.CommandCompleted):
        entry = evolve(entry, event=evolve(event, sandbox=""))  # said once, and not with each command
    words = sentence(entry)
    if isinstance(event, e.StepStarted):
        words = f"[{event.step_index + 1}/{len(mission.plan.steps)}] {words}"
    elif isinstance(event, e.MissionCreated):
        words = f"mission {entry.mission_id}: {one_line(event.goal)}"
    else:
        words = f"  {words}"
    return click.style(words, fg=colour)
