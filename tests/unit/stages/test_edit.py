"""The stage `edit`: what it proposes, and when it asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from mission_fsm.stage import Completed, Failed, FileEdit, InlinedFile, NeedInput, Proposal, ProposeChange, Step
from mission_fsm.testing.context import StageProbe
from stages.edit import Edit
from stages.editors.replace import Replacement

Make = Callable[..., StageProbe]
PATCH = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"
STEP = Step("fix", "Modify the first line", "edit")


def test_a_bound_editor_s_change_is_proposed_as_the_whole_step(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    probe = make_probe(
        make_workspace({"a.txt": "one\n"}), step=STEP, bound=(("replace", (Replacement("a.txt", "one", "two"),)),)
    )
    assert Edit().run(probe) == ProposeChange((FileEdit("a.txt", b"two\n"),), "Modify the first line", final=True)


def test_an_unbound_step_asks_for_a_patch_and_then_applies_the_one_it_is_given(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    probe = make_probe(make_workspace({"a.txt": "one\n"}), step=STEP, artifacts={"d1": PATCH.encode()})
    assert Edit().run(probe) == NeedInput("a patch for step fix: Modify the first line")
    proposal = attrs.evolve(probe, reply=Proposal("d1", by="ann"))
    assert Edit().run(proposal) == ProposeChange((FileEdit("a.txt", b"two\n", 0o644),), "Modify the first line")


def test_an_edit_that_cannot_be_made_fails_with_the_editor_s_words(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    probe = make_probe(make_workspace({}), bound=(("patch", InlinedFile(text=PATCH)),))
    assert Edit().run(probe) == Failed("edit_failed", "a.txt is not in the workspace")


def test_a_change_that_is_there_already_completes_the_step(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    probe = make_probe(make_workspace({"a.txt": "two\n"}), bound=(("patch", InlinedFile(text=PATCH)),))
    outcome = Edit().run(probe)
    assert isinstance(outcome, Completed)
    assert outcome.summary.startswith("nothing to change")
