"""A runner, and the process that watches over its command, are killed: nothing of the command lives on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from attrs import frozen

from mission_fsm.core.replies import CommandSpec
from mission_fsm.testing.calls import Call, calls_in
from mission_fsm.testing.faults import EVERY_POINT, Ended, Fault, in_child, in_workers, orphans, strike, why_no_strace
from mission_fsm.workspace import process

# Ends soon, and leaves a process behind that does not.
COMMAND = "sleep 300 & sleep 0.05"

NAMES = (
    *(
        "fchdir",
        "pipe2",
        "rt_sigaction",
        "rt_sigprocmask",
        "prctl",
        "clone3",
        "vfork",
        "clone",
        "dup2",
        "dup3",
        "chdir",
    ),
    *("pselect6", "select", "write", "wait4", "kill", "exit_group"),
)


@frozen
class Killed:
    """What came of killing the supervisor at that call."""

    call: str
    ended: Ended
    left: tuple[int, ...]


def _run(folder: Path, inject: str = "") -> Ended:
    """Run the command with its supervisor, and no other process, under strace. What came of it is its output."""
    wrapper = folder / "python"
    # A supervisor that is started from here keeps its process id and its parent: strace follows from aside (-D).
    trace = f"strace -D -qq -o {folder}/log -e trace={','.join(f'?{name}' for name in NAMES)} {inject}"
    wrapper.write_text(f'#!/bin/sh\nexec {trace} {sys.executable} "$@"\n')
    wrapper.chmod(0o755)

    def work() -> int:
        sys.executable = str(wrapper)
        result, _ = process.run(CommandSpec(("sh", "-c", COMMAND)), root=folder, cap_bytes=1 << 20)
        print(result.problem or "well", end="")  # noqa: T201 - to the parent
        return result.exit_status or 0

    return in_child(work)


def _own_calls(folder: Path) -> list[Call]:
    """The supervisor's calls from when it is told what to run; before that it is Python that starts."""
    _run(folder)
    calls = calls_in((folder / "log").read_text(), NAMES)
    first = next(at for at, call in enumerate(calls) if call.name == "fchdir")
    return list(calls[first:])


def _killed_at_each(folder: Path) -> list[Killed]:
    made = []
    calls = _own_calls(folder)
    for call in calls if EVERY_POINT else calls[:: len(calls) // 12]:
        ended = _run(folder, f"--inject={call.name}:signal=SIGKILL:when={call.nth}")
        made.append(Killed(call.text, ended, tuple(orphans())))
    return made


@pytest.mark.skipif(why_no_strace() is not None, reason=f"this needs strace: {why_no_strace()}")
def test_a_command_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    for killed in in_workers(lambda _: _killed_at_each(tmp_path), 1):
        assert not killed.left, killed
        assert killed.ended.status == 0, killed
        # It is said, unless the supervisor was killed after all had been done.
        assert "was killed" in killed.ended.out or "it left 1 process running" in killed.ended.out, killed


@pytest.mark.skipif(why_no_strace() is not None, reason=f"this needs strace: {why_no_strace()}")
@pytest.mark.parametrize("nth", range(1, 5))
def test_a_command_does_not_outlive_its_runner(tmp_path: Path, nth: int) -> None:
    def work() -> int:
        process.run(CommandSpec(("sh", "-c", "sleep 300")), root=tmp_path, cap_bytes=100)
        return 0

    def left(_: int) -> list[tuple[int, list[int]]]:
        # It looks for output and for requests again and again, as long as the command runs.
        ended = strike(work, Fault("SIGKILL", (("poll", nth), ("ppoll", nth))))
        return [(ended.status, orphans())]

    assert in_workers(left, 1) == [(-9, [])]
