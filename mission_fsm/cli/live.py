"""Progress on a terminal: below the lines, what is under way, how long it has taken, and what it printed last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from mission_fsm.cli.progress import Lines
from mission_fsm.core import events as e
from mission_fsm.core.mission import Mission
from mission_fsm.core.text import tail, visible


class OnTerminal(Lines):
    """Tells a line for each event, and draws what is under way."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(stderr=True, highlight=False)
        self._under_way = UnderWay()

    def event(self, entry: e.Recorded, mission: Mission) -> None:
        match entry.event:
            case e.StepStarted(description=description):
                self._under_way.begin(description)
            case e.TestStarted(command=command) | e.CommandStarted(command=command):
                self._under_way.begin(" ".join(command))
        super().event(entry, mission)

    def output(self, chunk: bytes) -> None:
        super().output(chunk)
        self._under_way.printed(chunk)

    @contextmanager
    def working(self) -> Iterator[None]:
        spinner = Spinner("dots", text=self._under_way)
        with Live(spinner, console=self._console, transient=True, refresh_per_second=8, redirect_stdout=False):
            yield

    def say(self, line: str) -> None:
        self._console.print(Text.from_ansi(line), soft_wrap=True)


class UnderWay:
    """The line at the bottom, made anew each time it is drawn."""

    def __init__(self) -> None:
        self._what, self._said = "", ""
        self._since = time.monotonic()

    def begin(self, what: str) -> None:
        """Something else is under way."""
        self._what, self._said, self._since = visible(" ".join(what.split())), "", time.monotonic()

    def printed(self, chunk: bytes) -> None:
        """It has printed something, of which the last line that says something is shown."""
        self._said = next(iter(tail(chunk[-4096:].decode("utf-8", "replace"), 1)), self._said)

    def __rich__(self) -> Text:
        seconds = int(time.monotonic() - self._since)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{seconds // 60}:{seconds % 60:02} ", style="cyan")
        text.append(self._what)
        text.append(f"  {self._said}" if self._said else "", style="dim")
        return text
