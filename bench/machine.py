"""On what a run was made: the machine, and the versions of all that the figures depend on."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import requires, version
from pathlib import Path

_NAME = "mission-fsm"


def described() -> dict[str, str]:
    """What the machine is and what runs on it, by what it is called. load: of the last minute, before the run."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "load": f"{os.getloadavg()[0]:.2f}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        **{name: version(name) for name in (_NAME, *_needed())},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _needed() -> list[str]:
    """The packages that this one needs, without their versions and without those for its developers."""
    return sorted(line.split(">")[0].strip() for line in requires(_NAME) or () if "extra ==" not in line)
