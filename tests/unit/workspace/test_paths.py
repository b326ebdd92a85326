"""An opened workspace leads nowhere else, and some folders are no workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mission_fsm.errors import InvalidWorkspace, UnsafePath, WorkspaceError
from mission_fsm.workspace.paths import Root, check_workspace, is_folder


def test_a_folder_is_reached_part_by_part(folder: Path, root: Root) -> None:
    (folder / "a/b").mkdir(parents=True)
    with root.folder("a/b") as fd:
        assert os.path.samestat(os.fstat(fd), (folder / "a/b").stat())
    with root.folder() as fd:
        assert os.path.samestat(os.fstat(fd), folder.stat())


@pytest.mark.parametrize("inside", [True, False])
def test_a_symbolic_link_in_the_way_is_refused_wherever_it_leads(folder: Path, root: Root, *, inside: bool) -> None:
    target = folder / "real" if inside else folder.parent / "outside"
    target.mkdir()
    (folder / "link").symlink_to(target)
    with pytest.raises(UnsafePath, match="link"), root.parent("link/file"):
        pass
    with pytest.raises(UnsafePath, match="link"), root.folder("link"):
        pass
    assert not is_folder(root, "link")


def test_a_missing_folder_and_a_file_in_its_place_are_told_apart(folder: Path, root: Root) -> None:
    (folder / "file").touch()
    with pytest.raises(FileNotFoundError), root.folder("none"):
        pass
    with pytest.raises(NotADirectoryError), root.folder("file"):
        pass


def test_the_workspace_stays_the_same_folder_when_another_is_put_in_its_place(folder: Path, root: Root) -> None:
    (folder / "sub").mkdir()
    folder.rename(folder.parent / "moved")
    folder.mkdir()
    assert is_folder(root, "sub")


def test_no_descriptor_is_left_open(folder: Path) -> None:
    (folder / "a/b").mkdir(parents=True)
    (folder / "link").symlink_to("a")
    before = len(list(Path("/dev/fd").iterdir()))
    with Root(folder) as root:
        for path in ("a/b", "a/none", "link/x", "a/b/c/d"):
            try:
                with root.parent(path):
                    pass
            except (OSError, UnsafePath):
                continue
    root.close()
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_workspace_that_is_gone_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot open the workspace"):
        Root(tmp_path / "none")


class CheckWorkspaceSuite:
    def test_a_project_s_folder_is_given_back_resolved(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "way").symlink_to(folder)
        assert check_workspace(tmp_path / "way", home=tmp_path / "missions") == folder.resolve()

    def test_a_missing_one_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidWorkspace, match="does not exist"):
            check_workspace(tmp_path / "none", home=tmp_path / "missions")

    def test_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InvalidWorkspace, match="not a folder"):
            check_workspace(tmp_path / "file", home=tmp_path / "missions")

    def test_the_whole_machine_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidWorkspace, match="cannot be /"):
            check_workspace(Path("/"), home=tmp_path)

    def test_the_home_folder_is_refused_as_the_environment_and_as_the_user_database_name_it(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = Path("~").expanduser()
        monkeypatch.setenv("HOME", str(folder))
        with pytest.raises(InvalidWorkspace, match="home folder"):
            check_workspace(folder, home=tmp_path / "missions")
        monkeypatch.delenv("HOME")
        with pytest.raises(InvalidWorkspace, match="home folder"):
            check_workspace(Path("~").expanduser(), home=tmp_path / "missions")
        assert real.is_dir()

    @pytest.mark.parametrize("missions", ["workspace/.missions", "workspace", "."])
    def test_missions_are_not_kept_in_the_workspace_nor_around_it(
        self, folder: Path, tmp_path: Path, missions: str
    ) -> None:
        with pytest.raises(InvalidWorkspace, match="--home"):
            check_workspace(folder, home=tmp_path / missions)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
    def test_one_that_this_user_may_not_write_is_refused(self, folder: Path, tmp_path: Path) -> None:
        folder.chmod(0o500)
        with pytest.raises(InvalidWorkspace, match="read and written"):
            check_workspace(folder, home=tmp_path / "missions")
