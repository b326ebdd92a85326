"""The physical limit: a row and a commit for each step, and nothing else."""

from __future__ import annotations

from pathlib import Path

from bench.peers.protocol import began
from bench.raw import RawRows


class Raw:
    """One table for all work. size_bytes: of each row."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self._rows = RawRows(folder / "raw.db", size_bytes)

    def run(self, name: str, steps: int) -> None:  # noqa: ARG002 - the rows bear no name
        self._from(0, steps)

    def go_on(self, name: str, steps: int) -> None:  # noqa: ARG002
        self._from(self._rows.count(), steps)

    def ask(self, name: str) -> None:  # noqa: ARG002
        self._rows.commit()

    def answer(self, name: str) -> None:  # noqa: ARG002
        self._rows.commit()
        self._from(0, 1)

    def close(self) -> None:
        self._rows.close()

    def _from(self, first: int, steps: int) -> None:
        for step in range(first, steps):
            began(step)
            self._rows.commit()


def opened(folder: Path, variant: str) -> Raw:
    """variant: the bytes of a row."""
    return Raw(folder, int(variant))
