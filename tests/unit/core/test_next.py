"""What comes next in a running mission is read from where it stands, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable

from mission_fsm.core import commands as c
from mission_fsm.core import next as n
from mission_fsm.core import outcomes as o
from tests.unit.core.driver import EXITED, PYTEST, Driver

Drive = Callable[..., Driver]


def test_an_edit_goes_from_its_stage_to_secured_to_applied_to_the_next_step(drive: Drive) -> None:
    driver = drive("fix:edit", "check:test")
    assert driver.mission.active is not None
    assert n.next_of(driver.mission) == n.RunStage(driver.mission.active)
    driver.propose("a.py")
    driver.approve()
    assert n.next_of(driver.mission) == n.SecureChange("change-7")
    driver(c.SecureChange(("a.py",), 7, "manifest"))
    assert n.next_of(driver.mission) == n.ApplyChange("diff-8", "manifest")
    driver(c.FinishChange(frozenset(), proceed=False))
    assert n.next_of(driver.mission) == n.BeginStep()


def test_a_command_that_was_asked_about_is_put_on_record_and_then_run(drive: Drive) -> None:
    driver = drive("check:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=False))
    driver.approve()
    assert n.next_of(driver.mission) == n.StartCommand()
    driver(c.StartCommand())
    assert n.next_of(driver.mission) == n.RunCommand(PYTEST)


def test_a_command_that_the_plan_covers_is_run_at_once_and_its_stage_judges_it(drive: Drive) -> None:
    driver = drive("check:test", "more:test")
    driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True))
    assert n.next_of(driver.mission) == n.RunCommand(PYTEST)
    driver.outcome(o.Tested(success=True, message="passed"), result=EXITED)
    assert isinstance(n.next_of(driver.mission), n.RunStage)


def test_a_mission_that_was_paused_or_whose_runner_died_takes_up_where_it_stood(drive: Drive) -> None:
    driver = drive("fix:edit")
    driver.propose("a.py")
    driver.approve()
    driver(c.SecureChange(("a.py",), 7, "manifest"))
    before = n.next_of(driver.mission)
    driver(c.Pause("ann"), c.Resume("ann"), c.Recover("pid 2"))
    assert n.next_of(driver.mission) == before == n.ApplyChange("diff-8", "manifest")


def test_a_command_that_was_cut_off_is_put_on_record_anew_before_it_runs_again(drive: Drive) -> None:
    for cut_off in ((c.Pause("ann"), c.Resume("ann")), (c.Recover("pid 2"),)):
        driver = drive("check:test")
        driver(c.ProposeCommand(PYTEST, "digest", "test", covered=True), *cut_off)
        assert n.next_of(driver.mission) == n.StartCommand()
