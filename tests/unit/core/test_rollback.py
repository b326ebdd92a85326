"""Rollback: what it takes back, in which order, and how it is taken back itself."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core import commands as c
from mission_fsm.core import events as e
from mission_fsm.core.mission import Edit, State
from mission_fsm.core.rollback import marked, target_of
from mission_fsm.errors import GuardRefused, IllegalTransition
from tests.unit.core.driver import Driver, plan_of

Drive = Callable[..., Driver]


def _undone(driver: Driver) -> dict[str, str | None]:
    return {edit.checkpoint_id: edit.undone_by for edit in driver.mission.edits}


def _three_edits(drive: Drive) -> tuple[Driver, str, str, str]:
    """A paused mission with an edit in its first step and two in its third, before its last."""
    driver = drive("one:edit", "two:test", "three:edit", "four:test")
    first = driver.edit("a.py")
    driver.test()
    second = driver.edit("a.py", "b.py", final=False)
    third = driver.edit("c.py")
    driver(c.Pause("ann"))
    return driver, first, second, third


# --- where it goes


def test_the_last_edit_alone_is_taken_back_where_nothing_else_is_said(drive: Drive) -> None:
    driver, _, _, third = _three_edits(drive)
    target = target_of(driver.mission, None)
    assert (target.checkpoint_id, target.cursor, target.undoes) == (third, 2, (third,))


def test_a_step_takes_back_everything_from_it_on_newest_first(drive: Drive) -> None:
    driver, first, second, third = _three_edits(drive)
    target = target_of(driver.mission, "three")
    assert (target.checkpoint_id, target.cursor, target.undoes) == (second, 2, (third, second))
    # A step that changed nothing itself is stood at all the same.
    assert target_of(driver.mission, "two").cursor == 1
    assert target_of(driver.mission, "one").undoes == (third, second, first)


def test_the_start_takes_back_the_whole_mission(drive: Drive) -> None:
    driver, first, second, third = _three_edits(drive)
    target = target_of(driver.mission, "start")
    assert (target.checkpoint_id, target.cursor, target.undoes) == (first, 0, (third, second, first))


def test_a_checkpoint_takes_back_everything_since_it(drive: Drive) -> None:
    driver, _, second, third = _three_edits(drive)
    target = target_of(driver.mission, second)
    assert (target.checkpoint_id, target.cursor, target.undoes) == (second, 2, (third, second))


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        (None, "the mission has no edit to take back"),
        ("start", "the mission has no edit to take back"),
        ("two", "nothing was changed from step two on"),
        ("nowhere", "nowhere is neither a step nor a checkpoint of this mission, nor 'start'"),
    ],
)
def test_what_cannot_be_taken_back_is_refused_with_a_sentence(drive: Drive, to: str | None, sentence: str) -> None:
    driver = drive("one:test", "two:test")
    with pytest.raises(GuardRefused) as refusal:
        target_of(driver.mission, to)
    assert refusal.value.reason == sentence


# --- what it does to the mission


def test_a_rollback_is_secured_on_record_before_it_is_finished(drive: Drive) -> None:
    driver, _, second, third = _three_edits(drive)
    undo = f"checkpoint-{driver.mission.sequence + 1}"
    assert driver.secure_rollback("three") == (
        e.CheckpointSecured(
            undo, ("a.py", "b.py", "c.py"), 7, "manifest", "rollback", second, (third, second), cursor=2, by="ann"
        ),
    )
    assert driver.mission.restoring is not None
    assert driver(c.FinishRollback(("a.py",))) == (e.CheckpointRestored(second, ("a.py",), "ann", undo),)
    assert (driver.state, driver.mission.cursor) == (State.PAUSED, 2)
    after = driver.mission
    assert (after.restoring, after.active, after.pause_reason) == (None, None, "rolled_back")
    assert _undone(driver) == {
        driver.mission.edits[0].checkpoint_id: None,
        second: undo,
        third: undo,
        undo: None,
    }


def test_a_failed_mission_is_paused_at_the_step_that_it_was_rolled_back_to_and_runs_from_there(drive: Drive) -> None:
    driver = drive("fix:edit", "check:test")
    driver.edit("a.py")
    driver.test(passes=False)
    driver.roll_back()
    assert (driver.state, driver.mission.cursor, driver.mission.failure) == (State.PAUSED, 0, None)
    driver(c.Resume("ann"))
    started = driver(c.BeginStep(frozenset({"edit"})))[0]
    assert started == e.StepStarted("fix", 0, "do fix", "edit", 2)


def test_a_rollback_drops_a_request_that_was_waiting(drive: Drive) -> None:
    driver = drive("one:edit", "two:edit")
    driver.edit("a.py")
    driver.propose("b.py")
    driver(c.Pause("ann"))
    driver.roll_back()
    assert (driver.mission.pending, driver.mission.cursor) == (None, 0)


@pytest.mark.parametrize("end", [State.STOPPED, State.COMPLETE])
def test_the_files_of_an_ended_mission_go_back_and_forth_and_it_stays_ended(drive: Drive, end: State) -> None:
    driver = drive("one:edit", "two:test")
    edit = driver.edit("a.py")
    driver.test() if end is State.COMPLETE else driver(c.Stop("ann"))
    cursor = driver.mission.cursor
    undo = driver.roll_back("start")
    assert (driver.state, driver.mission.cursor) == (end, cursor)
    assert _undone(driver) == {edit: undo, undo: None}
    redo = driver.roll_back(undo)
    assert (driver.state, driver.mission.cursor) == (end, cursor)
    assert _undone(driver) == {edit: None, undo: redo, redo: None}
    with pytest.raises(IllegalTransition):
        driver(c.Resume("ann"))


def test_a_rollback_that_was_cut_short_is_finished_before_anything_else(drive: Drive) -> None:
    driver, *_ = _three_edits(drive)
    driver.secure_rollback()
    for command in (c.Resume("ann"), c.Retry("ann")):
        with pytest.raises(GuardRefused, match="was cut short; roll back again to finish it"):
            driver(command)
    with pytest.raises(GuardRefused, match="was cut short; roll back again to finish it"):
        driver.secure_rollback("start")
    driver(c.FinishRollback(("c.py",)), c.Resume("ann"))
    assert driver.state is State.RUNNING


def test_a_rollback_cannot_be_finished_that_was_not_begun(drive: Drive) -> None:
    driver, *_ = _three_edits(drive)
    with pytest.raises(GuardRefused, match="no rollback is waiting to be finished"):
        driver(c.FinishRollback(("a.py",)))


def test_files_in_the_way_are_named_and_nothing_is_on_record(drive: Drive) -> None:
    driver, _, _, third = _three_edits(drive)
    command = c.SecureRollback(third, 2, (third,), ("c.py",), 7, "manifest", "ann", conflicts=("c.py was changed",))
    with pytest.raises(GuardRefused, match=r"not as the mission left them \(c.py was changed\)"):
        driver(command)


@pytest.mark.parametrize("wrong", ["too little", "too much", "ahead", "before the plan"])
def test_a_rollback_takes_back_all_since_its_target_and_stands_no_further_on(drive: Drive, wrong: str) -> None:
    driver, first, second, third = _three_edits(drive)
    undoes = {"too little": (second,), "too much": (third, second, first)}.get(wrong, (third, second))
    cursor = {"ahead": 3, "before the plan": -1}.get(wrong, 2)
    with pytest.raises(GuardRefused, match=f"going back to {second} takes back {third}, {second}"):
        driver(c.SecureRollback(second, cursor, undoes, ("a.py",), 7, "manifest", "ann"))


# --- undoing it


def test_undoing_a_rollback_brings_back_its_edits_and_where_the_mission_stood(drive: Drive) -> None:
    driver, first, second, third = _three_edits(drive)
    undo = driver.roll_back("start")
    assert driver.mission.cursor == 0
    redo = driver.roll_back(undo)
    assert (driver.state, driver.mission.cursor) == (State.PAUSED, 3)
    assert _undone(driver) == {first: None, second: None, third: None, undo: redo, redo: None}


def test_undoing_the_undoing_of_a_rollback_takes_its_edits_back_again(drive: Drive) -> None:
    driver, first, second, third = _three_edits(drive)
    undo = driver.roll_back("three")
    redo = driver.roll_back(undo)
    again = driver.roll_back(redo)
    assert _undone(driver) == {first: None, second: undo, third: undo, undo: None, redo: again, again: None}
    assert driver.mission.cursor == 2


def test_a_second_rollback_of_the_same_edit_is_refused_and_names_the_first(drive: Drive) -> None:
    driver, _, _, third = _three_edits(drive)
    undo = driver.roll_back()
    with pytest.raises(GuardRefused, match=f"{third} has been rolled back already; roll back {undo} to have it again"):
        target_of(driver.mission, third)
    with pytest.raises(GuardRefused, match="has been rolled back already"):
        driver(c.SecureRollback(third, 2, (third,), ("c.py",), 7, "manifest", "ann"))


def test_rolling_back_twice_goes_back_two_edits_and_not_forth_again(drive: Drive) -> None:
    driver, _, second, _ = _three_edits(drive)
    driver.roll_back()
    assert target_of(driver.mission, None).checkpoint_id == second


def test_undoing_a_rollback_also_takes_back_the_edits_made_since_it(drive: Drive) -> None:
    driver = drive("one:edit", "two:test")
    old = driver.edit("a.py")
    driver(c.Pause("ann"))
    undo = driver.roll_back()
    driver(c.Resume("ann"), c.BeginStep(frozenset({"edit"})))
    new = driver.edit("a.py", "b.py")
    driver(c.Pause("ann"))
    target = target_of(driver.mission, undo)
    assert target.undoes == (new, undo)
    redo = driver.roll_back(undo)
    assert _undone(driver) == {old: None, undo: redo, new: redo, redo: None}


def test_an_edit_that_was_taken_back_since_is_no_part_of_undoing_a_rollback(drive: Drive) -> None:
    driver = drive("one:edit", "two:test")
    old = driver.edit("a.py")
    driver(c.Pause("ann"))
    undo = driver.roll_back()
    driver(c.Resume("ann"), c.BeginStep(frozenset({"edit"})))
    new = driver.edit("b.py")
    driver(c.Pause("ann"))
    later = driver.roll_back()
    assert target_of(driver.mission, undo).undoes == (undo,)
    redo = driver.roll_back(undo)
    # `b.py` stays as it was before the new edit, so that edit must not come to life again.
    assert _undone(driver)[old] is None
    assert _undone(driver)[new] is not None
    assert _undone(driver) == {old: None, undo: redo, new: redo, later: redo, redo: None}


# --- against a workspace

PATHS = ("a", "b", "c")
Files = dict[str, int]  # a file is the number of the edit that wrote it, 0 where it is absent


class Workspace:
    """Files that are numbers, a stack of entries over them, and what each entry found there."""

    def __init__(self) -> None:
        self.mission = Driver(plan_of("one:edit")).mission
        self.files: Files = dict.fromkeys(PATHS, 0)
        self.files_before: dict[str, Files] = {}
        self.marks_before: dict[str, dict[str, str | None]] = {}

    def marks(self) -> dict[str, str | None]:
        return {entry.checkpoint_id: entry.undone_by for entry in self.mission.edits}

    def write(self, files: Files, target: str | None = None) -> str:
        """Leave the files so, and put the entry for it on the stack."""
        checkpoint = f"checkpoint-{len(self.mission.edits) + 1}"
        self.files_before[checkpoint], self.marks_before[checkpoint] = self.files, self.marks()
        written = tuple(path for path in PATHS if files[path] != self.files[path])
        kind = "edit" if target is None else "rollback"
        entry = Edit(checkpoint, kind, "one", 0, "manifest", written, 1, target=target)
        self.files = files
        self.mission = attrs.evolve(self.mission, edits=marked((*self.mission.edits, entry)))
        return checkpoint

    def roll_back(self, to: str) -> str:
        """Put the pre-images of all that is taken back in their places, newest first."""
        files = dict(self.files)
        for entry in target_of(self.mission, to).edits:
            files |= {path: self.files_before[entry.checkpoint_id][path] for path in entry.paths}
        return self.write(files, to)


@given(st.data())
def test_a_rollback_puts_files_and_marks_back_to_what_they_were_before_its_target(data: st.DataObject) -> None:
    workspace = Workspace()
    for number in range(1, data.draw(st.integers(1, 9)) + 1):
        live = [checkpoint for checkpoint, undone_by in workspace.marks().items() if undone_by is None]
        to = data.draw(st.sampled_from([None, *live]))
        if to is None:
            written = data.draw(st.sets(st.sampled_from(PATHS)))
            workspace.write({path: number if path in written else workspace.files[path] for path in PATHS})
            continue
        undo = workspace.roll_back(to)
        assert workspace.files == workspace.files_before[to]
        assert workspace.marks_before[to].items() <= workspace.marks().items()
        assert workspace.marks()[to] == undo
        # What is live accounts for what is there: each file is as its last live edit left it.
        for path in PATHS:
            edits = enumerate(workspace.mission.edits, start=1)
            writers = [
                at for at, entry in edits if entry.kind == "edit" and not entry.undone_by and path in entry.paths
            ]
            assert workspace.files[path] == (writers[-1] if writers else 0)
