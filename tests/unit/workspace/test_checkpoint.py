"""What is saved before an edit, and the plan that takes edits back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import Conflict, MissionError
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.changeset import build
from mission_fsm.workspace.checkpoint import (
    Manifest,
    drift,
    from_json,
    pre_images,
    preview,
    rollback_manifest,
    secure,
    to_json,
)
from mission_fsm.workspace.paths import Root

Blobs = dict[str, bytes]


def _edit(root: Root, *edits: FileEdit) -> tuple[Manifest, Blobs]:
    """Do an edit; gives its manifest and all bytes that are now in store."""
    change_set, after = build(root, edits, {})
    manifest, before = secure(root, change_set)
    blobs = {**after, **before}
    apply(root, manifest, blobs.__getitem__, f"edit {manifest.change_set.digest}")
    return manifest, blobs


def _roll_back(root: Root, manifests: Sequence[Manifest], blobs: Blobs, *, overwrite: bool = False) -> Manifest:
    manifest = rollback_manifest(root, manifests, overwrite=overwrite)
    blobs |= pre_images(root, manifest)
    apply(root, manifest, blobs.__getitem__, "rollback")
    return manifest


def test_the_bytes_that_will_be_overwritten_are_saved_and_no_others(folder: Path, root: Root) -> None:
    (folder / "changed").write_bytes(b"before")
    (folder / "deleted").write_bytes(b"gone")
    (folder / "link").symlink_to("changed")
    (folder / "other").write_bytes(b"other")
    edits = [
        FileEdit("changed", b"after"),
        FileEdit("deleted", None),
        FileEdit("link", None),
        FileEdit("new", b"new"),
    ]
    change_set, _ = build(root, edits, {})
    manifest, images = secure(root, change_set)
    assert manifest.change_set == change_set
    assert images == {hashlib.sha256(data).hexdigest(): data for data in (b"before", b"gone", b"changed")}


def test_folders_that_are_made_and_left_empty_are_named(folder: Path, root: Root) -> None:
    (folder / "old/deep").mkdir(parents=True)
    (folder / "old/deep/f").touch()
    (folder / "old").chmod(0o700)
    (folder / "kept/empty").mkdir(parents=True)
    (folder / "kept/f").touch()
    edits = [FileEdit("old/deep/f", None), FileEdit("kept/f", None), FileEdit("new/deep/f", b"")]
    manifest, _ = secure(root, build(root, edits, {})[0])
    assert [folder.path for folder in manifest.folders if folder.before is None] == ["new", "new/deep"]
    gone = {folder.path: folder.before for folder in manifest.folders if folder.after is None}
    assert (list(gone), gone["old"]) == (["old", "old/deep"], 0o700)


def test_a_manifest_is_a_blob(folder: Path, root: Root) -> None:
    (folder / "old").mkdir()
    (folder / "old/f").touch()
    manifest, _ = secure(root, build(root, [FileEdit("old/f", None), FileEdit("ü/l", None, link_target="x")], {})[0])
    assert from_json(to_json(manifest)) == manifest
    with pytest.raises(MissionError, match="cannot be read"):
        from_json(b'{"changes": []}')


def test_drift_is_said_in_words_and_stops_the_edit(folder: Path, root: Root) -> None:
    for name in ("changed", "deleted", "mode", "linked", "folder", "same"):
        (folder / name).write_bytes(b"x")
        (folder / name).chmod(0o644)
    paths = ["changed", "deleted", "mode", "linked", "folder", "same", "appeared"]
    change_set, _ = build(root, [FileEdit(path, b"new") for path in paths], {})
    assert drift(root, change_set) == []
    (folder / "changed").write_bytes(b"y")
    (folder / "deleted").unlink()
    (folder / "mode").chmod(0o600)
    (folder / "linked").unlink()
    (folder / "linked").symlink_to("same")
    (folder / "folder").unlink()
    (folder / "folder").mkdir()
    (folder / "appeared").touch()
    words = dict(drift(root, change_set))
    assert words.pop("folder").startswith("'folder' is a folder")
    assert words == {
        "appeared": "appeared",
        "changed": "was changed",
        "deleted": "was deleted",
        "linked": "became a symbolic link",
        "mode": "its mode changed from 0644 to 0600",
    }
    with pytest.raises(Conflict, match=r"6 files are not what this change expects[^']*deleted was deleted") as conflict:
        secure(root, change_set)
    assert set(conflict.value.paths) == {*words, "folder"}


def test_a_path_that_a_link_now_leads_to_has_drifted(folder: Path, root: Root) -> None:
    (folder / "d").mkdir()
    change_set, _ = build(root, [FileEdit("d/f", b"x")], {})
    (folder / "d").rename(folder / "elsewhere")
    (folder / "d").symlink_to("elsewhere")
    with pytest.raises(Conflict, match="symbolic link"):
        secure(root, change_set)


class RollbackSuite:
    def test_what_was_written_since_is_a_conflict_and_nothing_is_touched(
        self, folder: Path, root: Root, tree: Callable[[Path], object]
    ) -> None:
        (folder / "f").write_bytes(b"before")
        manifest, _ = _edit(root, FileEdit("f", b"after"), FileEdit("g", b"new"))
        (folder / "f").write_bytes(b"by hand")
        (folder / "g").unlink()
        standing = tree(folder)
        with pytest.raises(Conflict, match="f was changed"):
            rollback_manifest(root, [manifest])
        assert tree(folder) == standing

    def test_with_overwrite_it_is_restored_and_what_was_there_can_be_had_back(self, folder: Path, root: Root) -> None:
        (folder / "f").write_bytes(b"before")
        manifest, blobs = _edit(root, FileEdit("f", b"after"))
        (folder / "f").write_bytes(b"by hand")
        undo = _roll_back(root, [manifest], blobs, overwrite=True)
        assert (folder / "f").read_bytes() == b"before"
        _roll_back(root, [undo], blobs)
        assert (folder / "f").read_bytes() == b"by hand"

    def test_what_is_already_as_it_was_is_left_alone(self, folder: Path, root: Root) -> None:
        (folder / "f").write_bytes(b"before")
        manifest, _ = _edit(root, FileEdit("f", b"after"), FileEdit("g", b"new"))
        (folder / "f").write_bytes(b"before")
        assert rollback_manifest(root, [manifest]).change_set.paths == ("g",)

    def test_only_what_the_edits_wrote_is_deleted(self, folder: Path, root: Root) -> None:
        manifest, blobs = _edit(root, FileEdit("made/f", b""), FileEdit("made/deep/g", b""))
        (folder / "made/by_hand").touch()
        _roll_back(root, [manifest], blobs)
        assert [str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))] == ["made", "made/by_hand"]

    def test_a_folder_that_was_there_before_stays_even_if_it_is_empty(self, folder: Path, root: Root) -> None:
        (folder / "empty").mkdir()
        manifest, blobs = _edit(root, FileEdit("empty/f", b""))
        _roll_back(root, [manifest], blobs)
        assert list((folder / "empty").iterdir()) == []

    def test_a_removed_folder_comes_back_with_its_mode_also_if_it_was_made_anew_meanwhile(
        self, folder: Path, root: Root
    ) -> None:
        (folder / "d").mkdir()
        (folder / "d/f").touch()
        (folder / "d").chmod(0o750)
        first, blobs = _edit(root, FileEdit("d/f", None))
        assert not (folder / "d").exists()
        second, more = _edit(root, FileEdit("d/g", b"x"))
        blobs |= more
        assert (folder / "d").stat().st_mode & 0o777 == 0o755
        undo = _roll_back(root, [second, first], blobs)
        assert (folder / "d").stat().st_mode & 0o777 == 0o750
        assert [path.name for path in (folder / "d").iterdir()] == ["f"]
        _roll_back(root, [undo], blobs)
        assert (folder / "d").stat().st_mode & 0o777 == 0o755
        assert [path.name for path in (folder / "d").iterdir()] == ["g"]

    def test_a_file_does_not_come_back_over_a_folder_that_holds_other_files(self, folder: Path, root: Root) -> None:
        (folder / "a").write_bytes(b"file")
        manifest, _ = _edit(root, FileEdit("a", None), FileEdit("a/b", b""))
        (folder / "a/by_hand").touch()
        for overwrite in (False, True):
            with pytest.raises(Conflict, match="'a' is a folder with other files in it"):
                rollback_manifest(root, [manifest], overwrite=overwrite)

    def test_a_restored_file_needs_its_folder_s_place(self, folder: Path, root: Root) -> None:
        (folder / "d").mkdir()
        (folder / "d/f").touch()
        manifest, _ = _edit(root, FileEdit("d/f", None))
        (folder / "d").write_bytes(b"by hand")
        with pytest.raises(Conflict, match="'d' is a file"):
            rollback_manifest(root, [manifest])

    def test_a_preview_says_what_becomes_of_each_path(self, folder: Path, root: Root) -> None:
        (folder / "changed").write_bytes(b"1")
        (folder / "d").mkdir()
        (folder / "d/deleted").write_bytes(b"2")
        manifest, _ = _edit(root, FileEdit("changed", b"x"), FileEdit("d/deleted", None), FileEdit("new/created", b"3"))
        assert preview(rollback_manifest(root, [manifest])) == [
            ("changed", "restore"),
            ("d/deleted", "create"),
            ("new/created", "delete"),
            ("d", "make the folder"),
            ("new", "remove the empty folder"),
        ]
