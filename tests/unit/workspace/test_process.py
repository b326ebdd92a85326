"""Commands are run as real processes, and are gone afterwards with all that they started.

Whether something of a command still lives is seen at a named pipe: whatever it starts inherits the writing end, so
that the reading end comes to its end exactly when the last of them is gone.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from mission_fsm.core.replies import CommandResult, CommandSpec
from mission_fsm.workspace import supervisor
from mission_fsm.workspace.process import run

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs what only Linux gives")

# A daemon as they are made: out of the session, and orphaned.
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(100)
    os._exit(0)
os.wait()
"""


class Alive:
    """The named pipe: `path` is for commands to open, which then say `ready` on it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def is_none_left(self) -> bool:
        """Whether all that had the pipe open are gone by now."""
        try:
            while os.read(self._fd, 100):
                pass
        except BlockingIOError:
            return False
        return True

    def wait_until_ready(self) -> None:
        self._wait()
        assert os.read(self._fd, 6) == b"ready\n"

    def wait_until_none_left(self) -> None:
        self._wait()
        assert os.read(self._fd, 100) == b""

    def _wait(self) -> None:
        assert select.select([self._fd], [], [], 20)[0], "nothing happened within 20 s"

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[Alive]:
    pipe = Alive(tmp_path / "alive")
    yield pipe
    pipe.close()


@pytest.fixture
def shell(folder: Path) -> Callable[..., tuple[CommandResult, bytes]]:
    """Runs a line of shell in the workspace; `$0` is its first word after that."""

    def call(
        line: str,
        *words: str,
        timeout_s: int = 20,
        env: Mapping[str, str] | None = None,
        cwd: str = ".",
        on_output: Callable[[bytes], None] | None = None,
        should_end: Callable[[], bool] | None = None,
        cap_bytes: int = 1000,
    ) -> tuple[CommandResult, bytes]:
        spec = CommandSpec(("sh", "-c", line, *words), cwd, env or {}, timeout_s)
        return run(spec, root=folder, on_output=on_output, should_end=should_end, cap_bytes=cap_bytes)

    return call


Shell = Callable[..., tuple[CommandResult, bytes]]


class ResultSuite:
    @pytest.mark.parametrize("status", [0, 1, 77, 255])
    def test_a_command_ends_with_its_exit_status(self, shell: Shell, status: int) -> None:
        result, _ = shell(f"exit {status}")
        assert (result.kind, result.exit_status, result.problem) == ("exited", status, None)

    def test_a_command_that_a_signal_ends_has_128_and_the_signal_s_number(self, shell: Shell) -> None:
        assert shell("kill -SEGV $$")[0].exit_status == 128 + signal.SIGSEGV

    def test_output_and_errors_come_together_and_as_they_come(self, shell: Shell) -> None:
        came: list[bytes] = []
        result, output = shell("echo out; echo err >&2; printf '\\377'", on_output=came.append)
        assert output == b"".join(came) == b"out\nerr\n\xff"
        assert result.output == "out\nerr\n\ufffd"
        assert result.output_bytes == 9

    def test_standard_input_is_empty(self, shell: Shell) -> None:
        assert shell("cat; echo done")[1] == b"done\n"

    def test_it_takes_the_time_that_it_takes(self, shell: Shell) -> None:
        assert 0 < shell("true")[0].duration_s < 20

    def test_a_program_that_the_pipe_s_end_would_stop_is_stopped_by_it(self, shell: Shell) -> None:
        """Python ignores SIGPIPE, and what it starts would inherit that."""
        assert shell("(yes; echo $? >&2) | head -1 > /dev/null")[1] == b"%d\n" % (128 + signal.SIGPIPE)

    def test_signals_that_the_host_has_blocked_are_not_blocked_for_the_command(self, shell: Shell) -> None:
        held = {signal.SIGCHLD, signal.SIGTERM}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
        try:
            assert shell("kill -TERM $$")[0].exit_status == 128 + signal.SIGTERM
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class CannotStartSuite:
    def _problem(
        self, folder: Path, *argv: str, cwd: str = ".", env: Mapping[str, str] | None = None
    ) -> tuple[str, str]:
        result, output = run(CommandSpec(argv, cwd, env or {}), root=folder, cap_bytes=1000)
        assert (result.exit_status, output) == (None, b"")
        assert result.problem is not None
        return result.kind, result.problem

    def test_a_program_that_is_not_on_the_path_is_not_found(self, folder: Path) -> None:
        kind, problem = self._problem(folder, "no-such-program", env={"PATH": "/nowhere:/bin"})
        assert kind == "not_found"
        assert problem == "the program 'no-such-program' is in no folder of PATH (/nowhere:/bin)"

    @pytest.mark.parametrize("name", ["./none", "none/below", "/nowhere/none", "file/below"])
    def test_a_program_named_by_a_path_that_is_not_there_is_not_found(self, folder: Path, name: str) -> None:
        (folder / "file").touch()
        kind, problem = self._problem(folder, name)
        assert kind == "not_found"
        assert name in problem

    def test_a_missing_interpreter_is_said(self, folder: Path) -> None:
        (folder / "script").write_text("#!/nowhere/interpreter\n")
        (folder / "script").chmod(0o755)
        kind, problem = self._problem(folder, "./script")
        assert kind == "not_found"
        assert "interpreter" in problem

    def test_a_file_that_may_not_be_executed_is_not_started(self, folder: Path) -> None:
        (folder / "plain").write_text("#!/bin/sh\n")
        assert self._problem(folder, "./plain") == (
            "not_started",
            "the program './plain' could not be started: Permission denied",
        )
        kind, problem = self._problem(folder, "plain", env={"PATH": str(folder)})
        assert kind == "not_started"
        assert "may not execute it" in problem

    def test_a_file_that_is_no_program_is_not_started(self, folder: Path) -> None:
        (folder / "junk").write_bytes(b"\0\0\0\0")
        (folder / "junk").chmod(0o755)
        assert self._problem(folder, "./junk")[0] == "not_started"

    def test_a_folder_is_not_started(self, folder: Path) -> None:
        (folder / "d").mkdir()
        assert self._problem(folder, "./d")[0] == "not_started"

    @pytest.mark.parametrize("argv", [(), ("",), ("a\0b",), ("true", "a\0b")])
    def test_words_that_cannot_be_a_command_are_not_started(self, folder: Path, argv: tuple[str, ...]) -> None:
        assert self._problem(folder, *argv)[0] == "not_started"

    @pytest.mark.parametrize("name", ["", "A=B", "A\0"])
    def test_a_variable_that_cannot_be_set_is_said(self, folder: Path, name: str) -> None:
        assert self._problem(folder, "true", env={name: "x"})[0] == "not_started"

    @pytest.mark.parametrize("cwd", ["none", "file", "..", "/", "way", "way/d"])
    def test_a_folder_that_is_not_in_the_workspace_is_not_run_in(self, folder: Path, cwd: str) -> None:
        (folder / "file").touch()
        (folder.parent / "d").mkdir()
        (folder / "way").symlink_to("..")
        kind, problem = self._problem(folder, "true", cwd=cwd)
        assert kind == "not_started"
        assert "to run in" in problem

    def test_a_command_line_that_is_too_long_is_not_started(self, folder: Path) -> None:
        assert self._problem(folder, "true", "x" * 10_000_000)[0] == "not_started"


class PlaceSuite:
    def test_it_runs_in_its_folder(self, folder: Path, shell: Shell) -> None:
        (folder / "sub/deep").mkdir(parents=True)
        assert shell("pwd")[1].decode().strip() == str(folder.resolve())
        assert shell("pwd", cwd="sub/deep")[1].decode().strip() == str(folder.resolve() / "sub/deep")

    def test_a_program_with_a_slash_counts_from_that_folder(self, folder: Path) -> None:
        (folder / "sub").mkdir()
        (folder / "sub/tool").write_text("#!/bin/sh\necho found $1\n")
        (folder / "sub/tool").chmod(0o755)
        assert run(CommandSpec(("./tool", "it"), "sub"), root=folder, cap_bytes=1000)[1] == b"found it\n"
        assert run(CommandSpec(("sub/tool", "it")), root=folder, cap_bytes=1000)[1] == b"found it\n"
        assert (
            run(CommandSpec(("tool", "it"), "sub", {"PATH": ".:/bin:/usr/bin"}), root=folder, cap_bytes=1000)[1]
            == b"found it\n"
        )

    def test_it_has_the_clean_environment_and_what_the_plan_adds(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOME_TOKEN", "secret")
        output = shell("env", env={"ADDED": "a=b\nc"})[1].decode()
        assert "ADDED=a=b\nc\n" in output
        assert "SOME_TOKEN" not in output

    def test_only_the_three_standard_descriptors_are_open_in_it(self, folder: Path) -> None:
        code = "import os; print(sorted(int(fd) for fd in os.listdir('/dev/fd'))[:-1])"
        assert run(CommandSpec((sys.executable, "-c", code)), root=folder, cap_bytes=1000)[1] == b"[0, 1, 2]\n"


class BoundsSuite:
    def test_it_is_ended_when_its_time_is_up(self, shell: Shell, alive: Alive) -> None:
        result, output = shell("exec 9>$0; echo begun; sleep 100", alive.path, timeout_s=1)
        assert (result.kind, output) == ("timed_out", b"begun\n")
        assert result.exit_status == 128 + signal.SIGTERM
        assert result.problem == "it took longer than 1 s and was ended"
        assert alive.is_none_left()

    def test_it_is_ended_when_that_is_wanted_of_it(self, shell: Shell, alive: Alive) -> None:
        begun: list[bytes] = []
        result, _ = shell(
            "exec 9>$0; echo begun; sleep 100", alive.path, on_output=begun.append, should_end=lambda: bool(begun)
        )
        assert (result.kind, result.problem) == ("ended", "it was ended on request")
        assert alive.is_none_left()

    def test_one_that_heeds_sigterm_may_tidy_up(self, shell: Shell) -> None:
        begun: list[bytes] = []
        line = "trap 'echo tidied; exit 7' TERM; echo begun; while :; do sleep 0.01; done"
        result, output = shell(line, on_output=begun.append, should_end=lambda: bool(begun))
        assert (result.kind, result.exit_status) == ("ended", 7)
        assert output.endswith(b"tidied\n")

    def test_a_huge_output_passes_in_little_memory(self, shell: Shell) -> None:
        tracemalloc.start()
        try:
            result, output = shell("head -c 200000000 /dev/zero; echo end", cap_bytes=1024 * 1024)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert result.output_bytes == 200_000_004
        assert output.endswith(b"\0end\n")
        assert b"197,902,852 bytes left out" in output
        assert len(output) < 2 * 1024 * 1024 + 100
        assert peak_bytes < 20 * 1024 * 1024


class HarmSuite:
    """What a test may do by mistake or on purpose; it is bounded, told or of no effect, and nothing hangs."""

    def test_one_that_opens_thousands_of_files_leaves_none_open_here(self, folder: Path) -> None:
        before = len([*Path("/dev/fd").iterdir()])
        code = (
            "import os, resource\n"
            "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
            "most = 10100 if most == resource.RLIM_INFINITY else min(most, 10100)\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))\n"
            "held = [os.open('/dev/null', os.O_RDONLY) for _ in range(most - 100)]\n"
            "print(len(held))"
        )
        result, output = run(CommandSpec((sys.executable, "-c", code)), root=folder, cap_bytes=1000)
        assert (result.kind, result.exit_status) == ("exited", 0)
        assert int(output) > 1000
        assert len([*Path("/dev/fd").iterdir()]) == before

    def test_one_that_writes_more_than_it_may_is_ended_by_the_system_and_that_is_told(self, shell: Shell) -> None:
        """As a full disk is for it: and it is for the command to say so."""
        result, output = shell("ulimit -f 1; trap '' XFSZ; head -c 1000000 /dev/zero > big || echo full")
        assert (result.exit_status, b"full" in output) == (0, True)
        assert shell("ulimit -f 1; exec head -c 1000000 /dev/zero > big")[0].exit_status == 128 + signal.SIGXFSZ

    @linux_only
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_one_that_meets_a_full_disk_says_so_itself(self, shell: Shell) -> None:
        result, output = shell("cat /dev/zero > /dev/full")
        assert result.exit_status == 1
        assert b"No space left" in output

    def test_one_that_deletes_the_workspace_is_seen_to_its_end(self, folder: Path, shell: Shell) -> None:
        result, output = shell('rm -rf "$PWD"; echo gone')
        assert (result.kind, result.exit_status, output) == ("exited", 0, b"gone\n")
        assert not folder.exists()

    def test_one_that_closes_its_output_and_goes_on_is_waited_for(self, folder: Path, shell: Shell) -> None:
        result, output = shell("echo before; exec >&- 2>&-; sleep 0.1; touch done")
        assert (result.kind, result.exit_status, output) == ("exited", 0, b"before\n")
        assert (folder / "done").exists()

    def test_one_that_closes_its_output_is_ended_when_its_time_is_up(self, shell: Shell, alive: Alive) -> None:
        result, _ = shell("exec 9>$0; exec >&- 2>&-; sleep 100", alive.path, timeout_s=1)
        assert result.kind == "timed_out"
        assert alive.is_none_left()

    def test_one_that_waits_for_input_has_none_to_wait_for(self, folder: Path) -> None:
        code = "input('really? ')"
        result, output = run(CommandSpec((sys.executable, "-c", code)), root=folder, cap_bytes=1000)
        assert result.exit_status == 1
        assert b"EOFError" in output

    def test_one_cannot_reach_the_terminal_that_it_was_started_from(self, folder: Path) -> None:
        """So it can neither read what is typed there nor change the terminal's mode."""
        pid, terminal = os.forkpty()
        if pid == 0:
            status = 1
            try:
                here = os.open("/dev/tty", os.O_RDWR)  # there is one
                line = "stty -echo; stty -echo < /dev/tty; echo typed > /dev/tty; exit 77"
                result, output = run(CommandSpec(("sh", "-c", line)), root=folder, cap_bytes=4000)
                echoes = termios.tcgetattr(here)[3] & termios.ECHO
                status = 0 if result.exit_status == 77 and b"typed" not in output and echoes else 2
            finally:
                os._exit(status)
        shown = b""
        with suppress(OSError):  # how Linux says that the other end is closed
            while data := os.read(terminal, 1000):
                shown += data
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert b"typed" not in shown

    def test_output_is_taken_about_as_fast_as_it_can_be_printed(self, shell: Shell) -> None:
        """However slow the machine: beside the time in which the same goes through a pipe to nowhere."""
        began = time.monotonic()
        os.system("head -c 300000000 /dev/zero | cat > /dev/null")  # noqa: S605 - a fixed line
        limit_s = time.monotonic() - began
        result, _ = shell("head -c 300000000 /dev/zero", cap_bytes=1024 * 1024)
        assert result.output_bytes == 300_000_000
        assert result.duration_s < 10 * limit_s + 2


class NothingIsLeftSuite:
    def test_a_child_that_outlives_the_command_is_ended_and_said(self, shell: Shell, alive: Alive) -> None:
        result, output = shell("exec 9>$0; sleep 100 & echo done", alive.path)
        assert (result.kind, result.exit_status, output) == ("exited", 0, b"done\n")
        assert result.problem == "it left 1 process running, which was ended"
        assert alive.is_none_left()

    def test_a_child_that_is_about_to_end_by_itself_may(self, shell: Shell) -> None:
        result, output = shell("(sleep 0.02; echo late) &")
        assert (result.problem, output) == (None, b"late\n")

    @linux_only
    def test_a_daemon_does_not_get_away(self, shell: Shell, alive: Alive) -> None:
        result, _ = shell('exec 9>$0; $1 -c "$2"; echo done', alive.path, sys.executable, DAEMON)
        assert result.problem == "it left 1 process running, which was ended"
        assert alive.is_none_left()

    def test_what_does_not_heed_sigterm_is_killed_with_all_that_it_started(self, shell: Shell, alive: Alive) -> None:
        begun: list[bytes] = []
        line = "exec 9>$0; trap '' TERM; $1 -c \"$2\"; (sleep 100; sleep 100) & echo begun; sleep 100; sleep 100"
        words = (alive.path, sys.executable, DAEMON if sys.platform == "linux" else "")
        result, _ = shell(line, *words, on_output=begun.append, should_end=lambda: bool(begun))
        assert (result.kind, result.exit_status) == ("ended", 128 + signal.SIGKILL)
        assert alive.is_none_left()

    def test_a_runner_that_is_killed_leaves_nothing(self, folder: Path, alive: Alive) -> None:
        daemon = [sys.executable, DAEMON] if sys.platform == "linux" else ["true", ""]
        line = 'exec 9>$0; $1 -c "$2"; sleep 100 & echo ready >&9; sleep 100'
        pid = os.fork()
        if pid == 0:
            try:
                run(CommandSpec(("sh", "-c", line, alive.path, *daemon)), root=folder, cap_bytes=1000)
            finally:
                os._exit(0)
        alive.wait_until_ready()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        alive.wait_until_none_left()

    def test_an_error_in_a_callable_ends_the_command_and_is_raised(self, shell: Shell, alive: Alive) -> None:
        def broken(_: bytes) -> None:
            raise LookupError("the host's own")

        with pytest.raises(LookupError, match="own"):
            shell("exec 9>$0; echo begun; sleep 100", alive.path, on_output=broken)
        assert alive.is_none_left()

    def test_a_command_that_kills_its_supervisor_is_ended_all_the_same(self, shell: Shell, alive: Alive) -> None:
        result, _ = shell("exec 9>$0; kill -KILL $PPID; sleep 100 & sleep 100", alive.path)
        assert (result.kind, result.exit_status) == ("exited", None)
        assert result.problem == "the process that watches over the command was killed, and so the command was ended"
        assert alive.is_none_left()

    def test_a_supervisor_that_is_asked_to_end_ends_the_command_first(self, shell: Shell, alive: Alive) -> None:
        result, _ = shell("exec 9>$0; kill -TERM $PPID; sleep 100", alive.path)
        assert (result.kind, result.exit_status) == ("exited", 128 + signal.SIGTERM)
        assert result.problem is not None
        assert alive.is_none_left()

    @linux_only
    def test_a_stranger_who_holds_the_output_open_is_not_waited_for(self, shell: Shell) -> None:
        held: list[int] = []

        def hold(data: bytes) -> None:
            if not held:
                held.append(os.open(f"/proc/{int(data)}/fd/1", os.O_WRONLY))

        try:
            result, _ = shell("echo $$; sleep 100", on_output=hold, should_end=lambda: bool(held))
        finally:
            os.close(held[0])
        assert result.kind == "ended"

    @linux_only
    @pytest.mark.skipif(not Path("/bin/ps").exists(), reason="needs ps")
    def test_where_orphans_cannot_be_adopted_the_group_and_the_descendants_are_ended(
        self, shell: Shell, alive: Alive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The supervisor as it is on other systems than Linux, run here."""
        elsewhere = tmp_path / "supervisor.py"
        elsewhere.write_text(Path(supervisor.__file__).read_text().replace("sys.platform", '"elsewhere"'))
        monkeypatch.setattr(supervisor, "__file__", str(elsewhere))
        result, _ = shell("exec 9>$0; (sleep 100; sleep 100) & echo done", alive.path)
        assert result.problem == "it left 2 processes running, which were ended"
        assert alive.is_none_left()
        begun: list[bytes] = []
        line = "exec 9>$0; setsid sleep 100 & sleep 100 & echo begun; sleep 100"
        result, _ = shell(line, alive.path, on_output=begun.append, should_end=lambda: bool(begun))
        assert result.exit_status == 128 + signal.SIGTERM
        assert alive.is_none_left()


@linux_only
@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="needs ps")
def test_ps_and_proc_tell_the_same_of_this_process() -> None:
    me = os.getpid()
    assert supervisor.processes_of_ps()[me] == supervisor.processes_of_proc()[me] == (os.getppid(), os.getpgrp())


def test_what_is_told_to_the_supervisor_is_what_it_reads() -> None:
    told = supervisor.encode("/bin/x", ("x", "", "a=b\n", "ü"), {"A": "b=c", "E": ""})
    assert supervisor.decode(told) == (b"/bin/x", [b"x", b"", b"a=b\n", "ü".encode()], {b"A": b"b=c", b"E": b""})


def test_locks_stay_held_until_nothing_of_the_command_is_left(tmp_path: Path) -> None:
    """By the process that watches over it, not by the command."""
    lock = tmp_path / "lock"
    lock.touch()
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        seen = []

        def look(_: bytes) -> None:
            held.close()
            with lock.open() as other, suppress(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                seen.append("free")

        command = "ls -l /proc/self/fd 2>/dev/null | grep lock || echo nothing; exec sleep 0.2"
        result, output = run(
            CommandSpec(("sh", "-c", command)), root=tmp_path, cap_bytes=1000, on_output=look, locks=[held.fileno()]
        )
    assert (result.exit_status, output, seen) == (0, b"nothing\n", [])
    with lock.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
