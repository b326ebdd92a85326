"""The command line in process, over a real engine, for what needs no process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from mission_fsm import Engine
from mission_fsm.cli.main import main

Step = dict[str, Any]
Type = Callable[..., "Said"]

EDIT: Step = {
    "step_id": "fix",
    "description": "Modify the greeting",
    "with": {"replace": [{"path": "greet.py", "search": "Hey", "replace": "Dear"}]},
}
NOTE: Step = {
    "step_id": "note",
    "description": "Write it down",
    "with": {"write": [{"path": "NOTES", "content": "one\ntwo\n"}]},
}
FAIL: Step = {
    "step_id": "check",
    "description": "Run the tests",
    "with": {"run": [sys.executable, "-c", "raise SystemExit('not polite')"]},
}


@frozen
class Said:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which is one JSON value."""
        return json.loads(self.out)


@pytest.fixture
def steps() -> dict[str, Step]:
    """Steps for plans: `fix` and `note` change files, `check` fails."""
    return {step["step_id"]: step for step in (EDIT, NOTE, FAIL)}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project with one file."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "greet.py").write_text("def greet(name):\n    return 'Hey ' + name\n")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, which commands take for the default one."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("MISSION_LOG", raising=False)
    return tmp_path / "home"


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """An engine over that home."""
    with Engine.open(home, by="ada", means="terminal") as opened:
        yield opened


@pytest.fixture
def plan_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plan of those steps."""

    def write(*steps: Step, **more: Any) -> Path:
        path = tmp_path / "plan.json"
        path.write_text(json.dumps({"version": 1, "goal": "greet politely", "steps": list(steps), **more}))
        return path

    return write


@pytest.fixture
def mission(workspace: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Runs `mission` in the workspace, over that home."""
    monkeypatch.chdir(workspace)

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, out, err)

    return run
