"""The entry point: a group that imports a command only when it is asked for, and errors told as sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import TextIO

import click
from click.shell_completion import CompletionItem

from mission_fsm import __version__
from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.failure import tell

_EPILOG = """\b
Exit status:
  0  complete, or the command did what it says     5  failed
  1  unexpected error                              6  stopped
  2  usage, or an invalid plan                     7  refused: not legal now, or held
  3  awaiting approval                             8  the journal does not verify
  4  paused                                      130  Ctrl-C; a mission that runs is paused: 4

\b
With --json, standard output is one JSON object; where the command fails, it is
{"error": {"kind", "message", "exit_status", ...}}, and the sentence is on standard error.

\b
Completion: eval "$(_MISSION_COMPLETE=bash_source mission)", or zsh_source, or fish_source.
"""


class LazyGroup(click.Group):
    """A group whose commands stand in the catalog."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"mission_fsm.cli.commands.{entry.module}")
        found: click.Command = getattr(module, f"{cmd_name}_command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.sentence) for name, entry in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [
            CompletionItem(name, help=entry.sentence) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)


@click.command(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mission", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run a plan that a person approved, one step at a time, and nothing else.

    A command that names a mission takes its id, the beginning of its id, or nothing where the workspace (the
    current folder, or -C) has one mission.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is printed as its escape, rather than ending the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(list(arguments), prog_name="mission", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:  # every one of them becomes a sentence and a status
        status = tell(error, as_json="--json" in arguments)
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    sys.exit(status if isinstance(status, int) else 0)


def _let_go(stream: TextIO) -> None:
    """Flush the stream; where nobody reads it any more, that is no error, and Python must not find one either."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
