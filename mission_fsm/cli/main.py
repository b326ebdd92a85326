"""The entry point: a group that imports a command only when it is asked for, and errors told as sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from mission_fsm import __version__
from mission_fsm.cli import streams
from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.failure import tell

_EPILOG = """\b
Exit status:
  0  complete, or the command did what it says     5  failed
  1  unexpected error                              6  stopped
  2  usage, or an invalid plan                     7  refused: not legal now, or held
  3  awaiting approval                             8  the journal does not verify
  4  paused                                      130  Ctrl-C; a mission that runs or asks is paused: 4

\b
With --json, standard output is one JSON object; where the command fails, it is
{"error": {"kind", "message", "exit_status", ...}}, and the sentence is on standard error.

\b
Completion: eval "$(_MISSION_COMPLETE=bash_source mission)", or zsh_source, or fish_source.
"""


class LazyGroup(click.Group):
    """A group whose commands stand in the catalog."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _enough_read():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _enough_read():
            return super().invoke(ctx)

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


@contextmanager
def _enough_read() -> Iterator[None]:
    """Whoever read our output and has had enough of it makes no error of it, as click would."""
    try:
        yield
    except BrokenPipeError:
        raise click.exceptions.Exit(0) from None


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
    current folder, or -C) has one mission, or one that may still run: it has not ended, and its plan was not rejected.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    streams.make_ready()
    try:
        status = cli.main(list(arguments), prog_name="mission", standalone_mode=False)
        with suppress(BrokenPipeError):
            sys.stdout.flush()
    except BaseException as error:  # every one of them becomes a sentence and a status
        status = tell(error, as_json="--json" in arguments)
    streams.let_go()
    sys.exit(status if isinstance(status, int) else 0)
