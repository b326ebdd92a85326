"""From edits to a change set."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from mission_fsm.core.changes import Change, ChangeSet
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import Conflict, EditFailed, MissionError, UnsafePath
from mission_fsm.workspace import changeset
from mission_fsm.workspace.changeset import build, change_set_of, from_json, to_json
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from mission_fsm.workspace.versions import version_of


def _only(change_set: ChangeSet) -> Change:
    (change,) = change_set.changes
    return change


def test_a_change_holds_both_versions_and_counts_its_lines(folder: Path, root: Root) -> None:
    (folder / "f").write_bytes(b"a\nb\n")
    (folder / "f").chmod(0o600)
    change_set, blobs = build(root, [FileEdit("f", b"a\nc\nd\n")], {})
    assert _only(change_set) == Change(
        "f", version_of(b"a\nb\n", 0o600), version_of(b"a\nc\nd\n", 0o600), added=2, removed=1
    )
    assert blobs == {hashlib.sha256(b"a\nc\nd\n").hexdigest(): b"a\nc\nd\n"}


def test_a_new_file_is_0644_unless_the_edit_says_otherwise(root: Root) -> None:
    change_set, _ = build(root, [FileEdit("new", b""), FileEdit("tool", b"", mode=0o755)], {})
    assert [change.after and change.after.mode for change in change_set.changes] == [0o644, 0o755]


def test_a_file_in_a_link_s_place_does_not_inherit_the_link_s_mode(folder: Path, root: Root) -> None:
    (folder / "l").symlink_to("f")
    change_set, _ = build(root, [FileEdit("l", b"x")], {})
    assert _only(change_set).after == version_of(b"x", 0o644)


def test_the_bytes_of_a_link_are_its_target(root: Root) -> None:
    change_set, blobs = build(root, [FileEdit("d/l", None, link_target="../f")], {})
    after = _only(change_set).after
    assert after == version_of(b"../f", 0o777, "symlink")
    assert blobs == {after.digest: b"../f"}


def test_a_binary_file_has_no_lines(folder: Path, root: Root) -> None:
    (folder / "f").write_bytes(b"a\n\0")
    change = _only(build(root, [FileEdit("f", b"b\n")], {})[0])
    assert (change.added, change.removed, change.binary) == (0, 0, True)


def test_edits_that_change_nothing_are_dropped(folder: Path, root: Root) -> None:
    (folder / "same").write_bytes(b"x")
    (folder / "link").symlink_to("same")
    edits = [FileEdit("same", b"x"), FileEdit("none", None), FileEdit("link", None, link_target="same")]
    assert build(root, edits, {}) == (change_set_of([]), {})


def test_a_mode_alone_is_a_change(folder: Path, root: Root) -> None:
    (folder / "f").write_bytes(b"x")
    (folder / "f").chmod(0o644)
    change = _only(build(root, [FileEdit("f", b"x", mode=0o755)], {})[0])
    assert (change.before, change.after) == (version_of(b"x", 0o644), version_of(b"x", 0o755))
    assert (change.added, change.removed) == (0, 0)


def test_what_changed_since_the_editor_saw_it_is_a_conflict(folder: Path, root: Root) -> None:
    (folder / "f").write_bytes(b"seen")
    reader = Reader(root)
    reader.read("f")
    reader.read("absent")
    (folder / "f").write_bytes(b"saved by somebody")
    with pytest.raises(Conflict, match="f is no longer") as conflict:
        build(root, [FileEdit("f", b"new")], reader.seen)
    assert conflict.value.paths == ("f",)
    (folder / "absent").touch()
    with pytest.raises(Conflict, match="absent"):
        build(root, [FileEdit("absent", b"new")], reader.seen)


def test_one_path_is_changed_once_and_written_in_one_way(root: Root) -> None:
    with pytest.raises(EditFailed, match="a/b is changed twice"):
        build(root, [FileEdit("a/b", b"1"), FileEdit("a/b", b"2")], {})
    with pytest.raises(UnsafePath, match="a part that is only a dot: leave it out"):
        build(root, [FileEdit("a/b", b"1"), FileEdit("a/./b", b"2")], {})


@pytest.mark.parametrize("path", ["../f", "/f", ".git/hooks/pre-commit", "way/f", "way/../f", "f\udcff"])
def test_paths_that_lead_outside_are_refused(folder: Path, root: Root, path: str) -> None:
    (folder / "way").symlink_to(folder.parent)
    with pytest.raises(UnsafePath):
        build(root, [FileEdit(path, b"x")], {})


@pytest.mark.parametrize("target", ["/etc/passwd", "../../out", ".git", "../d/.git/config"])
def test_links_that_lead_outside_are_refused(root: Root, target: str) -> None:
    with pytest.raises(UnsafePath):
        build(root, [FileEdit("d/l", None, link_target=target)], {})


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1644, 0o100644])
def test_modes_with_more_than_permissions_are_refused(root: Root, mode: int) -> None:
    with pytest.raises(EditFailed, match="setuid"):
        build(root, [FileEdit("f", b"x", mode=mode)], {})


def test_a_setuid_file_is_not_edited_by_keeping_its_mode(folder: Path, root: Root) -> None:
    (folder / "f").touch()
    (folder / "f").chmod(0o4755)
    with pytest.raises(EditFailed, match="setuid"):
        build(root, [FileEdit("f", b"x")], {})


def test_files_and_change_sets_that_are_too_large_are_refused(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changeset, "MAX_FILE_BYTES", 100)
    monkeypatch.setattr(changeset, "MAX_TOTAL_BYTES", 150)
    with pytest.raises(EditFailed, match="f would be larger"):
        build(root, [FileEdit("f", b"x" * 101)], {})
    with pytest.raises(EditFailed, match="in all"):
        build(root, [FileEdit("f", b"x" * 100), FileEdit("g", b"y" * 51)], {})


def test_a_path_cannot_be_a_file_and_hold_files(root: Root) -> None:
    with pytest.raises(EditFailed, match="a would be a file"):
        build(root, [FileEdit("a", b""), FileEdit("a/b", b"")], {})


def test_a_file_that_stays_has_nothing_below_it(folder: Path, root: Root) -> None:
    (folder / "a").touch()
    with pytest.raises(UnsafePath, match="'a' is a file"):
        build(root, [FileEdit("a/b", b"")], {})


def test_a_folder_gives_way_to_a_file_only_with_all_that_is_in_it(folder: Path, root: Root) -> None:
    (folder / "a").mkdir()
    (folder / "a/x").touch()
    with pytest.raises(UnsafePath, match="'a' is a folder"):
        build(root, [FileEdit("a", b"")], {})
    change_set, _ = build(root, [FileEdit("a", b""), FileEdit("a/x", None)], {})
    assert change_set.paths == ("a", "a/x")
    (folder / "a/y").touch()
    with pytest.raises(UnsafePath, match="other files in it"):
        build(root, [FileEdit("a", b""), FileEdit("a/x", None)], {})


def test_the_order_of_the_edits_does_not_matter(root: Root) -> None:
    edits = [FileEdit("b", b"1"), FileEdit("a", b"2"), FileEdit("ä", b"3")]
    assert build(root, edits, {}) == build(root, edits[::-1], {})


def test_a_change_set_is_a_blob_whose_digest_is_its_own(folder: Path, root: Root) -> None:
    (folder / "f").write_bytes(b"x")
    edits = [FileEdit("f", None), FileEdit("ü/new", b"\0", mode=0o755), FileEdit("l", None, link_target="f")]
    change_set, _ = build(root, edits, {})
    data = to_json(change_set)
    assert hashlib.sha256(data).hexdigest() == change_set.digest
    assert from_json(data) == change_set


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"changes": [{"path": 1}]}', b'{"changes": 1}'])
def test_bytes_that_hold_no_change_set_are_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(MissionError, match="cannot be read"):
        from_json(data)


def test_the_json_is_canonical(root: Root) -> None:
    data = to_json(build(root, [FileEdit("f", b"x")], {})[0])
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("edit", [FileEdit("f", b"new\n"), FileEdit("f", None), FileEdit("f", b"old\n", mode=0o755)])
def test_a_file_with_other_names_is_not_parted_from_them(folder: Path, root: Root, edit: FileEdit) -> None:
    (folder / "f").write_bytes(b"old\n")
    (folder / "g").hardlink_to(folder / "f")
    with pytest.raises(EditFailed, match=r"f is one of 2 names of the same file \(hard links\)"):
        build(root, [edit], {})
    assert build(root, [FileEdit("f", b"old\n")], {})[0].changes == ()
    (folder / "g").unlink()
    assert _only(build(root, [edit], {})[0]).path == "f"
