"""The workspace as a stage sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mission_fsm.errors import UnsafePath
from mission_fsm.stage import WorkspaceReader
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader


@pytest.fixture
def reader(root: Root) -> Reader:
    return Reader(root)


def test_it_is_what_stages_are_promised(reader: Reader, folder: Path) -> None:
    workspace: WorkspaceReader = reader
    assert workspace.root == folder


def test_a_file_is_read_with_its_mode_and_what_is_absent_is_none(folder: Path, reader: Reader) -> None:
    (folder / "f").write_bytes(b"\xff\r\n")
    (folder / "f").chmod(0o600)
    assert reader.read("f") == b"\xff\r\n"
    assert reader.mode("f") == 0o600
    assert reader.link_target("f") is None
    assert reader.read("none/f") is None
    assert reader.mode("none") is None
    assert reader.link_target("none") is None


def test_a_link_gives_its_target_and_is_not_read_through(folder: Path, reader: Reader) -> None:
    (folder / "f").touch()
    (folder / "l").symlink_to("f")
    assert reader.link_target("l") == "f"
    for ask in (reader.read, reader.mode):
        with pytest.raises(UnsafePath, match="symbolic link"):
            ask("l")


@pytest.mark.parametrize("path", ["../f", "/etc/passwd", ".git/config", "outside/f"])
def test_nothing_outside_can_be_asked_about(folder: Path, reader: Reader, path: str) -> None:
    (folder.parent / "f").touch()
    (folder / "outside").symlink_to("..")
    for ask in (reader.read, reader.mode, reader.link_target):
        with pytest.raises(UnsafePath):
            ask(path)
    assert reader.seen == {}


def test_it_remembers_what_was_there_when_a_path_was_first_asked_about(folder: Path, reader: Reader) -> None:
    (folder / "f").write_bytes(b"one")
    reader.read("f")
    reader.mode("none")
    first = dict(reader.seen)
    (folder / "f").write_bytes(b"two")
    (folder / "none").touch()
    assert reader.read("f") == b"two"
    reader.mode("none")
    assert reader.seen == first
    assert first["none"] is None
    version = first["f"]
    assert version is not None
    assert version.size_bytes == 3
