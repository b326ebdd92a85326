"""What was there before a command is kept, whole, whoever is killed or damaged."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import view
from mission_fsm.errors import WorkspaceError
from mission_fsm.workspace import baseline as module
from mission_fsm.workspace import keeping, versions
from mission_fsm.workspace.baseline import Baseline
from mission_fsm.workspace.isolation import CutShort
from mission_fsm.workspace.paths import Root


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the baseline is kept."""
    return tmp_path / "cache" / "baseline"


@pytest.fixture
def baseline(kept: Path) -> Iterator[Baseline]:
    """An empty one."""
    with Baseline(kept) as opened:
        yield opened


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stamps are believed at once: no test waits until files are old enough."""
    monkeypatch.setattr(view, "COARSEST_NS", -60 * 10**9)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, one after the other."""
    names: list[str] = []
    real = versions.bytes_in

    def counted(folder: int, name: str, mode: int, most: int) -> tuple[os.stat_result, bytes | None] | None:
        names.append(name)
        return real(folder, name, mode, most)

    monkeypatch.setattr(keeping, "bytes_in", counted)
    monkeypatch.setattr("mission_fsm.workspace.comparing.bytes_in", counted)
    return names


def _changed(baseline: Baseline, root: Root) -> list[str]:
    return list(baseline.changed(root).manifest.change_set.paths)


def _size(kept: Path, table: str) -> int:
    database = sqlite3.connect(kept / "baseline.sqlite")
    try:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  the test's own word
    finally:
        database.close()


# --- whose it is


def test_it_is_of_the_run_that_it_was_taken_for_and_of_no_other(baseline: Baseline, root: Root, kept: Path) -> None:
    assert not baseline.is_of("one")
    assert list(kept.iterdir()) == [kept / "baseline.lock"]
    baseline.take(root, "one")
    assert (baseline.is_of("one"), baseline.is_of("two")) == (True, False)
    baseline.take(root, "two")
    assert (baseline.is_of("one"), baseline.is_of("two")) == (False, True)


def test_what_changed_cannot_be_told_of_a_baseline_that_was_never_taken(baseline: Baseline, root: Root) -> None:
    with pytest.raises(WorkspaceError, match="it was not kept"):
        baseline.changed(root)


def test_it_is_open_to_its_owner_only(baseline: Baseline, root: Root, kept: Path) -> None:
    baseline.take(root, "one")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.iterdir()} == {0o600}


def test_one_that_is_cut_short_stays_that_of_the_run_before(baseline: Baseline, folder: Path, root: Root) -> None:
    (folder / "a").write_bytes(b"before")
    baseline.take(root, "one")
    (folder / "a").write_bytes(b"after")
    (folder / "b").write_bytes(b"new")
    answers = iter([True, False])
    with pytest.raises(CutShort):
        baseline.take(root, "two", lambda: next(answers))
    assert baseline.is_of("one")
    assert _changed(baseline, root) == ["a", "b"]


# --- what it costs


@pytest.mark.usefixtures("believed")
def test_a_file_is_read_once_and_then_only_when_its_stamp_differs(
    baseline: Baseline, folder: Path, root: Root, reads: list[str]
) -> None:
    for name in ("a", "b"):
        (folder / name).write_bytes(name.encode())
    baseline.take(root, "one")
    assert reads == ["a", "b"]
    baseline.take(root, "two")
    assert _changed(baseline, root) == []
    assert reads == ["a", "b"]
    (folder / "b").write_bytes(b"else")
    baseline.take(root, "three")
    assert reads == ["a", "b", "b"]


@pytest.mark.usefixtures("believed")
def test_what_is_ignored_is_never_read_until_it_is_ignored_no_longer(
    baseline: Baseline, folder: Path, root: Root, reads: list[str]
) -> None:
    (folder / ".gitignore").write_bytes(b"deps/\n*.log\n")
    (folder / "deps" / "deep").mkdir(parents=True)
    for path in ("deps/deep/a", "deps/deep/b", "x.log"):
        (folder / path).write_bytes(b"one")
    baseline.take(root, "one")
    (folder / "deps" / "deep" / "a").write_bytes(b"another")
    assert (baseline.changed(root).ignored, reads) == (1, [".gitignore"])
    (folder / ".gitignore").write_bytes(b"*.log\n")
    baseline.take(root, "two")
    assert reads[1:] == [".gitignore", "a", "b"]
    (folder / "deps" / "deep" / "a").write_bytes(b"a third")
    effects = baseline.changed(root)
    assert [*effects.pre_images.values()] == [b"another"]


def test_the_same_bytes_are_kept_once_and_dropped_when_no_file_has_them(
    baseline: Baseline, folder: Path, root: Root, kept: Path
) -> None:
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(b"line\n" * 10_000)
    (folder / "below").mkdir()
    (folder / "below" / "d").write_bytes(b"another")
    baseline.take(root, "one")
    assert _size(kept, "contents") == 2
    assert (kept / "baseline.sqlite").stat().st_size < 50_000
    (folder / "a").unlink()
    shutil.rmtree(folder / "below")
    baseline.take(root, "two")
    assert _size(kept, "contents") == 1
    for name in ("b", "c"):
        (folder / name).unlink()
    baseline.take(root, "three")
    assert _size(kept, "contents") == 0


def test_the_file_shrinks_when_most_of_it_is_needed_no_longer(
    baseline: Baseline, folder: Path, root: Root, kept: Path
) -> None:
    for number in range(20):
        (folder / str(number)).write_bytes(os.urandom(50_000))
    baseline.take(root, "one")
    was = (kept / "baseline.sqlite").stat().st_size
    for number in range(19):
        (folder / str(number)).unlink()
    baseline.take(root, "two")
    assert (kept / "baseline.sqlite").stat().st_size < was / 5


# --- changes that leave no trace


def test_a_file_changed_in_the_same_tick_with_its_times_as_they_were_is_found(
    baseline: Baseline, folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "a"
    file.write_bytes(b"before")
    baseline.take(root, "one")
    status = file.stat()
    file.write_bytes(b"after!")
    real = os.stat

    def as_it_was(path: str, **options: Any) -> os.stat_result:
        # As a file system tells it whose clock has not ticked meanwhile.
        return status if path == "a" else real(path, **options)

    monkeypatch.setattr(os, "stat", as_it_was)
    assert _changed(baseline, root) == ["a"]
    baseline.take(root, "two")
    file.write_bytes(b"again.")
    assert [*baseline.changed(root).pre_images.values()] == [b"after!"]


@pytest.mark.usefixtures("believed")
def test_a_file_whose_time_was_set_back_is_found(baseline: Baseline, folder: Path, root: Root) -> None:
    file = folder / "a"
    file.write_bytes(b"before")
    was = file.stat()
    baseline.take(root, "one")
    file.write_bytes(b"after!")
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert _changed(baseline, root) == ["a"]


@pytest.mark.usefixtures("believed")
def test_a_file_that_was_only_touched_or_written_anew_as_it_was_has_not_changed(
    baseline: Baseline, folder: Path, root: Root
) -> None:
    for name in ("touched", "rewritten", "replaced"):
        (folder / name).write_bytes(b"same")
    baseline.take(root, "one")
    os.utime(folder / "touched", (1, 1))
    (folder / "rewritten").write_bytes(b"same")
    (folder / "new").write_bytes(b"same")
    (folder / "new").rename(folder / "replaced")
    effects = baseline.changed(root)
    assert (effects.manifest.change_set.changes, effects.lost, effects.diff) == ((), (), b"")


# --- crashes, damage, and others

_TAKES_AND_WAITS = """
import sys, time
from pathlib import Path
from mission_fsm.workspace.baseline import Baseline
from mission_fsm.workspace.paths import Root

with Root(Path(sys.argv[1])) as root, Baseline(Path(sys.argv[2])) as baseline:
    baseline.take(root, "one")
    print("taken", flush=True)
    sys.stdin.read()
"""


def test_after_its_process_was_killed_another_one_tells_the_same(folder: Path, root: Root, kept: Path) -> None:
    (folder / "a").write_bytes(b"before")
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKES_AND_WAITS, str(folder), str(kept)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin, process.stdout:
        assert process.stdout.readline() == b"taken\n"
        (folder / "a").write_bytes(b"after")
        (folder / "b").mkdir()
        process.send_signal(signal.SIGKILL)
    with Baseline(kept) as baseline:
        assert baseline.is_of("one")
        effects = baseline.changed(root)
    assert (effects.manifest.change_set.paths, [each.path for each in effects.manifest.folders]) == (("a",), ["b"])


@pytest.mark.parametrize("damage", [b"no database", b"", b"SQLite format 3\0" + bytes(4096)])
def test_one_that_is_damaged_is_of_no_run_and_made_anew(
    baseline: Baseline, folder: Path, root: Root, kept: Path, damage: bytes
) -> None:
    (folder / "a").write_bytes(b"before")
    baseline.take(root, "one")
    baseline.close()
    (kept / "baseline.sqlite").write_bytes(damage)
    assert not baseline.is_of("one")
    with pytest.raises(WorkspaceError, match="what the workspace held before the command"):
        baseline.changed(root)
    baseline.take(root, "two")
    (folder / "a").unlink()
    assert [*baseline.changed(root).pre_images.values()] == [b"before"]


@pytest.mark.parametrize(
    "damage",
    [
        "PRAGMA user_version = 1",
        "DROP TABLE contents",
        "UPDATE folders SET stamps = 'x'",
        "UPDATE folders SET ignored = x'00'",
    ],
)
def test_one_of_another_version_or_with_other_columns_is_made_anew(
    baseline: Baseline, folder: Path, root: Root, kept: Path, damage: str
) -> None:
    for name in ("a", "b"):
        (folder / name).write_bytes(b"before")
    baseline.take(root, "one")
    database = sqlite3.connect(kept / "baseline.sqlite", isolation_level=None)
    database.execute(damage)
    database.close()
    (folder / "b").write_bytes(b"between")
    baseline.take(root, "two")
    (folder / "a").unlink()
    assert [*baseline.changed(root).pre_images.values()] == [b"before"]


def test_bytes_that_are_not_those_that_were_kept_are_never_given(
    baseline: Baseline, folder: Path, root: Root, kept: Path
) -> None:
    (folder / "a").write_bytes(b"before")
    baseline.take(root, "one")
    (folder / "a").unlink()
    effects = baseline.changed(root)
    database = sqlite3.connect(kept / "baseline.sqlite", isolation_level=None)
    database.execute("UPDATE contents SET data = x'3d00'")
    database.close()
    with pytest.raises(WorkspaceError, match="not those that were kept"):
        list(effects.pre_images.values())
    with pytest.raises(WorkspaceError, match="not those that were kept"):
        baseline.changed(root)


def test_one_that_is_deleted_while_it_is_open_is_made_anew(
    baseline: Baseline, folder: Path, root: Root, kept: Path
) -> None:
    baseline.take(root, "one")
    (kept / "baseline.sqlite").unlink()
    assert not baseline.is_of("one")
    baseline.take(root, "two")
    with Baseline(kept) as other:
        assert other.is_of("two")


def test_where_its_folder_is_gone_that_is_said(baseline: Baseline, root: Root, kept: Path) -> None:
    shutil.rmtree(kept)
    with pytest.raises(WorkspaceError, match="No such file or directory"):
        baseline.take(root, "one")


def test_a_file_where_its_folder_is_to_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorkspaceError, match="cannot make the folder"):
        Baseline(tmp_path / "file" / "baseline")


_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from mission_fsm.errors import WorkspaceError
from mission_fsm.workspace.baseline import Baseline
from mission_fsm.workspace.paths import Root

resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
with Root(Path(sys.argv[1])) as root, Baseline(Path(sys.argv[2])) as baseline:
    try:
        baseline.take(root, "two")
    except WorkspaceError as error:
        print(error)
    print(baseline.is_of("one"))
"""


def test_where_there_is_no_room_that_is_said_and_what_was_kept_stays(
    baseline: Baseline, folder: Path, root: Root, kept: Path
) -> None:
    (folder / "a").write_bytes(b"before")
    baseline.take(root, "one")
    for number in range(10):
        (folder / str(number)).write_bytes(os.urandom(100_000))
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_FULL_DISK, str(folder), str(kept)], capture_output=True, text=True, check=True
    )
    said, stays = done.stdout.splitlines()
    assert said.startswith("what the workspace held before the command, in ")
    assert stays == "True"
    assert len(_changed(baseline, root)) == 10


def test_one_process_waits_for_another_that_takes_it(folder: Path, root: Root, kept: Path) -> None:
    (folder / "a").write_bytes(b"before")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _TAKES_AND_WAITS, str(folder), str(kept)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    assert [process.communicate()[0] for process in processes] == [b"taken\n"] * 3
    (folder / "a").unlink()
    with Baseline(kept) as baseline:
        assert baseline.is_of("one")
        assert [*baseline.changed(root).pre_images.values()] == [b"before"]


def test_who_waits_in_vain_for_another_says_so(
    baseline: Baseline, root: Root, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def go_on() -> bool:
        with Baseline(kept) as other, pytest.raises(WorkspaceError, match="another process has been using it"):
            other.take(root, "two")
        return True

    baseline.take(root, "one", go_on)
    assert baseline.is_of("one")


def test_a_workspace_that_cannot_be_read_is_said(
    baseline: Baseline, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Iterator[os.DirEntry[str]]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(WorkspaceError, match=r"cannot be read: .*Permission denied"):
        baseline.take(root, "one")
