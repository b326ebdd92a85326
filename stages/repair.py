"""The stage `repair`: a bounded loop of edits, each judged by a test.

A repair is either a step of the plan that has its turn, and then proposes an edit and runs the test itself; or it
is bound to another step (`repairs`), and waits for that one to fail. Then only the edit is made here: the engine
runs the failed step again. A patch that a person gives for a failed step goes the second way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import frozen

from mission_fsm.stage import (
    TEST_FILES,
    Applied,
    BeginRepair,
    CommandOptions,
    CommandResult,
    Completed,
    EditFailed,
    Failed,
    FileEdit,
    Interrupted,
    NeedInput,
    Outcome,
    Proposal,
    ProposeChange,
    RepairBegun,
    RunCommand,
    Stage,
    StageContext,
    Tool,
    at_least_one,
    matches_any,
    option,
    verdict,
)

# What a test's step says of how it is run, besides the command.
_OF_THE_STEP = ("cwd", "env", "report", "sandbox", "network")


def _one_editor_each(_: object, attribute: Any, value: tuple[Mapping[str, Any], ...]) -> None:
    odd = next((at for at, entry in enumerate(value) if len(entry) != 1), None)
    if odd is not None:
        raise ValueError(f"{attribute.name}[{odd}]: expected one editor, as in {{patch: fix.patch}}")


@frozen
class RepairOptions(CommandOptions):
    """What to try, how often, and how to tell whether it helped. `run` is the last failed test's if left out."""

    repairs: str | None = option(
        "The step before it that it waits for to fail, instead of having a turn; each step has one repair at most.",
        default=None,
        binds_step=True,
    )
    tries: tuple[Mapping[str, Any], ...] = option(
        "Edits to try in order, each one editor with its options.", default=(), validator=_one_editor_each
    )
    max_attempts: int = option("How many edits to try at most.", default=3, validator=at_least_one)
    on_exhausted: Literal["fail", "rollback"] = option(
        "What becomes of what the tries changed once the last has failed: it stays, or it is taken back.",
        default="fail",
    )


class Repair(Stage):
    """Repairs what a test found."""

    name = "repair"
    words = ("fix", "repair", "debug", "resolve", "troubleshoot", "correct")
    touches = frozenset({Tool.READ, Tool.WRITE, Tool.EXEC})
    options = RepairOptions
    binds_edits = True
    when_interrupted = Interrupted.RUN_AGAIN

    def run(self, context: StageContext) -> Outcome:
        options: RepairOptions = context.options
        in_turn = context.repairing is None
        match context.reply:
            case Proposal() as proposal:
                return _propose(context, lambda: context.proposed(proposal))
            case RepairBegun(attempt=attempt):
                return _attempt(context, attempt)
            case Applied():
                command = _test(context)
                return command or Completed("the repair is applied; no test was there to judge it")
            case CommandResult(edits=tuple()):
                return _attempt(context, context.repair_attempt)
            case CommandResult() as result:
                command = _test(context)
                return verdict(result, command.report if command else None, may_repeat=_another_is_left(context))
        if in_turn and options.repairs is not None:
            return Completed(f"nothing to repair: {options.repairs} passed")
        if in_turn and not context.edits():
            return NeedInput(f"a patch for step {context.step.step_id}: {context.step.description}")
        return BeginRepair(options.max_attempts, options.on_exhausted)


def _attempt(context: StageContext, attempt: int) -> Outcome:
    edits = context.edits()
    if attempt > len(edits):
        count = f"{len(edits)} edit{'' if len(edits) == 1 else 's'}"
        return Failed("repairs_used_up", f"the plan binds {count} for this repair, and attempt {attempt} needs another")
    return _propose(context, lambda: context.edit(*edits[attempt - 1]))


def _propose(context: StageContext, make: Callable[[], tuple[FileEdit, ...] | RunCommand]) -> Outcome:
    try:
        made = make()
    except EditFailed as error:
        return Failed("edit_failed", str(error), may_repeat=_another_is_left(context), evidence=error.evidence)
    if isinstance(made, RunCommand):
        return made
    if not made:
        message = "the repair changes nothing: the files are already as it would leave them"
        return Failed("no_change", message, may_repeat=_another_is_left(context))
    attempt = f" (attempt {context.repair_attempt})" if context.repair_attempt else ""
    tests = [file.path for file in made if matches_any(TEST_FILES, file.path)]
    # A failure is easily repaired by changing what found it, so whoever decides is told.
    warning = f"; it changes tests: {', '.join(tests)}" if tests else ""
    if context.repairing is not None:
        return ProposeChange(made, f"repair of step {context.repairing}{attempt}{warning}")
    return ProposeChange(made, f"{context.step.description}{attempt}{warning}", final=_test(context) is None)


def _another_is_left(context: StageContext) -> bool:
    options: RepairOptions = context.options
    return context.repair_attempt < min(len(context.edits()), options.max_attempts)


def _test(context: StageContext) -> RunCommand | None:
    """The test that judges the repair: the one in its options, or the last one that failed, as its step runs it."""
    options: RepairOptions = context.options
    if options.run:
        return options.command("test", context.step.timeout_s)
    last = context.last_test
    if last is None or last.success:
        return None
    # Its folder, variables and sandbox stand in the step that has this command, or, where none has, that found it: the
    # test of an earlier attempt is this repair's own, so its step alone does not tell.
    steps = context.plan.steps
    running = [step for step in steps if step.options.get("run") == list(last.command)]
    running = running or [step for step in steps if step.stage == "test" and not step.options.get("run")]
    step = next((step for step in running if step.step_id == last.step_id), running[0] if running else None)
    told: Mapping[str, Any] = step.options if step is not None else {}
    where = {name: told[name] for name in _OF_THE_STEP if told.get(name) is not None}
    return CommandOptions(run=last.command, **where).command("test", context.step.timeout_s)
