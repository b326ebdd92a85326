"""What the system tells of other processes: which one holds a lock on a file, and which are suspended."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def is_suspended(pid: int) -> bool:
    """Whether the process is there, and was stopped by a signal or is traced."""
    state = _state_of_proc(pid) if sys.platform == "linux" else _state_of_ps(pid)
    return state[:1] in {"T", "t"}


def holder_of(path: Path) -> int | None:
    """The process that holds a lock on the file by flock(2), where the system tells (Linux, in /proc/locks)."""
    with suppress(OSError, ValueError):
        status = path.stat()
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 4711 fe:00:2408978 0 EOF; one that waits has an arrow after the number.
            _, kind, *_, pid, of, _, _ = line.split()
            if kind == "FLOCK" and of == place:
                return int(pid)
    return None


def _state_of_proc(pid: int) -> str:
    with suppress(OSError):
        # The name, in brackets, may hold anything, brackets too.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2]
    return ""


def _state_of_ps(pid: int) -> str:
    """As ps(1) has it (POSIX.1-2017), and empty where there is no such process."""
    import subprocess  # it takes milliseconds to load, and is seldom needed

    found = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()
