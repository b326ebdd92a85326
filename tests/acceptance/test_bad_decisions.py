"""A decision that is not about exactly what is waiting is refused, and nothing has moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.desk import Desk


def _change(plan: Path) -> None:
    plan.write_text(plan.read_text().replace("Dear", "Yo"))


def test_a_plan_that_changed_while_it_waited_for_approval_is_not_approved(desk: Desk) -> None:
    plan = desk.four_steps
    desk.begin(plan, approve=False)
    _change(plan)
    with desk.untouched():
        refused = desk.run("approve")
    assert refused.status == 7
    assert "'fix'" in refused.err
    assert "changed" in refused.err


def test_a_plan_that_changed_after_its_approval_does_not_start(desk: Desk) -> None:
    plan = desk.four_steps
    desk.begin(plan, run=False)
    _change(plan)
    with desk.untouched():
        refused = desk.run("run", desk.only())
    assert refused.status == 7
    assert "'fix'" in refused.err


def test_a_plan_that_changed_while_its_mission_is_under_way_is_not_run_and_the_change_is_told(desk: Desk) -> None:
    plan = desk.four_steps
    desk.begin(plan)
    _change(plan)
    with desk.untouched():
        refused = desk.run("run", plan, "--approve")
    assert refused.status == 7
    assert "'fix'" in refused.err
    assert f"mission run {desk.only()}" in refused.err


def test_approving_with_another_digest_is_refused(desk: Desk) -> None:
    desk.begin(desk.four_steps, approve=False)
    with desk.untouched():
        refused = desk.run("approve", "--digest", "0" * 64)
    assert refused.status == 7
    assert "0" * 64 in refused.err
    assert desk.state()["plan_digest"] in refused.err


def test_a_digest_is_named_by_its_first_twelve_digits_and_goes_on_record_whole(desk: Desk) -> None:
    desk.begin(desk.four_steps)
    pending = desk.state()["pending"]
    assert pending is not None
    digest = pending["digest"]
    shown = desk.run("show").out
    assert f"mission approve {desk.only()} --digest {digest[:12]} " in shown
    with desk.untouched():
        refused = desk.run("approve", "--digest", digest[:11])
    assert (refused.status, "at least its first 12 digits" in refused.err) == (7, True)
    assert desk.run("approve", "--digest", digest[:12], "--no-run").status == 0
    resolved = desk.run("log", "--json").out
    assert resolved.count(f'"digest": "{digest}"') > 2, resolved


def test_approving_twice_is_refused(desk: Desk) -> None:
    desk.begin(desk.four_steps, approve=False)
    digest = desk.state()["plan_digest"]
    desk.run("approve", "--digest", digest, "--no-run")
    with desk.untouched():
        again = desk.run("approve", "--digest", digest)
    assert again.status == 7
    assert "approved by ada" in again.err


def test_the_approval_of_the_plan_is_none_of_the_change_that_comes_after(desk: Desk) -> None:
    desk.begin(desk.four_steps, approve=False)
    digest = desk.state()["plan_digest"]
    desk.run("approve", "--digest", digest)
    with desk.untouched():
        assert desk.run("approve", "--digest", digest).status == 7


def test_a_file_that_changed_under_a_waiting_diff_is_not_overwritten_and_the_diff_is_asked_about_again(
    desk: Desk,
) -> None:
    desk.begin(desk.plan(desk.note))
    before = desk.state()["pending"]
    assert before is not None
    note = desk.file("docs/CHANGES", "mine\n")
    again = desk.run("approve", "--json")
    assert again.status == 3
    assert "docs/CHANGES appeared" in again.err
    assert again.json["pending"]["digest"] != before["digest"]
    assert note.read_text() == "mine\n"
    assert desk.run("approve", "--digest", before["digest"]).status == 7
    assert desk.run("approve", "--no-run").status == 0
    desk.file("docs/CHANGES", "mine, once more\n")
    assert desk.run("run", desk.only()).status == 3
    assert note.read_text() == "mine, once more\n"
    assert desk.run("approve").status == 0
    assert note.read_text() == "greets politely\n"


def test_a_diff_is_void_at_once_where_nobody_is_to_run_on(desk: Desk) -> None:
    desk.begin(desk.four_steps)
    desk.file("greet.py", "mine\n")
    refused = desk.run("approve", "--no-run", "--json")
    assert (refused.status, refused.json["error"]["guard"]) == (7, "subject_has_not_drifted")
    assert "greet.py was changed" in refused.err
    failed = desk.run("run", desk.only())
    assert (failed.status, (desk.workspace / "greet.py").read_text()) == (5, "mine\n")


def test_a_part_that_is_not_there_or_an_edited_diff_that_does_not_fit_is_no_approval(desk: Desk) -> None:
    desk.begin(desk.four_steps)
    pending = desk.state()["pending"]
    assert pending is not None
    digest = pending["digest"][:12]
    with desk.untouched():
        for arguments, status, sentence in (
            (("--files", "docs/**"), 2, "no file of the change matches 'docs/**'; it has greet.py"),
            (("--hunks", "greet.py:1"), 2, "hunks are counted in the diff that was read; give its --digest"),
            (("--digest", digest, "--hunks", "greet.py:2"), 2, "the diff of greet.py has no hunk 2: it has 1 hunk"),
            (("--digest", digest, "--hunks", "greet.py"), 2, "hunks are written as PATH:1,3-5"),
            (("--patch", "-"), 7, "which is a rejection"),
            (("--edit", "--files", "greet.py"), 2, "give one of these"),
            (("--edit", "--patch", "-"), 2, "give one of these"),
        ):
            refused = desk.run("approve", *arguments)
            assert (refused.status, sentence in refused.err) == (status, True), refused
        unfit = desk.run("approve", "--patch", "-", stdin=desk.patch.replace("Hey", "Hello"))
        assert (unfit.status, "the edited diff cannot be applied" in unfit.err) == (7, True)
        for editor, sentence in (
            ("true", "the diff came back as it was"),
            ("false", "ended with status 1"),
            ("no-such-editor", "cannot be started"),
            ("sed -i.bak d", "nothing of the diff came back"),
        ):
            refused = desk.run("approve", "--edit", env={"EDITOR": editor})
            assert (refused.status, sentence in refused.err) == (2, True), refused


def test_a_folder_that_became_a_link_under_a_waiting_diff_is_not_followed(desk: Desk) -> None:
    desk.file("docs/old", "x")
    desk.begin(desk.plan(desk.note))
    outside = desk.folder / "outside"
    outside.mkdir()
    (desk.workspace / "docs/old").unlink()
    (desk.workspace / "docs").rmdir()
    (desk.workspace / "docs").symlink_to(outside)
    refused = desk.run("approve")
    assert refused.status in (5, 7)
    assert "docs" in refused.err + refused.out
    assert list(outside.iterdir()) == []


def test_a_rejection_needs_a_reason(desk: Desk) -> None:
    desk.begin(desk.four_steps, approve=False)
    with desk.untouched():
        assert desk.run("reject").status == 2
        assert desk.run("reject", "--reason", " ").status == 2


def test_patches_from_outside_that_cannot_be_applied_change_nothing(desk: Desk) -> None:
    desk.begin(desk.plan(desk.check), grants=("all",))
    before = (desk.workspace / "greet.py").read_bytes()
    for patch, status in (
        ("no patch at all\n", 2),
        (desk.patch.replace("Hey", "Hello"), 7),
        (desk.patch.replace("greet.py", "../x"), 2),
    ):
        done = desk.run("repair", "--patch", "-", "--json", stdin=patch)
        assert done.status == status, done
        assert done.json["error"]["message"]
        assert (desk.workspace / "greet.py").read_bytes() == before
    assert not (desk.folder / "x").exists()
    missing = desk.run("repair", "--patch", desk.plans / "none.patch")
    assert (missing.status, "none.patch" in missing.err) == (2, True)


def test_a_patch_of_the_plan_that_does_not_apply_fails_its_step_and_changes_nothing(desk: Desk) -> None:
    desk.file("greet.py", "something else\n")
    done = desk.run("run", desk.plan(desk.edit, desk.note), "--approve", "--grant", "all", "--json")
    assert done.status == 5
    assert done.json["failure"]["kind"] == "edit_failed"
    assert "greet.py" in done.json["failure"]["message"]
    assert (desk.workspace / "greet.py").read_text() == "something else\n"


def test_a_change_that_exceeds_the_scope_contract_waits_for_a_person_whatever_was_granted(desk: Desk) -> None:
    plan = desk.plan(desk.edit, desk.note, scope_contract={"paths": ["**"], "max_files": 1})
    done = desk.run("run", plan, "--approve", "--grant", "all", "--json")
    assert (done.status, done.json["pending"]["kind"]) == (3, "scope")
    assert "2 files would be changed, and max_files is 1" in done.json["pending"]["summary"]
    assert not (desk.workspace / "docs").exists()
