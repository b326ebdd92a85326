"""A terminal with a person at it."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 60.0


class Terminal:
    """A person at a terminal: reads what is shown there, and types."""

    def __init__(self, argv: list[str], folder: Path, env: dict[str, str]) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            # Where the tests are run in the background they ignore it, and what they start would too.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(folder)
            os.execve(argv[0], argv, env)  # noqa: S606 - as every command here is started
        self._status: int | None = None
        self.shown = ""

    def sees(self, text: str) -> None:
        """Wait until that is shown, after what was seen before."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self._unseen():
            assert self._read(deadline - time.monotonic()), f"waited for {text!r} in vain: {self.shown}"
        self._seen = self.shown.index(text, self._seen) + len(text)

    def types(self, text: str, end: str = "\n") -> None:
        """Type that, and Enter. A question forgets what was typed before it stood there: wait until it is seen."""
        os.write(self._terminal, f"{text}{end}".encode())

    def presses_ctrl_c(self) -> None:
        """Press Ctrl-C."""
        with suppress(OSError):  # where it has just ended
            os.write(self._terminal, b"\x03")

    def status(self) -> int:
        """The exit status, once it has ended."""
        while self._read(PATIENCE_S):
            pass
        deadline = time.monotonic() + PATIENCE_S
        while not self._has_ended():
            assert time.monotonic() < deadline, f"it did not end: {self.shown}"
            time.sleep(0.01)
        return self._status or 0

    def presses_ctrl_d(self) -> None:
        """Press Ctrl-D."""
        os.write(self._terminal, b"\x04")

    def close(self) -> None:
        """End it."""
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._terminal)

    def _has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status is not None

    _seen = 0

    def _unseen(self) -> str:
        return self.shown[self._seen :]

    def _read(self, timeout_s: float) -> bool:
        """Take in what is shown next; False where nothing more will be, or nothing was in time."""
        if not select.select([self._terminal], [], [], max(0.0, timeout_s))[0]:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # as Linux says that the other end is closed
            return False
        self.shown += data.decode("utf-8", "replace")
        return bool(data)
