"""Processes that run `mission`, forked from one that has loaded all of it, so that Python is started and its modules
are imported once and not some hundred times. Else they are as those that are started anew.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.main import main
from mission_fsm.registry import Registry

STREAMS = ("in", "out", "err")


class Loaded:
    """The process that has loaded it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, argv: Sequence[str], *, folder: Path, env: Mapping[str, str], streams: Path, timeout_s: int) -> int:
        """Run `mission` with those arguments in the folder to its end; gives the exit status.

        streams: a folder with a file for each of STREAMS. timeout_s: after which SIGALRM ends it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps([timeout_s, str(folder), str(streams), dict(env), *argv])}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def _serve() -> None:
    for command in COMMANDS.values():
        import_module(f"mission_fsm.cli.commands.{command.module}")
    Registry.installed().describe()
    gc.freeze()  # those that are forked need not go through it all when they end
    for line in sys.stdin:
        timeout_s, folder, streams, env, *argv = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.alarm(timeout_s)
            _begin(folder, streams, env)
            main(argv)  # which exits
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201 - to the one that asked


def _begin(folder: str, streams: str, env: Mapping[str, str]) -> None:
    """Be as one that was started there, with those streams and that environment."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for number, name in enumerate(STREAMS):
        opened = os.open(f"{streams}/{name}", os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    streams_anew = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - they end with the process
    sys.stdin, sys.stdout, sys.stderr = streams_anew


if __name__ == "__main__":
    _serve()
