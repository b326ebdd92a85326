"""A mission with every kind of stage, and the script that carries it to its end and then back to its beginning."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import structlog  # noqa: F401 - loaded here, and not by each child anew
from attrs import frozen

from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.main import main
from mission_fsm.core.events import Recorded
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.registry import Registry
from mission_fsm.testing.faults import Call, Ended, Fault, durable, in_child, orphans, strike
from mission_fsm.testing.folders import Tree, contents

PATCH = """--- a/lib/value.txt
+++ b/lib/value.txt
@@ -1,3 +1,3 @@
 one
-two
+deux
 three
"""

# A third party's stage. It does not say what to do when its command was cut short, so the mission has to ask.
SHIP = '''
"""Ships."""
from attrs import frozen
from mission_fsm.stage import CommandOptions, CommandResult, Completed, Failed, Stage, Tool


class Ship(Stage):
    """Ships what is there."""

    name = "ship"
    words = ("ship",)
    touches = frozenset({Tool.EXEC})
    options = CommandOptions

    def run(self, context):
        if not isinstance(context.reply, CommandResult):
            return context.options.command("command", context.step.timeout_s)
        if context.reply.exit_status != 0:
            return Failed("not_shipped", context.reply.problem or "the command failed")
        return Completed("shipped")
'''

# Events of what was done or decided, each of which happens once.
EFFECTS = (
    *("approval_resolved", "retrieval_completed", "diff_applied", "test_completed", "command_completed"),
    *("step_completed", "repair_completed", "final", "checkpoint_restored"),
)

# How often each command of the plan runs.
RUNS = {"check": 1, "prove": 2, "ship": 1}


@frozen
class Stand:
    """What is on record of the mission; `mission` is None where there is none."""

    mission: Mission | None
    events: tuple[Recorded, ...]

    @property
    def is_rolled_back(self) -> bool:
        """Whether the script has come to its end."""
        return any(entry.type == "checkpoint_restored" for entry in self.events)

    @property
    def effects(self) -> list[str]:
        """What was done and decided, in order."""
        return [f"{entry.type} {getattr(entry.event, 'step_id', '')}" for entry in self.events if entry.type in EFFECTS]

    @property
    def under_way(self) -> str | None:
        """The step whose command is on record as begun and not as ended."""
        begun = None
        for entry in self.events:
            if entry.type in {"test_started", "command_started"}:
                begun = getattr(entry.event, "step_id", None)
            elif entry.type in {"test_completed", "command_completed"}:
                begun = None
        return begun


@frozen
class Moment:
    """A command of the script, as it goes when nothing befalls it.

    calls: those that it makes, in order. saved: a folder with everything as it is before the command.
    """

    argv: tuple[str, ...]
    calls: tuple[Call, ...]
    saved: Path


class Scene:
    """The mission in a folder of its own, and the script. by_strace: what calls are looked at by; else the seam."""

    def __init__(self, folder: Path, *, by_strace: bool) -> None:
        self.folder = folder
        self._by_strace = by_strace
        self._saved = 0
        self.live = folder / "live"
        self.work, self.home, self.scratch = (self.live / name for name in ("work", "home", "tmp"))
        self.ran, self.log, self.plugin = self.live / "ran", self.live / "log", folder / "plugin"
        self._lay_out_workspace()
        self._lay_out_plugin()
        (self.live / "plan.json").write_text(json.dumps(self._plan()))
        self.before = contents(self.work)
        self.after: Tree = {}
        self.effects: list[str] = []
        # What every child needs is loaded once, here.
        for command in COMMANDS.values():
            import_module(f"mission_fsm.cli.commands.{command.module}")
        Registry.installed().describe()

    def _lay_out_workspace(self) -> None:
        for made in (self.work / "lib" / "old", self.work / "bin", self.scratch):
            made.mkdir(parents=True)
        (self.work / "lib" / "value.txt").write_text("one\ntwo\nthree\n")
        (self.work / "lib" / "old" / "gone.txt").write_text("to be deleted\n")
        (self.work / "bin" / "tool").write_text("#!/bin/sh\nexit 0\n")
        (self.work / "bin" / "tool").chmod(0o640)
        (self.work / "link").symlink_to("bin/tool")

    def _lay_out_plugin(self) -> None:
        told = self.plugin / "ship-1.0.dist-info"
        told.mkdir(parents=True)
        (self.plugin / "ship.py").write_text(SHIP)
        (told / "METADATA").write_text("Metadata-Version: 2.1\nName: ship\nVersion: 1.0\n")
        (told / "entry_points.txt").write_text("[mission_fsm.stages]\nship = ship:Ship\n")

    def _plan(self) -> dict[str, object]:
        def step(step_id: str, stage: str, **options: object) -> dict[str, object]:
            return {"step_id": step_id, "description": f"Step {step_id}", "stage": stage, "with": options}

        def running(step_id: str, then: str) -> list[str]:
            return ["sh", "-c", f"echo {step_id} >> {self.ran}; {then}"]

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
                step("prove", "test", run=running("prove", "grep -q trois lib/value.txt")),
                step("mend", "repair", repairs="prove", tries=[mended]),
                step("ship", "ship", run=running("ship", "true")),
            ],
        }

    def command(self, argv: list[str], fault: Fault | None = None, *, watched: bool = False) -> Ended:
        """Run that command of `mission` in a child. watched: with its calls looked at, and the fault befalling it."""

        def work() -> int:
            os.chdir(self.live)
            os.environ["TMPDIR"], tempfile.tempdir = str(self.scratch), None
            sys.path.insert(0, str(self.plugin))
            main([*argv, "--home", str(self.home), "--log", str(self.log)])
            return 0

        return strike(work, fault, by_strace=self._by_strace) if watched else in_child(work)

    def stand(self) -> Stand:
        """What is on record now."""
        with Engine.open(self.home, by="ann") as engine:
            rows = engine.missions()
            if not rows:
                return Stand(None, ())
            mission_id = rows[-1].mission_id
            return Stand(engine.state(mission_id), tuple(engine.events(mission_id)))

    def next_command(self, stand: Stand) -> list[str] | None:
        """What somebody says next who carries the mission on from there; None at the end of the script."""
        mission = stand.mission
        if mission is None:
            return ["run", "plan.json", "-C", "work", "--approve", "--grant", "all"]
        match mission.state:
            case State.COMPLETE:
                return None if stand.is_rolled_back else ["rollback", mission.mission_id, "--to", "start"]
            case State.AWAITING_APPROVAL:
                return ["approve", mission.mission_id, "--answer", "yes"]
            case State.FAILED:
                failed_test = mission.failure is not None and mission.failure.kind == "test_failed"
                return ["repair" if failed_test else "retry", mission.mission_id]
            case _:
                return ["run", mission.mission_id, "--approve", "--grant", "all"]

    def rehearse(self) -> list[Moment]:
        """Go through the script with nothing befalling it."""
        moments: list[Moment] = []
        while (moment := self.next_moment()) is not None:
            moments.append(moment)
        self.effects = self.stand().effects
        return moments

    def next_moment(self) -> Moment | None:
        """Run the next command of the script, having kept how everything was before it; None at the script's end."""
        argv = self.next_command(self.stand())
        if argv is None:
            return None
        if argv[0] == "rollback":
            self.after = self.after or contents(self.work)
        saved = self.folder / f"saved-{self._saved}"
        self._saved += 1
        shutil.copytree(self.live, saved, symlinks=True)
        ended = self.command(argv, watched=True)
        assert ended.status in {0, 3, 4, 5, 7}, ended.err
        return Moment(tuple(argv), ended.calls, saved)

    def moment_after(self, moment: Moment, fault: Fault) -> Moment | None:
        """The moment that follows once that fault has befallen that command."""
        self.set_back(moment)
        self.command(list(moment.argv), fault, watched=True)
        orphans()
        return self.next_moment()

    def points(self, moments: list[Moment]) -> list[tuple[Moment, Call]]:
        """Every place of the script at which it may be cut off."""
        return [(moment, call) for moment in moments for call in durable(moment.calls, but=str(self.log))]

    def set_back(self, moment: Moment) -> None:
        """Put everything back to where it was before that command."""
        shutil.rmtree(self.live)
        shutil.copytree(moment.saved, self.live, symlinks=True)
