"""What stands at a path, by digest."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from mission_fsm.core.changes import Version
from mission_fsm.errors import UnsafePath
from mission_fsm.workspace import versions
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.versions import image_at, stands_empty, version_at


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o000])
def test_a_file_is_known_by_its_bytes_and_its_whole_mode(folder: Path, root: Root, mode: int) -> None:
    (folder / "f").write_bytes(b"bytes\0")
    if mode == 0 and os.geteuid() != 0:
        pytest.skip("only root reads what nobody may read")
    (folder / "f").chmod(mode)
    expected = Version("file", mode, hashlib.sha256(b"bytes\0").hexdigest(), 6)
    assert version_at(root, "f") == expected
    assert image_at(root, "f") == (expected, b"bytes\0")


def test_a_link_is_known_by_its_target_and_is_not_followed(folder: Path, root: Root) -> None:
    (folder / "l").symlink_to("/etc/passwd")
    expected = Version("symlink", 0o777, hashlib.sha256(b"/etc/passwd").hexdigest(), 11)
    assert version_at(root, "l") == expected
    assert image_at(root, "l") == (expected, b"/etc/passwd")


@pytest.mark.parametrize("path", ["none", "none/below", "file/below", "file/far/below"])
def test_nothing_stands_below_a_missing_folder_or_a_file(folder: Path, root: Root, path: str) -> None:
    (folder / "file").touch()
    assert version_at(root, path) is None
    assert image_at(root, path) is None


def test_what_is_neither_file_nor_link_is_refused_and_not_opened(folder: Path, root: Root) -> None:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        # By a relative name: that of a test's folder may be longer than a socket's may be.
        here = Path.cwd()
        os.chdir(folder)
        listening.bind("socket")
        os.chdir(here)
    for path in ("folder", "pipe", "socket"):
        with pytest.raises(UnsafePath, match=path):
            version_at(root, path)


def test_a_file_that_is_too_large_is_not_read_into_memory_but_has_a_version(
    folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MAX_FILE_BYTES", 1024 * 1024)
    (folder / "f").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(UnsafePath, match="larger than 1 MiB"):
        image_at(root, "f")
    version = version_at(root, "f")
    assert version is not None
    assert version.size_bytes == 1024 * 1024 + 1


def test_where_files_and_folders_change_places_what_is_replaced_counts_as_nothing(folder: Path, root: Root) -> None:
    (folder / "file").touch()
    (folder / "link").symlink_to("folder")
    (folder / "folder").mkdir()
    assert stands_empty(root, "file/below", {"file"})
    assert stands_empty(root, "link/below/far", {"link"})
    assert stands_empty(root, "folder", {"folder"})
    assert not stands_empty(root, "folder/below", {"folder"})
    assert not stands_empty(root, "file", {"file"})
