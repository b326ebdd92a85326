"""The runner's end of a supervised command: it is started, followed and, come what may, seen out."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from attrs import frozen

from mission_fsm.workspace import supervisor

_LOOK_S = 0.05
_CHUNK_BYTES = 256 * 1024
# What a pipe holds at most; more than that after the command's end comes from somebody else.
_LAST_BYTES = 1024 * 1024
# How long after the time limit, or after it was told to end the command, the supervisor is believed in.
_PATIENCE_S = supervisor.LINGER_S + supervisor.GRACE_S + supervisor.LAST_S + 10


@frozen
class Report:
    """What the supervisor said, as its own docstring has it; None where it said nothing of the kind.

    failed: the errno with which the command could not be started. uncontained: whether there was no supervisor, since
        no sandbox could be made for it.
    """

    failed: int | None = None
    cause: str | None = None
    status: int | None = None
    left: int = 0
    survivors: int = 0
    uncontained: bool = False


def parse_report(text: bytes) -> Report:
    """The supervisor's line as a report."""
    word, *values = text.decode().split() or [""]
    if word == "failed":
        return Report(int(values[0]))
    if word == "done":
        return Report(None, values[0], int(values[1]), int(values[2]), int(values[3]))
    return Report()


class Supervised:
    """A command under its supervisor. Use as a context manager: at its end nothing of the command is left."""

    def __init__(
        self,
        program: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        folder: int,
        timeout_s: float,
        locks: Sequence[int] = (),
        sandbox: Sequence[str] = (),
    ) -> None:
        """Start it in the open folder. Raises OSError where the supervisor cannot be started.

        sandbox: the words that have what stands after them run in one, and there in that folder; none for no sandbox.
        """
        told = supervisor.encode(program, argv, env)
        self._timeout_s = timeout_s
        self._contained = bool(sandbox)
        # The supervisor's input stays open for as long as this process lives and wants the command to go on.
        told_end, self._orders = os.pipe()
        self._output, output_end = os.pipe()
        self._report, report_end = os.pipe()
        # An open folder would lead out of a sandbox.
        folder = supervisor.HERE if sandbox else folder
        arguments = (report_end, folder, len(told), timeout_s, *locks)
        try:
            self._process = subprocess.Popen(
                [*sandbox, sys.executable, "-I", "-S", supervisor.__file__, *map(str, arguments)],
                stdin=told_end,
                stdout=output_end,
                stderr=output_end,
                pass_fds=(report_end, *locks, *(() if sandbox else (folder,))),
                start_new_session=True,
                env={},
            )
        except BaseException:
            self._close()
            raise
        finally:
            for fd in (told_end, output_end, report_end):
                os.close(fd)
        self._give_orders(told)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tell_to_end()
        if not self._has_ended(_PATIENCE_S):
            self._kill()
        self._process.wait()
        self._close()

    def follow(self, on_output: Callable[[bytes], None], should_end: Callable[[], bool]) -> Report:
        """Hand on the output as it comes, until the command is done or its supervisor is lost."""
        said = b""
        deadline = time.monotonic() + self._timeout_s + _PATIENCE_S
        next_look = 0.0
        waiting = select.poll()
        waiting.register(self._output, select.POLLIN)
        waiting.register(self._report, select.POLLIN)
        while True:
            for fd, _ in waiting.poll(_LOOK_S * 1000):
                data = os.read(fd, _CHUNK_BYTES)
                if fd == self._report and not data:
                    report = parse_report(said)
                    if report == Report():
                        report = Report(uncontained=self._is_uncontained())
                        self._kill()
                    self._drain(on_output)
                    return report
                if fd == self._report:
                    said += data
                elif data:
                    on_output(data)
                else:
                    waiting.unregister(fd)
            now = time.monotonic()
            if now >= next_look:
                next_look = now + _LOOK_S
                if should_end() and self._tell_to_end():
                    deadline = now + _PATIENCE_S
            if now >= deadline:
                self._kill()

    def _give_orders(self, told: bytes) -> None:
        # Where the supervisor is gone already, the report that does not come will say so.
        rest = memoryview(told)
        with suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self._orders, rest) :]

    def _tell_to_end(self) -> bool:
        """Close the supervisor's input, by which it knows. Returns whether it was open."""
        if self._orders < 0:
            return False
        os.close(self._orders)
        self._orders = -1
        return True

    def _close(self) -> None:
        self._tell_to_end()
        os.close(self._output)
        os.close(self._report)

    def _drain(self, on_output: Callable[[bytes], None]) -> None:
        """Hand on what is in the pipe still. Somebody beyond reach may hold it open; that is not waited for."""
        os.set_blocking(self._output, False)
        rest = bytearray()
        with suppress(BlockingIOError):
            while len(rest) < _LAST_BYTES and (data := os.read(self._output, _CHUNK_BYTES)):
                rest += data
        if rest:
            on_output(bytes(rest))

    def _has_ended(self, within_s: float) -> bool:
        """Whether the supervisor ends by then. It closes its end of the report last; what contains it may be gone."""
        deadline = time.monotonic() + within_s
        waiting = select.poll()
        waiting.register(self._report, select.POLLIN)
        while waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            if not os.read(self._report, _CHUNK_BYTES):
                return True
        return False

    def _is_uncontained(self) -> bool:
        """Whether bwrap ended as it does where it cannot make the sandbox; never so where only the supervisor did."""
        with suppress(subprocess.TimeoutExpired):
            return self._contained and self._process.wait(supervisor.LAST_S) == 1
        return False

    def _kill(self) -> None:
        """End the supervisor, and what is left where it was killed: all but what has left its session."""
        deadline = time.monotonic() + supervisor.LAST_S
        while time.monotonic() < deadline:
            members = [pid for pid in supervisor.processes() if _session_of(pid) == self._process.pid]
            if not members:
                return
            for pid in members:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def _session_of(pid: int) -> int | None:
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None
