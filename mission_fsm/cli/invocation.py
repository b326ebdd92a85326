"""What every command is given: which home and workspace, who asks, and how to answer; and the options that say it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from mission_fsm.cli.progress import Silent
from mission_fsm.cli.tracing import start_logging
from mission_fsm.engine import Engine
from mission_fsm.errors import UsageError
from mission_fsm.home import default_home


@frozen
class Invocation:
    """home, workspace, by: None where they were not given, for the default one, the current folder and user."""

    home: Path | None = None
    workspace: Path | None = None
    as_json: bool = False
    by: str | None = None

    @property
    def folder(self) -> Path:
        """The workspace that is meant."""
        return self.workspace if self.workspace is not None else Path.cwd()

    @property
    def home_folder(self) -> Path:
        """The home that is meant."""
        return self.home.expanduser().absolute() if self.home is not None else default_home()

    @property
    def may_ask(self) -> bool:
        """Whether there is a person to ask: a terminal on both ends."""
        return not self.as_json and sys.stdin.isatty() and sys.stdout.isatty()

    def open(self, told: Silent | None = None) -> Engine:
        """The engine over that home. told: is told what happens."""
        engine = Engine.open(self.home, by=self.by, means="terminal", on_output=told.output if told else None)
        if told is not None:
            engine.subscribe(told.event)
        return engine

    def find(self, engine: Engine, name: str | None) -> str:
        """The mission that is meant: by its id, its beginning, or as the one of the workspace.

        Raises UnknownMission, and UsageError where another workspace was named than the mission's.
        """
        if not name:
            return engine.find(workspace=self.folder)
        mission_id = engine.find(name)
        if self.workspace is not None:
            own = next(row.workspace for row in engine.missions() if row.mission_id == mission_id)
            if Path(own) != self.workspace.resolve():
                raise UsageError(f"mission {mission_id} is one of {own}, not of {self.workspace}")
        return mission_id


_STANDARD = (
    click.option("-C", "--workspace", type=click.Path(path_type=Path), help="The workspace; the current folder."),
    click.option("--home", type=click.Path(path_type=Path), help="Where missions are kept; $MISSION_HOME."),
    click.option("--json", "as_json", is_flag=True, help="Answer with JSON on standard output."),
    click.option("--log", type=click.Path(path_type=Path), envvar="MISSION_LOG", help="Append log lines, as JSON."),
    click.option("-v", "--verbose", is_flag=True, help="Log to standard error."),
)

mission_argument = click.argument("mission", metavar="[ID]", required=False)
by_option = click.option("--by", metavar="NAME", help="Who decides; the current user.")
no_run_option = click.option("--no-run", is_flag=True, help="Only record the decision.")
take_over_option = click.option(
    "--take-over",
    is_flag=True,
    help="Take the mission from a runner that is suspended or hangs, unless it is writing files or running a command.",
)


def standard_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that all have, and `by` where it asks for it, as its first argument."""

    @functools.wraps(command)
    def called(
        *,
        workspace: Path | None,
        home: Path | None,
        as_json: bool,
        log: Path | None,
        verbose: bool,
        by: str | None = None,
        **others: Any,
    ) -> int:
        start_logging(log, verbose=verbose)
        return command(Invocation(home, workspace, as_json, by), **others)

    for option in reversed(_STANDARD):
        called = option(called)
    return called
