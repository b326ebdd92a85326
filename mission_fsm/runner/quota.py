"""The quota of a home: what would not fit into it any more is refused before anything is done for it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mission_fsm.core.sizes import in_bytes
from mission_fsm.errors import OverQuota
from mission_fsm.journal.store import Store

OVER_QUOTA = "over_quota"
"""Why a mission pauses that has come to where the quota leaves it no room."""


@frozen
class Quota:
    """How much may be kept. limit_bytes: None for as much as the disk takes.

    Events are never refused by it, nor is what came of a command, nor a rollback: what has happened is recorded, and
    what was changed can be taken back.
    """

    store: Store
    limit_bytes: int | None = None

    def bytes_of(self, blobs: Mapping[str, bytes]) -> int:
        """How many bytes those of the blobs have that are not kept yet; not counted where there is no quota."""
        if self.limit_bytes is None:
            return 0
        there = self.store.has_blobs(blobs)
        return sum(len(data) for digest, data in blobs.items() if digest not in there)

    def require(self, needed_bytes: int, what: str) -> None:
        """See that there is room for so many bytes more. what: needs them, as in `this edit`.

        Raises OverQuota, which names how much is used, how much is needed, and what to do.
        """
        if self.limit_bytes is None or not needed_bytes:
            return
        used_bytes = self.store.used_bytes()
        if used_bytes + needed_bytes > self.limit_bytes:
            raise OverQuota(
                f"the home's quota is {in_bytes(self.limit_bytes)}, of which {in_bytes(used_bytes)} are used, and "
                f"{what} may need {in_bytes(needed_bytes)} more: nothing was done; make room with `mission prune`, "
                "or raise MISSION_QUOTA, and go on"
            )
