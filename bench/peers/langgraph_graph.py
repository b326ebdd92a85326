"""LangGraph, its graphs: a node that leads to itself, checkpointed in SQLite, with `durability="sync"`."""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import operator
import sqlite3
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from bench.peers.protocol import RESULT, began


class Counter(TypedDict):
    """A state of two numbers."""

    done: int
    steps: int


class Log(Counter):
    """A state that grows with each step."""

    log: Annotated[list[dict[str, Any]], operator.add]


class Graphs:
    """One database, and two graphs, one of which begins with a gate."""

    def __init__(self, folder: Path, *, log: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "checkpoints.db", check_same_thread=False)
        self._saver = SqliteSaver(self._connection)
        self._saver.setup()
        self._log = log
        self._plain, self._gated = self._graph("step"), self._graph("gate")

    def run(self, name: str, steps: int) -> None:
        self._invoke(self._plain, self._state(steps), name, steps)

    def go_on(self, name: str, steps: int) -> None:
        self._invoke(self._plain, None, name, steps)

    def ask(self, name: str) -> None:
        self._invoke(self._gated, self._state(1), name, 1)

    def answer(self, name: str) -> None:
        self._invoke(self._gated, Command(resume="yes"), name, 1)

    def close(self) -> None:
        self._connection.close()

    def _state(self, steps: int) -> dict[str, Any]:
        return {"done": 0, "steps": steps, **({"log": []} if self._log else {})}

    def _graph(self, entry: str) -> Any:
        graph = StateGraph(Log if self._log else Counter)
        graph.add_node("gate", _gate)
        graph.add_node("step", self._step)
        graph.add_edge(START, entry)
        graph.add_edge("gate", "step")
        graph.add_conditional_edges("step", _after, ["step", END])
        return graph.compile(checkpointer=self._saver)

    def _step(self, state: dict[str, Any]) -> dict[str, Any]:
        number = state["done"]
        began(number)
        return {"done": number + 1, **({"log": [{"step": number, "result": RESULT}]} if self._log else {})}

    @staticmethod
    def _invoke(graph: Any, given: Any, name: str, steps: int) -> None:
        config = {"configurable": {"thread_id": name}, "recursion_limit": steps + 50}
        graph.invoke(given, config, durability="sync")


def _gate(state: dict[str, Any]) -> dict[str, Any]:
    interrupt("Shall it go on?")
    return {"done": state["done"]}


def _after(state: dict[str, Any]) -> str:
    return "step" if state["done"] < state["steps"] else str(END)


def opened(folder: Path, variant: str) -> Graphs:
    """variant: `log` for a state that grows with each step."""
    return Graphs(folder, log=variant == "log")
