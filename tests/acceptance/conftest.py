"""The command line as its users have it: real processes, real files, and a home of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A workspace with one small program in it, and the command line."""
    desk = Desk(tmp_path)
    desk.file("greet.py", "def greet(name):\n    return 'Hey ' + name\n")
    try:
        yield desk
    finally:
        desk.close()
