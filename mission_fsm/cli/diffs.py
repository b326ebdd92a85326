"""The diffs of a mission: which there are, and how they look."""

from __future__ import annotations

import click

from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.mission import Mission
from mission_fsm.core.text import visible_diff
from mission_fsm.engine import Engine
from mission_fsm.errors import UsageError


def pending_diff(engine: Engine, mission: Mission) -> e.DiffProposed | None:
    """The proposal that waits for a decision, if one does."""
    pending = mission.pending
    if pending is None or pending.kind is not ApprovalKind.DIFF:
        return None
    change = mission.active.change if mission.active is not None else None
    proposals = engine.events(mission.mission_id, types={"diff_proposed"})
    return next(
        entry.event
        for entry in proposals
        if isinstance(entry.event, e.DiffProposed) and change is not None and entry.event.diff_id == change.diff_id
    )


def waiting_diff(engine: Engine, mission: Mission) -> bytes:
    """The diff that waits for a decision, as it was recorded. Raises UsageError where none does."""
    proposal = pending_diff(engine, mission)
    if proposal is None:
        raise UsageError("no change is waiting that could be edited")
    return diff_bytes(engine, proposal)


def applied_diffs(engine: Engine, mission: Mission) -> list[e.DiffProposed]:
    """The proposals that were applied and have not been rolled back, in order."""
    live = {edit.checkpoint_id for edit in mission.edits if edit.undone_by is None}
    proposed: dict[str, e.DiffProposed] = {}
    applied: list[e.DiffProposed] = []
    for entry in engine.events(mission.mission_id, types={"diff_proposed", "diff_applied"}):
        match entry.event:
            case e.DiffProposed() as event:
                proposed[event.diff_id] = event
            case e.DiffApplied() as event if event.checkpoint_id in live:
                applied.append(proposed[event.diff_id])
    return applied


def diff_bytes(engine: Engine, proposal: e.DiffProposed) -> bytes:
    """The unified diff, byte for byte as it was recorded with the proposal."""
    return engine.artifact(proposal.artifact)


def diff_text(engine: Engine, proposal: e.DiffProposed) -> str:
    """The unified diff; what is not UTF-8 in it stands as `surrogateescape` has it."""
    return diff_bytes(engine, proposal).decode("utf-8", "surrogateescape")


def coloured(diff: str) -> str:
    """A unified diff made safe to show, and in colour."""
    return "".join(map(_coloured_line, visible_diff(diff).splitlines(keepends=True)))


def _coloured_line(line: str) -> str:
    text, end = line.removesuffix("\n"), "\n" if line.endswith("\n") else ""
    if line.startswith(_HEADINGS):
        return click.style(text, bold=True) + end
    return click.style(text, fg=_COLOURS.get(line[:1])) + end


_HEADINGS = ("diff ", "--- ", "+++ ", "old mode", "new mode", "new file", "deleted file", "Binary file")
_COLOURS = {"@": "cyan", "+": "green", "-": "red", "\\": "bright_black"}
