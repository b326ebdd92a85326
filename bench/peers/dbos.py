"""DBOS: a workflow of steps, on its system database in SQLite. What died is taken up when it is launched again."""
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

from dbos import DBOS, SetWorkflowID

from bench.peers.protocol import began

_TOPIC = "answer"
# Seconds that a workflow is let wait at its gate: long enough to be there, and each time a different while, because it
# looks for the answer at fixed intervals.
_WAITS_S = (0.3, 0.5, 0.7, 0.9, 1.1, 1.3)


@DBOS.step()
def step(number: int) -> int:
    """A step."""
    began(number)
    return number


@DBOS.workflow()
def plain(steps: int) -> int:
    """So many steps."""
    for number in range(steps):
        step(number)
    return steps


@DBOS.workflow()
def gated() -> None:
    """A gate, and a step."""
    DBOS.recv(_TOPIC, timeout_seconds=60)
    step(0)


class Workflows:
    """One system database."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        DBOS(
            config={
                "name": "bench",
                "system_database_url": f"sqlite:///{folder / 'dbos.sqlite'}",
                "log_level": "ERROR",
                "application_version": "1",
                "run_admin_server": False,
            }
        )
        DBOS.launch()
        self._asked = count()

    def run(self, name: str, steps: int) -> None:
        with SetWorkflowID(name):
            plain(steps)

    def go_on(self, name: str, steps: int) -> None:  # noqa: ARG002 - its database knows
        DBOS.retrieve_workflow(name).get_result()

    def ask(self, name: str) -> None:
        with SetWorkflowID(name):
            DBOS.start_workflow(gated)
        time.sleep(_WAITS_S[next(self._asked) % len(_WAITS_S)])

    def answer(self, name: str) -> None:
        DBOS.send(name, "yes", _TOPIC)
        DBOS.retrieve_workflow(name).get_result()

    def close(self) -> None:
        DBOS.destroy()


def opened(folder: Path, variant: str) -> Workflows:  # noqa: ARG001 - there is one way
    """The workflows in that folder."""
    return Workflows(folder)
