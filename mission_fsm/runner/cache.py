"""Folders in the home for what can be made anew: one for each workspace and purpose, open to its owner only."""

from __future__ import annotations

import os
from pathlib import Path

from mission_fsm.home import CACHE
from mission_fsm.runner.digests import bytes_digest


def workspace_name(workspace: str) -> str:
    """What stands for a workspace in the names of folders."""
    return bytes_digest(os.fsencode(workspace))[:16]


def cache_folder(home: Path, workspace: str, name: str) -> Path:
    """The folder of that name for that workspace, made where it is not there. Raises OSError where it cannot be."""
    folder = home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for part in (CACHE, workspace_name(workspace), name):
        folder /= part
        folder.mkdir(exist_ok=True, mode=0o700)
    return folder
