"""Where missions are kept: a folder outside every workspace."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def default_home() -> Path:
    """`$MISSION_HOME`, or the platform's folder for state (on Linux by the XDG Base Directory Specification)."""
    named = os.environ.get("MISSION_HOME")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mission-fsm"
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "mission-fsm"
