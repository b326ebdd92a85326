"""Which of a mission's edits a rollback takes back.

What the mission wrote is a list of entries: edits, what commands changed by themselves, and rollbacks, which can be
taken back too. A rollback puts the files back to just before its target, so it undoes that entry and all that came
after it, and what had been undone by then is undone again or live again, as it was.
"""

from __future__ import annotations

from attrs import evolve, frozen

from mission_fsm.core.mission import Edit, Mission
from mission_fsm.errors import GuardRefused

START = "start"


@frozen
class Target:
    """Where a rollback goes. edits: what it takes back, newest first; cursor: the step to stand at then."""

    checkpoint_id: str
    cursor: int
    edits: tuple[Edit, ...]

    @property
    def undoes(self) -> tuple[str, ...]:
        """The checkpoints of what it takes back, newest first."""
        return tuple(edit.checkpoint_id for edit in self.edits)


def target_of(mission: Mission, to: str | None) -> Target:
    """What rolling back to that place takes back.

    to: None for the last edit; `start` for all of them; a step's id for everything from that step on; or a
        checkpoint's id for everything since that checkpoint, which may be a rollback's.
    Raises GuardRefused where nothing there can be taken back.
    """
    edits = [edit for edit in mission.edits if edit.undone_by is None and edit.kind != "rollback"]
    if to is None:
        return _since(edits, edits[-1], edits[-1].cursor) if edits else _refuse("the mission has no edit to take back")
    if to == START:
        return _since(edits, edits[0], 0) if edits else _refuse("the mission has no edit to take back")
    index = next((i for i, step in enumerate(mission.plan.steps) if step.step_id == to), None)
    if index is not None:
        first = next((edit for edit in edits if edit.cursor >= index), None)
        return _since(edits, first, index) if first else _refuse(f"nothing was changed from step {to} on")
    entry = mission.edit(to)
    if entry is None:
        return _refuse(f"{to} is neither a step nor a checkpoint of this mission, nor 'start'")
    if entry.undone_by is not None:
        return _refuse(f"{to} has been rolled back already; roll back {entry.undone_by} to have it again")
    later = mission.edits[mission.edits.index(entry) + 1 :]
    return _since([entry, *(edit for edit in later if edit in edits)], entry, entry.cursor)


def marked(entries: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """The entries, oldest first, each with the rollback by which it is undone, or None where it is live."""
    marks: list[str | None] = [None] * len(entries)
    ids = [entry.checkpoint_id for entry in entries]
    end = len(entries)
    # The last rollback undoes all from its target on. Before its target, things are as they were then.
    while (last := next((at for at in reversed(range(end)) if entries[at].target is not None), None)) is not None:
        end = ids.index(entries[last].target or "")
        marks[end:last] = [ids[last]] * (last - end)
    return tuple(evolve(entry, undone_by=mark) for entry, mark in zip(entries, marks, strict=True))


def _since(entries: list[Edit], first: Edit, cursor: int) -> Target:
    since = entries[entries.index(first) :]
    return Target(first.checkpoint_id, cursor, tuple(reversed(since)))


def _refuse(reason: str) -> Target:
    raise GuardRefused("rollback", "checkpoint_is_live", reason)
