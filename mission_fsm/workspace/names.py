"""Paths as change sets name them: relative to the workspace, `/` between parts, and never outside it.

What is decided here is decided from the text alone; `paths` keeps the same promise against the file system.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from mission_fsm.core.paths import is_git_name, problem_with_path
from mission_fsm.errors import UnsafePath


def check_path(path: str) -> None:
    """See that a path names a file below the workspace, in the one way there is to name it.

    Raises UnsafePath where `problem_with_path` knows of a problem.
    """
    if problem := problem_with_path(path):
        raise UnsafePath(problem)


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a path below the workspace. Raises UnsafePath as `check_path` does."""
    check_path(path)
    return tuple(path.split("/"))


def parents(path: str) -> list[str]:
    """The folders that a path lies in, the nearest first, without the workspace itself."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def replaced_in(paths: Collection[str]) -> frozenset[str]:
    """Those of the paths that others of them lie below: a file there turns into a folder, or a folder into a file."""
    return frozenset(above for path in paths for above in parents(path)).intersection(paths)


def depth(path: str) -> int:
    """How many folders a path lies in."""
    return path.count("/")


def check_link(path: str, target: str) -> None:
    """See that a symbolic link at a path, with that target, stays inside the workspace by its text.

    Raises UnsafePath for a target that is empty or absolute, climbs out of the workspace, or leads into .git.
    """
    if not target or "\0" in target:
        raise UnsafePath(f"the symbolic link {path!r} has no usable target: {target!r}")
    if target.startswith("/"):
        raise UnsafePath(f"the symbolic link {path!r} has the absolute target {target!r}; make it relative")
    where = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if where == ".." or where.startswith("../"):
        raise UnsafePath(f"the symbolic link {path!r} leads outside the workspace, to {target!r}")
    if any(is_git_name(part) for part in target.split("/")):
        raise UnsafePath(f"the symbolic link {path!r} leads into a .git folder, to {target!r}")
    try:
        target.encode("utf-8")
    except UnicodeEncodeError:
        raise UnsafePath(f"the symbolic link {path!r} has a target that is not UTF-8: {target!r}") from None
