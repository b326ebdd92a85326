"""A plan with every kind of stage, of edit and of gate, and the files that it needs."""

from __future__ import annotations

from pathlib import Path

# Changes a file and renames another. Both are below lib, for which decisions are given in advance.
PATCH = """diff --git a/lib/value.txt b/lib/value.txt
--- a/lib/value.txt
+++ b/lib/value.txt
@@ -1,3 +1,3 @@
 one
-two
+deux
 three
diff --git a/lib/named.txt b/lib/renamed/named.txt
similarity index 100%
rename from lib/named.txt
rename to lib/renamed/named.txt
"""

# For the step that binds no edit.
PROPOSAL = """--- /dev/null
+++ b/lib/given.txt
@@ -0,0 +1 @@
+given
"""

# A third party's stage. Its command is not the plan's, so it has to be approved; and the stage does not say what to
# do when it was cut short, so the mission has to ask.
SHIP = '''
"""Ships."""
from attrs import frozen
from mission_fsm.stage import CommandOptions, CommandResult, Completed, Failed, RunCommand, Stage, Tool


class Ship(Stage):
    """Ships what is there."""

    name = "ship"
    words = ("ship",)
    touches = frozenset({Tool.EXEC})
    options = CommandOptions

    def run(self, context):
        if not isinstance(context.reply, CommandResult):
            return RunCommand((*context.options.run, "now"))
        if context.reply.exit_status != 0:
            return Failed("not_shipped", context.reply.problem or "the command failed")
        return Completed("shipped")
'''

GRANT = "edit:lib/**"

# How often each command of the plan runs.
RUNS = {"check": 1, "prove": 2, "ship": 1}


def plan(ran: Path) -> dict[str, object]:
    """The plan. ran: a file to which each command adds the id of its step."""

    def step(step_id: str, stage: str, **options: object) -> dict[str, object]:
        # What a command did is told by a file outside of the workspace.
        where = {"sandbox": "off"} if "run" in options else {}
        return {"step_id": step_id, "description": f"Step {step_id}", "stage": stage, "with": {**where, **options}}

    def running(step_id: str, then: str) -> list[str]:
        return ["sh", "-c", f"echo {step_id} >> {ran}; {then}"]

    files = [
        {"path": "new/deep/made.txt", "content": "made\n"},
        {"path": "bin/tool", "content": "#!/bin/sh\nexit 0\n", "mode": "755"},
        {"path": "lib/old/gone.txt", "delete": True},
        {"path": "link", "link_target": "lib/value.txt"},
    ]
    mended = {"replace": [{"path": "lib/value.txt", "search": "three", "replace": "trois"}]}
    return {
        "version": 1,
        "goal": "every kind of stage",
        "steps": [
            step("find", "retrieve", query="value"),
            step("write", "edit", write=files),
            step("check", "test", run=running("check", "test -x bin/tool")),
            step("ask", "plan", question="Go on?"),
            step("patch", "edit", patch={"name": "fix.patch", "text": PATCH}),
            step("give", "edit"),
            step("prove", "test", run=running("prove", "grep -q trois lib/value.txt")),
            step("mend", "repair", repairs="prove", tries=[mended]),
            # So that there are more than a hundred events, and a snapshot among them.
            *(step(f"look-{number}", "retrieve", query="trois") for number in (1, 2, 3)),
            step("ship", "ship", run=running("ship", "true")),
        ],
    }


def lay_out_workspace(work: Path) -> None:
    """Make the files that the plan is about."""
    for made in (work / "lib" / "old", work / "bin"):
        made.mkdir(parents=True)
    (work / "lib" / "value.txt").write_text("one\ntwo\nthree\n")
    (work / "lib" / "named.txt").write_text("to be renamed\n")
    (work / "lib" / "old" / "gone.txt").write_text("to be deleted\n")
    (work / "bin" / "tool").write_text("#!/bin/sh\nexit 0\n")
    (work / "bin" / "tool").chmod(0o640)
    (work / "link").symlink_to("bin/tool")


def lay_out_plugin(folder: Path) -> None:
    """Make a folder that is an installed package with the third party's stage, once it is on the path."""
    told = folder / "ship-1.0.dist-info"
    told.mkdir(parents=True)
    (folder / "ship.py").write_text(SHIP)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: ship\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[mission_fsm.stages]\nship = ship:Ship\n")
