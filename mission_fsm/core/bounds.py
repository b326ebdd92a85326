"""What comes of reaching the bounds of the scope contract: files that commands changed, and requests to widen it.

Part of `decide`, as `report` is: what the runner reports is decided here.
"""

from __future__ import annotations

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core.approvals import ApprovalKind
from mission_fsm.core.draft import Draft
from mission_fsm.core.lifecycle import FINAL, legal_triggers
from mission_fsm.core.mission import Widening
from mission_fsm.core.scope import digest_of, due_widening, widening_for
from mission_fsm.core.steps import ask
from mission_fsm.errors import GuardRefused, IllegalTransition


def files_changed(draft: Draft, command: c.ReportFilesChanged) -> None:
    """A command has changed files by itself. Whether they may stay so is asked before anything else is done."""
    active = draft.active
    running = active.command
    if running is None or running.run_id is None or running.surveyed:
        why = "no command is under way of which it is not on record what it changed"
        raise GuardRefused("advance", "command_is_under_way", why)
    held = [path for path in command.files if path not in command.reports]
    beyond = widening_for(draft.mission, [*held, *command.lost], command.lines)
    breaches = beyond.breaches if beyond is not None else ()
    if running.spec.isolated:
        breaches = (_foreign((*command.files, *command.lost)), *breaches)
    draft.emit(
        e.FilesChanged(
            step_id=active.step_id,
            run_id=running.run_id,
            checkpoint_id=draft.new_id("checkpoint"),
            files=command.files,
            lines=command.lines,
            size_bytes=command.size_bytes,
            manifest=command.manifest,
            artifact=command.artifact,
            reports=command.reports,
            lost=command.lost,
            breaches=breaches,
        )
    )


def scope_asked(draft: Draft, command: c.AskScope) -> None:
    """The contract is used up, or was left. Raises GuardRefused where it is neither."""
    widening = due_widening(draft.mission, command.spent_s)
    if widening is None:
        raise GuardRefused("advance", "scope_is_used_up", "the mission is within its scope contract")
    ask_to_widen(draft, widening, command.expires_at, command.spent_s)


def ask_to_widen(draft: Draft, widening: Widening, expires_at: str | None, spent_s: float = 0.0) -> None:
    """Ask a person to widen the scope contract for this mission; no grant does."""
    step_id = draft.mission.active.step_id if draft.mission.active is not None else None
    digest = digest_of(draft.mission, widening)
    draft.emit(e.ScopeExpansionRequested(widening.breaches, widening.scope, step_id, spent_s))
    ask(draft, ApprovalKind.SCOPE, digest, "; ".join(widening.breaches), expires_at=expires_at)


def time_noted(draft: Draft, command: c.NoteTime) -> None:
    """The time at work is put on record; of a mission that has ended none is spent."""
    mission = draft.mission
    if mission.state in FINAL:
        raise IllegalTransition("note the time of", mission.state, legal_triggers(mission))
    if command.spent_s < mission.spent_s:
        raise GuardRefused("note", "time_goes_on", f"it was at work for {mission.spent_s} s already")
    draft.emit(e.TimeSpent(command.spent_s))


def _foreign(paths: tuple[str, ...]) -> str:
    some = ", ".join(paths[:3]) + (" and others" if len(paths) > 3 else "")
    return f"while its program worked in a copy, files of the workspace itself were changed: {some}"
