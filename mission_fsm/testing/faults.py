"""Faults, for real: work is done in a child process that is killed, signalled or refused at one of its system calls.

Whatever the work does (by this library, SQLite, git or anything else in the child), each call that leaves something
on a disk or starts a process is a place where it may be cut off. Without a fault, `strike` lists them; with one, it
cuts the work off there:

    calls = strike(work).calls
    for call in durable(calls):
        strike(work, once(call, "SIGKILL"))
        ...  # open what it left, and see that nothing is lost

`suspended` cuts nothing off: it holds the work up there, as long as you like, and lets it go on.

This is done by strace, so that nothing in the child knows of it. Where strace cannot be used, `seam` serves.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from attrs import evolve

from mission_fsm.testing import seam
from mission_fsm.testing.calls import CALLS, Call, Fault, calls_in, durable, from_then_on, once, spread
from mission_fsm.testing.child import Child, Ended, Work, in_child, in_workers, orphans

__all__ = (
    "EVERY_POINT",
    "Call",
    "Child",
    "Ended",
    "Fault",
    "durable",
    "from_then_on",
    "in_child",
    "in_workers",
    "once",
    "orphans",
    "spread",
    "strike",
    "suspended",
    "why_no_strace",
)

EVERY_POINT = os.environ.get("FAULTS") == "all"
"""Whether every point is to be tried, and not only some: FAULTS=all in the environment says so."""

_ATTACH_S = 20.0


def strike(work: Work, fault: Fault | None = None, *, by_strace: bool | None = None) -> Ended:
    """Do the work in a child process, with that fault, and wait until it has ended.

    by_strace: True for strace, False for the seam; None for strace where it can be used.
    Raises OSError where the child cannot be traced, TimeoutError where it takes more than a minute.
    """
    by_strace = why_no_strace() is None if by_strace is None else by_strace
    with _log() as log:
        with _begun(work, fault, log.name, by_strace=by_strace) as child:
            ended = child.wait()
        return evolve(ended, calls=calls_in(log.read(), CALLS if by_strace else seam.NAMES))


@contextmanager
def suspended(work: Work, call: Call, *, by_strace: bool | None = None) -> Iterator[Child | None]:
    """Do the work in a child process that is suspended (SIGSTOP) at that call; None where it ended before.

    Wake it by SIGCONT. It is gone at the end. by_strace: as for `strike`, and raises the same. By strace it is
    suspended right after the call, by the seam right before.
    """
    by_strace = why_no_strace() is None if by_strace is None else by_strace
    with _log() as log, _begun(work, once(call, "SIGSTOP"), log.name, by_strace=by_strace) as child:
        try:
            yield child if child.wait_until_stopped() is None else None
        finally:
            child.kill()


@cache
def why_no_strace() -> str | None:
    """Why strace cannot be used here, in a sentence; None where it can."""
    if sys.platform != "linux":
        return "strace is there on Linux only"
    if shutil.which("strace") is None:
        return "strace is not installed"
    try:
        ended = strike(_write_one_byte, Fault("EIO", (("write", 1),)), by_strace=True)
    except OSError as error:
        return f"strace cannot trace a process here: {error}"
    return "strace puts no error in the place of a call here" if ended.status == 0 else None


def _write_one_byte() -> int:
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"!")
    return 0


def _log() -> IO[str]:
    return tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace")


@contextmanager
def _begun(work: Work, fault: Fault | None, log: str, *, by_strace: bool) -> Iterator[Child]:
    """A child that has begun the work, with its calls looked at until it ends."""
    if not by_strace:
        with Child(lambda: seam.watched(work, fault, log)) as child:
            child.begin()
            yield child
        return
    with Child(work, _allow) as child, _traced(child.pid, fault, log):
        child.begin()
        yield child


@contextmanager
def _traced(pid: int, fault: Fault | None, log: str) -> Iterator[None]:
    """While strace follows that process alone: its calls count, and those of its children do not."""
    names = {*CALLS, *(name for name, _ in fault.at)} if fault else CALLS
    # A question mark: not every machine has each of these calls.
    argv = ["strace", "-qq", "-y", "-s", "12", "-o", log, "-e", f"trace={','.join(f'?{name}' for name in names)}"]
    argv += [f"--inject={rule}" for rule in _rules(fault)] if fault else []
    with tempfile.TemporaryFile() as said:
        tracer = subprocess.Popen([*argv, "-p", str(pid)], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + _ATTACH_S
            while "\nTracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
                if tracer.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise OSError(said.read().decode().strip() or "it does not attach")
                time.sleep(0.001)
            yield
            tracer.wait(_ATTACH_S)
        finally:
            tracer.kill()
            tracer.wait()


def _rules(fault: Fault) -> Iterator[str]:
    kind = "signal" if fault.is_signal else "error"
    for name, nth in fault.at:
        yield f"?{name}:{kind}={fault.effect}:when={nth}{'+' if fault.lasting else ''}"


def _allow() -> None:
    """Let any process of the same user trace this one, where Linux keeps that to its parents (Yama)."""
    set_ptracer, anybody = 0x59616D61, ctypes.c_ulong(-1)
    ctypes.CDLL(None).prctl(set_ptracer, anybody, 0, 0, 0)
