"""Eight processes hammer one home at once: nobody is locked out or left behind, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pytest
from attrs import frozen

from mission_fsm import Engine
from mission_fsm.errors import Refused

HAMMERERS = 8
ROUNDS = 5
PATIENCE_S = 120.0


@frozen
class Hammered:
    """What is left of it: the home, and for each process how it ended and what it was told, line by line."""

    home: Path
    statuses: list[int]
    errors: list[str]
    told: list[list[dict[str, Any]]]

    def all(self, key: str) -> list[Any]:
        """What all of them were told under that key."""
        return [line[key] for told in self.told for line in told if key in line]


@pytest.fixture(scope="module")
def hammered(tmp_path_factory: pytest.TempPathFactory) -> Hammered:
    """Each process carries missions of its own from plan to end, and shows, lists and pauses those of the others."""
    folder = tmp_path_factory.mktemp("hammered")
    home = folder / "home"
    program = Path(__file__).with_name("hammerer.py")
    with ExitStack() as open_files:

        def written(name: str) -> IO[str]:
            return open_files.enter_context((folder / name).open("w"))

        started = [
            subprocess.Popen(
                [sys.executable, program, home, folder, f"worker{number}", str(ROUNDS)],
                stdin=subprocess.PIPE,
                stdout=written(f"told{number}"),
                stderr=written(f"errors{number}"),
                text=True,
            )
            for number in range(HAMMERERS)
        ]
    try:
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        statuses = [process.wait(PATIENCE_S) for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()
    told = [(folder / f"told{number}").read_text().splitlines() for number in range(HAMMERERS)]
    errors = [(folder / f"errors{number}").read_text() for number in range(HAMMERERS)]
    return Hammered(home, statuses, errors, [[json.loads(line) for line in lines] for lines in told])


def test_every_process_does_its_share_and_none_is_left_far_behind(hammered: Hammered) -> None:
    assert hammered.errors == [""] * HAMMERERS
    assert hammered.statuses == [0] * HAMMERERS
    ended = [[line["ended"] for line in told if "ended" in line] for told in hammered.told]
    assert [len(rounds) for rounds in ended] == [ROUNDS] * HAMMERERS
    first_to_finish = min(rounds[-1] for rounds in ended)
    assert [rounds[0] < first_to_finish for rounds in ended] == [True] * HAMMERERS


def test_whatever_was_refused_was_refused_for_what_somebody_else_did_and_never_for_a_database(
    hammered: Hammered,
) -> None:
    statuses = {error["exit_status"] for error in hammered.all("error")}
    assert statuses <= {Refused.exit_status}
    refusals = hammered.all("refused")
    assert refusals, "they did not get into each other's way, so this shows nothing"
    assert [said for said in refusals if "database" in said or "journal" in said] == []


def test_every_event_that_was_acknowledged_is_there_as_it_was_told(hammered: Hammered) -> None:
    with Engine.open(hammered.home) as engine:
        rows = engine.missions()
        kept = {
            (entry.mission_id, entry.sequence, entry.hash): entry.type
            for row in rows
            for entry in engine.events(row.mission_id)
        }
        assert {(row.state, row.holds_workspace) for row in rows} == {("complete", False)}
        assert len(rows) == HAMMERERS * ROUNDS
        told = [tuple(event) for event in hammered.all("event")]
        assert len(told) > 20 * len(rows)
        assert set(told) <= set(kept)
        # The others were made by those who meddled, through the command line.
        assert {kept[event] for event in set(kept) - set(told)} <= {"execution_paused", "mission_recovered"}


def test_every_mission_verifies_afterwards_and_the_database_is_sound(hammered: Hammered) -> None:
    with Engine.open(hammered.home) as engine:
        for row in engine.missions():
            assert engine.verify(row.mission_id).head == row.head
    connection = sqlite3.connect(hammered.home / "journal.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
