"""THE TABLE: which trigger moves a mission from which state to which, and under what guards.

A mission is in one of seven states. A *trigger* is what is asked of it; a *guard* is a pure predicate on
the move; a *row* says that the trigger moves the mission from the source to the destination when every guard
holds. A row whose destination is None is internal: something happens, and the state stays. Nothing leaves
`stopped` or `complete`; only files can still be rolled back there. What is not in the table cannot happen,
and no other line of the project decides where a mission stands.

The rows are fired by one `transitions` machine for all missions, on a small cursor: deciding never touches
a mission. Replaying a journal fires nothing; it follows rows that are in the table, or is refused.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from transitions import Machine

from mission_fsm.core import guards as g
from mission_fsm.core.guards import NO_FACTS, Facts, Guard
from mission_fsm.core.mission import Mission, State
from mission_fsm.errors import GuardRefused, IllegalTransition, JournalDamaged

S = State


@frozen
class Row:
    """One line of the table."""

    trigger: str
    source: State
    dest: State | None
    guards: tuple[Guard, ...] = ()

    @property
    def lands(self) -> State:
        """The state after it."""
        return self.source if self.dest is None else self.dest


_STARTABLE = (g.plan_is_approved, g.plan_is_unchanged, g.stages_are_installed, g.workspace_is_free)
_DECISION = (g.decision_fits, g.limit_has_not_passed)
_APPROVAL = (*_DECISION, g.answer_is_given, g.subject_has_not_drifted)
_PLAN_APPROVAL = (*_DECISION, g.author_may_approve, g.plan_is_unchanged)
_RESUME_ASKING = (g.no_rollback_is_open, g.a_request_is_pending)
_RESUME = (g.no_rollback_is_open, g.no_request_is_pending)
_RERUN = (g.no_rollback_is_open, g.attempts_are_left)
_REPAIRABLE = (g.no_rollback_is_due, g.no_rollback_is_open, g.repair_is_bound)
_RESTORABLE = (g.checkpoint_is_live, g.nothing_else_changed)

# fmt: off
TABLE: tuple[Row, ...] = (
    # trigger              source                 destination            guards
    Row("approve",          S.IDLE,              None,                  _PLAN_APPROVAL),
    Row("reject",           S.IDLE,              None,                  _DECISION),
    Row("start",            S.IDLE,              S.RUNNING,             _STARTABLE),
    Row("advance",          S.RUNNING,           None,                  (g.step_is_next, g.effect_is_next)),
    Row("request_approval", S.RUNNING,           S.AWAITING_APPROVAL,   (g.nothing_is_pending,)),
    Row("approve",          S.AWAITING_APPROVAL, S.RUNNING,             _APPROVAL),
    Row("reject",           S.AWAITING_APPROVAL, S.PAUSED,              _DECISION),
    Row("expire",           S.AWAITING_APPROVAL, S.PAUSED,              (g.limit_has_passed,)),
    Row("void",             S.AWAITING_APPROVAL, S.RUNNING,             (g.subject_has_drifted,)),
    Row("request_input",    S.RUNNING,           S.PAUSED),
    Row("pause",            S.RUNNING,           S.PAUSED),
    Row("pause",            S.AWAITING_APPROVAL, S.PAUSED),
    Row("resume",           S.PAUSED,            S.AWAITING_APPROVAL,   _RESUME_ASKING),
    Row("resume",           S.PAUSED,            S.RUNNING,             _RESUME),
    Row("fail",             S.RUNNING,           S.FAILED),
    Row("retry",            S.FAILED,            S.RUNNING,             (g.no_rollback_is_due, *_RERUN)),
    Row("retry",            S.PAUSED,            S.RUNNING,             (g.nothing_is_pending, *_RERUN)),
    Row("repair",           S.FAILED,            S.RUNNING,             _REPAIRABLE),
    Row("rollback",         S.PAUSED,            None,                  _RESTORABLE),
    Row("rollback",         S.FAILED,            S.PAUSED,              _RESTORABLE),
    Row("rollback",         S.STOPPED,           None,                  _RESTORABLE),
    Row("rollback",         S.COMPLETE,          None,                  _RESTORABLE),
    Row("recover",          S.RUNNING,           None,                  (g.nothing_is_in_doubt,)),
    Row("recover",          S.RUNNING,           S.PAUSED,              (g.something_is_in_doubt,)),
    Row("stop",             S.IDLE,              S.STOPPED),
    Row("stop",             S.RUNNING,           S.STOPPED),
    Row("stop",             S.AWAITING_APPROVAL, S.STOPPED),
    Row("stop",             S.PAUSED,            S.STOPPED),
    Row("stop",             S.FAILED,            S.STOPPED),
    Row("finish",           S.RUNNING,           S.COMPLETE,            (g.every_step_is_completed,)),
)
# fmt: on

INITIAL = State.IDLE
FINAL = frozenset({State.STOPPED, State.COMPLETE})
TRIGGERS: tuple[str, ...] = tuple(dict.fromkeys(row.trigger for row in TABLE))
# What comes of the runner's own work and of the clock. All the others are asked for, by a person or a host.
UNASKED = frozenset({"advance", "request_approval", "expire", "void", "request_input", "fail", "finish"})


def rows(trigger: str, source: State) -> tuple[Row, ...]:
    """The rows of that trigger from that state."""
    return _ROWS.get((trigger, source), ())


def next_state(mission: Mission, trigger: str, facts: Facts = NO_FACTS) -> State:
    """Fire the trigger for that mission and say where it would stand; the mission is not touched.

    Raises IllegalTransition where the table has no row for it, GuardRefused where no row's guards hold.
    """
    if not rows(trigger, mission.state):
        raise IllegalTransition(trigger, mission.state, _triggers_from(mission.state))
    cursor = _Cursor(mission.state.value)
    if not _MACHINE.events[trigger].trigger(cursor, mission, facts):
        name, reason = _refusal(mission, trigger, facts)
        raise GuardRefused(trigger, name, reason)
    return State(cursor.state)


def legal_triggers(mission: Mission, facts: Facts = NO_FACTS) -> tuple[str, ...]:
    """The triggers that may be asked for now, without firing any."""
    return tuple(t for t in _triggers_from(mission.state) if why_not(mission, t, facts) is None)


def why_not(mission: Mission, trigger: str, facts: Facts = NO_FACTS) -> str | None:
    """Why that trigger cannot be fired now, in a sentence, or None where it can; nothing is fired."""
    candidates = rows(trigger, mission.state)
    if not candidates:
        return str(IllegalTransition(trigger, mission.state, _triggers_from(mission.state)))
    if any(_first_refusal(row, mission, facts) is None for row in candidates):
        return None
    return _refusal(mission, trigger, facts)[1]


def follow(source: State, trigger: str, dest: State) -> State:
    """Where a recorded move leads. Raises JournalDamaged where the table has no such row."""
    if any(row.lands is dest for row in rows(trigger, source)):
        return dest
    raise JournalDamaged(f"the journal records {trigger} from {source} to {dest}, which the lifecycle does not allow")


class _Cursor:
    """What the machine moves in place of a mission."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def _triggers_from(state: State) -> tuple[str, ...]:
    return tuple(trigger for trigger in TRIGGERS if (trigger, state) in _ROWS and trigger not in UNASKED)


def _first_refusal(row: Row, mission: Mission, facts: Facts) -> tuple[str, str] | None:
    for guard in row.guards:
        reason = guard(mission, facts)
        if reason is not None:
            return guard.__name__, reason
    return None


def _refusal(mission: Mission, trigger: str, facts: Facts) -> tuple[str, str]:
    refusals = [_first_refusal(row, mission, facts) for row in rows(trigger, mission.state)]
    return next(refusal for refusal in refusals if refusal is not None)


def _condition(guard: Guard) -> Callable[[Mission, Facts], bool]:
    return lambda mission, facts: guard(mission, facts) is None


def _build_machine() -> Machine:
    # No callbacks, no queue, no automatic `to_...` triggers: the machine answers where a move leads, and
    # does nothing else.
    machine = Machine(model=None, states=[s.value for s in State], initial=INITIAL.value, auto_transitions=False)
    for row in TABLE:
        machine.add_transition(
            row.trigger,
            row.source.value,
            None if row.dest is None else row.dest.value,
            conditions=[_condition(guard) for guard in row.guards],
        )
    return machine


_ROWS: dict[tuple[str, State], tuple[Row, ...]] = {
    (row.trigger, row.source): tuple(r for r in TABLE if (r.trigger, r.source) == (row.trigger, row.source))
    for row in TABLE
}
_MACHINE = _build_machine()
