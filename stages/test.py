"""The stage `test`: runs a command, and judges how it ended by its exit status and its report."""

from __future__ import annotations

from attrs import frozen

from mission_fsm.stage import CommandOptions, CommandResult, Interrupted, Outcome, Stage, StageContext, Tool, verdict


@frozen
class TestOptions(CommandOptions):
    """The test command."""

    def __attrs_post_init__(self) -> None:
        if not self.run:
            raise ValueError("run: a test needs its command, as in [python, -m, pytest]")


class Test(Stage):
    """Runs the tests. They pass with exit status 0 and, where a report says so, at least one test and no failure."""

    name = "test"
    words = ("test", "verify", "validate", "check", "run", "ensure", "confirm", "execute")
    touches = frozenset({Tool.READ, Tool.EXEC})
    options = TestOptions
    when_interrupted = Interrupted.RUN_AGAIN

    def run(self, context: StageContext) -> Outcome:
        options: TestOptions = context.options
        if isinstance(context.reply, CommandResult):
            return verdict(context.reply, options.report)
        return options.command("test", context.step.timeout_s)
