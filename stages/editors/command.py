"""The editor `command`: what a program changes in a copy of the workspace is the change.

A formatter, a codemod, a coding agent's command line: anything that edits files. It is run by the engine, in a copy,
so that nothing of it is in the workspace before it was shown and approved.
"""

from __future__ import annotations

from attrs import frozen

from mission_fsm.stage import (
    CommandResult,
    EditFailed,
    FileEdit,
    ProgramEditor,
    ProgramOptions,
    RunCommand,
    option,
    tail,
)

_LINES_SHOWN = 12


@frozen
class Program(ProgramOptions):
    """The program, and what is taken for a change."""

    may_change_nothing: bool = option(
        "Whether it is no failure that it changes nothing, as of a formatter where all is in form.", default=False
    )

    def __attrs_post_init__(self) -> None:
        if not self.run:
            raise ValueError("run: name the program and its arguments, as in [ruff, format, .]")


class Command(ProgramEditor):
    """Runs a program in a copy of the workspace; what it changes there is the change, where it exits with 0."""

    name = "command"
    options = Program

    def program(self, options: Program) -> RunCommand:
        """The command as it stands in the plan."""
        return RunCommand(
            options.run, cwd=options.cwd, env=options.env, sandbox=options.sandbox, network=options.network
        )

    def made(self, options: Program, result: CommandResult) -> tuple[FileEdit, ...]:
        """What it changed. Raises EditFailed where it did not end well, or changed nothing and was to."""
        if result.kind != "exited":
            raise EditFailed(_with_output(result.problem or f"the program ended as {result.kind}", result.output))
        if result.exit_status != 0:
            raise EditFailed(_with_output(f"{options.run[0]} exited with {result.exit_status}", result.output))
        if not result.edits and not options.may_change_nothing:
            raise EditFailed(_with_output(f"{options.run[0]} exited with 0 and changed nothing", result.output))
        return result.edits or ()


def _with_output(problem: str, output: str) -> str:
    shown = "\n".join(tail(output, _LINES_SHOWN))
    return f"{problem}:\n{shown}" if shown else problem
