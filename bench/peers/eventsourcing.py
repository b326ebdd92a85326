"""eventsourcing: an aggregate for each piece of work, saved after each step. A bare event store, that runs nothing."""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from __future__ import annotations

from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from bench.peers.protocol import RESULT, began


class Work(Aggregate):
    """How far the work is."""

    @event("Began")
    def __init__(self, name: str) -> None:
        self.name = name
        self.done = 0
        self.answered = False

    @staticmethod
    def create_id(name: str) -> UUID:
        return uuid5(NAMESPACE_URL, name)

    @event("Answered")
    def answer(self) -> None:
        self.answered = True

    @event("StepDone")
    def step_done(self, step: int, result: str) -> None:  # noqa: ARG002 - kept in the event
        self.done = step + 1


class Store:
    """One application, on SQLite."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._application = Application(
            env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "events.db")}
        )

    def run(self, name: str, steps: int) -> None:
        work = Work(name)
        self._application.save(work)
        self._rest(work, steps)

    def go_on(self, name: str, steps: int) -> None:
        self._rest(self._work(name), steps)

    def ask(self, name: str) -> None:
        self._application.save(Work(name))

    def answer(self, name: str) -> None:
        work = self._work(name)
        work.answer()
        self._application.save(work)
        self._rest(work, 1)

    def close(self) -> None:
        self._application.close()

    def _work(self, name: str) -> Work:
        work: Work = self._application.repository.get(Work.create_id(name))
        return work

    def _rest(self, work: Work, steps: int) -> None:
        for step in range(work.done, steps):
            began(step)
            work.step_done(step, RESULT)
            self._application.save(work)


def opened(folder: Path, variant: str) -> Store:  # noqa: ARG001 - there is one way
    """The events in that folder."""
    return Store(folder)
