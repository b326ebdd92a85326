"""Signals while a mission is carried on: Ctrl-C pauses it, twice stops it; a closed terminal or a shutdown pauses it.

It is the same while a command runs and while a person is asked at a gate.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import click

from mission_fsm.engine import Engine

MOMENT_S = 1.0


class Interruptions:
    """What the signals of this process have asked of the missions that an engine runs."""

    def __init__(self, engine: Engine, wakeup: int, words: str) -> None:
        """wakeup: a descriptor that can be read once a signal has come. words: what the first one comes to."""
        self._engine = engine
        self._words = words
        self._wakeup = wakeup
        self._came = self._stop_wanted = self._asking = False
        self._first_s: float | None = None

    @property
    def came(self) -> bool:
        """Whether any has come."""
        return self._came

    @property
    def pressed(self) -> bool:
        """Whether one of them was Ctrl-C."""
        return self._first_s is not None

    def interrupt(self, *_: object) -> None:
        """SIGINT: the first pauses, the second stops, and a third ends this process as it would any other."""
        if self._first_s is None:
            self._first_s = time.monotonic()
            self._take(f"{self._words}; Ctrl-C again stops the mission for good")
        else:
            self._stop_wanted = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._take("stopping; the command under way is being ended")

    def pause(self, *_: object) -> None:
        """SIGTERM and SIGHUP."""
        self._take(self._words)

    def second_comes(self) -> bool:
        """Whether Ctrl-C is pressed twice; where the first took effect at once, a person has a moment to do so."""
        while self._first_s is not None and not self._stop_wanted and time.monotonic() < self._first_s + MOMENT_S:
            time.sleep(0.02)
        return self._stop_wanted

    def answer(self, question: str) -> str:
        """Put the question on the terminal, and wait for the answer, which is not empty.

        Raises EOFError where there will be none, KeyboardInterrupt where a signal has come.
        """
        self._asking = True
        try:
            while not self._came:
                # What was typed before the question stood there was not meant for it.
                with suppress(termios.error, OSError, ValueError):
                    termios.tcflush(sys.stdin, termios.TCIFLUSH)
                click.echo(question, nl=False)
                # Waiting for the line alone would miss a signal that comes just before the wait.
                if sys.stdin not in select.select([sys.stdin, self._wakeup], [], [])[0]:
                    break
                line = sys.stdin.readline()
                if not line.endswith("\n"):  # Ctrl-D, also after a word that was not entered
                    raise EOFError
                if line.strip():
                    return line.strip()
            raise KeyboardInterrupt
        finally:
            self._asking = False

    def heed(self) -> None:
        """Raises KeyboardInterrupt where a signal has come."""
        if self._came:
            raise KeyboardInterrupt

    def _take(self, words: str) -> None:
        self._came = True
        _say(words)
        self._engine.interrupt(stop=self._stop_wanted)
        if self._asking:
            self._asking = False
            raise KeyboardInterrupt


@contextmanager
def heeding_signals(engine: Engine, words: str = "pausing at the next safe point") -> Iterator[Interruptions]:
    """Turn this process's signals into requests to the missions that the engine runs.

    words: what is said that the first signal comes to.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    wanted = Interruptions(engine, readable, words)
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: wanted.interrupt,
        signal.SIGTERM: wanted.pause,
        signal.SIGHUP: wanted.pause,
    }
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        # Started with nohup: it is to outlive its terminal.
        del handlers[signal.SIGHUP]
    wakeup_before = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    before: dict[signal.Signals, Any] = {number: signal.signal(number, act) for number, act in handlers.items()}
    try:
        yield wanted
    finally:
        if wanted.pressed:
            # It was heard, and this process is about to end: a Ctrl-C more is not to change what it says.
            before[signal.SIGINT] = signal.SIG_IGN
        for number, act in before.items():
            signal.signal(number, act)
        signal.set_wakeup_fd(wakeup_before)
        os.close(readable)
        os.close(writable)


def _say(words: str) -> None:
    # Written past the stream's buffer, in the middle of whose use the signal may have come.
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"\nmission: {words}\n".encode())
