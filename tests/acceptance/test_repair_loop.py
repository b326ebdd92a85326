"""The repair loop, as people run it: programs that mend, runners that are killed, what is taken back in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mission_fsm.engine import Engine
from tests.acceptance.desk import python, tree_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.desk import Desk, Step

# Reads all that it is told, from where it is told it, and changes only what that says.
AGENT = r"""
import json, os, re
task = json.load(open(os.environ["MISSION_TASK"]))
failing = os.environ["MISSION_FAILING_TESTS"].splitlines()
printed = open(os.environ["MISSION_TEST_OUTPUT"]).read()
assert failing == task["last_test"]["failing"] and failing, failing
assert printed == task["last_test"]["output"]
assert (os.environ["MISSION_STEP_ID"], task["step_id"], task["repair_attempt"]) == ("check", "check", 1)
assert os.environ["MISSION_DESCRIPTION"] == task["description"] == "Run the tests"
found, wanted = re.search(r"'(\w+) Ada' != '(\w+) Ada'", printed).groups()
hit = next(hit for hit in task["retrieved"]["hits"] if not hit["path"].startswith("test"))
lines = open(hit["path"]).read().splitlines(keepends=True)
told = {number for span in hit["ranges"] for number in range(span["start"], span["end"] + 1)}
changed = [line.replace(found, wanted) if number in told else line for number, line in enumerate(lines, 1)]
open(hit["path"], "w").writelines(changed)
print("mended", *failing)
"""
TEST = """
import unittest
from greet import greet

class Manners(unittest.TestCase):
    def test_is_polite(self):
        self.assertEqual(greet("Ada"), "Dear Ada")
"""
UNITTEST = ["-m", "unittest", "-v", "test_greet"]


def test_a_program_is_told_the_failing_tests_their_output_and_what_was_found_and_mends_by_that(desk: Desk) -> None:
    desk.file("test_greet.py", TEST)
    interpreter, *_ = agent = python(AGENT)
    find = {"step_id": "find", "description": "Research who greets", "with": {"query": "def greet"}}
    check = {"step_id": "check", "description": "Run the tests", "with": {"run": [interpreter, "-B", *UNITTEST]}}
    program = {"repairs": "check", "command": {"run": agent}}
    mend = {"step_id": "mend", "description": "Repair the greeting", "with": program}
    failed = desk.run("run", desk.plan(find, check, mend), "--approve", "--grant", "repair:greet.py")
    assert failed.status == 5
    done = desk.run("repair")
    assert done.status == 0, done.err
    assert "mended" in done.err
    assert "is_polite" in done.err
    assert "return 'Dear ' + name" in (desk.workspace / "greet.py").read_text()
    assert desk.run("replay").status == 0


class Loop:
    """A repair with three tries, of which the second one waits; what each makes the test say; its limit is three."""

    def __init__(self, desk: Desk, *says: str) -> None:
        self.desk, self.here, self.go = desk, desk.folder / "here", desk.folder / "go"
        wait = (
            f"import os, time; open({str(self.here)!r}, 'w').close()\n"
            f"while not os.path.exists({str(self.go)!r}): time.sleep(0.02)\n"
            f"open('said', 'w').write({says[1]!r}); open('more', 'w').close()"
        )
        tries: list[dict[str, Any]] = [
            _says(says[0]),
            {"command": {"run": python(wait), "sandbox": "off"}},
            *map(_says, says[2:]),
        ]
        judge = {"run": python("raise SystemExit(open('said').read())")}
        mend = {"step_id": "mend", "description": "Repair it", "with": {"tries": tries, **judge}}
        self.runner = desk.start("run", desk.plan(mend), "--approve", "--grant", "all", "--json")
        desk.until(self.here.exists)

    def kill_between_attempts(self) -> None:
        """The first has failed, and the second has not changed anything yet."""
        self.runner.kill()
        self.runner.wait(60)
        assert (self.desk.workspace / "said").read_text() == "one"
        self.here.unlink()

    def attempts(self) -> list[tuple[str, object]]:
        """The attempts that began, and how they ended."""
        told = {"repair_started": "attempt", "repair_completed": "success"}
        with Engine.open(self.desk.home, by="ada") as engine:
            entries = list(engine.events(self.desk.only(), types=set(told)))
        return [(entry.type, getattr(entry.event, told[entry.type])) for entry in entries]


def _says(what: str) -> dict[str, Any]:
    return {"write": [{"path": "said", "content": what}]}


def _ended(number: int) -> list[tuple[str, object]]:
    return [("repair_started", number), ("repair_completed", False)]


@pytest.mark.parametrize(
    ("says", "most", "sentence"),
    [
        (("one", "two", "three", "four"), 3, "three"),
        (("one", "one", "three", "four"), 2, "the same failure as before the repair"),
    ],
    ids=["attempts used up", "the same failure again"],
)
def test_attempts_and_failures_are_counted_over_a_runner_that_is_killed_between_them(
    desk: Desk, says: tuple[str, ...], most: int, sentence: str
) -> None:
    """Killed twice: neither is an attempt made twice, nor is there one more, nor is a failure forgotten."""
    loop = Loop(desk, *says)
    loop.kill_between_attempts()
    assert loop.attempts() == [*_ended(1), ("repair_started", 2)]
    loop.runner = desk.start("run", desk.only(), "--json")
    desk.until(loop.here.exists)
    loop.kill_between_attempts()
    loop.go.touch()
    desk.until(lambda: desk.run("run", desk.only()).status == 5)
    assert loop.attempts() == [pair for number in range(1, most + 1) for pair in _ended(number)]
    failure = desk.state()["failure"]
    assert failure is not None
    assert sentence in failure["message"]
    assert desk.types().count("mission_recovered") == 2
    assert desk.run("replay").status == 0


# --- what is taken back in the end


@pytest.fixture
def gives_up(desk: Desk) -> Path:
    """A plan that edits, and then repairs in vain, and has the repair taken back."""
    greets = [{"path": "greet.py", "content": f"def greet(name):\n    return '{word}'\n"} for word in "xy"]
    tries = [{"write": [greets[0], {"path": "tried.txt", "content": "x\n"}]}, {"write": [greets[1]]}]
    options = {"tries": tries, **desk.check["with"], "on_exhausted": "rollback"}
    mend: Step = {"step_id": "mend", "description": "Repair the greeting", "with": options}
    return desk.plan(desk.note, mend)


def test_a_repair_in_vain_is_taken_back_where_the_plan_says_so(desk: Desk, gives_up: Path) -> None:
    before = tree_of(desk.workspace)["greet.py"]
    done = desk.run("run", gives_up, "--approve", "--grant", "all")
    assert done.status == 4
    assert "the plan that ada approved rolled back to checkpoint-" in done.err
    assert "rolled back" in done.out
    assert tree_of(desk.workspace)["greet.py"] == before
    assert (desk.workspace / "docs/CHANGES").exists(), "what is older than the repair stays"
    assert "step mend failed (test_failed)" in desk.run("log").out
    assert desk.run("replay").status == 0


def test_what_stands_in_the_way_of_that_is_told_with_what_to_do(desk: Desk, gives_up: Path) -> None:
    """Nothing is overwritten, and nothing else is done with the mission, until that is settled."""
    assert desk.run("run", gives_up, "--approve", "--grant", "edit:docs/**").status == 3
    assert desk.run("approve").status == 3
    mine = desk.file("tried.txt", "mine\n")
    done = desk.run("approve")
    assert done.status == 5
    failure = desk.state()["failure"]
    assert failure is not None
    settle = ("rollback", desk.only(), failure["rollback_to"] or "", "--overwrite")
    assert "the plan has what the repair changed taken back, and files are not as the mission left them:" in done.out
    assert "  tried.txt" in done.out
    assert f"mission {' '.join(settle)}" in done.out
    assert desk.run("run", desk.only()).out == done.out
    assert mine.read_text() == "mine\n"
    assert desk.run(*settle).status == 0
    assert not mine.exists()
    assert "Hey" in (desk.workspace / "greet.py").read_text()
    assert desk.state()["state"] == "paused"


def test_a_repair_that_changes_a_test_is_flagged_where_it_is_decided(desk: Desk) -> None:
    desk.file("tests/test_greet.py", "assert False\n")
    weaker = {"write": [{"path": "tests/test_greet.py", "content": "assert True\n"}]}
    mend = {"step_id": "mend", "description": "Repair the greeting", "with": {**weaker, **desk.check["with"]}}
    waiting = desk.run("run", desk.plan(mend), "--approve")
    assert waiting.status == 3
    assert "high risk: a repair changes a test, and so what found the fault (repairs-tests)" in waiting.out
    pending = desk.state()["pending"]
    assert pending is not None
    assert (pending["risk_level"], pending["rules"]) == ("high", ["repairs-tests"])
    in_red = "\x1b[31m\x1b[1mhigh risk"
    desk.at_terminal("show").sees(in_red)
