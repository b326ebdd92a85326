"""How things are measured: every figure beside its baseline, taken in turns in one run, as the median of several."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import click

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


def heading(text: str) -> None:
    """Say what the figures that follow are of."""
    click.secho(f"\n{text}", bold=True)


def figure(name: str, value: float, unit: str, remark: str = "") -> None:
    """Print one figure."""
    click.echo(f"  {name:<44} {value:10.3f} {unit:<4} {remark}".rstrip())


def compared(value: float, baseline: float, aim: float | None = None) -> str:
    """How many times the baseline a value is, and whether that is what was aimed at."""
    ratio = value / baseline
    if aim is None:
        return f"{ratio:.2f} times"
    return f"{ratio:.2f} times (aim: {aim} at most{'' if ratio <= aim else '; missed'})"
