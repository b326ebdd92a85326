"""The scope contract, held against all that a mission changes and uses, and how far it would have to be widened.

Files and lines count over the whole mission: what its edits and its commands have left in the workspace.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable

from attrs import asdict, evolve

from mission_fsm.core.globs import escaped, matches_any
from mission_fsm.core.mission import Mission, Widening
from mission_fsm.core.next import ApplyChange, SecureChange, StartCommand, next_of
from mission_fsm.core.paths import is_git_name
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.wording import count

_CALLS = (SecureChange, StartCommand)


def widening_for(mission: Mission, paths: Iterable[str], lines: int) -> Widening | None:
    """What would have to be widened for these paths and lines to be changed too; None where it is wide enough."""
    scope, paths = mission.scope, tuple(paths)
    beyond = outside(scope, paths)
    breaches = [f"{path} is outside the paths {', '.join(scope.paths)}" for path in beyond]
    wider = evolve(scope, paths=(*scope.paths, *map(escaped, beyond))) if beyond else scope
    live = [edit for edit in mission.edits if edit.undone_by is None and edit.kind != "rollback"]
    if scope.max_files is not None:
        files = len({*paths, *(path for edit in live for path in edit.paths if path not in edit.reports)})
        if files > scope.max_files:
            breaches.append(f"{count(files, 'file')} would be changed, and max_files is {scope.max_files}")
            wider = evolve(wider, max_files=files)
    if scope.max_lines is not None:
        all_lines = lines + sum(edit.lines for edit in live)
        if all_lines > scope.max_lines:
            breaches.append(f"{count(all_lines, 'line')} would be changed, and max_lines is {scope.max_lines}")
            wider = evolve(wider, max_lines=all_lines)
    return Widening(tuple(breaches), wider) if breaches else None


def outside(scope: ScopeContract, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that no glob of the contract matches; git's own folder no glob means."""
    return tuple(path for path in paths if not matches_any(scope.paths, path) or any(map(is_git_name, path.split("/"))))


def budget_left(mission: Mission) -> bool:
    """Whether one more search, command or edit is within the contract."""
    most = mission.scope.max_tool_calls
    return most is None or mission.tool_calls < most


def due_widening(mission: Mission, spent_s: float) -> Widening | None:
    """What has to be widened before the next effect, the mission having been at work for so many seconds.

    That is for what commands have changed already; or for time and calls that are used up, and then as much again is
    proposed as the plan allows. Writing what is secured is never put off.
    """
    if mission.breaches:
        return _breached(mission)
    scope = mission.scope
    if scope.max_time_s is None and scope.max_tool_calls is None:
        return None
    following = next_of(mission)
    if isinstance(following, ApplyChange):
        return None
    no_call_left = isinstance(following, _CALLS) and not budget_left(mission)
    widening = one_call_more(mission) if no_call_left else Widening((), scope)
    if scope.max_time_s is not None and spent_s >= scope.max_time_s:
        late = f"it has been at work for {spent_s:.1f} s, and max_time_s is {scope.max_time_s}"
        more_s = math.ceil(spent_s) + max(mission.plan.scope.max_time_s or 0, 1)
        widening = Widening((late, *widening.breaches), evolve(widening.scope, max_time_s=more_s))
    return widening if widening.breaches else None


def one_call_more(mission: Mission) -> Widening:
    """What would have to be widened for one more search, command or edit."""
    most = mission.scope.max_tool_calls
    used_up = f"it would be search, command or edit number {mission.tool_calls + 1}, and max_tool_calls is {most}"
    more = mission.tool_calls + max(mission.plan.scope.max_tool_calls or 0, 1)
    return Widening((used_up,), evolve(mission.scope, max_tool_calls=more))


def _breached(mission: Mission) -> Widening:
    paths = sorted({path for edit in mission.edits if edit.breaches for path in edit.paths})
    needed = widening_for(mission, paths, 0)
    return Widening(mission.breaches, mission.scope if needed is None else needed.scope)


def digest_of(mission: Mission, widening: Widening) -> str:
    """The digest of what a decision to widen is bound to: SHA-256 over canonical JSON (RFC 8785).

    Keys are ASCII, and numbers whole, so that `json` writes them as the standard has it.
    """
    asked = {
        "plan": mission.plan.digest,
        "step": mission.cursor,
        "breaches": widening.breaches,
        "scope_contract": asdict(widening.scope),
    }
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
