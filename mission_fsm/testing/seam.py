"""Where strace cannot be used: the functions of Python that leave something on a disk or start a process, counted.

It sees less than strace: nothing of what SQLite does within a commit, or of what is written through a file object.
"""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from mission_fsm.testing.calls import Fault

_FUNCTIONS = (
    *("fsync", "fdatasync", "ftruncate", "truncate", "pwrite"),
    *("rename", "replace", "unlink", "remove", "rmdir", "mkdir", "symlink", "link"),
    *("chmod", "fchmod", "chown", "fchown"),
)
_OPEN, _SPAWN, _SCRIPT, _COMMIT = "os.open", "subprocess.Popen", "sqlite3.script", "sqlite3.commit"

NAMES = frozenset({*(f"os.{name}" for name in _FUNCTIONS), _OPEN, _SPAWN, _SCRIPT, _COMMIT})

_SQLITE_CODES = {errno.ENOSPC: sqlite3.SQLITE_FULL, errno.EACCES: sqlite3.SQLITE_READONLY}


def watched(work: Callable[[], int], fault: Fault | None, log: str) -> int:
    """Do the work with its calls counted, written to the log, and befallen by the fault."""
    watch = _Watch(fault, os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    opening, starting, connecting = os.open, subprocess.Popen.__init__, sqlite3.connect

    def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            watch.pass_by(_OPEN, path)
        return opening(path, flags, *more, **named)

    def started(self: Any, argv: Any, *more: Any, **named: Any) -> None:
        watch.pass_by(_SPAWN, argv)
        starting(self, argv, *more, **named)

    class Watched(sqlite3.Connection):
        """A connection whose commits are counted."""

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                watch.pass_by(_COMMIT, "")
            return super().execute(sql, *parameters)

        def executescript(self, script: str) -> sqlite3.Cursor:
            watch.pass_by(_SCRIPT, "")
            return super().executescript(script)

    with ExitStack() as stack:
        for name in _FUNCTIONS:
            if hasattr(os, name):
                stack.enter_context(patch.object(os, name, watch.counted(f"os.{name}", getattr(os, name))))
        stack.enter_context(patch.object(os, "open", opened))
        stack.enter_context(patch.object(subprocess.Popen, "__init__", started))
        stack.enter_context(patch.object(sqlite3, "connect", lambda *a, **b: connecting(*a, factory=Watched, **b)))
        return work()


class _Watch:
    def __init__(self, fault: Fault | None, log: int) -> None:
        self._fault, self._log, self._made = fault, log, Counter[str]()

    def counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, counted."""

        def called(*arguments: Any, **named: Any) -> Any:
            self.pass_by(name, arguments[0] if arguments else "")
            return function(*arguments, **named)

        return called

    def pass_by(self, name: str, what: object) -> None:
        """Note that the call is about to be made; what befalls it, befalls it here."""
        self._made[name] += 1
        os.write(self._log, f"{name}({what!r})\n".encode("utf-8", "backslashreplace"))
        if self._fault is None or not self._fault.befalls(name, self._made[name]):
            return
        if self._fault.is_signal:
            os.kill(os.getpid(), signal.Signals[self._fault.effect])
            return
        number = getattr(errno, self._fault.effect)
        if name in {_COMMIT, _SCRIPT}:
            error = sqlite3.OperationalError(os.strerror(number))
            error.sqlite_errorcode = _SQLITE_CODES.get(number, sqlite3.SQLITE_IOERR)
            raise error
        raise OSError(number, os.strerror(number))
