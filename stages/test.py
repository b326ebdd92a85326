"""The stage `test`: runs a command, and judges how it ended by its exit status and its report."""

from __future__ import annotations

from typing import Literal

from attrs import evolve, frozen

from mission_fsm.stage import (
    CommandOptions,
    CommandResult,
    Failed,
    Interrupted,
    Outcome,
    Stage,
    StageContext,
    Tool,
    expecting_failure,
    option,
    verdict,
)

from .detection import TOOLS, detect


@frozen
class TestOptions(CommandOptions):
    """The test command, which is looked for in the workspace where none is named."""

    expect: Literal["pass", "fail"] = option(
        "What it is to do: `fail` is for a step that shows a fault before it is mended.", default="pass"
    )


class Test(Stage):
    """Runs the tests, by the command that the plan names, or else by the one that the files in the workspace speak for,
    which is then asked about. They pass with exit status 0 and, where a report says so, at least one test and no
    failure.
    """

    name = "test"
    words = ("test", "verify", "validate", "check", "run", "ensure", "confirm", "execute")
    touches = frozenset({Tool.READ, Tool.EXEC})
    options = TestOptions
    when_interrupted = Interrupted.RUN_AGAIN

    def run(self, context: StageContext) -> Outcome:
        options: TestOptions = context.options
        if not isinstance(context.reply, CommandResult):
            return _command(context, options)
        judged = verdict(context.reply, options.report)
        return expecting_failure(judged, context.reply, options.report) if options.expect == "fail" else judged


def _command(context: StageContext, options: TestOptions) -> Outcome:
    """The command that the plan names, or else the one that the workspace speaks for: what steps before this left."""
    command = options.command("test", context.step.timeout_s)
    if command.argv:
        return command
    found = detect(context.workspace, options.cwd)
    if found is None:
        return Failed(
            "no_test_command",
            f"the step names no test command, and none was found in the workspace, which has no signs of "
            f"{', '.join(TOOLS)}; name it in the plan, as in with: {{run: [python, -m, unittest]}}",
        )
    # A report that was only found is read where it is there, and not missed where it is not.
    return evolve(command, argv=found.argv, report=options.report or found.report, reason=found.reason)
