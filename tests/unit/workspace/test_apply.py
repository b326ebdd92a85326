"""All of a change or none of it: when it is cut short, when the disk is full, when somebody meddles."""

from __future__ import annotations

import errno
import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import Conflict, MissionError, WorkspaceError
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.changeset import build
from mission_fsm.workspace.checkpoint import Manifest, secure
from mission_fsm.workspace.paths import Root

Tree = dict[str, tuple[str, int, bytes]]
GivesTree = Callable[[Path], Tree]

# One change of every kind.
EDITS = [
    FileEdit("replaced", b"after\n"),
    FileEdit("mode", b"tool\n", mode=0o755),
    FileEdit("secret", b"new secret\n"),
    FileEdit("old/deep/deleted", None),
    FileEdit("new/deep/created", b"created\n"),
    FileEdit("new/link", None, link_target="../replaced"),
    FileEdit("link", None, link_target="secret"),
    FileEdit("file_to_folder", None),
    FileEdit("file_to_folder/in/it", b"x"),
    FileEdit("folder_to_file/in/it", None),
    FileEdit("folder_to_file", b"y"),
    FileEdit("link_to_file", b"z"),
    FileEdit("link_to_folder", None),
    FileEdit("link_to_folder/f", b"w"),
]


def _write_start(top: Path) -> None:
    files = {"replaced": 0o644, "mode": 0o644, "secret": 0o600, "old/deep/deleted": 0o640, "file_to_folder": 0o644}
    for path, mode in {**files, "folder_to_file/in/it": 0o644, "other": 0o644, "old/deep/stays/f": 0o644}.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(b"tool\n" if path == "mode" else path.encode())
        (top / path).chmod(mode)
    (top / "old/deep/stays/f").unlink()
    (top / "old/deep/stays").rmdir()
    (top / "old/deep").chmod(0o700)
    for name in ("link", "link_to_file", "link_to_folder"):
        (top / name).symlink_to("other")


class Case:
    """A workspace before its edit: the trees before and after, and the means to apply it."""

    def __init__(self, top: Path, tree: GivesTree) -> None:
        self.top = top
        top.mkdir()
        _write_start(top)
        self._tree = tree
        self.before = self.tree()
        with Root(top) as root:
            change_set, after = build(root, EDITS, {})
            manifest, before = secure(root, change_set)
        self.manifest: Manifest = manifest
        self.blobs = {**after, **before}

    def tree(self) -> Tree:
        return self._tree(self.top)

    def apply(self) -> None:
        with Root(self.top) as root:
            apply(root, self.manifest, self.blobs.__getitem__, "mission-1/diff 2")

    def left_over(self) -> list[str]:
        return [path for path in self.tree() if ".mission-" in path]


@pytest.fixture(autouse=True)
def _unsynced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here processes are killed, not machines: for those the disk need not be waited for."""
    if "synced" not in request.fixturenames:
        monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def synced() -> None:
    """For a test that is about syncing."""


@pytest.fixture
def cases(in_memory: Path, tree: GivesTree) -> Iterator[Iterator[Case]]:
    """One case after another, each in a new workspace."""

    def make() -> Generator[Case, None, None]:
        while True:
            with tempfile.TemporaryDirectory(dir=in_memory) as name:
                yield Case(Path(name) / "workspace", tree)

    with closing(make()) as made:
        yield made


@pytest.fixture
def done(cases: Iterator[Case], hook: Any) -> tuple[Tree, int]:
    """The tree after the edit, and how many calls it takes."""
    case = next(cases)
    with hook(-1, lambda: None) as counted:
        case.apply()
    return case.tree(), counted.calls


def test_every_kind_of_change_lands(done: tuple[Tree, int]) -> None:
    after, _ = done
    folder = ("folder", 0o755, b"")
    assert after == {
        "replaced": ("file", 0o644, b"after\n"),
        "mode": ("file", 0o755, b"tool\n"),
        "secret": ("file", 0o600, b"new secret\n"),
        "new": folder,
        "new/deep": folder,
        "new/deep/created": ("file", 0o644, b"created\n"),
        "new/link": ("link", 0, b"../replaced"),
        "link": ("link", 0, b"secret"),
        "file_to_folder": folder,
        "file_to_folder/in": folder,
        "file_to_folder/in/it": ("file", 0o644, b"x"),
        "folder_to_file": ("file", 0o644, b"y"),
        "link_to_file": ("file", 0o644, b"z"),
        "link_to_folder": folder,
        "link_to_folder/f": ("file", 0o644, b"w"),
        "other": ("file", 0o644, b"other"),
    }


def test_modes_do_not_depend_on_the_umask(folder: Path, root: Root) -> None:
    edits = [FileEdit("open", b"", mode=0o666), FileEdit("tool", b"", mode=0o755), FileEdit("d/f", b"")]
    manifest, _ = secure(root, build(root, edits, {})[0])
    umask = os.umask(0o077)
    try:
        apply(root, manifest, lambda _: b"", "tag")
    finally:
        os.umask(umask)
    modes = {path: (folder / path).stat().st_mode & 0o777 for path in ("open", "tool", "d/f", "d")}
    assert modes == {"open": 0o666, "tool": 0o755, "d/f": 0o644, "d": 0o700}


@pytest.mark.usefixtures("synced")
def test_a_file_of_the_same_size_that_replaces_another_is_told_apart_by_its_time(folder: Path, root: Root) -> None:
    """Python takes bytecode for current by the size and the second of its source."""
    (folder / "a.py").write_text("x = 1\n")
    was = (folder / "a.py").stat()
    change_set, blobs = build(root, [FileEdit("a.py", b"x = 2\n")], {})
    manifest, _ = secure(root, change_set)
    apply(root, manifest, blobs.__getitem__, "t")
    now = (folder / "a.py").stat()
    assert now.st_size == was.st_size
    assert int(now.st_mtime) != int(was.st_mtime)


def test_every_new_file_is_synced_before_it_lands_and_every_folder_before_the_change_counts_as_made(
    cases: Iterator[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    synced: set[int] = set()
    fsync, rename = os.fsync, os.rename

    def note_sync(fd: int) -> None:
        calls.append("sync")
        synced.add(os.fstat(fd).st_ino)
        fsync(fd)

    def note_rename(*arguments: Any, **named: Any) -> None:
        calls.append("rename")
        rename(*arguments, **named)

    case = next(cases)
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "rename", note_rename)
    case.apply()
    written = [case.top / path for path, node in case.tree().items() if node[0] == "file" and path != "other"]
    folders = [case.top, *(case.top / path for path, node in case.tree().items() if node[0] == "folder")]
    assert synced == {path.stat().st_ino for path in [*written, *folders]}
    assert calls[: len(written)] == ["sync"] * len(written)
    assert calls[-len(folders) :] == ["sync"] * len(folders)


def test_applying_again_changes_nothing(cases: Iterator[Case], done: tuple[Tree, int]) -> None:
    case = next(cases)
    case.apply()
    inodes = {path: (case.top / path).lstat().st_ino for path in case.tree()}
    case.apply()
    assert case.tree() == done[0]
    assert {path: (case.top / path).lstat().st_ino for path in case.tree()} == inodes


def test_killed_at_any_call_it_is_finished_by_the_next_try(
    cases: Iterator[Case], done: tuple[Tree, int], hook: Any
) -> None:
    after, calls = done
    for at in range(calls):
        case = next(cases)
        _killed(hook, at, case.apply)
        case.apply()
        assert case.tree() == after, f"killed before call {at}"


def test_killed_and_then_hindered_it_is_done_or_not_begun(
    cases: Iterator[Case], done: tuple[Tree, int], hook: Any
) -> None:
    after, calls = done
    outcomes = set()
    for killed_at in range(0, calls, 9):
        for hindered_at in range(0, calls, 17):
            case = next(cases)
            _killed(hook, killed_at, case.apply)
            with hook(hindered_at, _no_space):
                outcome = _outcome(case)
            assert case.tree() == (after if outcome == "done" else case.before) or case.left_over()
            outcomes.add(outcome)
    assert outcomes == {"done", "not begun"}


def test_a_disk_that_is_full_once_at_any_call_leaves_all_or_nothing(
    cases: Iterator[Case], done: tuple[Tree, int], hook: Any
) -> None:
    after, calls = done
    refused = 0
    for at in range(calls):
        case = next(cases)
        with hook(at, _no_space) as hindered:
            outcome = _outcome(case)
        if case.left_over():
            # Only what could not be removed: hidden, and gone with the next try.
            assert hindered.hit[0] == "unlink"
        clean = {path: node for path, node in case.tree().items() if path not in case.left_over()}
        assert clean == (after if outcome == "done" else case.before), f"hindered at call {at}: {hindered.hit}"
        refused += outcome == "not begun"
        case.apply()
        assert case.tree() == after
    assert refused > calls // 2


def test_a_disk_that_stays_full_is_said_and_what_is_half_written_can_be_finished(
    cases: Iterator[Case], done: tuple[Tree, int], hook: Any
) -> None:
    after, calls = done
    for at in range(0, calls, 3):
        case = next(cases)
        with hook(at, _no_space, lasting=True):
            outcome = _outcome(case)
        if outcome == "not begun":
            assert {path: node for path, node in case.tree().items() if ".mission-" not in path} == case.before
        case.apply()
        assert case.tree() == after


def test_the_error_names_the_path_and_the_cause(cases: Iterator[Case], hook: Any) -> None:
    case = next(cases)
    full = hook(0, _no_space, names=["fsync"])
    with (
        full,
        pytest.raises(WorkspaceError, match=r"cannot write file_to_folder/in/it: No space .*; nothing was changed"),
    ):
        case.apply()


def test_an_interruption_from_the_keyboard_leaves_all_or_nothing(
    cases: Iterator[Case], done: tuple[Tree, int], hook: Any
) -> None:
    after, calls = done

    def interrupt() -> None:
        raise KeyboardInterrupt

    for at in range(0, calls, 2):
        case = next(cases)
        with hook(at, interrupt), pytest.raises(KeyboardInterrupt):
            case.apply()
        clean = {path: node for path, node in case.tree().items() if ".mission-" not in path}
        assert clean in (case.before, after), f"interrupted at call {at}"
        case.apply()
        assert case.tree() == after


def test_where_a_second_name_for_a_file_cannot_be_had_a_copy_serves(
    cases: Iterator[Case], done: tuple[Tree, int], hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    case = next(cases)
    case.apply()
    assert case.tree() == done[0]
    for at in range(0, done[1], 4):
        case = next(cases)
        with hook(at, _no_space):
            outcome = _outcome(case)
        clean = {path: node for path, node in case.tree().items() if ".mission-" not in path}
        assert clean == (done[0] if outcome == "done" else case.before)


class MeddlingSuite:
    def test_a_path_that_is_neither_as_before_nor_as_after_is_a_conflict(self, cases: Iterator[Case]) -> None:
        case = next(cases)
        (case.top / "replaced").write_bytes(b"by hand")
        standing = case.tree()
        with pytest.raises(Conflict, match="replaced was changed"):
            case.apply()
        assert case.tree() == standing

    def test_a_conflict_that_is_found_after_a_crash_takes_back_what_had_landed(
        self, cases: Iterator[Case], done: tuple[Tree, int], hook: Any
    ) -> None:
        for at in range(done[1] // 2, done[1], 3):
            case = next(cases)
            _killed(hook, at, case.apply)
            (case.top / "secret").write_bytes(b"by hand")
            with pytest.raises(Conflict, match="secret"):
                case.apply()
            assert case.tree() == {**case.before, "secret": ("file", 0o600, b"by hand")}

    def test_what_is_saved_while_the_change_is_made_ready_is_not_lost(self, cases: Iterator[Case], hook: Any) -> None:
        case = next(cases)
        with hook(5, lambda: (case.top / "replaced").write_bytes(b"by hand")), pytest.raises(Conflict):
            case.apply()
        assert case.tree() == {**case.before, "replaced": ("file", 0o644, b"by hand")}

    def test_a_file_that_is_put_into_a_folder_that_was_to_go_is_kept_with_it(
        self, folder: Path, root: Root, tree: GivesTree
    ) -> None:
        (folder / "d").mkdir()
        (folder / "d/f").touch()
        manifest, _ = secure(root, build(root, [FileEdit("d/f", None)], {})[0])
        (folder / "d/by_hand").touch()
        apply(root, manifest, lambda _: b"", "tag")
        assert set(tree(folder)) == {"d", "d/by_hand"}

    def test_a_link_put_in_a_folder_s_place_at_any_call_leads_nowhere(
        self, tmp_path: Path, tree: GivesTree, hook: Any
    ) -> None:
        """At every call in turn the folder is swapped for a link to another place, which stays untouched."""
        edits = [FileEdit("d/changed", b"new"), FileEdit("d/deleted", None), FileEdit("d/made/f", b"new")]

        def prepared(name: str) -> tuple[Path, Path, Manifest, dict[str, bytes]]:
            top, outside = tmp_path / name, tmp_path / f"{name} outside"
            for place in (top / "d", outside):
                place.mkdir(parents=True)
                (place / "changed").write_bytes(b"old")
                (place / "deleted").write_bytes(b"old")
            with Root(top) as root:
                change_set, after = build(root, edits, {})
                manifest, before = secure(root, change_set)
            return top, outside, manifest, {**after, **before}

        def attempt(name: str, at: int) -> int:
            top, outside, manifest, blobs = prepared(name)
            untouched = tree(outside)

            def swap() -> None:
                (top / "d").rename(top / "moved")
                (top / "d").symlink_to(outside)

            with Root(top) as root, hook(at, swap) as counted:
                try:
                    apply(root, manifest, blobs.__getitem__, "tag")
                except MissionError:
                    assert at >= 0
            assert tree(outside) == untouched, f"swapped at call {at}"
            return int(counted.calls)

        calls = attempt("counted", -1)
        for at in range(calls):
            attempt(str(at), at)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written_leaves_everything_as_it_was(self, cases: Iterator[Case]) -> None:
        case = next(cases)
        (case.top / "old/deep").chmod(0o500)
        standing = case.tree()
        with pytest.raises(WorkspaceError, match="Permission denied; nothing was changed"):
            case.apply()
        assert case.tree() == standing

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
    def test_files_that_root_writes_belong_to_whom_the_workspace_belongs(self, folder: Path, root: Root) -> None:
        (folder / "kept").touch()
        os.chown(folder / "kept", 1234, 2345)
        os.chown(folder, 1111, 2222)
        edits = [FileEdit("kept", b"x"), FileEdit("d/new", b"x")]
        manifest, _ = secure(root, build(root, edits, {})[0])
        apply(root, manifest, lambda _: b"x", "tag")
        owners = {path: (folder / path).stat() for path in ("kept", "d", "d/new")}
        assert {path: (status.st_uid, status.st_gid) for path, status in owners.items()} == {
            "kept": (1234, 2345),
            "d": (1111, 2222),
            "d/new": (1111, 2222),
        }


def _no_space() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _outcome(case: Case) -> str:
    try:
        case.apply()
    except WorkspaceError as error:
        return "not begun" if "nothing was changed" in str(error) else "half written"
    return "done"


def _killed(hook: Any, at: int, body: Callable[[], None]) -> None:
    """Run the body in a child that is killed before its call number `at`."""
    pid = os.fork()
    if pid == 0:
        try:
            with hook(at, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                body()
        finally:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
