"""The script that carries the mission to its end, takes it all back, and takes that back."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module, invalidate_caches
from importlib.metadata import MetadataPathFinder
from itertools import pairwise
from pathlib import Path

import structlog  # noqa: F401 - loaded here, and not by each child anew
from attrs import frozen

from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.main import main
from mission_fsm.core.events import Recorded
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.registry import Registry
from mission_fsm.testing.child import Work
from mission_fsm.testing.faults import Call, Child, Ended, Fault, durable, in_child, orphans, strike, suspended
from mission_fsm.testing.folders import Tree, contents
from tests.faults.plan import GRANT, PROPOSAL, lay_out_plugin, lay_out_workspace, plan

# Events of what was done or decided, each of which happens once.
EFFECTS = (
    *("approval_resolved", "retrieval_completed", "diff_applied", "test_completed", "command_completed"),
    *("step_completed", "repair_completed", "final", "checkpoint_restored"),
)


@frozen
class Stand:
    """What is on record of the mission; `mission` is None where there is none."""

    mission: Mission | None
    events: tuple[Recorded, ...]

    @property
    def rollbacks(self) -> int:
        """How many have been done: the first takes everything back, and the second takes that back."""
        return sum(entry.type == "checkpoint_restored" for entry in self.events)

    @property
    def effects(self) -> list[str]:
        """What was done and decided, in order. A command that is in doubt is decided on anew."""
        done = [(entry.type, entry.event) for entry in self.events if entry.type in EFFECTS]
        names = [f"{kind} {getattr(event, 'step_id', getattr(event, 'kind', ''))}" for kind, event in done]
        return [name for last, name in pairwise(["", *names]) if not last == name == "approval_resolved command"]

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

    calls: those that it makes, in order. events_after: how many are on record then.
    saved: a folder with everything as it is before the command.
    """

    argv: tuple[str, ...]
    calls: tuple[Call, ...]
    events_after: int
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
        lay_out_workspace(self.work)
        lay_out_plugin(self.plugin)
        self.scratch.mkdir()
        (self.live / "plan.json").write_text(json.dumps(plan(self.ran)))
        (self.live / "given.patch").write_text(PROPOSAL)
        self.before = contents(self.work)
        self.after: Tree = {}
        self.effects: list[str] = []
        # What every child needs is loaded once, here.
        for command in COMMANDS.values():
            import_module(f"mission_fsm.cli.commands.{command.module}")
        Registry.installed().describe()
        gc.freeze()  # nor need they go through it all when they end

    def command(self, argv: list[str], fault: Fault | None = None, *, watched: bool = False) -> Ended:
        """Run that command of `mission` in a child. watched: with its calls looked at, and the fault befalling it."""
        work = self._work(argv)
        return strike(work, fault, by_strace=self._by_strace) if watched else in_child(work)

    def suspended(self, argv: tuple[str, ...], call: Call) -> AbstractContextManager[Child | None]:
        """That command in a child that is suspended at that call; None where it ended before."""
        return suspended(self._work(argv), call, by_strace=self._by_strace)

    def _work(self, argv: Sequence[str]) -> Work:
        def work() -> int:
            os.chdir(self.live)
            os.environ["TMPDIR"], tempfile.tempdir = str(self.scratch), None
            sys.path.insert(0, str(self.plugin))
            # Else the folders on that path would be listed again, by calls that count, only where one had changed.
            MetadataPathFinder().invalidate_caches()  # on an instance, since Python 3.11 has no method of the class
            invalidate_caches()
            main([*argv, "--home", str(self.home), "--log", str(self.log)])
            return 0

        return work

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
            return ["run", "plan.json", "-C", "work", "--approve", "--grant", GRANT]
        match mission.state:
            case State.COMPLETE if stand.rollbacks < 2:
                first = mission.edits[-1].checkpoint_id
                return ["rollback", mission.mission_id, *([first] if stand.rollbacks else ["--to", "start"])]
            case State.COMPLETE:
                return None
            case State.AWAITING_APPROVAL:
                asked = mission.pending is not None and mission.pending.kind == "question"
                return ["approve", mission.mission_id, *(["--answer", "yes"] if asked else [])]
            case State.FAILED:
                failed_test = mission.failure is not None and mission.failure.kind == "test_failed"
                return ["repair" if failed_test else "retry", mission.mission_id]
            case _ if mission.awaits_input:
                return ["propose", mission.mission_id, "--patch", "given.patch"]
            case _:
                return ["run", mission.mission_id, "--approve", "--grant", GRANT]

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
        if argv[0] == "rollback" and not self.after:
            self.after = contents(self.work)
        saved = self.folder / f"saved-{self._saved}"
        self._saved += 1
        shutil.copytree(self.live, saved, symlinks=True)
        ended = self.command(argv, watched=True)
        assert ended.status in {0, 3, 4, 5, 7}, ended.err
        return Moment(tuple(argv), ended.calls, len(self.stand().events), saved)

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
