"""Faults, for real: work is done in a child process that is killed, signalled or refused at one of its system calls.

Whatever the work does (through this library, SQLite, git or anything else that runs in the child), each call that
leaves something on a disk or starts a process is a place where it may be cut off. `strike` without a fault lists
them; `strike` with one cuts it off there:

    calls = strike(work).calls
    for call in durable(calls):
        strike(work, once(call, "SIGKILL"))
        ...  # open what it left, and see that nothing is lost

This is done by strace, so that nothing in the child knows of it. Where strace cannot be used, `seam` serves.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

from attrs import evolve, frozen

from mission_fsm.testing import seam
from mission_fsm.testing.seam import Call, Fault

__all__ = [
    *("Call", "Ended", "Fault", "adopt_orphans", "durable", "from_then_on", "in_child", "once", "orphans", "strike"),
    "why_no_strace",
]

Work = Callable[[], int]

WRITES = ("write", "pwrite64", "pwritev", "pwritev2", "fallocate", "ftruncate", "truncate")
MAKES = ("mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "msync")
MOVES = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir")
MODES = ("chmod", "fchmod", "fchmodat", "fchown", "fchownat", "lchown", "utimensat")
SPAWNS = ("fork", "vfork", "clone", "clone3", "execve")
OPENS = ("openat", "open", "creat")
CALLS = (*WRITES, *MAKES, *SYNCS, *MOVES, *MODES, *SPAWNS, *OPENS)

# Calls that a full disk refuses, from when it is full. Opening is among them only where it makes a file, which
# strace cannot tell, so it is left out.
NEED_ROOM = frozenset({*WRITES, *MAKES, *SYNCS})

PATIENCE_S = 60.0

# The exit status of a child whose work has raised.
_RAISED = 70


@frozen
class Ended:
    """How the child ended.

    status: its exit status, or -N where signal N killed it.
    calls: those that it made, in order; durable or not, the last one being where it was killed.
    """

    status: int
    out: str
    err: str
    calls: tuple[Call, ...]


def once(call: Call, effect: str) -> Fault:
    """At that call, once. effect: a signal (`SIGKILL`), sent before it is made, or an error (`ENOSPC`) in its place."""
    return Fault(effect, ((call.name, call.nth),))


def from_then_on(calls: Sequence[Call], call: Call, error: str) -> Fault:
    """From that call on, all that need room on the disk are refused. calls: all that the work makes, in order."""
    made = calls[: calls.index(call)]
    names = sorted({each.name for each in calls} & NEED_ROOM | {call.name})
    return Fault(error, tuple((name, 1 + sum(each.name == name for each in made)) for name in names), lasting=True)


def durable(calls: Iterable[Call], but: str = "") -> list[Call]:
    """Those that leave something behind: on a disk, in a pipe to another process, or a process.

    but: a path, whose files are passed over, as are the standard streams and what failed anyhow.
    """
    return [
        call
        for call in calls
        if not call.failed
        and not re.match(r"\w+\([012](<|,)", call.text)
        and not (but and but in call.text)
        and (call.name not in OPENS or "O_CREAT" in call.text)
    ]


@cache
def why_no_strace() -> str | None:
    """Why strace cannot be used here, in a sentence; None where it can."""
    if sys.platform != "linux":
        return "strace is for Linux"
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = Call("mkdir", 1, "")
    with tempfile.TemporaryDirectory() as folder:

        def work() -> int:
            (Path(folder) / "made").mkdir()
            return 0

        try:
            ended = strike(work, once(probe, "EIO"), by_strace=True)
        except OSError as error:
            return f"strace cannot trace a process here: {error}"
        return None if not (Path(folder) / "made").exists() else f"strace injects nothing here: {ended.calls}"


def strike(work: Work, fault: Fault | None = None, *, by_strace: bool | None = None) -> Ended:
    """Do the work in a child process, with that fault, and wait until it has ended.

    work: gives the exit status. It must not count on threads of this process; what it changes stays in the child.
    by_strace: False for the seam, True for strace; by default strace where it can be used.
    Raises OSError where the child cannot be traced, TimeoutError where it takes more than a minute.
    """
    if by_strace is None:
        by_strace = why_no_strace() is None
    with tempfile.NamedTemporaryFile() as log:
        if by_strace:
            ended = _run(work, lambda pid: _traced(pid, fault, log.name), seam.let_be_traced)
        else:
            ended = _run(work, lambda _: nullcontext(), lambda: seam.install(fault, log.name))
        return evolve(ended, calls=_calls(Path(log.name).read_text("utf-8", "replace")))


def in_child(work: Work) -> Ended:
    """Do the work in a child process as `strike` does, and look at nothing but how it ends."""
    return _run(work, lambda _: nullcontext(), lambda: None)


def orphans(within_s: float = 10.0) -> list[int]:
    """The processes that a child which has ended left behind, that have not ended by themselves within that time.

    Call `adopt_orphans` once before: it makes this process the parent of every orphan (on Linux; elsewhere none is
    found). The process must have no other children. Those that are found are killed.
    """
    deadline = time.monotonic() + within_s
    with suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        left = _children()
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while os.waitpid(-1, 0):
            pass
        return left
    return []


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _run(work: Work, follow: Callable[[int], AbstractContextManager[None]], prepare: Callable[[], None]) -> Ended:
    """The work in a child, which begins once this process follows it. prepare: is done in the child before that."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        go, let_go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(let_go)
            _be_the_child(work, prepare, go, (out, err))
        os.close(go)
        try:
            with follow(pid):
                os.write(let_go, b"!")
                status, pid = _wait(pid), 0
        finally:
            os.close(let_go)
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        return Ended(status, _text(out), _text(err), ())


def _be_the_child(work: Work, prepare: Callable[[], None], go: int, streams: Sequence[IO[bytes]]) -> NoReturn:
    status = _RAISED
    try:
        for fd, source in enumerate((os.open(os.devnull, os.O_RDONLY), *(stream.fileno() for stream in streams))):
            os.dup2(source, fd)
        sys.stdout, sys.stderr = (io.TextIOWrapper(_Stream(fd), "utf-8", write_through=True) for fd in (1, 2))
        prepare()
        if os.read(go, 1):
            status = work()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # whatever it is, it is the child's, and is told
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        # Nothing that this process has set up for its own end is the child's to do.
        os._exit(status)


class _Stream(io.RawIOBase):
    """A standard stream that no fault befalls, so that what is said is heard: it is written by a call of its own."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return os.writev(self._fd, [data])

    def fileno(self) -> int:
        return self._fd


@contextmanager
def _traced(pid: int, fault: Fault | None, log: str) -> Iterator[None]:
    """While strace follows the process, which waits until then. Its own children go free."""
    names = ",".join(f"?{name}" for name in CALLS)
    inject = [f"--inject={rule}" for rule in _rules(fault)] if fault else []
    argv = ["strace", "-qq", "-y", "-s", "12", "-o", log, "-e", f"trace={names}", *inject, "-p", str(pid)]
    with tempfile.TemporaryFile() as said:
        tracer = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            while "\nTracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
                if tracer.poll() is not None:
                    raise OSError(_text(said).strip() or "strace ended at once")
                time.sleep(0.001)
            yield
            tracer.wait()
        finally:
            tracer.kill()
            tracer.wait()


def _rules(fault: Fault) -> Iterator[str]:
    kind = "signal" if fault.effect.startswith("SIG") else "error"
    for name, nth in fault.at:
        yield f"{name}:{kind}={fault.effect}:when={nth}{'+' if fault.lasting else ''}"


def _wait(pid: int) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    raise TimeoutError(f"the child took more than {PATIENCE_S:.0f} s")


def _calls(log: str) -> tuple[Call, ...]:
    made: dict[str, int] = {}
    calls = []
    for line in log.splitlines():
        name = line.partition("(")[0]
        if name in CALLS or name in seam.NAMES:
            made[name] = made.get(name, 0) + 1
            calls.append(Call(name, made[name], line))
    return tuple(calls)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
