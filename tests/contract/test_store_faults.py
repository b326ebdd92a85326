"""The journal keeps its promises though its process is killed, or its disk refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Store
from mission_fsm.testing.store_faults_contract import StoreFaultsContract


class SqliteStoreFaultsSuite(StoreFaultsContract):
    def opening(self, place: Path) -> Callable[[], Store]:
        return lambda: SqliteStore.open(place / "home")
