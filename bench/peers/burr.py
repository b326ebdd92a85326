"""Burr: an action that leads to itself, with the SQLite persister, which keeps the whole state after each action."""
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from pathlib import Path
from typing import Any

from burr.core import Application, ApplicationBuilder, State, action, expr
from burr.core.persistence import SQLitePersister

from bench.peers.protocol import RESULT, began


@action(reads=["done", "steps", "log"], writes=["done", "log"])
def step(state: Any) -> Any:
    """A step. Where the state has a log, it grows by one entry."""
    number = state["done"]
    began(number)
    after = state.update(done=number + 1)
    return after if state["log"] is None else after.append(log={"step": number, "result": RESULT})


@action(reads=[], writes=[])
def end(state: Any) -> Any:
    """The end."""
    return state


@action(reads=[], writes=[])
def ask(state: Any) -> Any:
    """What comes before the gate."""
    return state


@action(reads=[], writes=["answer"])
def gate(state: Any, answer: str) -> Any:
    """Takes the answer."""
    return state.update(answer=answer)


class Burr:
    """One database. log: whether the state grows with each step."""

    def __init__(self, folder: Path, *, log: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._persister = SQLitePersister(str(folder / "burr.db"))
        self._persister.initialize()

    def run(self, name: str, steps: int) -> None:
        self._application(name, steps, "step").run(halt_after=["end"])

    go_on = run

    def ask(self, name: str) -> None:
        self._application(name, 1, "ask").run(halt_before=["gate"])

    def answer(self, name: str) -> None:
        self._application(name, 1, "ask").run(halt_after=["end"], inputs={"answer": "yes"})

    def close(self) -> None:
        self._persister.cleanup()

    def _application(self, name: str, steps: int, entrypoint: str) -> Application:
        state = State({"done": 0, "steps": steps, "log": [] if self._log else None})
        return (
            ApplicationBuilder()
            .with_actions(ask=ask, gate=gate, step=step, end=end)
            .with_transitions(
                ("ask", "gate"), ("gate", "step"), ("step", "step", expr("done < steps")), ("step", "end")
            )
            .initialize_from(
                self._persister,
                resume_at_next_action=True,
                default_state=state,
                default_entrypoint=entrypoint,
            )
            .with_state_persister(self._persister)
            .with_identifiers(app_id=name)
            .build()
        )


def opened(folder: Path, variant: str) -> Burr:
    """variant: `log` for a state that grows with each step."""
    return Burr(folder, log=variant == "log")
