"""One runner at a time holds a workspace."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mission_fsm.errors import Held, WorkspaceError
from mission_fsm.journal.locks import FileLock
from mission_fsm.workspace.lock import hold


def test_a_second_hold_is_refused_until_the_first_is_released(folder: Path) -> None:
    with hold(folder):
        with pytest.raises(Held, match="another mission, which is running, holds the workspace"):
            hold(folder)
        # By whatever way the folder is named.
        (folder.parent / "way").symlink_to(folder)
        with pytest.raises(Held):
            hold(folder.parent / "way")
    hold(folder).release()


def test_nothing_is_made_in_the_workspace(folder: Path) -> None:
    with hold(folder):
        assert list(folder.iterdir()) == []


def test_releasing_twice_is_no_error(folder: Path) -> None:
    held = hold(folder)
    held.release()
    held.release()
    hold(folder).release()


def test_a_hold_ends_with_its_process(folder: Path) -> None:
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            held = hold(folder)
            os.write(told, b"held")
            signal.pause()
            held.release()
        finally:
            os._exit(0)
    assert os.read(ready, 4) == b"held"
    with pytest.raises(Held):
        hold(folder)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    hold(folder).release()
    os.close(ready)
    os.close(told)


def test_a_workspace_that_is_gone_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot open"):
        hold(tmp_path / "none")


def test_a_hold_that_is_lent_becomes_ones_own_when_it_is_free(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    lender = hold(folder, FileLock(mark))
    with hold(folder, FileLock(mark)) as lent:
        lent.secure()
        lender.release()
        lent.secure()
        with pytest.raises(Held, match="holds the workspace"):
            hold(folder)


def test_a_hold_that_was_lent_is_lost_where_another_comes_first(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    lender = hold(folder, FileLock(mark))
    with hold(folder, FileLock(mark)) as lent:
        lender.release()
        with hold(folder), pytest.raises(Held, match="holds the workspace"):
            lent.secure()


def test_nothing_is_lent_by_who_has_the_workspace_for_another_mission(folder: Path, tmp_path: Path) -> None:
    with hold(folder, FileLock(tmp_path / "another's")), pytest.raises(Held, match="holds the workspace"):
        hold(folder, FileLock(tmp_path / "mark"))
