"""The commands: where each is found, and its sentence in `mission --help`, which so imports none of them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """module: below `mission_fsm.cli.commands`; there `run` is `run_command`, and so on."""

    module: str
    sentence: str


# In the order of a mission's life.
COMMANDS: dict[str, Entry] = {
    "demo": Entry("demo", "Watch a real plan run on a small project with a real fault."),
    "check": Entry("check", "Say what a plan comes to, or all that is wrong with it."),
    "run": Entry("run", "Run a plan, or carry a mission on, to the next gate, pause, failure or end."),
    "list": Entry("listing", "List missions, newest first."),
    "show": Entry("show", "Show where a mission stands, and what can be done now."),
    "diff": Entry("diff", "Show the change that is waiting, or what the mission has changed."),
    "output": Entry("output", "Print all that the last test, command, search or failed edit gave."),
    "approve": Entry("decide", "Approve what is waiting, and carry on."),
    "reject": Entry("decide", "Reject what is waiting, with a reason."),
    "revoke": Entry("revoke", "Take back a decision that was given in advance."),
    "pause": Entry("interrupt", "Pause a mission at its next safe point."),
    "resume": Entry("carry", "Let a paused mission run on."),
    "retry": Entry("carry", "Run the step that failed, or was paused, again."),
    "repair": Entry("carry", "Repair the step that failed, and run it again."),
    "propose": Entry("carry", "Give a step that asks for a change one, as a patch."),
    "rollback": Entry("rollback", "Put files back to where they were before the mission's edits."),
    "stop": Entry("interrupt", "Stop a mission for good."),
    "log": Entry("log", "Print a mission's events."),
    "replay": Entry("journal", "Fold a mission's events anew, to the end or to one of them."),
    "verify": Entry("journal", "Prove that a mission's journal is what was written."),
    "export": Entry("portable", "Write a mission to one file that verifies by itself."),
    "import": Entry("portable", "Take in a mission from a file that `export` wrote."),
    "backup": Entry("portable", "Copy the whole home to one file, while missions run."),
    "prune": Entry("prune", "Remove missions that have ended from the home, to make room."),
    "diagram": Entry("diagram", "Draw the lifecycle, or a mission in it."),
    "stages": Entry("stages", "List the stages and editors that are installed."),
    "schema": Entry("schema", "Print the JSON Schema of plans."),
}
