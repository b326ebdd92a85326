"""Paths as change sets name them: relative to the workspace, `/` between parts, and never outside it.

What is decided here is decided from the text alone; `paths` keeps the same promise against the file system.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from mission_fsm.errors import UnsafePath

# Characters that HFS+ leaves out of account when it compares names, so that `.g<U+200C>it` opens `.git`.
_IGNORABLE = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
# `git~1` is the short name that FAT and NTFS give to `.git`.
_GIT_NAMES = frozenset({".git", "git~1"})


def is_git_name(name: str) -> bool:
    """Whether some file system that a workspace may lie on takes the name for `.git`."""
    if name.isascii() and name[:1] not in {".", "g", "G"}:
        # Nearly every name; the rest looks at what may be disguised.
        return False
    visible = name.translate(_IGNORABLE).split(":")[0].split("\\")[0]
    return visible.rstrip(". ").casefold() in _GIT_NAMES


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a path below the workspace, with `.` and doubled `/` left out.

    Raises UnsafePath for a path that is empty or absolute, has a part that is `..` or `.git` in any
    disguise, holds a NUL, ends in `/`, or is not UTF-8.
    """
    if "\0" in path:
        raise UnsafePath(f"the path {path!r} holds a NUL character")
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise UnsafePath(f"the path {path!r} is not UTF-8; rename the file to use it here") from None
    if path.startswith("/"):
        raise UnsafePath(f"the path {path!r} is absolute; write it relative to the workspace")
    if path.endswith("/"):
        raise UnsafePath(f"the path {path!r} names a folder; a file is needed")
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    if not parts:
        raise UnsafePath(f"the path {path!r} names no file")
    if ".." in parts:
        raise UnsafePath(f"the path {path!r} has a `..` in it; paths may not climb")
    if any(is_git_name(part) for part in parts):
        raise UnsafePath(f"the path {path!r} lies in a .git folder, which is never read or written")
    return parts


def normal(path: str) -> str:
    """The one way to write a path. Raises UnsafePath as `parts_of` does."""
    return "/".join(parts_of(path))


def parents(path: str) -> list[str]:
    """The folders that a normal path lies in, the nearest first, without the workspace itself."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def replaced_in(paths: Collection[str]) -> frozenset[str]:
    """Those of the paths that others of them lie below: a file there turns into a folder, or a folder into a file."""
    return frozenset(above for path in paths for above in parents(path)).intersection(paths)


def depth(path: str) -> int:
    """How many folders a normal path lies in."""
    return path.count("/")


def check_link(path: str, target: str) -> None:
    """See that a symbolic link at a normal path, with that target, stays inside the workspace by its text.

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
