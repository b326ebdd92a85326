"""Runs one command and sees that nothing of it is left: a small program, started afresh for each command.

When the command ends, its time is up, the runner says so, or the runner is gone (the pipe from it closes), it ends
every process that the command left: first by SIGTERM, then by SIGKILL, until there is none. On Linux it is a "child
subreaper": a process whose parent dies becomes its child, wherever it has hidden (setsid, double fork), so none can
get away. Elsewhere, or where Python was built without ctypes, it finds the command's process group and descendants
in the process table; one that left both before it was looked for is missed. In a sandbox it is the first process, with
which all others end, come what may.

It keeps open, and from the command, the descriptors in its last arguments: the runner's locks, which so are free only
when nothing of the command is left. In a sandbox they lead out of it, so no other process may look into this one.

Only the standard library, and little of that, is imported: it starts with every command. It is told on standard
input what to run, and reports on the descriptor in its first argument, in one line of these:

    failed ERRNO
    done CAUSE STATUS LEFT SURVIVORS

CAUSE: `exited`; `timed_out`; `ended`, as the runner wanted; `killed`, by a signal to the supervisor.
STATUS: as the shell counts it.
LEFT: how many processes outlived the command's first one, when that exited, and were ended.
SURVIVORS: how many could not be ended.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

# How long what a command leaves behind may go on by itself: the end of a pipeline that is still writing.
LINGER_S = 0.2
# From SIGTERM to SIGKILL.
GRACE_S = 2.0
# Until it gives up on what even SIGKILL does not end: waiting for a dead disk, or another user's.
LAST_S = 5.0

# The folder to run in, where it is the one that the supervisor is in.
HERE = -1

_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36
_END_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def encode(program: str, argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    """What to run, as it is told on standard input."""
    pairs = [f"{name}={value}" for name, value in env.items()]
    return b"\0".join(os.fsencode(text) for text in (program, str(len(argv)), *argv, *pairs))


def decode(told: bytes) -> tuple[bytes, list[bytes], dict[bytes, bytes]]:
    """What `encode` made: the program, its arguments and its environment."""
    program, count, *texts = told.split(b"\0")
    pairs = (text.partition(b"=") for text in texts[int(count) :])
    return program, texts[: int(count)], {name: value for name, _, value in pairs}


class Family:
    """The processes that come from the command: which of them live, and how the first one ended."""

    def __init__(self, first: int, *, adopts: bool) -> None:
        self._first = first
        self._adopts = adopts
        self._childless = False
        self.status: int | None = None

    def members(self) -> list[int]:
        """Those that live now. Where orphans are adopted, no child left means none of them is left."""
        self._reap()
        if self._childless and self._adopts:
            return []
        table = processes()
        found = {self._first} if self.status is None else set()
        found |= {pid for pid, (_, group) in table.items() if group == self._first}
        parents = {os.getpid(), *found}
        while below := {pid for pid, (parent, _) in table.items() if parent in parents} - found:
            found |= below
            parents = below
        return sorted(found - {os.getpid()})

    def has_ended(self) -> bool:
        """Whether the first one has."""
        self._reap()
        return self.status is not None

    def send(self, number: int) -> None:
        """Send a signal to all that live."""
        for pid in self.members():
            # It may be gone by itself; or be another user's, and then the report counts it as a survivor.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _reap(self) -> None:
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    self._childless = False
                    return
                if pid == self._first:
                    code = os.waitstatus_to_exitcode(status)
                    self.status = code if code >= 0 else 128 - code
        except ChildProcessError:
            self._childless = True


def processes() -> dict[int, tuple[int, int]]:
    """All living processes: the parent and the process group of each."""
    return processes_of_proc() if sys.platform == "linux" else processes_of_ps()


def processes_of_proc() -> dict[int, tuple[int, int]]:
    """As Linux tells it in /proc."""
    table = {}
    with os.scandir("/proc") as entries:
        pids = [entry.name for entry in entries if entry.name.isdigit()]
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name, in brackets, may hold anything, brackets too.
            state, parent, group = _first_bytes(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:3]
            if state not in b"ZX":
                table[int(pid)] = (int(parent), int(group))
    return table


def _first_bytes(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)


def processes_of_ps() -> dict[int, tuple[int, int]]:
    """As `ps` tells it (POSIX.1-2017)."""
    out, into = os.pipe()
    pid = os.posix_spawn(
        "/bin/ps",
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="],
        {},
        file_actions=[(os.POSIX_SPAWN_DUP2, into, 1)],
    )
    os.close(into)
    with os.fdopen(out, "rb") as file:
        rows = [line.split() for line in file]
    os.waitpid(pid, 0)
    return {
        int(row[0]): (int(row[1]), int(row[2]))
        for row in rows
        if len(row) == 4 and not row[3].startswith(b"Z") and int(row[0]) != pid
    }


def adopt_orphans() -> bool:
    """Become the parent of every orphan among the descendants. Returns whether the system can do that."""
    return _prctl(_SET_CHILD_SUBREAPER, 1)


def lock_out() -> bool:
    """Keep other processes of this user from what is open here, and from tracing. Returns whether that is so."""
    return _prctl(_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> bool:
    """Set what Linux keeps of a process under that number (prctl(2))."""
    if sys.platform != "linux":
        return False
    try:
        from ctypes import CDLL, c_ulong
    except ImportError:
        return False
    return bool(CDLL(None).prctl(option, c_ulong(value), c_ulong(0), c_ulong(0), c_ulong(0)) == 0)


def wait_until(done: Callable[[], bool], within_s: float, wakeup: int) -> bool:
    """Wait until it is done, looking whenever a child changes, and now and then. Returns whether it is."""
    end = time.monotonic() + within_s
    while not done():
        rest = end - time.monotonic()
        if rest <= 0:
            return False
        select.select([wakeup], [], [], min(rest, 0.05))
        drain(wakeup)
    return True


def drain(wakeup: int) -> bytes:
    """The numbers of the signals that came since the last call."""
    try:
        return os.read(wakeup, 4096)
    except BlockingIOError:
        return b""


def watch(family: Family, timeout_s: float, wakeup: int) -> str:
    """Wait for the first process to end, or for a reason to end it. Returns the cause."""
    end = time.monotonic() + timeout_s
    while not family.has_ended():
        rest = end - time.monotonic()
        if rest <= 0:
            return "timed_out"
        ready, _, _ = select.select([0, wakeup], [], [], rest)
        # Whatever comes on standard input, its end too, says that the runner wants no more of it.
        if 0 in ready:
            return "exited" if family.has_ended() else "ended"
        if set(drain(wakeup)) & _END_SIGNALS:
            return "killed"
    return "exited"


def end_all(family: Family, wakeup: int, *, linger_s: float) -> tuple[int, int]:
    """End all that is left. Returns how many there were, and how many could not be ended."""

    def none_left() -> bool:
        return not family.members()

    if wait_until(none_left, linger_s, wakeup):
        return 0, 0
    left = len(family.members())
    family.send(signal.SIGTERM)
    if wait_until(none_left, GRACE_S, wakeup):
        return left, 0

    def killed() -> bool:
        # Again and again: one that was just being forked has been missed.
        family.send(signal.SIGKILL)
        return none_left()

    wait_until(killed, LAST_S, wakeup)
    return left, len(family.members())


def main(report: int, folder: int, size_bytes: int, *, timeout_s: float, locks: Sequence[int]) -> None:
    """Run what the first bytes of standard input say in that open folder, and report. folder: HERE in a sandbox."""
    for lock in locks:
        os.set_inheritable(lock, False)  # noqa: FBT003 - as Python calls it

    def say(line: str) -> None:
        # The runner may be gone; what is to be done does not depend on it.
        with suppress(BrokenPipeError):
            os.write(report, line.encode() + b"\n")

    contained = folder == HERE
    if not contained:
        os.fchdir(folder)
        os.close(folder)
    told = bytearray()
    while len(told) < size_bytes:
        more = os.read(0, size_bytes - len(told))
        if not more:
            return  # The runner is gone before anything was started.
        told += more
    program, argv, env = decode(bytes(told))

    wakeup, woken = os.pipe()
    os.set_blocking(wakeup, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    # Whatever the runner has blocked would be blocked here too.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGCHLD, *_END_SIGNALS):
        signal.signal(number, lambda *_: None)
    if contained and not lock_out():
        say(f"failed {errno.EPERM}")
        return
    adopts = contained or adopt_orphans()
    null = os.open(os.devnull, os.O_RDWR)
    try:
        first = os.posix_spawn(
            program,
            argv,
            env,
            file_actions=[(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_CLOSE, report)],
            setpgroup=0,
            setsigmask=[],
            # Python ignores these for itself; a program may count on their ending it.
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        )
    except OSError as error:
        say(f"failed {error.errno}")
        return
    # The output is the command's alone, so that its end is seen; and no folder is kept busy.
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.chdir("/")
    family = Family(first, adopts=adopts)
    cause = watch(family, timeout_s, wakeup)
    left, survivors = end_all(family, wakeup, linger_s=LINGER_S if cause == "exited" else 0)
    status = 128 + signal.SIGKILL if family.status is None else family.status
    say(f"done {cause} {status} {left if cause == 'exited' else 0} {survivors}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), timeout_s=float(sys.argv[4]), locks=[*map(int, sys.argv[5:])])
    # Without taking Python down in order: the runner waits.
    os._exit(0)
