"""mission-fsm: a mission for each piece of work, made, approved and run."""

from __future__ import annotations

from pathlib import Path

from bench.noop import Noop, approved, engine_in, plan_of
from bench.peers.protocol import began


class Ours:
    """One engine, and one home in that folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engine = engine_in(folder, Noop(lambda step_id: began(int(step_id.removeprefix("step-")))))
        self._waiting: dict[str, str] = {}

    def run(self, name: str, steps: int) -> None:
        self._engine.run(approved(self._engine, self._folder, plan_of(steps, goal=name)).mission_id)

    def go_on(self, name: str, steps: int) -> None:  # noqa: ARG002 - there is but one
        self._engine.run(self._engine.missions()[0].mission_id)

    def ask(self, name: str) -> None:
        mission = approved(self._engine, self._folder, plan_of(1, goal=name, gate=True))
        self._waiting[name] = self._engine.run(mission.mission_id).mission_id

    def answer(self, name: str) -> None:
        self._engine.approve(self._waiting[name], answer="yes")
        self._engine.run(self._waiting.pop(name))

    def close(self) -> None:
        self._engine.close()


def opened(folder: Path, variant: str) -> Ours:  # noqa: ARG001 - there is one way
    """The home in that folder."""
    return Ours(folder)
