"""What is in a folder, for comparing it before and after."""

from __future__ import annotations

import os
from pathlib import Path

Tree = dict[str, tuple[int, bytes]]
"""Mode and bytes (of a link: its target) of everything below a folder, by path."""


def contents(folder: Path) -> Tree:
    """Mode and bytes of everything below the folder (of a link: its target), by path."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        found[path.relative_to(folder).as_posix()] = (path.lstat().st_mode, _data(path))
    return found


def _data(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    return path.read_bytes() if path.is_file() else b""
