"""What a command changed and cannot be put back, and why."""

from __future__ import annotations

import os
import stat

from mission_fsm.core.paths import problem_with_path
from mission_fsm.workspace.comparing import Difference, Differences, Was
from mission_fsm.workspace.keeping import KEPT_BYTES
from mission_fsm.workspace.listing import INT64, has_bytes, is_gits
from mission_fsm.workspace.names import parents
from mission_fsm.workspace.versions import MAX_FILE_BYTES

_BEYOND_PERMISSIONS = 0o7000


def lost_in(differences: Differences) -> dict[str, str]:
    """Each path that cannot be put back, with why: for what it is itself, or for what is in its way."""
    lost = {path or ".": words for path, words in differences.closed.items()}
    for difference in differences.found:
        words = _problem(difference)
        if words:
            lost.setdefault(difference.path, words)
    gits = (each.path for each in differences.found if each.now is not None and is_gits(each.path))
    filled = {above for path in {*lost, *gits} for above in parents(path)}
    filled |= {above for path in differences.littered for above in (path, *parents(path))}
    standing: set[str] = set()
    for difference in differences.found:
        was, now, path = difference.was, difference.now, difference.path
        if was is None or now is None or stat.S_ISDIR(was.mode) == stat.S_ISDIR(now.st_mode):
            continue
        if stat.S_ISDIR(now.st_mode) and path in filled:
            lost.setdefault(path, "is a folder now, and something in it stays")
        elif path in lost and not stat.S_ISDIR(now.st_mode):
            standing.add(path)
    for difference in differences.found if standing else ():
        in_the_way = next((above for above in parents(difference.path) if above in standing), None)
        if in_the_way is not None:
            lost.setdefault(difference.path, f"was below {in_the_way!r}, where something else stays")
    return lost


def _problem(difference: Difference) -> str | None:
    was, now = difference.was, difference.now
    was_mode, now_mode = was.mode if was else None, now.st_mode if now else None
    if is_gits(difference.path):
        only_folders = all(mode is None or stat.S_ISDIR(mode) for mode in (was_mode, now_mode))
        return None if only_folders else "is git's own: look at it"
    if problem_with_path(difference.path):
        return "its name is not UTF-8"
    if difference.stays:
        return "is something else now, which is ignored and stays"
    if was is not None and (words := _problem_before(was)):
        return words
    if now is not None and (words := _problem_now(now)):
        return words
    return _problem_between(was, now) if was is not None and now is not None else None


def _problem_before(was: Was) -> str | None:
    if stat.S_ISDIR(was.mode):
        return None
    if not has_bytes(was.mode):
        return "was a pipe, a socket or a device"
    if was.size_bytes > KEPT_BYTES:
        return f"was larger than {KEPT_BYTES // 1024**2} MiB, and is not kept"
    if was.digest is None:
        return "could not be read before the command"
    if stat.S_ISREG(was.mode) and was.mode & _BEYOND_PERMISSIONS:
        return f"had the mode {stat.S_IMODE(was.mode):04o}: setuid, setgid and sticky files are not written"
    return None


def _problem_now(now: os.stat_result) -> str | None:
    if stat.S_ISDIR(now.st_mode):
        return None
    if not has_bytes(now.st_mode):
        return "is a pipe, a socket or a device"
    if now.st_size > MAX_FILE_BYTES:
        return f"is larger than {MAX_FILE_BYTES // 1024**2} MiB"
    if stat.S_ISREG(now.st_mode) and now.st_mode & _BEYOND_PERMISSIONS:
        return f"has the mode {stat.S_IMODE(now.st_mode):04o}: setuid, setgid and sticky files are not written"
    return None


def _problem_between(was: Was, now: os.stat_result) -> str | None:
    if not (stat.S_ISREG(was.mode) and stat.S_ISREG(now.st_mode)):
        return None
    if now.st_nlink > 1 and was.inode == now.st_ino & INT64:
        return f"is one of {now.st_nlink} names of the same file (hard links), which putting it back would part"
    return None
