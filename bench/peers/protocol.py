"""What is asked of each library, and how it tells that a step begins."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

CUT_SHORT = 9
"""The exit status of a process that died on purpose."""

RESULT = "x" * 100
"""What a step comes to, where its library keeps that."""


class Peer(Protocol):
    """A library at work in one folder. Each step has to call `began` first, and is durable before the next begins.

    name: of a piece of work. steps: how many it has.
    """

    def run(self, name: str, steps: int) -> None:
        """Begin new work, and run it to its end."""

    def go_on(self, name: str, steps: int) -> None:
        """Run to its end what a process that died had begun."""

    def ask(self, name: str) -> None:
        """Begin new work that waits for an answer before its one step, and let it wait."""

    def answer(self, name: str) -> None:
        """Give the answer, and run what waited for it to its end."""

    def close(self) -> None:
        """Release the folder."""


class Opened(Protocol):
    """The function `opened` of each library's file. variant: what it needs to know besides, as the catalogue has it."""

    def __call__(self, folder: Path, variant: str) -> Peer: ...


_listeners: list[Callable[[int], None]] = []


def began(step: int) -> None:
    """A step begins, the first being 0."""
    for listener in _listeners:
        listener(step)


@contextmanager
def hearing(listener: Callable[[int], None]) -> Iterator[None]:
    """Tell the listener each step that begins meanwhile."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def die_at(step: int, action: Callable[[], object]) -> None:
    """End this process when that step of the action begins, as a power loss would: nothing is closed or flushed."""

    def die(begun: int) -> None:
        if begun == step:
            os._exit(CUT_SHORT)

    with hearing(die):
        action()


def first_step(action: Callable[[], object]) -> tuple[int, float]:
    """The first step that begins in the action, and the seconds until it does."""
    seen: list[tuple[int, float]] = []
    called = time.perf_counter()
    with hearing(lambda step: seen.append((step, time.perf_counter() - called))):
        action()
    return seen[0]
