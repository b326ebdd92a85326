"""Where strace cannot be used: the functions of Python that leave something on a disk or start a process, counted.

It sees less than strace: not what SQLite does inside a commit, nor what is written through a file object.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from attrs import frozen

_FUNCTIONS = (
    *("fsync", "fdatasync", "ftruncate", "truncate", "pwrite"),
    *("rename", "replace", "unlink", "remove", "rmdir", "mkdir", "symlink", "link"),
    *("chmod", "fchmod", "chown", "fchown"),
)
_SCRIPT, _COMMIT, _SPAWN, _OPEN = "sqlite3.script", "sqlite3.commit", "subprocess.Popen", "os.open"

NAMES = frozenset({*(f"os.{name}" for name in _FUNCTIONS), _SCRIPT, _COMMIT, _SPAWN, _OPEN})

_SQLITE_CODES = {errno.ENOSPC: sqlite3.SQLITE_FULL, errno.EACCES: sqlite3.SQLITE_READONLY}

_SET_PTRACER, _ANYBODY = 0x59616D61, -1


@frozen
class Call:
    """A call that a process made.

    nth: which of its calls of that name, from 1.
    text: with its arguments, as strace shows it.
    """

    name: str
    nth: int
    text: str

    @property
    def failed(self) -> bool:
        """Whether it came to nothing, and so left nothing."""
        return " = -1 " in self.text


@frozen
class Fault:
    """What befalls a process, and where.

    effect: the name of a signal that is sent before the call is made, or of an error that comes in its place.
    at: names of calls, each with the number of the one that it befalls.
    lasting: whether all after that one are befallen, too.
    """

    effect: str
    at: tuple[tuple[str, int], ...]
    lasting: bool = False

    def befalls(self, name: str, nth: int) -> bool:
        """Whether it befalls that call."""
        return any(name == each and (nth >= first if self.lasting else nth == first) for each, first in self.at)


def install(fault: Fault | None, log: str) -> None:
    """Have this process's own calls counted, written to the log, and befallen by the fault."""
    watch = _Watch(fault, os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    for name in _FUNCTIONS:
        if hasattr(os, name):
            setattr(os, name, watch.counted(f"os.{name}", getattr(os, name)))
    opening = os.open

    def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            watch.pass_by(_OPEN, path)
        return opening(path, flags, *more, **named)

    os.open = opened
    starter: Any = subprocess.Popen
    starter._execute_child = watch.counted(_SPAWN, starter._execute_child)

    class Watched(sqlite3.Connection):
        """A connection whose commits are counted."""

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                watch.pass_by(_COMMIT, "")
            return super().execute(sql, *parameters)

        def executescript(self, script: str) -> sqlite3.Cursor:
            watch.pass_by(_SCRIPT, "")
            return super().executescript(script)

    connecting: Any = sqlite3.connect

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connecting(*arguments, factory=Watched, **named)
        return connection

    sqlite3.connect = connect


def let_be_traced() -> None:
    """Allow any process of the same user to trace this one, where Linux's Yama keeps that to parents."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PTRACER, ctypes.c_ulong(_ANYBODY), 0, 0, 0)


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
        if self._fault.effect.startswith("SIG"):
            os.kill(os.getpid(), signal.Signals[self._fault.effect])
            return
        number = getattr(errno, self._fault.effect)
        if name in {_COMMIT, _SCRIPT}:
            error = sqlite3.OperationalError(os.strerror(number))
            error.sqlite_errorcode = _SQLITE_CODES.get(number, sqlite3.SQLITE_IOERR)
            raise error
        raise OSError(number, os.strerror(number))
