"""Which of a mission's edits a rollback takes back.

What the mission wrote is a stack: edits, and rollbacks, which are edits too and can be taken back. An entry is
live until a rollback undoes it, and live again when that rollback is undone.
"""

from __future__ import annotations

from attrs import frozen

from mission_fsm.core.model import Edit, Mission
from mission_fsm.errors import GuardRefused

START = "start"


@frozen
class Target:
    """Where a rollback goes. edits: what it takes back, newest first; cursor: the step to stand at then."""

    checkpoint_id: str
    cursor: int
    edits: tuple[Edit, ...]


def target_of(mission: Mission, to: str | None) -> Target:
    """What rolling back to that place takes back.

    to: None for the last edit; `start` for all of them; a step's id for everything from that step on; or a
        checkpoint's id for everything since that checkpoint, which may be a rollback's.
    Raises GuardRefused where nothing there can be taken back.
    """
    live = [edit for edit in mission.edits if edit.undone_by is None]
    edits = [edit for edit in live if edit.kind == "edit"]
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
    return _since(edits if entry.kind == "edit" else live, entry, entry.cursor)


def _since(entries: list[Edit], first: Edit, cursor: int) -> Target:
    since = entries[entries.index(first) :]
    return Target(first.checkpoint_id, cursor, tuple(reversed(since)))


def _refuse(reason: str) -> Target:
    raise GuardRefused("rollback", "checkpoint_is_live", reason)
