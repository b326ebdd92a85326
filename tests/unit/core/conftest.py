"""Missions in memory, for the tests of the core."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mission_fsm.core.plan import ScopeContract
from tests.unit.core.driver import ANYWHERE, Driver, plan_of


@pytest.fixture
def drive() -> Callable[..., Driver]:
    """Make a mission of steps that are written `id:stage`, and start it."""

    def made(*steps: str, max_attempts: int = 10, scope: ScopeContract = ANYWHERE) -> Driver:
        return Driver(plan_of(*steps, max_attempts=max_attempts, scope=scope)).start()

    return made


@pytest.fixture
def idle() -> Driver:
    """A mission of three steps whose plan waits for approval until ten o'clock."""
    return Driver(plan_of("find:retrieve", "fix:edit", "check:test"), expires_at="2024-01-01T10:00:00Z")
