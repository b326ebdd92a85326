"""How things are measured: every figure and its baseline take turns in one run, and each is the median of several."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

Subject = Callable[[], float]


def in_turns(repeats: int, *subjects: Subject) -> list[float]:
    """The median of what each subject gives, in seconds. They take turns, so that all meet the same machine."""
    taken: list[list[float]] = [[] for _ in subjects]
    for _ in range(repeats):
        for subject, times in zip(subjects, taken, strict=True):
            times.append(subject())
    return [median(times) for times in taken]


def took(action: Callable[[], object]) -> float:
    """Seconds that the action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def process(*arguments: str) -> str:
    """What a Python with those arguments prints, run to its end."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return done.stdout
