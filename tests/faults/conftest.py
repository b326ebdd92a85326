"""A mission with every kind of stage, the script that carries it from its beginning to its end, and what must hold.

Wherever the script is cut off, it is begun again as a person would: by looking where the mission stands.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from mission_fsm.cli.main import main
from mission_fsm.core.events import Recorded
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.testing.faults import Call, Ended, Fault, in_child, orphans, strike
from mission_fsm.testing.folders import contents

Tree = dict[str, tuple[int, bytes]]

PATCH = """--- a/lib/value.txt
+++ b/lib/value.txt
@@ -1,3 +1,3 @@
 one
-two
+deux
 three
"""

# Statuses that the command line documents for a mission that came to rest.
RESTED = {State.COMPLETE: 0, State.AWAITING_APPROVAL: 3, State.PAUSED: 4, State.FAILED: 5}
SAID = {1, 7}

# No more commands than this bring any mission to its end.
MOST_COMMANDS = 12

# Events of effects: what the mission did to the world, or decided.
EFFECTS = (
    *("step_completed", "diff_applied", "test_completed", "repair_completed", "checkpoint_restored", "final"),
    *("approval_resolved", "retrieval_completed"),
)


@frozen
class Stand:
    """What is on record of the only mission; none yet where `mission` is None."""

    mission: Mission | None
    events: tuple[Recorded, ...]

    @property
    def restored(self) -> bool:
        """Whether it has been rolled back."""
        return any(entry.type == "checkpoint_restored" for entry in self.events)

    @property
    def effects(self) -> list[str]:
        """What was done, once for each time that it was."""
        return [f"{entry.type} {getattr(entry.event, 'step_id', '')}" for entry in self.events if entry.type in EFFECTS]


@frozen
class Moment:
    """One command of the script as it goes when nothing goes wrong.

    calls: those that it makes. saved: the folder as it was before.
    """

    argv: tuple[str, ...]
    calls: tuple[Call, ...]
    saved: Path


class Scene:
    """The mission in folders of its own, and the script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.live = folder / "live"
        self.work, self.home, self.tmp = (self.live / name for name in ("work", "home", "tmp"))
        self.ran, self.log = self.live / "ran", self.live / "log"
        self.plan = self.live / "plan.json"
        for made in (self.work / "lib" / "old", self.work / "bin", self.tmp):
            made.mkdir(parents=True)
        (self.work / "lib" / "value.txt").write_text("one\ntwo\nthree\n")
        (self.work / "lib" / "old" / "gone.txt").write_text("to be deleted\n")
        (self.work / "bin" / "tool").write_text("#!/bin/sh\nexit 0\n")
        (self.work / "bin" / "tool").chmod(0o640)
        (self.work / "link").symlink_to("bin/tool")
        self.plan.write_text(json.dumps(self._plan()))
        self.beginning = contents(self.work)
        self.changed: Tree = {}
        self.effects: list[str] = []

    def _plan(self) -> dict[str, object]:
        def step(step_id: str, stage: str, **options: object) -> dict[str, object]:
            return {"step_id": step_id, "description": f"Step {step_id}", "stage": stage, "with": options}

        def shell(code: str) -> list[str]:
            return ["sh", "-c", code]

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
                step("check", "test", run=shell(f"echo check >> {self.ran}; test -x bin/tool")),
                step("ask", "plan", question="Go on?"),
                step("patch", "edit", patch={"name": "fix.patch", "text": PATCH}),
                step("prove", "test", run=shell(f"echo prove >> {self.ran}; grep -q trois lib/value.txt")),
                step("mend", "repair", repairs="prove", tries=[mended]),
            ],
        }

    # --- the script

    def next_command(self, stand: Stand) -> list[str] | None:
        """What somebody who carries the mission to its end, and then back to its beginning, says next."""
        mission = stand.mission
        if mission is None:
            return ["run", str(self.plan), "-C", str(self.work), "--approve", "--grant", "all"]
        if mission.state is State.COMPLETE:
            return None if stand.restored else ["rollback", mission.mission_id, "--to", "start"]
        if mission.state is State.AWAITING_APPROVAL:
            return ["approve", mission.mission_id, "--answer", "yes"]
        if mission.state is State.FAILED:
            is_test = mission.failure is not None and mission.failure.kind == "test_failed"
            return ["repair" if is_test else "retry", mission.mission_id]
        return ["run", mission.mission_id, "--approve", "--grant", "all"]

    def command(self, argv: list[str], fault: Fault | None = None, *, watched: bool = False) -> Ended:
        """Run that command of `mission` in a child, which the fault befalls."""

        def work() -> int:
            os.chdir(self.live)
            os.environ["TMPDIR"], tempfile.tempdir = str(self.tmp), None
            main([*argv, "--home", str(self.home), "--log", str(self.log)])
            return 0

        return strike(work, fault) if watched else in_child(work)

    def stand(self) -> Stand:
        """What is on record now."""
        with Engine.open(self.home, by="ann") as engine:
            rows = engine.missions()
            if not rows:
                return Stand(None, ())
            mission_id = rows[-1].mission_id
            return Stand(engine.state(mission_id), tuple(engine.events(mission_id)))

    def rehearse(self, *, watched: bool = True) -> list[Moment]:
        """Go through the script with nothing going wrong, and keep how everything was before each command."""
        moments = []
        while (argv := self.next_command(stand := self.stand())) is not None:
            if argv[0] == "rollback":
                self.changed = contents(self.work)
            saved = self.folder / f"saved-{len(moments)}"
            shutil.copytree(self.live, saved, symlinks=True)
            ended = self.command(argv, watched=watched)
            moments.append(Moment(tuple(argv), ended.calls, saved))
            assert ended.status in {0, 3, 5}, ended
            assert self.stand() != stand
        assert contents(self.work) == self.beginning
        self.effects = self.stand().effects
        return moments

    def set_back(self, moment: Moment) -> None:
        """Put everything back to where it was before that command."""
        shutil.rmtree(self.live)
        shutil.copytree(moment.saved, self.live, symlinks=True)

    # --- what must hold

    def attempt(self, moment: Moment, fault: Fault, allowed: frozenset[int]) -> list[str]:
        """Have the fault befall that command, then carry the mission to its end; what does not hold, in sentences.

        allowed: the statuses that the command may end with besides that of a mission at rest.
        """
        self.set_back(moment)
        before = self.stand()
        ended = self.command(list(moment.argv), fault, watched=True)
        problems = [f"process {pid} is left" for pid in orphans()]
        problems += self._ended_badly(ended, allowed)
        problems += self._lost(before)
        if not problems:
            problems += self._carried_on(fault)
        return [*problems, *([] if not problems else [f"  the command said: {ended.status} {ended.err[-800:]}"])]

    def _ended_badly(self, ended: Ended, allowed: frozenset[int]) -> Iterator[str]:
        if ended.status not in allowed | {0, 3, 4, 5}:
            yield f"the exit status is {ended.status}"
        if "Traceback" in ended.err or "unexpected" in ended.err:
            yield "the error is no sentence"
        if ended.status in SAID and "mission: " not in ended.err:
            yield f"nothing was said with exit status {ended.status}"

    def _lost(self, before: Stand) -> Iterator[str]:
        verified = self.command(["verify", "--all"])
        if verified.status != 0:
            yield f"the journal does not verify: {verified.err}"
            return
        events = self.stand().events
        if events[: len(before.events)] != before.events:
            yield "events that were there before are not there any more"
        for line in self.log.read_text().splitlines() if self.log.exists() else ():
            with_sequence = json.loads(line) if line.endswith("}") else {}
            if with_sequence.get("sequence", 0) > len(events):
                yield f"what was acknowledged is lost: {line}"
        yield from self._locks()

    def _locks(self) -> Iterator[str]:
        for path in (self.work, *(self.home / "locks").glob("*")):
            fd = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield f"{path} is locked still"
            finally:
                os.close(fd)

    def _carried_on(self, fault: Fault) -> Iterator[str]:
        cut_short = self._under_way()
        for _ in range(MOST_COMMANDS):
            stand = self.stand()
            argv = self.next_command(stand)
            if argv is None:
                break
            if argv[0] == "rollback" and stand.mission is not None and stand.mission.restoring is None:
                yield from differences(self.changed, contents(self.work), "the changed workspace")
            ended = self.command(argv)
            yield from (f"{argv}: {words}" for words in self._ended_badly(ended, frozenset()))
        else:
            yield f"it was not at its end after {MOST_COMMANDS} commands more"
        yield from differences(self.beginning, contents(self.work), "the workspace rolled back")
        yield from self._left_behind()
        yield from self._done_again(cut_short, fault)
        if self.command(["verify", "--all"]).status != 0:
            yield "the journal does not verify in the end"

    def _under_way(self) -> Counter[str]:
        """The test that was being run, once, when the mission was cut short."""
        mission = self.stand().mission
        active = mission.active if mission is not None else None
        running = active is not None and active.command is not None and active.command.run_id is not None
        return Counter([active.step_id] if active is not None and running else [])

    def _left_behind(self) -> Iterator[str]:
        for path in (*self.work.rglob(".mission-*"), *self.home.iterdir()):
            if path.name not in {"journal.db", "journal.lock", "locks"}:
                yield f"{path} is left"

    def _done_again(self, cut_short: Counter[str], fault: Fault) -> Iterator[str]:
        stand, ran = self.stand(), Counter(self.ran.read_text().split())
        more = ran - Counter({"check": 1, "prove": 2})
        if more - cut_short and fault.effect == "SIGKILL":
            yield f"tests ran again: {dict(more)}"
        effects = stand.effects
        if fault.effect != "SIGKILL":
            return
        if effects != self.effects:
            yield f"other effects than without the fault: {effects}"


def differences(expected: Tree, found: Tree, what: str) -> Iterator[str]:
    """Where a folder is not as it is to be."""
    for path in sorted(expected.keys() | found.keys()):
        if expected.get(path) != found.get(path):
            yield f"{what} has {found.get(path)} at {path}, and not {expected.get(path)}"
