"""The processes that run missions: how they are named, and those that will not answer."""

from __future__ import annotations

import os
import re
import socket

from mission_fsm.errors import MissionHeld
from mission_fsm.journal.processes import is_suspended
from mission_fsm.journal.store import Holder


def this_runner() -> str:
    """The name of this process as a holder of missions, for people."""
    return f"pid {os.getpid()} on {socket.gethostname()}"


def refuse_suspended(mission_id: str, holder: Holder) -> None:
    """Raise MissionHeld where the runner that holds the mission is suspended, and so will not answer."""
    named = re.fullmatch(r"pid (\d+) on (.*)", holder.runner)
    if named is None or named[2] != socket.gethostname() or not is_suspended(int(named[1])):
        return
    raise MissionHeld(
        f"mission {mission_id} is held by {holder.runner}, which is suspended: let it go on (`fg` in its terminal, or "
        f"`kill -CONT {named[1]}`), end it, or take the mission from it with --take-over"
    )
