"""Folders that no mission may work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.desk import Desk


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("missing", "does not exist"),
        ("work/greet.py", "not a folder"),
        ("user", "home folder"),
        ("/", "cannot be /"),
        (".", "where missions are kept"),
    ],
)
def test_a_folder_that_cannot_be_a_workspace_is_refused(desk: Desk, where: str, word: str) -> None:
    with desk.untouched():
        done = desk.run("run", desk.four_steps, "--approve", "-C", desk.folder / where)
    assert done.status == 2
    assert word in done.err
    assert not desk.home.exists()
    assert list(desk.user.iterdir()) == []


def test_another_workspace_than_the_mission_has_is_refused(desk: Desk) -> None:
    desk.begin(desk.four_steps, approve=False)
    with desk.untouched():
        done = desk.run("run", desk.only(), "--approve", "-C", desk.plans)
    assert done.status == 2
    assert str(desk.workspace) in done.err


def test_a_workspace_that_is_gone_is_told(desk: Desk) -> None:
    desk.begin(desk.four_steps)
    desk.workspace.rename(desk.folder / "moved")
    approved = desk.run("approve", desk.only())
    assert approved.status == 2
    assert "does not exist" in approved.err
    shown = desk.run("show", desk.only())
    assert (shown.status, "does not exist" in shown.out) == (0, True)
