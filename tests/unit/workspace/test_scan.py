"""What a command changed is found, and can be put back exactly."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mission_fsm.errors import WorkspaceError
from mission_fsm.workspace import keeping, lost, scan
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.baseline import Baseline
from mission_fsm.workspace.checkpoint import pre_images, rollback_manifest
from mission_fsm.workspace.folders import FolderChange
from mission_fsm.workspace.names import parents
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.scan import SideEffects

Tree = dict[str, tuple[str, int, bytes]]
Node = tuple[str, int, bytes]

RULES = b"*.o\nout/\n!keep.o\nb/a\n"

names = st.sampled_from(["a", "b", "ü", "c d", "x.o", "keep.o", "out", "__pycache__"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
modes = st.sampled_from([0o600, 0o644, 0o755])
nodes = st.one_of(
    st.tuples(st.just("file"), modes, st.binary(max_size=30) | st.just(b"line\n" * 50)),
    st.tuples(st.just("link"), st.just(0), st.sampled_from([b"a", b"/nowhere", b"../b", b"\xff"])),
    st.tuples(st.just("folder"), st.sampled_from([0o700, 0o755, 0o711]), st.just(b"")),
)
odd = st.tuples(st.sampled_from(["pipe", "setuid", "touch", "hard", "git"]), st.just(0), st.just(b""))
sly = st.tuples(st.sampled_from(["gone", ".gitignore"]), st.just(0), st.just(b""))
trees = st.lists(st.tuples(paths, nodes | odd), max_size=10)
edits = st.lists(st.tuples(paths, nodes | odd | sly), max_size=8)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _make(top: Path, path: str, node: Node) -> None:
    """Put a node at the path, whatever is in its way."""
    kind, mode, content = node
    place = top / path
    if kind == "touch":
        if place.exists() and not place.is_symlink():
            os.utime(place, (1, 1))
        return
    for above in reversed(place.relative_to(top).parents[:-1]):
        if (top / above).is_symlink() or not (top / above).is_dir():
            _remove(top / above)
            (top / above).mkdir()
    if kind == "folder" and place.is_dir() and not place.is_symlink():
        place.chmod(mode)
        return
    if kind == "file" and place.is_file() and not place.is_symlink() and len(content) % 2:
        place.write_bytes(content)  # in place
        place.chmod(mode)
        return
    _remove(place)
    if kind == "file":
        place.write_bytes(content)
        place.chmod(mode)
    elif kind == "link":
        place.symlink_to(os.fsdecode(content))
    elif kind == "folder":
        place.mkdir()
        place.chmod(mode)
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "setuid":
        place.write_bytes(b"root")
        place.chmod(0o4755)
    elif kind == "hard":
        place.write_bytes(b"one")
        _remove(place.parent / "second name")
        os.link(place, place.parent / "second name")
    elif kind == ".gitignore":
        place.mkdir()
        (place / ".gitignore").write_bytes(b"*\n")
        (place / "hidden").write_bytes(b"hidden")
    elif kind == "git":
        (place / ".git" / "hooks").mkdir(parents=True)
        (place / ".git" / "hooks" / "pre-commit").write_bytes(b"evil")


def _roll_back(root: Root, effects: SideEffects) -> None:
    undo = rollback_manifest(root, [effects.manifest])
    blobs = {**effects.pre_images, **pre_images(root, undo)}
    apply(root, undo, blobs.__getitem__, "undo")


def _is_ignored(tree: Tree, path: str) -> bool:
    """Whether RULES, or the caches, ignore it; and git's own is not looked at here."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        above = "/".join(parts[: at + 1])
        is_folder = tree[above][0] == "folder"
        if part in {".git", "x.o"} or above == "b/a" or (is_folder and part in {"out", "__pycache__"}):
            return True
    return False


def _accountable(tree: Tree, effects: SideEffects) -> Tree:
    """What must be as it was: not what is lost, nor what is ignored."""
    lost = {path for path, _ in effects.lost}
    return {
        path: node
        for path, node in tree.items()
        if not _is_ignored(tree, path) and not lost.intersection([path, *parents(path)])
    }


@settings(max_examples=300, deadline=None)
@given(start=trees, behind=edits)
def test_whatever_a_command_did_is_found_and_put_back(
    tree: Callable[[Path], Tree], in_memory: Path, start: list[tuple[str, Node]], behind: list[tuple[str, Node]]
) -> None:
    with tempfile.TemporaryDirectory(dir=in_memory) as name:
        top = Path(name) / "workspace"
        top.mkdir()
        for path, node in start:
            _make(top, path, node)
        (top / ".gitignore").write_bytes(RULES)
        with Root(top) as root, Baseline(Path(name) / "baseline") as baseline:
            before = tree(top)
            baseline.take(root, "run")
            for path, node in behind:
                _make(top, path, node)
            effects = baseline.changed(root)
            event(f"files: {len(effects.manifest.change_set.changes)}, lost: {len(effects.lost)}")
            assert baseline.changed(root) == effects
            _roll_back(root, effects)
            now = tree(top)
        was = _accountable(before, effects)
        stays = {above for path in now.keys() - was.keys() for above in parents(path)}
        assert was == {
            path: node for path, node in _accountable(now, effects).items() if path in was or path not in stays
        }


@pytest.fixture
def baseline(tmp_path: Path) -> Iterator[Baseline]:
    """Of no workspace yet."""
    with Baseline(tmp_path / "baseline") as opened:
        yield opened


def _after(baseline: Baseline, root: Root, command: Callable[[], object]) -> SideEffects:
    """What the command changed."""
    baseline.take(root, "run")
    command()
    return baseline.changed(root)


def _paths(effects: SideEffects) -> list[str]:
    return [*effects.manifest.change_set.paths]


# --- what is told


def test_a_change_comes_with_its_lines_its_diff_and_the_bytes_that_were_there(
    baseline: Baseline, folder: Path, root: Root
) -> None:
    (folder / "a").write_bytes(b"one\ntwo\n")
    effects = _after(baseline, root, lambda: (folder / "a").write_bytes(b"one\n2\n3\n"))
    (change,) = effects.manifest.change_set.changes
    assert (change.path, change.added, change.removed) == ("a", 2, 1)
    assert effects.diff.endswith(b"--- a/a\n+++ b/a\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n")
    assert change.before is not None
    assert dict(effects.pre_images) == {change.before.digest: b"one\ntwo\n"}
    assert effects.lost == ()


def test_only_bytes_that_were_there_before_are_among_the_pre_images(
    baseline: Baseline, folder: Path, root: Root
) -> None:
    effects = _after(baseline, root, lambda: (folder / "new").write_bytes(b"new"))
    assert _paths(effects) == ["new"]
    assert len(effects.pre_images) == 0
    with pytest.raises(KeyError):
        effects.pre_images["0" * 64]


def test_a_larger_file_is_shown_by_its_sizes_and_its_lines_are_not_counted(
    baseline: Baseline, folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "SHOWN_BYTES", 100)
    (folder / "a").write_bytes(b"line\n" * 30)
    effects = _after(baseline, root, lambda: (folder / "a").write_bytes(b"else\n"))
    (change,) = effects.manifest.change_set.changes
    assert (change.binary, change.added, change.removed) == (True, 0, 0)
    assert effects.diff.endswith(b"Binary files a/a and b/a differ (150 and 5 bytes)\n")
    assert [*effects.pre_images.values()] == [b"line\n" * 30]


def test_a_diff_that_grows_too_long_is_cut_and_says_so(
    baseline: Baseline, folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "DIFF_BYTES", 100)
    effects = _after(baseline, root, lambda: [(folder / name).write_bytes(b"x\n" * 60) for name in "abcd"])
    assert _paths(effects) == ["a", "b", "c", "d"]
    assert effects.diff.count(b"diff --git") == 1
    assert effects.diff.endswith(b"The diff is cut here: 3 more files have changed.\n")


def test_folders_that_came_and_went_or_have_another_mode_are_told(baseline: Baseline, folder: Path, root: Root) -> None:
    for name in ("gone", "stays"):
        (folder / name).mkdir(mode=0o750)

    def command() -> None:
        (folder / "gone").rmdir()
        (folder / "stays").chmod(0o700)
        (folder / "new").mkdir(mode=0o755)

    assert _after(baseline, root, command).manifest.folders == (
        FolderChange("gone", 0o750, None, exact=True),
        FolderChange("new", None, 0o755, exact=True),
        FolderChange("stays", 0o750, 0o700, exact=True),
    )


def test_a_later_ask_tells_what_has_changed_by_then(baseline: Baseline, folder: Path, root: Root) -> None:
    assert _paths(_after(baseline, root, lambda: (folder / "a").write_bytes(b"1"))) == ["a"]
    (folder / "a").unlink()
    (folder / "b").write_bytes(b"2")
    assert _paths(baseline.changed(root)) == ["b"]


# --- what is ignored


def test_a_command_cannot_hide_what_it_writes_by_a_gitignore(baseline: Baseline, folder: Path, root: Root) -> None:
    def command() -> None:
        (folder / "new").mkdir()
        for name in (".gitignore", "new/.gitignore"):
            (folder / name).write_bytes(b"*\n")
        (folder / "new" / "evil").write_bytes(b"evil")

    assert _paths(_after(baseline, root, command)) == [".gitignore", "new/.gitignore", "new/evil"]


def test_what_was_ignored_is_counted_and_held_against_nobody(baseline: Baseline, folder: Path, root: Root) -> None:
    (folder / ".gitignore").write_bytes(b"*.log\n/deps/\n")
    (folder / "own").mkdir()
    (folder / "own" / ".gitignore").write_bytes(b"*\n")
    (folder / "own" / "kept").write_bytes(b"")
    (folder / ".git" / "info").mkdir(parents=True)
    (folder / ".git" / "info" / "exclude").write_bytes(b"mine\n")
    (folder / "gone.log").write_bytes(b"")

    def command() -> None:
        (folder / ".gitignore").unlink()
        (folder / "gone.log").unlink()
        (folder / "own" / "kept").write_bytes(b"changed")
        (folder / "mine").write_bytes(b"")
        (folder / "deps" / "deep").mkdir(parents=True)
        (folder / "deps" / "deep" / "one").write_bytes(b"")
        (folder / "pkg" / "__pycache__").mkdir(parents=True)
        (folder / "pkg" / "__pycache__" / "a.pyc").write_bytes(b"")

    effects = _after(baseline, root, command)
    assert _paths(effects) == [".gitignore"]
    assert [each.path for each in effects.manifest.folders] == ["pkg"]
    assert (effects.ignored, effects.lost) == (5, ())


# --- what cannot be put back


def _lost(baseline: Baseline, root: Root, command: Callable[[], object]) -> dict[str, str]:
    effects = _after(baseline, root, command)
    assert not set(_paths(effects)).intersection(dict(effects.lost))
    return dict(effects.lost)


def test_a_large_file_that_was_there_is_lost_and_a_new_one_can_be_deleted_again(
    baseline: Baseline, folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEPT_BYTES", 10)
    monkeypatch.setattr(lost, "KEPT_BYTES", 10)
    for name in ("changed", "deleted", "left"):
        (folder / name).write_bytes(b"large" * 10)

    def command() -> None:
        (folder / "changed").write_bytes(b"small")
        (folder / "deleted").unlink()
        (folder / "new").write_bytes(b"large" * 10)

    effects = _after(baseline, root, command)
    assert [path for path, words in effects.lost if "was larger than" in words] == ["changed", "deleted"]
    assert _paths(effects) == ["new"]
    _roll_back(root, effects)
    assert sorted(path.name for path in folder.iterdir()) == ["changed", "left"]


def test_a_new_file_too_large_to_be_looked_at_is_not_even_read(baseline: Baseline, folder: Path, root: Root) -> None:
    def command() -> None:
        with (folder / "huge").open("wb") as file:
            file.truncate(10**12)

    assert _lost(baseline, root, command) == {"huge": "is larger than 64 MiB"}


def test_a_file_written_through_another_of_its_names_is_lost(baseline: Baseline, folder: Path, root: Root) -> None:
    (folder / "a").write_bytes(b"before")
    os.link(folder / "a", folder / "b")
    found = _lost(baseline, root, lambda: (folder / "a").write_bytes(b"after"))
    assert set(found) == {"a", "b"}
    assert all("is one of 2 names of the same file" in words for words in found.values())


def test_pipes_sockets_and_setuid_files_are_lost_if_they_came_or_went(
    baseline: Baseline, folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # The path of a socket must be short.
    for name in ("pipe-left", "pipe-gone"):
        os.mkfifo(name)

    def command() -> None:
        Path("pipe-gone").unlink()
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("socket")
        Path("setuid").write_bytes(b"")
        Path("setuid").chmod(0o4755)

    assert _lost(baseline, root, command) == {
        "pipe-gone": "was a pipe, a socket or a device",
        "setuid": "has the mode 4755: setuid, setgid and sticky files are not written",
        "socket": "is a pipe, a socket or a device",
    }


def test_a_name_that_is_not_utf_8_is_lost_and_shown(baseline: Baseline, folder: Path, root: Root) -> None:
    try:
        (folder / os.fsdecode(b"left-\xff")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes no such names")
    found = _lost(baseline, root, lambda: (folder / os.fsdecode(b"new-\xff")).write_bytes(b""))
    assert found == {"new-\\xff": "its name is not UTF-8"}


def test_what_makes_git_run_programs_is_looked_at_wherever_it_lies_and_nothing_else_of_git(
    baseline: Baseline, folder: Path, root: Root
) -> None:
    for path in (".git/hooks", ".git/objects/aa", ".git/modules/lib/hooks", "below"):
        (folder / path).mkdir(parents=True)
    for path in (".git/config", ".git/HEAD", ".git/modules/lib/HEAD", "below/.git"):
        (folder / path).write_bytes(b"")

    def command() -> None:
        os.utime(folder / ".git" / "config", (1, 1))
        for path in ("nested/.git/hooks", "nested/.git/refs"):
            (folder / path).mkdir(parents=True)
        for path in (
            ".git/HEAD",
            ".git/objects/aa/bb",
            ".git/hooks/HEAD",
            ".git/hooks/pre-commit",
            ".git/hooks/pre-push.sample",
            ".git/modules/lib/HEAD",
            ".git/modules/lib/hooks/pre-commit",
            "below/.git",
            "nested/.git/HEAD",
            "nested/.git/config",
            "nested/.git/hooks/pre-commit",
        ):
            (folder / path).write_bytes(b"evil")

    effects = _after(baseline, root, command)
    assert [path for path, _ in effects.lost] == [
        ".git/hooks/HEAD",
        ".git/hooks/pre-commit",
        ".git/modules/lib/hooks/pre-commit",
        "below/.git",
        "nested/.git/config",
        "nested/.git/hooks/pre-commit",
    ]
    assert {words for _, words in effects.lost} == {"is git's own: look at it"}
    assert ([each.path for each in effects.manifest.folders], _paths(effects)) == (["nested"], [])


class _Closed:
    """Folders of some names that cannot be opened, whoever asks: root may open all that are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: set[str] = set()
        real = os.open

        def guarded(path: Any, *arguments: Any, **options: Any) -> int:
            if path in self.names:
                raise PermissionError(13, "Permission denied")
            return real(path, *arguments, **options)

        monkeypatch.setattr(os, "open", guarded)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> _Closed:
    """See _Closed."""
    return _Closed(monkeypatch)


def test_a_folder_that_is_closed_is_lost_whole_and_what_lies_in_it_does_not_count_as_deleted(
    baseline: Baseline, folder: Path, root: Root, closed: _Closed
) -> None:
    (folder / "a" / "deep").mkdir(parents=True)
    (folder / "a" / "deep" / "file").write_bytes(b"")

    def command() -> None:
        closed.names = {"a"}
        (folder / "new").write_bytes(b"")

    effects = _after(baseline, root, command)
    assert effects.lost == (("a", "cannot be looked at any more: Permission denied"),)
    assert _paths(effects) == ["new"]


def test_a_folder_that_was_closed_is_passed_over_until_it_is_open(
    baseline: Baseline, folder: Path, root: Root, closed: _Closed
) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "file").write_bytes(b"")
    closed.names = {"a"}
    assert _lost(baseline, root, lambda: None) == {}
    closed.names = set()
    assert dict(baseline.changed(root).lost) == {"a": "could not be looked at before the command"}
    shutil.rmtree(folder / "a")
    assert dict(baseline.changed(root).lost) == {"a": "could not be looked at before the command, and is gone"}


def test_a_file_that_could_not_be_read_is_lost_when_it_changes(
    baseline: Baseline, folder: Path, root: Root, closed: _Closed
) -> None:
    (folder / "a").write_bytes(b"before")
    closed.names = {"a"}
    assert _lost(baseline, root, lambda: None) == {}
    (folder / "a").unlink()
    assert dict(baseline.changed(root).lost) == {"a": "could not be read before the command"}


def test_a_file_that_cannot_be_read_any_more_is_lost(
    baseline: Baseline, folder: Path, root: Root, closed: _Closed
) -> None:
    (folder / "a").write_bytes(b"before")

    def command() -> None:
        (folder / "a").write_bytes(b"after!")
        closed.names = {"a"}

    assert _lost(baseline, root, command) == {"a": "cannot read a: Permission denied"}


def test_a_file_in_whose_place_something_stays_is_lost(baseline: Baseline, folder: Path, root: Root) -> None:
    (folder / ".gitignore").write_bytes(b"*.o\n")
    (folder / "file").write_bytes(b"")
    (folder / "folder" / "deep").mkdir(parents=True)
    (folder / "folder" / "deep" / "below").write_bytes(b"")

    def command() -> None:
        (folder / "file").unlink()
        (folder / "file").mkdir()
        (folder / "file" / "x.o").write_bytes(b"")
        shutil.rmtree(folder / "folder")
        os.mkfifo(folder / "folder")

    assert _lost(baseline, root, command) == {
        "file": "is a folder now, and something in it stays",
        "folder": "is a pipe, a socket or a device",
        "folder/deep": "was below 'folder', where something else stays",
        "folder/deep/below": "was below 'folder', where something else stays",
    }


def test_files_that_vanish_while_they_are_looked_at_are_gone(
    baseline: Baseline, folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "file").write_bytes(b"")
    real = os.stat

    def looking(path: Any, **options: Any) -> os.stat_result:
        status = real(path, **options)
        if path in {"a", "file"} and "dir_fd" in options:
            shutil.rmtree(folder / "a", ignore_errors=True)
        return status

    baseline.take(root, "run")
    monkeypatch.setattr(os, "stat", looking)
    assert _paths(baseline.changed(root)) == ["a/file"]


# --- the workspace itself


def test_a_workspace_that_was_emptied_is_put_back(
    baseline: Baseline, folder: Path, root: Root, tree: Callable[[Path], Tree]
) -> None:
    for path in ("a", "below/b", "empty/"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).mkdir() if path.endswith("/") else (folder / path).write_bytes(path.encode())
    was = tree(folder)

    def command() -> None:
        for path in folder.iterdir():
            _remove(path)

    effects = _after(baseline, root, command)
    assert tree(folder) == {}
    _roll_back(root, effects)
    assert tree(folder) == was


@pytest.mark.parametrize("moved", [False, True])
def test_one_that_is_deleted_or_moved_away_is_put_back_once_its_folder_is_there_again(
    baseline: Baseline,
    folder: Path,
    root: Root,
    tree: Callable[[Path], Tree],
    moved: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "file").write_bytes(b"before")
    was = tree(folder)
    away = folder.with_name("away")
    effects = _after(baseline, root, lambda: folder.rename(away) if moved else shutil.rmtree(folder))
    assert _paths(effects) == ["a/file"]
    folder.mkdir()
    with Root(folder) as again:
        assert baseline.changed(again) == effects
        _roll_back(again, effects)
    assert tree(folder) == was


def test_one_that_was_made_anew_is_compared_by_its_bytes(baseline: Baseline, folder: Path, root: Root) -> None:
    for name in ("same", "other"):
        (folder / name).write_bytes(b"before")

    def command() -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "same").write_bytes(b"before")
        (folder / "other").write_bytes(b"after")

    assert _paths(_after(baseline, root, command)) == ["other"]


def test_a_file_in_its_place_is_said(baseline: Baseline, folder: Path, root: Root) -> None:
    baseline.take(root, "run")
    folder.rmdir()
    folder.write_bytes(b"")
    with pytest.raises(WorkspaceError, match="cannot open the workspace"):
        baseline.changed(root)


def test_its_own_mode_is_lost_if_it_changed(baseline: Baseline, folder: Path, root: Root) -> None:
    folder.chmod(0o755)
    assert _lost(baseline, root, lambda: folder.chmod(0o700)) == {".": "its mode is 0700 now, and was 0755"}
