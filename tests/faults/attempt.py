"""One fault, and what must hold after it: nothing is lost, nothing is done twice, and the script comes to its end."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from mission_fsm.core.mission import State
from mission_fsm.testing.faults import Call, Ended, Fault, orphans
from mission_fsm.testing.folders import contents
from tests.faults.plan import RUNS
from tests.faults.scene import Moment, Scene, Stand

# What the command line documents: the mission came to rest; it was refused, or could not be done.
RESTED = {0, 3, 4, 5}
FAILED, REFUSED = 1, 7

_IN_DOUBT = "not known whether it took effect"

# No more than so many commands bring a mission from anywhere to its end.
MOST_COMMANDS = 12


@frozen
class Attempt:
    """What came of a fault at a call.

    place: of the call in the script. status: the struck command's exit status.
    problems: what did not hold, in sentences.
    """

    place: str
    status: int
    problems: tuple[str, ...]


def attempt(scene: Scene, moment: Moment, call: Call, fault: Fault) -> Attempt:
    """Have the fault befall that command, carry the mission to its end, and see what holds."""
    scene.set_back(moment)
    before = scene.stand()
    struck = scene.command(list(moment.argv), fault, watched=True)
    problems = [f"process {pid} of it lived on" for pid in orphans()]
    problems += ended_badly(struck, fault)
    try:
        problems += _lost(scene, before) or carried_on(scene, call, fault, before.under_way)
        if not _refuses_removal(call, fault):
            problems += left_over(scene)
    except Exception:  # so that what is wrong at one place does not hide what is wrong at others
        problems.append(traceback.format_exc())
    if problems:
        problems.append(f"it ended with {struck.status} and said: {struck.err[-1000:]}")
    lasting = " and all after it" if fault.lasting else ""
    return Attempt(f"{moment.argv[0]}: {call.text[:150]}{lasting}", struck.status, tuple(problems))


def ended_badly(ended: Ended, fault: Fault | None) -> Iterator[str]:
    """What is wrong with how a command ended. fault: the one that befell it."""
    allowed = set(RESTED)
    if fault is not None and fault.is_signal:
        # By the signal itself, or as Python takes SIGINT where the mission is not running.
        allowed |= {-signal.Signals[fault.effect], *({130} if fault.effect == "SIGINT" else ())}
    elif fault is not None:
        allowed |= {FAILED, REFUSED}
    if ended.status not in allowed:
        yield f"the exit status is {ended.status}"
    if "Traceback" in ended.err or "unexpected" in ended.err or " raised " in ended.err + ended.out:
        yield "what it said is no sentence for a person"
    if ended.status in {FAILED, REFUSED} and "mission: " not in ended.err:
        yield "it did not say why it could not go on"


def _lost(scene: Scene, before: Stand) -> list[str]:
    """What is wrong with the record, right after the fault."""
    verified = scene.command(["verify", "--all"])
    if verified.status != 0:
        return [f"the journal does not verify: {verified.err}"]
    events = scene.stand().events
    problems = [f"{path} is still locked" for path in locked(scene)]
    if events[: len(before.events)] != before.events:
        problems.append("events that were there before the command are gone or changed")
    for line in scene.log.read_text().splitlines() if scene.log.exists() else ():
        # The last line may be cut off; a line follows the event that it acknowledges.
        if line.endswith("}") and json.loads(line).get("sequence", 0) > len(events):
            problems.append(f"an event that was acknowledged is lost: {line}")  # noqa: PERF401 - easier to read
    return problems


def locked(scene: Scene) -> set[Path]:
    """What of the scene somebody holds a lock on."""
    return set(filter(_is_locked, [scene.work, *scene.home.glob("*.lock"), *(scene.home / "locks").glob("*")]))


def _is_locked(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def carried_on(scene: Scene, call: Call, fault: Fault, under_way: str | None) -> list[str]:
    """What is wrong once the mission has been carried to its end. under_way: what was being run before, too."""
    problems: list[str] = []
    cut_short = Counter([under_way, scene.stand().under_way])
    told = False
    for _ in range(MOST_COMMANDS):
        stand = scene.stand()
        argv = scene.next_command(stand)
        if argv is None:
            break
        mission = stand.mission
        if mission is not None and mission.state is State.COMPLETE and mission.restoring is None:
            problems += _misplaced(scene, stand, call, fault)
        ended = scene.command(argv)
        if ended.status == REFUSED and _IN_DOUBT in ended.err:
            told, ended = True, scene.command(["resume", argv[1]])
        problems += [f"{argv[0]}: {problem}: {ended.err[-500:]}" for problem in ended_badly(ended, None)]
    else:
        problems.append(f"the mission did not come to its end by {MOST_COMMANDS} more commands")
    problems += _misplaced(scene, scene.stand(), call, fault)
    problems += _done_twice(scene, cut_short, fault)
    # Whoever pauses a mission has its command ended, and run again after that, knowingly.
    if "ship" in _ran_again(scene) and not told and fault.effect not in {"SIGTERM", "SIGINT"}:
        problems.append("a command ran again, and nobody was told that it was in doubt")
    if scene.command(["verify", "--all"]).status != 0:
        problems.append("the journal does not verify at the end")
    return problems


_AT_HOME = {"cache", "journal.db", "journal.lock", "locks"}


def left_over(scene: Scene) -> Iterator[str]:
    """What is left in the home, and where files are made for a while, that is not there without the fault."""
    yield from (f"{path} is left" for path in scene.home.iterdir() if path.name not in _AT_HOME)
    yield from (f"{path} is left" for path in scene.scratch.glob("mission-*"))


def _refuses_removal(call: Call, fault: Fault) -> bool:
    """Whether something stays because the system itself would not have it removed."""
    return call.name in {"unlink", "unlinkat", "rmdir"} and not fault.is_signal


def _misplaced(scene: Scene, stand: Stand, call: Call, fault: Fault) -> Iterator[str]:
    """What in the workspace is not as it is without the fault, the mission being complete."""
    expected, found = scene.before if stand.rollbacks == 1 else scene.after, contents(scene.work)
    when = f"after {stand.rollbacks} rollbacks"
    for path in sorted(expected.keys() | found.keys()):
        if path not in expected and ".mission-" in path and _refuses_removal(call, fault):
            continue
        if expected.get(path) != found.get(path):
            yield f"{when} the workspace has {found.get(path)} at {path}, and not {expected.get(path)}"


def _done_twice(scene: Scene, cut_short: Counter[str | None], fault: Fault) -> Iterator[str]:
    stand, more = scene.stand(), _ran_again(scene)
    if fault.is_signal and more - cut_short:
        yield f"commands ran again that had not been cut short: {dict(more)}"
    done = [effect for effect in stand.effects if fault.is_signal or effect.startswith(("step_completed", "final"))]
    expected = [effect for effect in scene.effects if effect in done or fault.is_signal]
    if done != expected or len(set(scene.effects) - set(stand.effects)):
        yield f"what was done is not what is done without the fault: {stand.effects}"


def _ran_again(scene: Scene) -> Counter[str | None]:
    ran: Counter[str | None] = Counter(scene.ran.read_text().split())
    return ran - Counter(RUNS)
