"""One of several processes that hammer one home: runs missions of its own, and meddles in those of the others.

    python hammerer.py HOME FOLDER NAME ROUNDS

begins once a line comes in on standard input. Each line that it writes to standard output is one JSON object, about
what it was told: an event that was acknowledged, a refusal in words, or the end of a round.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

from mission_fsm import Engine
from mission_fsm.cli.main import main
from mission_fsm.core.mission import State
from mission_fsm.errors import Refused

GOAL = "write three files"
STEPS = [
    {"step_id": name, "description": f"Write {name}", "with": {"write": [{"path": name, "content": f"{name}\n"}]}}
    for name in ("one", "two", "three")
]
MOST_ATTEMPTS = 200


class Hammerer:
    """Carries missions through the engine, as an embedder does, and meddles through the command line, as users do."""

    def __init__(self, home: Path, folder: Path, name: str) -> None:
        self._home = home
        self._own: set[str] = set()
        self._workspace = folder / name
        self._workspace.mkdir()
        self._plan = folder / f"{name}.json"
        self._plan.write_text(json.dumps({"version": 1, "goal": GOAL, "steps": STEPS}))
        self._engine = Engine.open(home, by=name)
        self._engine.subscribe(lambda entry, _: _tell(event=[entry.mission_id, entry.sequence, entry.hash]))

    def hammer(self, rounds: int) -> None:
        """Do one's share."""
        for number in range(rounds):
            began = time.monotonic()
            self._round(number)
            _tell(round=number, ended=time.monotonic(), took_s=time.monotonic() - began)
        self._engine.close()

    def _round(self, number: int) -> None:
        for file in self._workspace.iterdir():
            file.unlink()
        # The gate of the second file is opened by hand.
        made = self._engine.create(self._plan, self._workspace, grants=["edit:one", "edit:three"])
        self._own.add(made.mission_id)
        for attempt in range(MOST_ATTEMPTS):
            if self._engine.state(made.mission_id).state is State.COMPLETE:
                return
            try:
                self._carry(made.mission_id)
            except Refused as refusal:
                # Another one has paused the mission, or holds it for an instant; one looks again where it stands.
                _tell(refused=str(refusal))
            if attempt == 0:
                self._meddle(number)
        raise AssertionError(f"mission {made.mission_id} did not come to its end")

    def _carry(self, mission_id: str) -> None:
        mission = self._engine.state(mission_id)
        if mission.pending is not None and mission.state in (State.IDLE, State.AWAITING_APPROVAL):
            self._engine.approve(mission_id)
        self._engine.run(mission_id)

    def _meddle(self, number: int) -> None:
        listed = self._mission("list", "--json")
        others = [row["mission_id"] for row in listed["missions"] if row["mission_id"] not in self._own]
        # The newest come first, and are the ones most likely to be under way.
        for other in others[number % 4 : 6 : 4]:
            self._mission("show", other, "--json")
            self._mission("pause", other, "--json")

    def _mission(self, command: str, *arguments: str) -> dict[str, Any]:
        """Run `mission` in this process, and give what it answers."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
            main([command, "--home", str(self._home), *arguments])
        answer: dict[str, Any] = json.loads(out.getvalue())
        if "error" in answer:
            _tell(refused=err.getvalue(), **answer)
        return answer


def _tell(**what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    hammerer = Hammerer(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    sys.stdin.readline()
    hammerer.hammer(int(sys.argv[4]))
