"""What is asked of a mission whoever holds it: done here where nobody does, or else by its runner at a safe point."""

from __future__ import annotations

import time
from collections.abc import Callable

from mission_fsm.core import commands as c
from mission_fsm.core.decide import decide
from mission_fsm.core.mission import Mission, State
from mission_fsm.errors import MissionHeld
from mission_fsm.runner.control import Interruption, Request, to_text
from mission_fsm.runner.host import Host, interrupted
from mission_fsm.runner.runners import refuse_suspended

# How often, in seconds, one looks whether another runner has taken a request.
_POLL_S = 0.02


def interrupt(host: Host, mission_id: str, request: Interruption, wanted: State, *, take_over: bool = False) -> Mission:
    """Have the mission paused or stopped, whoever runs it, and wait until it is.

    Asked from within a run of this thread, such as by a listener, it is done at the next safe point of that run.
    """
    own = host.own_session(mission_id)
    control = host.control_of(own)
    if own is not None and control is not None:
        control.ask(request)
        return own.mission
    if own is not None:
        return interrupted(own, request)

    def is_done() -> bool:
        return State(host.store.row(mission_id).state) is wanted

    def do() -> Mission:
        return host.interrupt_unheld(mission_id, request, take_over=take_over)

    return _have_done(host, mission_id, request, do, is_done, take_over=take_over)


def revoke(host: Host, mission_id: str, request: c.RevokeGrant, *, take_over: bool = False) -> Mission:
    """Have a grant revoked, whoever runs the mission, and wait until that is on record; the mission runs on.

    Asked from within a run of this thread it is done at once.
    """
    own = host.own_session(mission_id)
    if own is not None:
        return own.decide(request)

    def is_done() -> bool:
        mission = host.loader.load(mission_id).mission
        if any((grant.grant_id, grant.revoked_by) == (request.grant_id, request.by) for grant in mission.grants):
            return True
        decide(mission, request)  # raises why it was not done, unless it only is not done yet
        return False

    def do() -> Mission:
        with host.session(mission_id, take_over=take_over) as session:
            return session.decide(request)

    decide(host.loader.load(mission_id).mission, request)
    return _have_done(host, mission_id, request, do, is_done, take_over=take_over)


def _have_done(
    host: Host,
    mission_id: str,
    request: Request,
    do: Callable[[], Mission],
    is_done: Callable[[], bool],
    *,
    take_over: bool,
) -> Mission:
    """Do it, or leave the request to whoever holds the mission, and wait until it is done.

    do: does it, and raises MissionHeld where another holds the mission. What a holder that is gone was asked, and has
        not done, is done by this after all. take_over: whether `do` takes the mission over, so that nobody is asked.
    is_done: whether the holder has done it, once it has taken the request; raises why it has not, where it will not.
    Raises what both do, and MissionHeld where the holder is suspended.
    """
    store, number = host.store, None
    while True:
        try:
            return do()
        except MissionHeld:
            if take_over:
                raise
            holder = store.holder(mission_id)
        if holder is not None:
            refuse_suspended(mission_id, holder)
            if number is None or not store.posted(number):
                number = store.post(mission_id, to_text(request))
            # The holder after this one knows nothing of what this one has taken from the inbox.
            while store.holder(mission_id) == holder:
                refuse_suspended(mission_id, holder)
                if not store.posted(number) and is_done():
                    break
                time.sleep(_POLL_S)
        # Looked at once more: the runner may have done what was asked just before it was gone.
        if is_done():
            return host.loader.load(mission_id).mission
