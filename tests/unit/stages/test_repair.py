"""The stage `repair`: in its own turn and in place, attempt by attempt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from mission_fsm.stage import (
    Applied,
    BeginRepair,
    CommandResult,
    Completed,
    Failed,
    FileEdit,
    InlinedFile,
    LastTest,
    NeedInput,
    Proposal,
    ProposeChange,
    RepairBegun,
    RunCommand,
    Step,
    Tested,
)
from mission_fsm.testing.context import StageProbe
from stages.editors.replace import Replacement
from stages.repair import Repair, RepairOptions

Make = Callable[..., StageProbe]
PATCH = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"
STEP = Step("mend", "Fix the first line", "repair", timeout_s=60)
TO_TWO = ("replace", (Replacement("a.txt", "one", "two"),))
TO_THREE = ("replace", (Replacement("a.txt", "one", "three"),))
MISFIT = ("replace", (Replacement("a.txt", "nine", "ten"),))
# How the test is run, besides its report.
HOW: dict[str, Any] = {"cwd": "sub", "env": {"A": "1"}, "sandbox": "required", "network": True}
CHECK = Step("check", "Run the tests", "test", {"run": ["make"], **HOW, "report": "r.xml"})
FAILED_CHECK = LastTest("test-1", "check", success=False, command=("make",))
FAILING = CommandResult("exited", 1, 0.1, "1 failed in 0.10s")


@pytest.fixture
def in_turn(make_workspace: Callable[..., Path], make_probe: Make) -> StageProbe:
    """A repair step of the plan that has its turn, with two edits to try and a test."""
    options = RepairOptions(run=("make", "check"))
    return make_probe(make_workspace({"a.txt": "one\n"}), step=STEP, options=options, bound=(TO_TWO, TO_THREE))


def at(probe: StageProbe, attempt: int, reply: Any, **changes: Any) -> StageProbe:
    """The same probe, in that attempt."""
    return attrs.evolve(probe, repair_attempt=attempt, reply=reply, **changes)


# --- in its own turn


def test_an_attempt_is_begun_then_its_edit_proposed_then_its_test_run_then_judged(in_turn: StageProbe) -> None:
    repair = Repair()
    assert repair.run(in_turn) == BeginRepair(max_attempts=3)
    assert repair.run(at(in_turn, 1, RepairBegun(1))) == ProposeChange(
        (FileEdit("a.txt", b"two\n"),), "Fix the first line (attempt 1)", final=False
    )
    assert repair.run(at(in_turn, 1, Applied("diff-1"))) == RunCommand(("make", "check"), "test", timeout_s=60)
    passed = repair.run(at(in_turn, 1, CommandResult("exited", 0, 0.1, "1 passed in 0.10s")))
    assert passed == Tested(success=True, message="1 passed", passed=1, failed=0, skipped=0)


def test_each_attempt_tries_the_next_edit(in_turn: StageProbe) -> None:
    second = Repair().run(at(in_turn, 2, RepairBegun(2)))
    assert isinstance(second, ProposeChange)
    assert second.files == (FileEdit("a.txt", b"three\n"),)


@pytest.mark.parametrize(
    ("attempt", "max_attempts", "may_repeat"),
    [(1, 3, True), (2, 3, False), (1, 1, False)],
    ids=["more", "last", "most"],
)
def test_a_failed_test_may_be_followed_by_another_attempt_while_one_is_left(
    attempt: int,
    max_attempts: int,
    may_repeat: bool,  # noqa: FBT001 - a parameter of the test
    in_turn: StageProbe,
) -> None:
    options = RepairOptions(run=("make",), max_attempts=max_attempts)
    failed = Repair().run(at(in_turn, attempt, FAILING, options=options))
    assert isinstance(failed, Tested)
    assert (failed.success, failed.may_repeat) == (False, may_repeat)


def test_when_the_edits_are_used_up_it_says_so(in_turn: StageProbe) -> None:
    failed = Repair().run(at(in_turn, 3, RepairBegun(3)))
    assert failed == Failed("repairs_used_up", "the plan binds 2 edits for this repair, and attempt 3 needs another")


def test_an_edit_that_does_not_fit_gives_way_to_the_next(in_turn: StageProbe) -> None:
    failed = Repair().run(at(in_turn, 1, RepairBegun(1), bound=(MISFIT, TO_TWO)))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.may_repeat) == ("edit_failed", True)
    last = Repair().run(at(in_turn, 2, RepairBegun(2), bound=(TO_TWO, MISFIT)))
    assert isinstance(last, Failed)
    assert (last.kind, last.may_repeat) == ("edit_failed", False)


def test_an_edit_that_changes_nothing_repairs_nothing(in_turn: StageProbe) -> None:
    (in_turn.folder / "a.txt").write_text("two\n")
    failed = Repair().run(at(in_turn, 1, RepairBegun(1), bound=(("patch", InlinedFile(text=PATCH)),)))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.may_repeat) == ("no_change", False)


def test_without_a_command_of_its_own_it_runs_the_last_failed_test_as_that_was_run(in_turn: StageProbe) -> None:
    """In its folder and sandbox, with its variables and its report; also when that was one of its own attempts."""
    own = LastTest("test-2", "mend", success=False, command=("make",))
    for last in (FAILED_CHECK, own):
        probe = at(in_turn, 1, Applied("d"), options=RepairOptions(), last_test=last, other_steps=(CHECK,))
        assert Repair().run(probe) == RunCommand(("make",), "test", timeout_s=60, report="r.xml", **HOW)
    judged = Repair().run(at(probe, 1, CommandResult("exited", 0, 0.1, "1 passed in 0.10s")))
    assert isinstance(judged, Failed), "the report that the test writes is missing"


def test_a_test_that_its_step_had_found_is_run_where_that_step_runs_it(in_turn: StageProbe) -> None:
    found = attrs.evolve(CHECK, options={"run": [], **HOW, "report": None})
    for step_id in ("check", "mend"):
        last = LastTest("test-2", step_id, success=False, command=("make", "test"))
        probe = at(in_turn, 1, Applied("d"), options=RepairOptions(), last_test=last, other_steps=(found,))
        assert Repair().run(probe) == RunCommand(("make", "test"), "test", timeout_s=60, **HOW)


@pytest.mark.parametrize("last", [None, LastTest("test-1", "check", success=True, command=("make",))])
def test_without_any_failed_test_the_edit_is_all(last: LastTest | None, in_turn: StageProbe) -> None:
    proposed = Repair().run(at(in_turn, 1, RepairBegun(1), options=RepairOptions(), last_test=last))
    assert isinstance(proposed, ProposeChange)
    assert proposed.final
    applied = Repair().run(at(in_turn, 1, Applied("d"), options=RepairOptions(), last_test=last))
    assert isinstance(applied, Completed)


def test_one_that_waits_for_a_step_that_passed_has_nothing_to_do(in_turn: StageProbe) -> None:
    probe = attrs.evolve(in_turn, options=RepairOptions(repairs="check"))
    assert Repair().run(probe) == Completed("nothing to repair: check passed")


def test_an_unbound_one_asks_for_a_patch_and_tests_what_it_is_given(in_turn: StageProbe) -> None:
    unbound = attrs.evolve(in_turn, bound=(), artifacts={"d1": PATCH.encode()})
    assert Repair().run(unbound) == NeedInput("a patch for step mend: Fix the first line")
    proposed = Repair().run(attrs.evolve(unbound, reply=Proposal("d1", by="ann")))
    assert isinstance(proposed, ProposeChange)
    assert (proposed.files, proposed.final) == ((FileEdit("a.txt", b"two\n", 0o644),), False)
    assert isinstance(Repair().run(attrs.evolve(unbound, reply=Applied("d"))), RunCommand)
    failed = Repair().run(attrs.evolve(unbound, reply=FAILING))
    assert isinstance(failed, Tested)
    assert not failed.may_repeat


def test_a_repair_that_changes_tests_says_so(in_turn: StageProbe) -> None:
    (in_turn.folder / "tests").mkdir()
    (in_turn.folder / "tests" / "test_a.py").write_text("one\n")
    weakening = ("replace", (Replacement("tests/test_a.py", "one", "two"),))
    for changes in ({}, {"repairing": "check"}):
        proposed = Repair().run(at(in_turn, 1, RepairBegun(1), bound=(weakening,), **changes))
        assert isinstance(proposed, ProposeChange)
        assert proposed.summary.endswith("(attempt 1); it changes tests: tests/test_a.py")


# --- in place of a step that failed


def test_in_place_only_the_edit_is_made(in_turn: StageProbe) -> None:
    """The engine runs the failed step again."""
    options = RepairOptions(repairs="check", run=("make",))
    proposed = Repair().run(at(in_turn, 1, RepairBegun(1), repairing="check", options=options))
    assert proposed == ProposeChange((FileEdit("a.txt", b"two\n"),), "repair of step check (attempt 1)", final=True)


def test_a_person_s_patch_is_applied_in_place(in_turn: StageProbe) -> None:
    probe = at(
        in_turn, 1, Proposal("d1", "ann"), repairing="check", bound=(), options=RepairOptions(), artifacts={"d1": b"x"}
    )
    refused = Repair().run(probe)
    assert isinstance(refused, Failed)
    assert (refused.kind, refused.may_repeat) == ("edit_failed", False)
    proposed = Repair().run(attrs.evolve(probe, artifacts={"d1": PATCH.encode()}))
    assert isinstance(proposed, ProposeChange)
    assert proposed.final


# --- options


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"run": "make check"}, r"run: a command is a list of words, as in \[make, check\]"),
        ({"max_attempts": 0}, "max_attempts: expected 1 or more, found 0"),
        ({"tries": ({"patch": "a", "write": []},)}, r"tries\[0\]: expected one editor, as in \{patch: fix.patch\}"),
        ({"tries": ({"patch": "a"}, {})}, r"tries\[1\]: expected one editor"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        RepairOptions(**options)
