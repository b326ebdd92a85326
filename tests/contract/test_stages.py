"""Every built-in stage keeps the contract that plugin authors' stages are held to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from mission_fsm.stage import (
    Answer,
    Applied,
    CommandResult,
    InlinedFile,
    LastTest,
    Proposal,
    RepairBegun,
    RetrievalBegun,
)
from mission_fsm.testing.context import StageProbe
from mission_fsm.testing.stage_contract import StageContract
from stages.edit import Edit
from stages.editors.patch import Patch
from stages.plan import Plan, Question
from stages.repair import Repair, RepairOptions
from stages.retrieve import Retrieve, Search
from stages.test import Test, TestOptions

PATCH = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"
FITS = ("patch", InlinedFile(text=PATCH))
MISFIT = ("patch", InlinedFile(text=PATCH.replace("one", "nine")))
PASSED = CommandResult("exited", 0, 0.1, "1 passed in 0.10s")
FAILED = CommandResult("exited", 1, 0.1, "1 failed in 0.10s")
LATE = CommandResult("timed_out", None, 9.0, "so far", problem="it did not end within 9 s")


def probe(tmp_path: Path) -> StageProbe:
    """A workspace with one file, and the editor `patch`."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    return StageProbe(folder=folder, scratches=tmp_path, editors={"patch": Patch()}, artifacts={"d1": PATCH.encode()})


class RetrieveSuite(StageContract):
    stage = Retrieve

    def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
        first = attrs.evolve(probe(tmp_path), options=Search("one"))
        begun = attrs.evolve(first, reply=RetrievalBegun("r1"))
        return [first, begun, attrs.evolve(begun, options=Search("zebra", require=True))]


class EditSuite(StageContract):
    stage = Edit

    def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
        first = probe(tmp_path)
        given = attrs.evolve(first, reply=Proposal("d1", "ann"))
        return [first, given, attrs.evolve(first, bound=(FITS,)), attrs.evolve(first, bound=(MISFIT,))]


class TestingSuite(StageContract):
    stage = Test

    def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
        first = attrs.evolve(probe(tmp_path), options=TestOptions(run=("make",)))
        return [first, *(attrs.evolve(first, reply=result) for result in (PASSED, FAILED, LATE))]


class RepairSuite(StageContract):
    stage = Repair

    def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
        first = attrs.evolve(probe(tmp_path), options=RepairOptions(run=("make",)), bound=(FITS, MISFIT))
        begun = attrs.evolve(first, reply=RepairBegun(1), repair_attempt=1)
        last_test = LastTest("test-1", "check", success=False, command=("make",))
        return [
            first,
            begun,
            attrs.evolve(begun, reply=RepairBegun(2), repair_attempt=2),
            attrs.evolve(begun, reply=RepairBegun(3), repair_attempt=3),
            attrs.evolve(begun, repairing="check", options=RepairOptions(repairs="check"), last_test=last_test),
            attrs.evolve(first, options=RepairOptions(repairs="check")),
            attrs.evolve(first, bound=()),
            attrs.evolve(first, bound=(), reply=Proposal("d1", "ann")),
            *(attrs.evolve(begun, reply=reply) for reply in (Applied("diff-1"), PASSED, FAILED, LATE)),
        ]


class PlanSuite(StageContract):
    stage = Plan

    def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
        first = attrs.evolve(probe(tmp_path), options=Question("Which?", ("this", "that")))
        return [first, attrs.evolve(first, reply=Answer("this", "ann"))]
