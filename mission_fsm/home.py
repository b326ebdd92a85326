"""Where missions are kept, a folder outside every workspace, and how much of its disk they may take."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mission_fsm.core.sizes import bytes_of
from mission_fsm.core.wording import MismatchError
from mission_fsm.errors import UsageError

# In the home: what stages keep to be faster the next time, by workspace. It can be made anew, so anyone may delete it.
CACHE = "cache"
# There too: the copies of workspaces in which editors' programs run, each removed when its program has ended.
COPIES = "copies"


def default_home() -> Path:
    """`$MISSION_HOME`, or the platform's folder for state (on Linux by the XDG Base Directory Specification).

    Raises UsageError where the user has no home folder.
    """
    named = os.environ.get("MISSION_HOME")
    if named:
        return Path(named).expanduser().absolute()
    try:
        user = Path.home()
    except RuntimeError:
        raise UsageError("this user has no home folder to keep missions in; name one with --home") from None
    if sys.platform == "darwin":
        return user / "Library" / "Application Support" / "mission-fsm"
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    base = Path(state) if Path(state).is_absolute() else user / ".local" / "state"
    return base / "mission-fsm"


def default_quota() -> int | None:
    """`$MISSION_QUOTA` in bytes, or None where it is not set. Raises UsageError where it is no number of bytes."""
    given = os.environ.get("MISSION_QUOTA")
    if not given:
        return None
    try:
        return bytes_of(given)
    except MismatchError as error:
        raise UsageError(f"MISSION_QUOTA: {error}") from error
