"""The way of a mission: states in order, and how often each move was made."""

from __future__ import annotations

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core import outcomes as o
from mission_fsm.core.decide import create, decide
from mission_fsm.core.mission import State
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.trace import trace

PLAN = Plan("goal", (Step("ask", "Decide", "plan"), Step("find", "Find it", "retrieve")), "d" * 64)
NONE: frozenset[str] = frozenset()


def test_a_trace_has_the_states_in_order_and_the_count_of_each_move() -> None:
    mission = created = create("m1", PLAN, "/w", source=None, by="ada").mission
    events: list[e.Event] = []
    for command in (
        c.Approve("ada", "api"),
        c.Start(NONE),
        c.RecordOutcome(o.AskQuestion("Which?"), NONE, digest="q" * 64),
        c.Reject("ada", "api", "neither"),
        c.Retry("ada"),
        c.Pause("ada"),
        c.Resume("ada"),
        c.Stop("ada"),
    ):
        decision = decide(mission, command)
        events += decision.events
        mission = decision.mission
    way = trace(created, events)
    assert way.states == (
        State.IDLE,
        State.RUNNING,
        State.AWAITING_APPROVAL,
        State.PAUSED,
        State.RUNNING,
        State.PAUSED,
        State.RUNNING,
        State.STOPPED,
    )
    assert way.state is mission.state
    assert way.counts == {
        ("approve", State.IDLE, State.IDLE): 1,
        ("start", State.IDLE, State.RUNNING): 1,
        ("advance", State.RUNNING, State.RUNNING): 1,
        ("request_approval", State.RUNNING, State.AWAITING_APPROVAL): 1,
        ("reject", State.AWAITING_APPROVAL, State.PAUSED): 1,
        ("retry", State.PAUSED, State.RUNNING): 1,
        ("pause", State.RUNNING, State.PAUSED): 1,
        ("resume", State.PAUSED, State.RUNNING): 1,
        ("stop", State.RUNNING, State.STOPPED): 1,
    }


def test_a_mission_without_further_events_stands_where_it_stood() -> None:
    created = create("m1", PLAN, "/w", source=None, by="ada").mission
    way = trace(created, [])
    assert (way.mission_id, way.goal, way.states, way.counts) == ("m1", "goal", (State.IDLE,), {})
