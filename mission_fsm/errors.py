"""Every error that mission-fsm raises on purpose, and the exit status each gives on the command line.

The message is a sentence for a person: what is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MissionError(Exception):
    """The root of the tree: catch it to catch all that mission-fsm raises on purpose."""

    exit_status = 1


# --- what was asked for cannot be read or does not make sense (exit status 2)


class UsageError(MissionError):
    """The request itself is wrong: an unknown mission, a folder that cannot be a workspace, a bad rule."""

    exit_status = 2


class InvalidWorkspace(UsageError):
    """The workspace is missing, is not a folder, or is one that no mission may have (`/`, the home folder)."""


class UnknownMission(UsageError):
    """No mission has that id, or more than one begins with it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a plan.

    place: path inside the plan, such as `steps[2].with.run` (empty for the whole file).
    line: line in the file, from 1, where the format gives one.
    message: what is wrong and what was expected.
    """

    place: str
    line: int | None
    message: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.place) if part)
        return f"{where}: {self.message}" if where else self.message


class InvalidPlan(UsageError):
    """The plan cannot be used; `problems` holds every reason at once."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = f"{source} has {count} problem{'' if count == 1 else 's'}:"
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in self.problems)]))


# --- a refusal: an answer, not a crash; nothing has moved (exit status 7)


class Refused(MissionError):
    """The request is understood and is not granted now; the mission and the files are as they were."""

    exit_status = 7


class IllegalTransition(Refused):
    """The trigger has no row in the lifecycle table for the state that the mission is in.

    `legal` holds the triggers that may be asked for there.
    """

    def __init__(self, trigger: str, state: str, legal: Sequence[str]) -> None:
        self.trigger, self.state, self.legal = trigger, state, tuple(legal)
        # Asking a mission to run is to start it, or to take it over, whichever it needs.
        asked = dict.fromkeys("run" if name in ("start", "recover") else name for name in self.legal)
        now = ", ".join(asked) if asked else "nothing: this state is final"
        super().__init__(f"cannot {trigger} a mission that is {state.replace('_', ' ')}; legal now: {now}")


class GuardRefused(Refused):
    """A guard of the lifecycle table said no; `guard` is its name and `reason` a sentence to act on."""

    def __init__(self, trigger: str, guard: str, reason: str) -> None:
        self.trigger, self.guard, self.reason = trigger, guard, reason
        super().__init__(f"{trigger} refused: {reason}")


class RequestLapsed(GuardRefused):
    """What was to be approved is no longer there to be: its files have drifted, or its time has passed.

    That is on record. Where the files have drifted the mission runs on, makes the change anew and asks again.
    """


class Held(Refused):
    """Another runner holds the mission, or another mission holds the workspace."""


class MissionHeld(Held):
    """Another runner holds the mission; it can be asked to pause or to stop."""


class Conflict(Refused):
    """Files are no longer what they were when the change was made; nothing was written.

    paths: which files. details: what happened to each, in words, such as `a.py was changed`.
    """

    def __init__(self, message: str, paths: Sequence[str] = (), details: Sequence[str] = ()) -> None:
        self.paths = tuple(paths)
        self.details = tuple(details) or (message,)
        super().__init__(message)


class OverQuota(Refused):
    """The home's quota leaves no room for what was to be kept; nothing was written.

    A mission that comes to that while it runs is paused, before it changes or runs anything.
    """


class StaleAppend(Refused):
    """An append expected another sequence, or its lease has been taken over; nothing was written."""


# --- the journal (exit status 1, or 8 where it does not verify)


class JournalError(MissionError):
    """The journal cannot be read or written as it is: read-only, full disk, no permission."""


class JournalDamaged(JournalError):
    """The journal is not what was written: not a database, cut short, changed, or with a broken chain."""

    exit_status = 8


class JournalNewer(JournalError):
    """The journal was written by a newer version than this one."""


# --- plugins and the outside world


class PluginError(MissionError):
    """A stage or editor plugin cannot be loaded, clashes with another, or breaks its contract."""


class EditFailed(MissionError):
    """An editor cannot make its change: the patch does not apply, the text to replace is not there.

    evidence: bytes that show why, such as what a model answered; kept as an artifact of the failure, up to 1 MiB each
        of their beginning and end.
    """

    def __init__(self, message: str, evidence: bytes | None = None) -> None:
        self.evidence = evidence
        super().__init__(message)


class AskedToEnd(MissionError):
    """A stage, or an editor, that takes long was asked to end, and does: nothing of it goes on record."""


class UnsafePath(MissionError):
    """A path leads outside the workspace, through a symbolic link, or into a folder that is never written."""


class BadReport(MissionError):
    """A test report cannot be relied on: it is not JUnit XML, is too large, or defines entities."""


class WorkspaceError(MissionError):
    """The workspace cannot be read or written as it is: a full disk, no permission, a failing device."""


class HalfWritten(WorkspaceError):
    """A change could be neither finished nor taken back. Its checkpoint stands: running again finishes it."""
