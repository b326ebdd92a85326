"""A desk to work at: a workspace, a home, a folder for plans, and the command line as real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from attrs import frozen

from mission_fsm.core.projections import Status, status
from mission_fsm.engine import Engine
from mission_fsm.journal.store import Listing
from tests.acceptance.loaded import STREAMS, Loaded
from tests.acceptance.terminal import PATIENCE_S, Terminal

Step = dict[str, Any]
Tree = dict[str, tuple[object, ...]]


@frozen
class Result:
    """How a command ended: its exit status, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which is one JSON value."""
        return json.loads(self.out)


@contextmanager
def in_the_foreground() -> Iterator[None]:
    """What is started here does not ignore Ctrl-C, as it would where the tests are run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def python(code: str) -> list[str]:
    """A command that runs that code."""
    return [sys.executable, "-c", code]


def _unsandboxed(step: Step) -> Step:
    """The step, whose command is in no sandbox unless it says so: it is watched from outside, by its process id."""
    options = step.get("with")
    if not isinstance(options, dict) or "run" not in options:
        return step
    return {**step, "with": {"sandbox": "off", **options}}


def kept_environment() -> dict[str, str]:
    """What every command is given of the environment of the tests."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}


def tree_of(folder: Path) -> Tree:
    """All that stands in a folder: kinds, modes, bytes and targets of links."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (oct(mode), content)
    return found


class Desk:
    """A workspace, a home and a folder for plans, and the command line to use them with.

    The workspace holds `greet.py`; the steps here look for it, change it, test it, and write a note.
    """

    patch = """--- a/greet.py
+++ b/greet.py
@@ -1,2 +1,2 @@
 def greet(name):
-    return 'Hey ' + name
+    return 'Dear ' + name
"""
    find: ClassVar[Step] = {"step_id": "find", "description": "Research who greets", "with": {"query": "greet name"}}
    edit: ClassVar[Step] = {"step_id": "fix", "description": "Modify the greeting", "with": {"patch": patch}}
    check: ClassVar[Step] = {
        "step_id": "check",
        "description": "Run the tests",
        "with": {"run": python("import greet; assert greet.greet('Ada') == 'Dear Ada', 'not polite'")},
    }
    note: ClassVar[Step] = {
        "step_id": "note",
        "description": "Write down what changed",
        "with": {"write": [{"path": "docs/CHANGES", "content": "greets politely\n"}]},
    }

    def __init__(self, folder: Path, loaded: Loaded) -> None:
        self.folder = folder
        self._loaded = loaded
        self.workspace = folder / "work"
        self.home = folder / "home"
        self.plans = folder / "plans"
        self.user = folder / "user"
        for made in (self.workspace, self.plans, self.user):
            made.mkdir()
        self._started: list[subprocess.Popen[str]] = []
        self._terminals: list[Terminal] = []

    # --- the command line

    def run(self, *arguments: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        """Run `mission` to its end."""
        with TemporaryDirectory(dir=self.folder) as name:
            given, out, err = streams = [Path(name) / stream for stream in STREAMS]
            for stream in streams:
                stream.write_text(stdin if stream is given else "")
            status = self._loaded.run(
                self.arguments(*arguments),
                folder=self.workspace if self.workspace.is_dir() else self.folder,
                env=self.env(env),
                streams=Path(name),
                timeout_s=int(PATIENCE_S) * 2,
            )
            done = Result(status, out.read_text(), err.read_text())
        assert "\nTraceback" not in f"\n{done.err}", done.err
        return done

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start `mission` and leave it running; the test ends it at the latest."""
        with (self.folder / "stderr").open("a") as said, in_the_foreground():
            started = subprocess.Popen(
                self.argv(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=self.workspace,
                env=self.env(),
            )
        self._started.append(started)
        return started

    def at_terminal(self, *arguments: str | Path, env: dict[str, str] | None = None) -> Terminal:
        """Start `mission` on a terminal of its own."""
        terminal = Terminal(self.argv(*arguments), self.workspace, self.env({"TERM": "xterm-256color", **(env or {})}))
        self._terminals.append(terminal)
        return terminal

    def said(self) -> str:
        """What those that were started have written to standard error."""
        return (self.folder / "stderr").read_text()

    def close(self) -> None:
        """End what is still running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for terminal in self._terminals:
            terminal.close()

    def argv(self, *arguments: str | Path) -> list[str]:
        """The command line of `mission` with those arguments."""
        return [sys.executable, "-P", "-m", "mission_fsm", *self.arguments(*arguments)]

    def arguments(self, *arguments: str | Path) -> list[str]:
        """Those arguments, and where the home is."""
        command, *rest = map(str, arguments)
        return [command, "--home", str(self.home), *rest]

    def env(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """A clean environment, and what is added to it."""
        return {**kept_environment(), "HOME": str(self.user), "USER": "ada", **(more or {})}

    # --- plans and files

    def plan(self, *steps: Step, name: str = "plan.json", **more: object) -> Path:
        """A plan file with those steps."""
        path = self.plans / name
        told = {"version": 1, "goal": "greet politely", "steps": [_unsandboxed(step) for step in steps], **more}
        path.write_text(json.dumps(told))
        return path

    def file(self, path: str, content: str) -> Path:
        """A file in the workspace."""
        made = self.workspace / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(content)
        return made

    @property
    def four_steps(self) -> Path:
        """A plan that retrieves, edits, tests and edits again; it completes."""
        return self.plan(self.find, self.edit, self.check, self.note)

    def running(self, code: str, **step: Any) -> Step:
        """A step that tests by running that code."""
        return {"step_id": "check", "description": "Run the tests", "with": {"run": python(code)}, **step}

    def begin(self, plan: Path, *, approve: bool = True, grants: tuple[str, ...] = (), run: bool = True) -> str:
        """Where a test of something else begins: a mission of that plan, made and run in process; gives its id."""
        with Engine.open(self.home, by="ada") as engine:
            mission = engine.create(plan, self.workspace, grants=grants)
            if approve:
                engine.approve(mission.mission_id)
            if approve and run:
                engine.run(mission.mission_id)
            return mission.mission_id

    # --- looking: in process, which is much faster; that the command line says the same has tests of its own

    def missions(self) -> list[Listing]:
        """The home's missions, newest first."""
        with Engine.open(self.home, by="ada") as engine:
            return engine.missions()

    def only(self) -> str:
        """The id of the one mission that there is."""
        (row,) = self.missions()
        return row.mission_id

    def state(self, mission_id: str | None = None) -> Status:
        """Where that mission stands, or the only one."""
        with Engine.open(self.home, by="ada") as engine:
            return status(engine.state(mission_id or self.only()))

    def types(self) -> list[str]:
        """The types of the only mission's events."""
        with Engine.open(self.home, by="ada") as engine:
            return [entry.type for entry in engine.events(self.only())]

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Neither the workspace nor the journal is any other after than before."""
        before = (tree_of(self.workspace), self._journal())
        yield
        assert (tree_of(self.workspace), self._journal()) == before

    def _journal(self) -> list[tuple[str, str]] | None:
        return [(row.mission_id, row.head) for row in self.missions()] if self.home.exists() else None

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds; that it does not, in time, is a failure."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain; it was said: {self.said()}"
            time.sleep(0.02)
