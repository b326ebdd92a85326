"""The right of one runner to write its mission's workspace, and to run its command there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mission_fsm.journal.locks import FileLock
from mission_fsm.journal.store import Lease, Store
from mission_fsm.workspace.lock import WorkspaceLock
from mission_fsm.workspace.paths import Root


class Pen:
    """A workspace that is held for a mission, open at its root: read at any time, written only pen in hand."""

    def __init__(self, store: Store, lease: Lease, hold: WorkspaceLock, root: Root) -> None:
        self._store, self._lease, self._hold = store, lease, hold
        self.root = root

    def secure(self) -> None:
        """See that the workspace is held still. Raises Held where another mission has it."""
        self._hold.secure()

    @contextmanager
    def in_hand(self) -> Iterator[tuple[int, ...]]:
        """While files are written or a command runs: nobody takes the mission over meanwhile.

        It gives the descriptors that what watches over a command keeps open, so that this lasts until that is gone.
        Raises StaleAppend where the mission has been taken over, and Held where another has the workspace.
        """
        self.secure()
        with self._store.pen(self._lease) as descriptors:
            yield descriptors


def mark_of(home: Path | None, mission_id: str) -> FileLock | None:
    """The lock that tells that a workspace is held for that mission; None where the home keeps no locks."""
    locks = home and home / "locks"
    return FileLock(locks / f"{mission_id}.workspace") if locks is not None and locks.is_dir() else None
