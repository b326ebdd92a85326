"""A runner that is suspended at a call, the mission taken over from it, and the runner woken after that.

What may be done is told by the locks alone. The one on the mission says that there is a runner to take it from, the
one on the pen that it is writing files or running a command, and the one on the journal that it is in a commit.
"""

from __future__ import annotations

import os
import re
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen

from mission_fsm.core.mission import State
from mission_fsm.journal import database
from mission_fsm.testing.faults import Call, Child, Ended, durable, once, orphans
from tests.faults.attempt import FAILED, REFUSED, carried_on, ended_badly, left_over, locked
from tests.faults.scene import Moment, Scene, Stand

TAKEN, AT_WORK, COMMITTING = "taken over", "refused: at work", "refused: in a commit"
# Nobody has the mission yet, or any more; or the call was not made this time, such as one that depends on the clock.
NO_RUNNER, NO_CALL = "no runner", "no such call"

# What the one who is refused reads; not every system tells who it is that commits.
WORDS = {
    AT_WORK: "writing its files or running its command",
    COMMITTING: "is suspended while it writes|is stopped or hangs",
}


@frozen
class Frost:
    """What came of suspending a runner at a call.

    place: of the call in the script. came_to: one of the five above. problems: what did not hold, in sentences.
    """

    place: str
    came_to: str
    problems: tuple[str, ...]


def freeze(scene: Scene, moment: Moment, call: Call) -> Frost:
    """Suspend that command at the call, take the mission over, carry it to its end, and wake who was suspended."""
    scene.set_back(moment)
    with scene.suspended(moment.argv, call) as runner:
        came_to = _what_may_be_done(scene) if runner is not None else NO_CALL
        try:
            problems = list(_went(scene, moment, call, runner, came_to)) if runner is not None else []
        except Exception:  # so that what is wrong at one place does not hide what is wrong at others
            problems = [traceback.format_exc()]
    problems += [*(f"process {pid} of it lived on" for pid in orphans()), *left_over(scene)]
    return Frost(f"{moment.argv[0]}: {call.text[:150]}", came_to, tuple(problems))


def taking_over_cut_short(scene: Scene, moment: Moment, call: Call, at: slice) -> Iterator[Frost]:
    """Suspend that command at the call, kill whoever takes the mission over, and wake the one that was suspended.

    at: those of its calls at which the one who takes it over is killed.
    """
    with _set_back_and_suspended(scene, moment, call):
        calls = durable(scene.command(_taking(scene), watched=True).calls, but=str(scene.log))
    for last in calls[at]:
        kill = once(last, "SIGKILL")
        with _set_back_and_suspended(scene, moment, call) as runner:
            before = scene.stand()
            scene.command(_taking(scene), kill, watched=True)
            os.kill(runner.pid, signal.SIGCONT)
            woken = runner.wait()
            problems = [] if _was_told(woken) else [*ended_badly(woken, None)]
            problems += carried_on(scene, last, kill, before.under_way)
        problems += [*(f"process {pid} of it lived on" for pid in orphans()), *left_over(scene)]
        yield Frost(f"take over: {last.text[:150]}", f"exit {woken.status}", tuple(problems))


@contextmanager
def _set_back_and_suspended(scene: Scene, moment: Moment, call: Call) -> Iterator[Child]:
    scene.set_back(moment)
    with scene.suspended(moment.argv, call) as runner:
        assert runner is not None
        yield runner


def _taking(scene: Scene) -> list[str]:
    mission = scene.stand().mission
    assert mission is not None
    return ["run", mission.mission_id, "--take-over", "--approve"]


def _was_told(woken: Ended) -> bool:
    """Whether one that has lost its mission has said so, or that it finds its files changed or gone."""
    told = re.search("another runner has taken|is no longer what it was|No such file", woken.err)
    return woken.status == REFUSED and told is not None


def _what_may_be_done(scene: Scene) -> str:
    held = {path.name for path in locked(scene)}
    runners = [path.name for path in (scene.home / "locks").glob("*") if path.suffix == "" and path.name in held]
    if not runners:
        return NO_RUNNER
    if "journal.lock" in held:
        return COMMITTING
    mission = scene.stand().mission
    if mission is None or mission.plan_decision != "approved":
        return NO_RUNNER  # it is being made, and to be run by nobody yet
    return AT_WORK if f"{runners[0]}.pen" in held else TAKEN


def _went(scene: Scene, moment: Moment, call: Call, runner: Child, came_to: str) -> Iterator[str]:
    if came_to == NO_RUNNER:
        os.kill(runner.pid, signal.SIGCONT)
        yield from ended_badly(runner.wait(), None)
        return
    before = scene.stand()
    taking = scene.command(_taking(scene))
    if came_to == TAKEN:
        # One that is complete is taken over too, and then it is told that it runs no more.
        is_complete = before.mission is not None and before.mission.state is State.COMPLETE and taking.status == REFUSED
        yield from ended_badly(taking, None) if not is_complete else ()
    else:
        if taking.status not in {FAILED, REFUSED} or not re.search(WORDS[came_to], taking.err):
            yield f"the take-over ended with {taking.status} and said: {taking.err}"
        runner.kill()
    yield from carried_on(scene, call, once(call, "SIGSTOP"), before.under_way)
    if came_to == TAKEN:
        yield from _woken(scene, moment, runner, before)


def _woken(scene: Scene, moment: Moment, runner: Child, before: Stand) -> Iterator[str]:
    """What is wrong with what it does that has lost its mission."""
    files, events = _files(scene), scene.stand().events
    os.kill(runner.pid, signal.SIGCONT)
    ended = runner.wait()
    # One that had written its last event may say what the mission came to by it.
    may_rest = len(before.events) == moment.events_after
    if not _was_told(ended) and (not may_rest or [*ended_badly(ended, None)]):
        yield f"woken, it ended with {ended.status} and said: {ended.err}"
    changed = [str(path) for path, marks in _files(scene).items() ^ files.items()]
    if changed or scene.stand().events != events:
        yield f"woken, it wrote to the journal or to {sorted(changed)}"
    if scene.command(["verify", "--all"]).status != 0:
        yield "the journal does not verify in the end"
    yield from (f"{path} is locked in the end" for path in locked(scene))


def _files(scene: Scene) -> dict[Path, tuple[int, ...]]:
    """Each path of the workspace with what would show that anything was written there."""
    return {path: _marks(path.lstat()) for path in (scene.work, *scene.work.rglob("*"))}


def _marks(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def be_impatient() -> None:
    """Have those who wait for a commit of another, or for the index of a search, wait for a moment only.

    In this process and its children.
    """
    keeping: Any = import_module("mission_fsm.stages.search.keeping")
    database._SUSPECT_S = 0.1
    database.PATIENCE_S = keeping._PATIENCE_S = 1.5
