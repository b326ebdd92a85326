"""Work in child processes that are forked, so that what befalls them befalls nobody else."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self, TextIO, TypeVar

from attrs import frozen

from mission_fsm.testing.calls import Call
from mission_fsm.workspace.supervisor import adopt_orphans

T = TypeVar("T")

Work = Callable[[], int]
"""What a child does; it gives the exit status. It must not count on threads of its parent."""

PATIENCE_S = 60.0

# The exit status of a child whose work has raised.
RAISED = 70


@frozen
class Ended:
    """How a child ended.

    status: its exit status, or -N where signal N killed it.
    calls: those that it made, in order, where they were looked at.
    """

    status: int
    out: str
    err: str
    calls: tuple[Call, ...] = ()


class Child:
    """A child that begins its work once it is told to. Use as a context manager: it is gone at the end."""

    def __init__(self, work: Work, prepare: Callable[[], None] = lambda: None) -> None:
        """Fork it, and wait until it waits to be told. prepare: is done in the child before that."""
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        go, self._go = os.pipe()
        self._alive, ready = os.pipe()
        with _threads_left_behind():
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self._go)
            _be_the_child(work, prepare, (ready, go), (self._out.fileno(), self._err.fileno()))
        os.close(go)
        os.close(ready)
        os.read(self._alive, 1)
        self._gone = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        os.close(self._go)
        os.close(self._alive)
        self._out.close()
        self._err.close()

    def begin(self) -> None:
        """Let it begin."""
        os.write(self._go, b"!")

    def wait(self) -> Ended:
        """Wait until it has ended. Raises TimeoutError where that takes more than a minute."""
        # The child, and nobody else, has the other end of this pipe open until it ends.
        if not select.select([self._alive], [], [], PATIENCE_S)[0]:
            raise TimeoutError(f"the child took more than {PATIENCE_S:.0f} s")
        return self._ended(os.waitpid(self.pid, 0)[1])

    def poll(self) -> Ended | None:
        """How it ended, or None where it has not; to be asked no more after that."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return self._ended(status) if pid else None

    def wait_until_stopped(self) -> Ended | None:
        """Wait until a signal has stopped it; or how it ended, where it did that. Raises TimeoutError as `wait`."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                return None if os.WIFSTOPPED(status) else self._ended(status)
            time.sleep(0.001)
        raise TimeoutError(f"the child ran for more than {PATIENCE_S:.0f} s")

    def kill(self) -> None:
        """End it at once, where it has not ended."""
        if not self._gone:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._gone = True

    def _ended(self, status: int) -> Ended:
        self._gone = True
        return Ended(os.waitstatus_to_exitcode(status), _text(self._out), _text(self._err))


def in_child(work: Work) -> Ended:
    """Do the work in a child, which nothing befalls."""
    with Child(work) as child:
        child.begin()
        return child.wait()


def in_workers(work: Callable[[int], list[T]], count: int) -> list[T]:
    """What the work gives for each number below the count, each in a process of its own, all at once.

    The processes adopt what their children leave behind, for `orphans`. Raises RuntimeError where one of them fails.
    """
    context = get_context("fork")

    def work_as(number: int, results: Any) -> None:
        adopt_orphans()
        try:
            results.send(work(number))
        except BaseException:  # whatever it is, it is told in the parent
            results.send(traceback.format_exc())

    pipes = [context.Pipe(duplex=False) for _ in range(count)]
    processes = [context.Process(target=work_as, args=(number, pipes[number][1])) for number in range(count)]
    with _threads_left_behind():
        for process in processes:
            process.start()
    found: list[T] = []
    for (receiving, sending), process in zip(pipes, processes, strict=True):
        sending.close()
        try:
            result = receiving.recv()
        except EOFError:
            result = "a worker was killed"
        process.join()
        if isinstance(result, str):
            raise RuntimeError(result)
        found += result
    return found


def orphans(within_s: float = 10.0) -> list[int]:
    """Those that children which have ended left behind, and that have not ended by themselves within that time.

    To be called in a worker that has no other children; those that are found are killed. On Linux; elsewhere none
    is found.
    """
    deadline = time.monotonic() + within_s
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.002)
    except ChildProcessError:
        return []
    left = [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    return left


@contextmanager
def _threads_left_behind() -> Iterator[None]:
    """While a child is forked that does without the other threads of this process, of which Python 3.12 warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


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

    def as_text(self) -> TextIO:
        return io.TextIOWrapper(io.BufferedWriter(self), "utf-8", line_buffering=True)


def _be_the_child(work: Work, prepare: Callable[[], None], told: tuple[int, int], streams: tuple[int, int]) -> NoReturn:
    status = RAISED
    ready, go = told
    try:
        for fd, source in enumerate((os.open(os.devnull, os.O_RDONLY), *streams)):
            os.dup2(source, fd)
        sys.stdout, sys.stderr = (_Stream(fd).as_text() for fd in (1, 2))
        prepare()
        os.write(ready, b"!")
        if os.read(go, 1):
            status = work()
        os.close(go)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # whatever it is, it is the child's, and is told
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        # Nothing that the parent has set up for its own end is the child's to do.
        os._exit(status)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
