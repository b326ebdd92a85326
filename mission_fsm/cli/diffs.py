"""The diffs of a mission: which there are, and how they look."""

from __future__ import annotations

import click
from attrs import frozen

from mission_fsm.core import events as e
from mission_fsm.core.changes import RiskLevel
from mission_fsm.core.mission import Mission
from mission_fsm.core.text import visible_diff
from mission_fsm.engine import Engine
from mission_fsm.errors import UsageError


@frozen
class Diff:
    """What was proposed, or what a command has changed by itself.

    diff_id: of a proposal; of what a command changed, the checkpoint that takes it back. digest: of the change set, or
    of what is saved at that checkpoint. risk_level: None for what nobody has weighed. artifact: digest of its text.
    """

    diff_id: str
    step_id: str
    digest: str
    summary: str
    files: tuple[str, ...]
    artifact: str
    risk_level: RiskLevel | None = None
    rules: tuple[str, ...] = ()


def pending_diff(engine: Engine, mission: Mission) -> Diff | None:
    """The proposal that waits for a decision, or for the scope contract to be widened for it, if one does."""
    change = mission.active.change if mission.active is not None else None
    if change is None or change.approved or mission.pending is None:
        return None
    proposals = engine.events(mission.mission_id, types={"diff_proposed"})
    return next(
        _proposed(entry.event)
        for entry in proposals
        if isinstance(entry.event, e.DiffProposed) and entry.event.diff_id == change.diff_id
    )


def waiting_diff(engine: Engine, mission: Mission) -> bytes:
    """The diff that waits for a decision, as it was recorded. Raises UsageError where none does."""
    proposal = pending_diff(engine, mission)
    if proposal is None:
        raise UsageError("no change is waiting that could be edited")
    return engine.artifact(proposal.artifact)


def changes_made(engine: Engine, mission: Mission) -> list[Diff]:
    """What was applied, or changed by commands, and has not been rolled back, in order."""
    live = {edit.checkpoint_id for edit in mission.edits if edit.undone_by is None}
    proposed: dict[str, e.DiffProposed] = {}
    made: list[Diff] = []
    for entry in engine.events(mission.mission_id, types={"diff_proposed", "diff_applied", "files_changed"}):
        match entry.event:
            case e.DiffProposed() as event:
                proposed[event.diff_id] = event
            case e.DiffApplied() as event if event.checkpoint_id in live:
                made.append(_proposed(proposed[event.diff_id]))
            case e.FilesChanged() as event if event.checkpoint_id in live:
                summary = f"changed by {event.run_id} itself"
                files, artifact = event.files, event.artifact
                made.append(Diff(event.checkpoint_id, event.step_id, event.manifest, summary, files, artifact))
    return made


def _proposed(event: e.DiffProposed) -> Diff:
    level = RiskLevel(event.risk_level)
    return Diff(
        event.diff_id, event.step_id, event.digest, event.summary, event.files, event.artifact, level, event.rules
    )


def unapproved_changes(engine: Engine, mission: Mission) -> list[Diff]:
    """What commands have changed beyond the scope contract, and nobody has allowed yet."""
    beyond = {edit.checkpoint_id for edit in mission.edits if edit.breaches and edit.undone_by is None}
    return [diff for diff in changes_made(engine, mission) if diff.diff_id in beyond] if beyond else []


def diff_text(engine: Engine, diff: Diff) -> str:
    """The unified diff; what is not UTF-8 in it stands as `surrogateescape` has it."""
    return engine.artifact(diff.artifact).decode("utf-8", "surrogateescape")


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
