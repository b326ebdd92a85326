"""The table: what is legal where, that asking changes nothing, and that the table is sound."""

from __future__ import annotations

import inspect
from collections import defaultdict
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core import guards as g
from mission_fsm.core import lifecycle
from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.guards import Facts
from mission_fsm.core.lifecycle import (
    FINAL,
    INITIAL,
    TABLE,
    TRIGGERS,
    UNASKED,
    follow,
    legal_triggers,
    next_state,
    why_not,
)
from mission_fsm.core.mission import Active, Edit, Mission, ProposedChange, ProposedCommand, Restoring, State
from mission_fsm.core.next import BeginStep, RunStage
from mission_fsm.core.replies import CommandSpec
from mission_fsm.errors import GuardRefused, IllegalTransition, JournalDamaged
from tests.unit.core.driver import plan_of

# Where each trigger leads from each state; `=` is the state itself, `-` is illegal.
GRID = """
                  idle     running            awaiting_approval  paused                     failed   stopped  complete
approve           =        -                  running            -                          -        -        -
reject            =        -                  paused             -                          -        -        -
start             running  -                  -                  -                          -        -        -
advance           -        =                  -                  -                          -        -        -
request_approval  -        awaiting_approval  -                  -                          -        -        -
expire            -        -                  paused             -                          -        -        -
void              -        -                  running            -                          -        -        -
request_input     -        paused             -                  -                          -        -        -
pause             -        paused             paused             -                          -        -        -
resume            -        -                  -                  awaiting_approval/running  -        -        -
fail              -        failed             -                  -                          -        -        -
retry             -        -                  -                  running                    running  -        -
repair            -        -                  -                  -                          running  -        -
rollback          -        -                  -                  =                          paused   =        =
recover           -        =/paused           -                  -                          -        -        -
stop              stopped  stopped            stopped            stopped                    stopped  -        -
finish            -        complete           -                  -                          -        -        -
"""
PLAN = plan_of("find:retrieve", "fix:edit")
LIVE_EDIT = Edit("checkpoint-9", "edit", "fix", 1, "manifest", ("a.py",), 2)
REQUEST = Request("approval-8", ApprovalKind.DIFF, "digest", "a change", expires_at="2024-01-01T10:00:00Z")


def _grid() -> dict[tuple[str, State], tuple[State, ...]]:
    header, *lines = GRID.strip().splitlines()
    states = [State(name) for name in header.split()]
    grid = {}
    for line in lines:
        trigger, *cells = line.split()
        for state, cell in zip(states, cells, strict=True):
            names = [] if cell == "-" else cell.replace("=", state).split("/")
            grid[trigger, state] = tuple(State(name) for name in names)
    return grid


EXPECTED = _grid()
PAIRS = [pytest.param(*pair, id="-".join(pair)) for pair in EXPECTED]


def _mission(state: State, **changes: Any) -> Mission:
    made = Mission("m1", PLAN, "/w", None, "ann", state, 20, cursor=1, reached=2, edits=(LIVE_EDIT,))
    return attrs.evolve(made, **changes)


def _ready(trigger: str, state: State, dest: State) -> tuple[Mission, Facts]:
    """A mission in that state, and facts, for which every guard on the way to that destination holds."""
    mission, facts = _mission(state), Facts()
    asking = trigger == "resume" and dest is State.AWAITING_APPROVAL
    if asking or trigger in ("approve", "reject", "expire", "void"):
        mission = _mission(state, pending=REQUEST)
    match trigger:
        case "start":
            mission = _mission(state, plan_decision="approved")
        case "expire":
            facts = Facts(now="2024-01-01T10:00:00Z")
        case "void":
            facts = Facts(drift=("a.py was changed",))
        case "recover" if dest is State.PAUSED:
            facts = Facts(in_doubt=("deploy",))
        case "finish":
            mission = _mission(state, cursor=2)
    return mission, facts


def test_the_expectations_are_about_every_state_and_trigger() -> None:
    assert set(EXPECTED) == {(trigger, state) for trigger in TRIGGERS for state in State}
    assert len(EXPECTED) == 17 * 7


@pytest.mark.parametrize(("trigger", "state"), PAIRS)
def test_each_trigger_leads_from_each_state_to_where_it_is_expected_to_or_is_illegal(
    trigger: str, state: State
) -> None:
    for dest in EXPECTED[trigger, state]:
        mission, facts = _ready(trigger, state, dest)
        assert next_state(mission, trigger, facts) is dest
        assert why_not(mission, trigger, facts) is None
        assert (trigger in legal_triggers(mission, facts)) is (trigger not in UNASKED)
    if not EXPECTED[trigger, state]:
        legal = tuple(name for name in TRIGGERS if EXPECTED[name, state] and name not in UNASKED)
        with pytest.raises(IllegalTransition) as refusal:
            next_state(_mission(state), trigger)
        assert refusal.value.legal == legal
        assert str(refusal.value) == why_not(_mission(state), trigger)
        assert str(refusal.value).startswith(f"cannot {trigger} a mission that is {state.replace('_', ' ')}; legal now")
        assert not any(name in str(refusal.value).partition("now")[2] for name in ("start", "recover", *UNASKED))
        assert trigger not in legal_triggers(_mission(state))


def test_a_guard_that_refuses_is_named_with_its_reason_and_the_trigger() -> None:
    with pytest.raises(GuardRefused) as refusal:
        next_state(_mission(State.IDLE), "start")
    assert (refusal.value.trigger, refusal.value.guard) == ("start", "plan_is_approved")
    assert refusal.value.reason == "its plan is not approved; approve it first"
    assert str(refusal.value) == "start refused: its plan is not approved; approve it first"
    assert why_not(_mission(State.IDLE), "start") == refusal.value.reason


# --- asking and firing, for any mission


@st.composite
def missions(draw: st.DrawFn) -> Mission:
    """Missions of every shape, those that no journal could make included."""

    def maybe(strategy: st.SearchStrategy[object]) -> object:
        return draw(st.none() | strategy)

    kinds = st.sampled_from(ApprovalKind)
    choices = st.sampled_from([(), ("yes", "no")])
    limits = st.sampled_from([None, "2024-01-01T10:00:00Z"])
    change = ProposedChange("diff-1", "digest", "a change", ("a.py",), 2, final=True)
    command = ProposedCommand("digest", CommandSpec(("true",)), "test")
    live = st.sampled_from([None, "checkpoint-12"])
    return _mission(
        draw(st.sampled_from(State)),
        cursor=draw(st.integers(0, 2)),
        plan_decision=draw(st.sampled_from(["pending", "approved", "rejected"])),
        pending=maybe(
            st.builds(
                Request,
                st.just("approval-8"),
                kinds,
                st.just("digest"),
                st.just("?"),
                choices=choices,
                expires_at=limits,
            )
        ),
        active=maybe(
            st.builds(
                Active,
                st.just(1),
                st.just("fix"),
                st.just(1),
                st.just("edit"),
                change=st.none() | st.just(change),
                command=st.none() | st.just(command),
            )
        ),
        restoring=maybe(st.just(Restoring("checkpoint-12", "checkpoint-9", "manifest", 1, ("checkpoint-9",), "ann"))),
        edits=draw(st.sampled_from([(), (LIVE_EDIT,)])) and (attrs.evolve(LIVE_EDIT, undone_by=draw(live)),),
        retried=draw(st.sampled_from([{}, {"fix": 10}])),
    )


facts_of_any_kind = st.builds(
    Facts,
    step_index=st.none() | st.integers(0, 2),
    effect=st.sampled_from([None, BeginStep, RunStage]),
    approval_id=st.sampled_from([None, "approval-8", "approval-7"]),
    digest=st.sampled_from([None, "digest", "another"]),
    answer=st.sampled_from([None, "", "yes", "perhaps"]),
    drift=st.sampled_from([(), ("a.py was changed",)]),
    plan_changes=st.sampled_from([(), ("goal",)]),
    missing_stages=st.sampled_from([(), ("deploy",)]),
    held_by=st.sampled_from([None, "mission m2 holds the workspace"]),
    now=st.sampled_from([None, "2024-01-01T09:00:00Z", "2024-01-01T10:00:00Z"]),
    bound=st.booleans(),
    checkpoint=st.sampled_from([None, "checkpoint-9", "checkpoint-1"]),
    conflicts=st.sampled_from([(), ("a.py was changed",)]),
    in_doubt=st.sampled_from([(), ("deploy",)]),
)


@given(missions(), facts_of_any_kind)
def test_asking_agrees_with_firing_and_neither_touches_the_mission(mission: Mission, facts: Facts) -> None:
    before = attrs.asdict(mission)
    fired = {trigger: _fire(mission, trigger, facts) for trigger in TRIGGERS}
    for trigger, answer in fired.items():
        assert why_not(mission, trigger, facts) == (None if isinstance(answer, State) else answer)
        assert not isinstance(answer, State) or answer in EXPECTED[trigger, mission.state]
    legal = tuple(t for t, answer in fired.items() if isinstance(answer, State) and t not in UNASKED)
    assert legal_triggers(mission, facts) == legal
    assert attrs.asdict(mission) == before


def _fire(mission: Mission, trigger: str, facts: Facts) -> State | str:
    """Where the trigger leads, or why it does not."""
    try:
        return next_state(mission, trigger, facts)
    except IllegalTransition as refusal:
        return str(refusal)
    except GuardRefused as refusal:
        return refusal.reason


@given(missions(), facts_of_any_kind)
def test_no_two_rows_of_one_trigger_and_state_can_both_be_true(mission: Mission, facts: Facts) -> None:
    for trigger in TRIGGERS:
        true = [
            row
            for row in lifecycle.rows(trigger, mission.state)
            if all(guard(mission, facts) is None for guard in row.guards)
        ]
        assert len(true) <= 1
    for pair in g.EXCLUSIVE:
        assert sum(guard(mission, facts) is None for guard in pair) <= 1


# --- the table itself


def test_every_guard_is_a_function_of_a_mission_and_facts() -> None:
    for row in TABLE:
        for guard in row.guards:
            assert inspect.isfunction(guard)
            assert len(inspect.signature(guard).parameters) == 2
            assert getattr(g, guard.__name__) is guard


def test_the_machine_has_the_triggers_of_the_table_and_no_back_door() -> None:
    assert set(lifecycle._MACHINE.events) == set(TRIGGERS)
    with pytest.raises(IllegalTransition):
        next_state(_mission(State.RUNNING), "to_complete")


def test_every_guard_that_is_written_is_used_in_the_table() -> None:
    written = {name for name, member in inspect.getmembers(g, inspect.isfunction) if member.__module__ == g.__name__}
    assert written == {guard.__name__ for row in TABLE for guard in row.guards}


def test_every_state_is_reached_from_the_first_one() -> None:
    reached, left = set(), {INITIAL}
    while left:
        state = left.pop()
        reached.add(state)
        left |= {row.lands for row in TABLE if row.source is state} - reached
    assert reached == set(State)


def test_nothing_leaves_a_final_state_and_only_files_are_rolled_back_there() -> None:
    assert {State.STOPPED, State.COMPLETE} == FINAL
    assert {(row.trigger, row.dest) for row in TABLE if row.source in FINAL} == {("rollback", None)}


def test_every_other_state_can_be_stopped() -> None:
    assert {row.source for row in TABLE if row.trigger == "stop"} == set(State) - FINAL


def test_rows_that_share_a_trigger_and_a_state_are_told_apart_by_guards_that_exclude_each_other() -> None:
    together = defaultdict(list)
    for row in TABLE:
        together[row.trigger, row.source].append(row)
    for rows in together.values():
        for index, row in enumerate(rows):
            for other in rows[index + 1 :]:
                assert any({mine, theirs} in g.EXCLUSIVE for mine in row.guards for theirs in other.guards)


def test_no_trigger_takes_a_mission_to_a_state_that_is_not_its_own_without_saying_so() -> None:
    assert all(row.dest is not row.source for row in TABLE), "an internal row has no destination"


# --- replay


def test_replay_follows_the_rows_of_the_table_and_no_other_move() -> None:
    allowed = {(row.source, row.trigger, row.lands) for row in TABLE}
    for source in State:
        for trigger in (*TRIGGERS, "to_complete"):
            for dest in State:
                if (source, trigger, dest) in allowed:
                    assert follow(source, trigger, dest) is dest
                else:
                    with pytest.raises(JournalDamaged, match=f"{trigger} from {source} to {dest}"):
                        follow(source, trigger, dest)
