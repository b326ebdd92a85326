"""LangGraph, its functions: a task for each step, in an entrypoint that is called again from its beginning."""
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.func import entrypoint, task
from langgraph.types import Command, interrupt

from bench.peers.protocol import began


@task
def step(number: int) -> int:
    """A step."""
    began(number)
    return number


class Functions:
    """One database, and two entrypoints, one of which begins with a gate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "checkpoints.db", check_same_thread=False)
        saver = SqliteSaver(self._connection)
        saver.setup()

        @entrypoint(checkpointer=saver)
        def plain(steps: int) -> int:
            for number in range(steps):
                step(number).result()
            return steps

        @entrypoint(checkpointer=saver)
        def gated(steps: int) -> int:
            interrupt("Shall it go on?")
            for number in range(steps):
                step(number).result()
            return steps

        self._plain, self._gated = plain, gated

    def run(self, name: str, steps: int) -> None:
        self._invoke(self._plain, steps, name)

    def go_on(self, name: str, steps: int) -> None:  # noqa: ARG002 - its checkpoint knows
        self._invoke(self._plain, None, name)

    def ask(self, name: str) -> None:
        self._invoke(self._gated, 1, name)

    def answer(self, name: str) -> None:
        self._invoke(self._gated, Command(resume="yes"), name)

    def close(self) -> None:
        self._connection.close()

    @staticmethod
    def _invoke(function: Any, given: Any, name: str) -> None:
        function.invoke(given, {"configurable": {"thread_id": name}}, durability="sync")


def opened(folder: Path, variant: str) -> Functions:  # noqa: ARG001 - there is one way
    """The checkpoints in that folder."""
    return Functions(folder)
