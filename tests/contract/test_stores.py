"""Every store keeps the promises of the store contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mission_fsm.journal.memory import MemoryStore
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Store
from mission_fsm.testing.store_contract import DurableStoreContract, StoreContract


class MemoryStoreSuite(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = MemoryStore()
        yield store
        store.close()


class SqliteStoreSuite(DurableStoreContract):
    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path) -> None:
        self.path = tmp_path / "home"

    @pytest.fixture
    def store(self, home: None) -> Iterator[Store]:
        store = SqliteStore.open(self.path)
        yield store
        store.close()

    def reopen(self, store: Store) -> Store:
        return SqliteStore.open(self.path)

    def restore(self, backup: Path) -> Store:
        home = backup.with_name("restored")
        home.mkdir()
        backup.rename(home / "journal.db")
        return SqliteStore.open(home, create=False)
