"""pydantic-graph 1: a node that leads to itself, with its file persistence: one JSON file, written anew, unsynced."""
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pydantic_graph import BaseNode, End, Graph, GraphRunContext
from pydantic_graph.persistence.file import FileStatePersistence

from bench.peers.protocol import began


@dataclass
class State:
    """How far the work is."""

    steps: int
    done: int = 0
    answer: str | None = None


@dataclass
class Step(BaseNode[State, None, int]):
    """A step."""

    async def run(self, context: GraphRunContext[State]) -> Step | End[int]:
        began(context.state.done)
        context.state.done += 1
        return Step() if context.state.done < context.state.steps else End(context.state.done)


@dataclass
class Gate(BaseNode[State, None, int]):
    """Takes the answer."""

    answer: str | None = None

    async def run(self, context: GraphRunContext[State]) -> Step:
        context.state.answer = self.answer
        return Step()


_GRAPH = Graph(nodes=(Step, Gate), state_type=State)


class Files:
    """A file for each piece of work."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._loop = asyncio.new_event_loop()

    def run(self, name: str, steps: int) -> None:
        self._loop.run_until_complete(_GRAPH.run(Step(), state=State(steps), persistence=self._file(name)))

    def go_on(self, name: str, steps: int) -> None:  # noqa: ARG002 - its file knows
        self._loop.run_until_complete(self._rest(name))

    def ask(self, name: str) -> None:
        file = self._file(name)
        file.set_graph_types(_GRAPH)
        self._loop.run_until_complete(_GRAPH.initialize(Gate(), file, state=State(1)))

    def answer(self, name: str) -> None:
        self._loop.run_until_complete(self._rest(name, answer="yes"))

    def close(self) -> None:
        self._loop.close()

    async def _rest(self, name: str, answer: str | None = None) -> None:
        async with _GRAPH.iter_from_persistence(self._file(name)) as run:
            if answer is not None:
                run.next_node.answer = answer
            async for _ in run:
                pass

    def _file(self, name: str) -> FileStatePersistence:
        return FileStatePersistence(self._folder / f"{name}.json")


def opened(folder: Path, variant: str) -> Files:  # noqa: ARG001 - there is one way
    """The files in that folder."""
    return Files(folder)
