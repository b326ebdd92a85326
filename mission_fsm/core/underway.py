"""The step under way, as a fold of events finds it and changes it."""

from __future__ import annotations

from typing import Any

import attrs

from mission_fsm.core.mission import Active, Mission
from mission_fsm.errors import JournalDamaged


def active_of(mission: Mission) -> Active:
    """The step under way. Raises JournalDamaged where none is, since the next event belongs to one."""
    if mission.active is None:
        raise JournalDamaged(f"event {mission.sequence + 1} belongs to a step, and no step is under way")
    return mission.active


def with_active(mission: Mission, **changes: Any) -> dict[str, Any]:
    """The field of the mission that holds the step under way, with those changes."""
    return {"active": attrs.evolve(active_of(mission), **changes)}
