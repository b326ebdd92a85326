"""Where the demo is played: a folder with a project, a plan and a home, and the commands that are run in it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from mission_fsm.demo.scenes import Scene
from mission_fsm.errors import MissionError, UsageError

# -P: a project's own folder is never looked into for what the command itself imports.
_PROGRAMS = {"mission": [sys.executable, "-P", "-m", "mission_fsm"], "python3": [sys.executable]}
_WIDTH = 100


def say(words: str) -> None:
    """Tell the audience: paragraphs are filled, what is indented stands as it is."""
    for paragraph in words.strip("\n").split("\n\n"):
        if not paragraph.startswith(" "):
            paragraph = textwrap.fill(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)  # noqa: PLW2901
        click.secho(f"\n{paragraph}", fg="cyan")


class Theatre:
    """The folder, and what is known by now of the mission that is played in it.

    known: what scenes may name in braces, as a shell would read it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "sizes"
        self.known: dict[str, str] = {"folder": shlex.quote(str(folder))}
        self._environment = {
            **os.environ,
            "MISSION_HOME": str(folder / "home"),
            # The plan's `python3` is then this one, whichever the machine has.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            # So that what goes to standard output and to standard error comes in order.
            "PYTHONUNBUFFERED": "1",
        }

    @classmethod
    def built_in(cls, folder: Path) -> Theatre:
        """A theatre in that folder, or in a fresh one inside where it holds something. Raises UsageError."""
        folder = folder.expanduser().absolute()
        try:
            if folder.exists() and any(folder.iterdir()):
                taken = {entry.name for entry in folder.iterdir()}
                folder /= next(name for name in map("run-{}".format, range(2, 10_000)) if name not in taken)
            folder.mkdir(parents=True, exist_ok=True)
            bundled = Path(__file__).parent
            shutil.copytree(bundled / "project", folder / "sizes", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copytree(bundled / "plan", folder, dirs_exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the demo cannot be laid out in {folder}: {error.strerror or error}; name another"
            ) from error
        return cls(folder)

    def contents(self) -> dict[str, bytes]:
        """The files of the project, by path."""
        files = (path for path in self.workspace.rglob("*") if path.is_file())
        return {str(path.relative_to(self.workspace)): path.read_bytes() for path in files}

    def show_where(self) -> None:
        """Show where the commands are run."""
        click.echo()
        _show(f"cd {shlex.quote(str(self.workspace))}")
        _show(f"export MISSION_HOME={shlex.quote(self._environment['MISSION_HOME'])}")

    def play(self, scenes: Iterable[Scene]) -> None:
        """Say, show and run each scene. Raises MissionError where a command ends as it should not."""
        for scene in scenes:
            say(scene.words)
            _show(scene.command.format(**self.known))
            self._run(scene.command, scene.ends_with, stderr=subprocess.STDOUT)

    def told(self, command: str) -> Any:
        """The last line that a command prints, as the JSON value that it is; the command is not shown."""
        return json.loads(self._run(command, stdout=subprocess.PIPE).splitlines()[-1])

    def _run(self, command: str, ends_with: int = 0, *, stdout: int | None = None, stderr: int | None = None) -> str:
        program, *arguments = shlex.split(command.format(**self.known))
        done = subprocess.run(
            [*_PROGRAMS[program], *arguments],
            cwd=self.workspace,
            env=self._environment,
            # Nobody is asked at the terminal: each gate is decided by a command that is shown.
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            check=False,
        )
        if done.returncode != ends_with:
            raise MissionError(f"`{command}` ended with {done.returncode}, and should end with {ends_with}")
        return done.stdout or ""


def _show(command: str) -> None:
    click.echo(click.style(f"$ {command}", bold=True))
    sys.stdout.flush()
