"""The harness strikes where it says, and finds what is wrong: by strace, and by the seam where that is not there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mission_fsm.testing.calls import Call, Fault, calls_in, durable, from_then_on, once, spread
from mission_fsm.testing.child import RAISED, Work, in_child, in_workers, orphans
from mission_fsm.testing.faults import strike, suspended, why_no_strace

needs_strace = pytest.mark.skipif(why_no_strace() is not None, reason=str(why_no_strace()))
by_either = pytest.mark.parametrize("by_strace", [pytest.param(True, marks=needs_strace), False])

OLD, NEW = "the old content", "the new content"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the old content."""
    file = tmp_path / "file"
    file.write_text(OLD)
    return file


def in_place(file: Path) -> Work:
    """Writes the new content over the old: between the two there is nothing."""

    def work() -> int:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.fsync(fd)
        os.write(fd, NEW.encode())
        os.fsync(fd)
        return 0

    return work


def beside(file: Path) -> Work:
    """Writes the new content beside the old, and moves it over it."""

    def work() -> int:
        draft = file.with_name("draft")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(fd, NEW.encode())
        os.fsync(fd)
        draft.rename(file)
        return 0

    return work


def left_by_kills(file: Path, work: Work, *, by_strace: bool) -> list[str]:
    """What is in the file after the work was killed at each of its calls."""
    left = []
    for call in durable(strike(work, by_strace=by_strace).calls):
        file.write_text(OLD)
        assert strike(work, once(call, "SIGKILL"), by_strace=by_strace).status == -signal.SIGKILL
        left.append(file.read_text())
    return left


@by_either
def test_a_file_that_is_written_in_place_is_lost_at_some_call(file: Path, *, by_strace: bool) -> None:
    assert "" in left_by_kills(file, in_place(file), by_strace=by_strace)


@by_either
def test_a_file_that_is_moved_into_place_is_never_lost(file: Path, *, by_strace: bool) -> None:
    assert set(left_by_kills(file, beside(file), by_strace=by_strace)) == {OLD}


@by_either
def test_who_is_suspended_is_held_up_at_a_call_and_goes_on_once_woken(file: Path, *, by_strace: bool) -> None:
    sync = next(call for call in strike(beside(file), by_strace=by_strace).calls if "sync" in call.name)
    file.write_text(OLD)
    with suspended(beside(file), sync, by_strace=by_strace) as child:
        assert child is not None
        assert child.poll() is None
        assert file.read_text() == OLD
        os.kill(child.pid, signal.SIGCONT)
        assert child.wait().status == 0
        assert file.read_text() == NEW


@by_either
def test_who_is_suspended_and_never_woken_is_gone_in_the_end(file: Path, *, by_strace: bool) -> None:
    (first, *_) = durable(strike(beside(file), by_strace=by_strace).calls)
    with suspended(beside(file), first, by_strace=by_strace) as child:
        assert child is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    with suspended(beside(file), Call(first.name, 99, ""), by_strace=by_strace) as ended:
        assert ended is None


@by_either
def test_a_kill_comes_before_its_call_and_after_the_one_before(tmp_path: Path, *, by_strace: bool) -> None:
    def work() -> int:
        for name in "abc":
            (tmp_path / name).mkdir()
        return 0

    calls = durable(strike(work, by_strace=by_strace).calls)
    for name in "abc":
        (tmp_path / name).rmdir()
    strike(work, once(calls[1], "SIGKILL"), by_strace=by_strace)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@by_either
def test_an_error_comes_in_the_place_of_its_call_and_of_no_other(tmp_path: Path, *, by_strace: bool) -> None:
    def work() -> int:
        failed = 0
        for name in "abc":
            try:
                (tmp_path / name).mkdir()
            except OSError as error:
                failed = error.errno or 0
        return failed

    calls = durable(strike(work, by_strace=by_strace).calls)
    for name in "abc":
        (tmp_path / name).rmdir()
    assert strike(work, once(calls[1], "ENOSPC"), by_strace=by_strace).status == 28
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]


@needs_strace
def test_a_full_disk_stays_full(tmp_path: Path) -> None:
    def work() -> int:
        made = 0
        for name in "abcd":
            try:
                (tmp_path / name).symlink_to("nowhere")
                (tmp_path / f"{name}.d").mkdir()
            except OSError:
                continue
            made += 1
        return made

    calls = strike(work).calls
    for path in tmp_path.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    assert strike(work, from_then_on(calls, calls[3], "ENOSPC")).status == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.d", "b"]


@by_either
def test_a_signal_reaches_a_handler(tmp_path: Path, *, by_strace: bool) -> None:
    def work() -> int:
        heard: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
        (tmp_path / "made").mkdir(exist_ok=True)
        return len(heard)

    calls = durable(strike(work, by_strace=by_strace).calls)
    (tmp_path / "made").rmdir()
    assert strike(work, once(calls[0], "SIGTERM"), by_strace=by_strace).status == 1
    assert (tmp_path / "made").is_dir()


@by_either
def test_commits_and_spawns_are_places(tmp_path: Path, *, by_strace: bool) -> None:
    def work() -> int:
        connection = sqlite3.connect(tmp_path / "database", isolation_level=None)
        connection.executescript("CREATE TABLE IF NOT EXISTS t (x)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("COMMIT")
        connection.close()
        return subprocess.run(["true"], check=False).returncode

    names = {call.name for call in strike(work, by_strace=by_strace).calls}
    spawns, commits = (
        ({"fork", "vfork", "clone", "clone3"}, {"fdatasync", "fsync"})
        if by_strace
        else (
            {"subprocess.Popen"},
            {"sqlite3.commit"},
        )
    )
    assert names & spawns
    assert names & commits


def test_what_a_child_says_and_how_it_ends_is_told() -> None:
    def loud() -> int:
        sys.stdout.write("out\n")
        sys.stderr.write("err\n")
        return 3

    def raising() -> int:
        raise ValueError("no good")

    ended = in_child(loud)
    assert (ended.status, ended.out, ended.err) == (3, "out\n", "err\n")
    assert in_child(raising).status == RAISED
    assert "ValueError: no good" in in_child(raising).err


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_what_a_child_leaves_behind_is_found_and_killed() -> None:
    def leaving() -> int:
        return 0 if subprocess.Popen(["sleep", "300"]).pid else 1

    def look(_: int) -> list[bool]:
        in_child(leaving)
        found = orphans(within_s=0.05)
        return [len(found) == 1, not orphans(within_s=0.05)]

    assert in_workers(look, 1) == [True, True]


def test_workers_give_all_that_they_found_or_say_what_went_wrong() -> None:
    assert in_workers(lambda number: [number, number], 3) == [0, 0, 1, 1, 2, 2]
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        in_workers(lambda number: [1 // number], 1)


def test_calls_that_leave_nothing_are_passed_over() -> None:
    log = """\
openat(AT_FDCWD</>, "/read", O_RDONLY) = 3</read>
openat(AT_FDCWD</>, "/made", O_WRONLY|O_CREAT, 0666) = 3</made>
write(1<pipe:[1]>, "said", 4)           = 4
write(3</made>, "kept", 4)              = 4
mkdir("/there", 0777)                   = -1 EEXIST (File exists)
--- SIGCHLD {si_signo=SIGCHLD} ---
write(3</made.log>, "noted", 5)         = 5
"""
    calls = durable(calls_in(log, {"openat", "write", "mkdir"}), but="made.log")
    assert [(call.name, call.nth) for call in calls] == [("openat", 2), ("write", 2)]


def test_some_calls_are_spread_from_the_first_to_the_last() -> None:
    calls = [Call(name, 1, "") for name in ["mkdir", *["pwrite64"] * 5, "fsync", "rename", "unlink"]]
    assert spread(calls, 99) == [0, 1, 6, 7, 8]
    assert spread(calls, 3) == [0, 6, 8]
    assert spread(calls, 1) == [0]
    assert spread([], 3) == []


def test_a_fault_befalls_its_call_or_all_from_then_on() -> None:
    fault = Fault("EIO", (("write", 2),))
    assert [fault.befalls("write", nth) for nth in (1, 2, 3)] == [False, True, False]
    lasting = Fault("EIO", (("write", 2),), lasting=True)
    assert [lasting.befalls("write", nth) for nth in (1, 2, 3)] == [False, True, True]
    assert not lasting.befalls("fsync", 2)
