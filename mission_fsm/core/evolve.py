"""evolve(mission, event) -> mission: what one more fact makes of a mission. Replay is a fold of it.

Where the mission stands is read from the lifecycle table alone, by the move that the event marks.
"""

from __future__ import annotations

from mission_fsm.core import events as e
from mission_fsm.core.consequences import consequences
from mission_fsm.core.contradictions import contradiction
from mission_fsm.core.lifecycle import INITIAL, follow
from mission_fsm.core.mission import Mission
from mission_fsm.core.moves import Move, move_of
from mission_fsm.core.plan import Plan
from mission_fsm.errors import JournalDamaged


def begin(mission_id: str, plan: Plan, created: e.MissionCreated) -> Mission:
    """The mission that its first event makes."""
    return Mission(
        mission_id=mission_id,
        plan=plan,
        workspace=created.workspace,
        source=created.source,
        created_by=created.created_by,
        state=INITIAL,
        sequence=1,
    )


def evolve(mission: Mission, event: e.Event) -> Mission:
    """The mission after that event. Raises as `moved` does."""
    return moved(mission, event)[0]


def moved(mission: Mission, event: e.Event) -> tuple[Mission, Move | None]:
    """The mission after that event, and the move that the event marks, if it marks one.

    Raises JournalDamaged where the lifecycle does not allow its move, or it contradicts what came before it.
    """
    problem = contradiction(mission, event)
    if problem is not None:
        kind = e.type_of(type(event))
        raise JournalDamaged(f"event {mission.sequence + 1} ({kind}) contradicts those before it: {problem}")
    changes = consequences(mission, event)
    if type(event) not in _SETTING_OUT:
        changes["at_rest"] = isinstance(event, _DECISIONS) and not _has_secured_change(mission)
    move = move_of(event, mission)
    if move is not None:
        changes["state"] = follow(mission.state, move.trigger, move.dest)
    changes["sequence"] = mission.sequence + 1
    return mission.with_changes(changes), move


# After a decision nothing has begun, until the first event that is more than the setting out for the next effect, or
# a word about grants, which may come at any time.
_DECISIONS = (e.ExecutionResumed, e.RepairStarted)
_SETTING_OUT = (e.StageChanged, e.CheckpointCreated, e.GrantGiven, e.GrantRevoked)


def _has_secured_change(mission: Mission) -> bool:
    """Whether the next effect is the one that begins without an event of its own: writing what is secured."""
    change = mission.active.change if mission.active else None
    return change is not None and change.manifest is not None
