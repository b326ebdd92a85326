"""The scope contract, held against a change set, over the whole mission."""

from __future__ import annotations

from mission_fsm.core.changes import ChangeSet
from mission_fsm.core.globs import matches_any
from mission_fsm.core.mission import Mission


def violations(mission: Mission, change_set: ChangeSet) -> tuple[str, ...]:
    """Every way in which applying the change set would leave the mission's scope contract, in words."""
    scope = mission.plan.scope
    found = [f"{path} is outside the paths {', '.join(scope.paths)}" for path in outside(mission, change_set.paths)]
    live = [edit for edit in mission.edits if edit.undone_by is None and edit.kind == "edit"]
    if scope.max_files is not None:
        files = len({*change_set.paths, *(path for edit in live for path in edit.paths)})
        if files > scope.max_files:
            found.append(f"{files} files would be changed, and max_files is {scope.max_files}")
    if scope.max_lines is not None:
        lines = change_set.lines + sum(edit.lines for edit in live)
        if lines > scope.max_lines:
            found.append(f"{lines} lines would be changed, and max_lines is {scope.max_lines}")
    return tuple(found)


def outside(mission: Mission, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the paths that no glob of the contract matches."""
    return tuple(path for path in paths if not matches_any(mission.plan.scope.paths, path))
