"""The scope contract: paths of one change, and files and lines of the whole mission."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core import commands as c
from mission_fsm.core.changes import ChangeSet
from mission_fsm.core.globs import matches_any
from mission_fsm.core.mission import Mission
from mission_fsm.core.paths import is_git_name
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.scope import outside, widening_for
from tests.unit.core.driver import Driver, change_set_of, plan_of

Drive = Callable[..., Driver]


def violations(mission: Mission, change_set: ChangeSet) -> tuple[str, ...]:
    widening = widening_for(mission, change_set.paths, change_set.lines)
    return () if widening is None else widening.breaches


def test_a_contract_that_says_nothing_forbids_nothing(drive: Drive) -> None:
    assert violations(drive("fix:edit").mission, change_set_of("a.py", "deep/b.py", lines=10_000)) == ()


def test_every_path_that_no_glob_matches_is_named(drive: Drive) -> None:
    driver = drive("fix:edit", scope=ScopeContract(paths=("src/**", "tests/**")))
    assert violations(driver.mission, change_set_of("src/a.py", "setup.py", "tests/t.py", "src.py")) == (
        "setup.py is outside the paths src/**, tests/**",
        "src.py is outside the paths src/**, tests/**",
    )


def test_files_are_counted_over_the_whole_mission_each_path_once(drive: Drive) -> None:
    driver = drive("fix:edit", "more:edit", scope=ScopeContract(max_files=2))
    driver.edit("a.py", "b.py")
    assert violations(driver.mission, change_set_of("a.py", "b.py")) == ()
    assert violations(driver.mission, change_set_of("b.py", "c.py")) == (
        "3 files would be changed, and max_files is 2",
    )


def test_lines_are_counted_over_the_whole_mission(drive: Drive) -> None:
    driver = drive("fix:edit", "more:edit", scope=ScopeContract(max_lines=10))
    driver.edit("a.py", lines=6)
    assert violations(driver.mission, change_set_of("a.py", lines=4)) == ()
    assert violations(driver.mission, change_set_of("a.py", lines=5)) == (
        "11 lines would be changed, and max_lines is 10",
    )


def test_an_edit_that_was_undone_does_not_count_and_counts_again_once_it_is_back(drive: Drive) -> None:
    driver = drive("fix:edit", "more:edit", scope=ScopeContract(max_files=1, max_lines=10))
    driver.edit("a.py", lines=10)
    driver(c.Pause("ann"))
    full = ("2 files would be changed, and max_files is 1", "11 lines would be changed, and max_lines is 10")
    assert violations(driver.mission, change_set_of("b.py", lines=1)) == full
    rollback = driver.roll_back()
    assert violations(driver.mission, change_set_of("b.py", lines=10)) == ()
    driver.roll_back(rollback)
    assert violations(driver.mission, change_set_of("b.py", lines=1)) == full


def test_all_that_is_wrong_is_told_at_once(drive: Drive) -> None:
    driver = drive("fix:edit", scope=ScopeContract(paths=("src/**",), max_files=1, max_lines=1))
    assert len(violations(driver.mission, change_set_of("a.py", "b.py", lines=2))) == 4


paths = st.lists(st.sampled_from(["a.py", "src/a.py", "src/deep/b.py", "docs/x.md", ".git/config"]), unique=True)
globs = st.lists(st.sampled_from(["**", "src/**", "*.py", "docs/*", "src/[", ""]), max_size=3)


@given(paths, globs)
def test_no_path_slips_through_that_no_glob_matches_and_none_of_gits_own(named: list[str], allowed: list[str]) -> None:
    left_out = outside(ScopeContract(paths=tuple(allowed)), named)
    gits = {path for path in named if is_git_name(path.split("/")[0])}
    assert set(left_out) == gits | {path for path in named if not matches_any(allowed, path)}


strange_paths = st.lists(st.text("ab*?[]!^-\\", min_size=1, max_size=6), min_size=1, max_size=4, unique=True)


@given(strange_paths, st.integers(0, 20))
def test_what_is_asked_for_is_wide_enough_and_no_wider_than_the_change(named: list[str], lines: int) -> None:
    mission = Driver(plan_of("fix:edit", scope=ScopeContract(paths=("src/**",), max_files=1, max_lines=9))).mission
    widening = widening_for(mission, named, lines)
    assert widening is not None
    wider = attrs.evolve(mission, widened=widening.scope)
    assert widening_for(wider, named, lines) is None
    assert widening_for(wider, [*named, "another.txt"], lines) is not None
    assert widening_for(wider, named, max(lines, 9) + 1) is not None
