"""Signals while a mission runs: Ctrl-C pauses it, twice stops it; a closed terminal or a shutdown pauses it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from mission_fsm.engine import Engine

MOMENT_S = 1.0


class Interruptions:
    """What the signals of this process have asked of the missions that an engine runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stop_wanted = False
        self._first_s: float | None = None

    def interrupt(self, *_: object) -> None:
        """SIGINT: the first pauses, the second stops, and a third ends this process as it would any other."""
        if self._first_s is None:
            self._first_s = time.monotonic()
            _say("pausing at the next safe point; Ctrl-C again stops the mission for good")
        else:
            self._stop_wanted = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _say("stopping; the command under way is being ended")
        self.ask()

    def pause(self, *_: object) -> None:
        """SIGTERM and SIGHUP."""
        _say("pausing at the next safe point")
        self.ask()

    def ask(self) -> None:
        """Ask for what is wanted."""
        self._engine.interrupt(stop=self._stop_wanted)

    def second_comes(self) -> bool:
        """Whether Ctrl-C is pressed twice; where the first took effect at once, a person has a moment to do so."""
        while self._first_s is not None and not self._stop_wanted and time.monotonic() < self._first_s + MOMENT_S:
            time.sleep(0.02)
        return self._stop_wanted


@contextmanager
def heeding_signals(engine: Engine) -> Iterator[Interruptions]:
    """Turn this process's signals into requests to the missions that the engine runs."""
    wanted = Interruptions(engine)
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: wanted.interrupt,
        signal.SIGTERM: wanted.pause,
        signal.SIGHUP: wanted.pause,
    }
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        # Started with nohup: it is to outlive its terminal.
        del handlers[signal.SIGHUP]
    before: dict[signal.Signals, Any] = {number: signal.signal(number, act) for number, act in handlers.items()}
    try:
        yield wanted
    finally:
        for number, act in before.items():
            signal.signal(number, act)


def _say(words: str) -> None:
    # Written past the stream's buffer, in the middle of whose use the signal may have come.
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"\nmission: {words}\n".encode())
