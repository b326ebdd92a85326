"""mission-fsm: runs a plan that a person approved, one step at a time, and nothing else.

The public names; each is imported when it is first used, so that the command line starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mission_fsm.core.events import Recorded
    from mission_fsm.core.mission import Mission, State
    from mission_fsm.core.plan import Plan
    from mission_fsm.engine import Engine
    from mission_fsm.errors import MissionError
    from mission_fsm.registry import Registry

__version__ = "0.1.0"

__all__ = ["Engine", "Mission", "MissionError", "Plan", "Recorded", "Registry", "State", "__version__"]

_HOMES = {
    "Engine": "mission_fsm.engine",
    "Mission": "mission_fsm.core.mission",
    "MissionError": "mission_fsm.errors",
    "Plan": "mission_fsm.core.plan",
    "Recorded": "mission_fsm.core.events",
    "Registry": "mission_fsm.registry",
    "State": "mission_fsm.core.mission",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
