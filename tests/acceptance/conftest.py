"""The command line as its users have it: real processes, real files, and a home of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, kept_environment
from tests.acceptance.loaded import Loaded


@pytest.fixture(scope="session")
def loaded() -> Iterator[Loaded]:
    """The process that has loaded the command line."""
    loaded = Loaded(kept_environment())
    yield loaded
    loaded.close()


@pytest.fixture
def desk(tmp_path: Path, loaded: Loaded) -> Iterator[Desk]:
    """A workspace with one small program in it, and the command line."""
    desk = Desk(tmp_path, loaded)
    desk.file("greet.py", "def greet(name):\n    return 'Hey ' + name\n")
    try:
        yield desk
    finally:
        desk.close()
