"""The command line as a whole: what it costs to ask for help, and that its parts say the same."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import click
import pytest

from mission_fsm.cli.catalog import COMMANDS
from mission_fsm.cli.main import cli

HEAVY = (
    "attr",
    "attrs",
    "cattrs",
    "mission_fsm.engine",
    "rich",
    "sqlite3",
    "stevedore",
    "structlog",
    "transitions",
    "yaml",
)


def _python(code: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **env}
    )
    return done.stdout


def _command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def test_help_imports_no_command_and_nothing_that_takes_long() -> None:
    code = f"""
import sys
from mission_fsm.cli.main import main
try:
    main(["--help"])
except SystemExit as ended:
    assert ended.code == 0
print([name for name in sys.modules if name in {HEAVY!r} or name.startswith("mission_fsm.cli.commands")])
"""
    shown = _python(code)
    assert shown.endswith("[]\n")
    assert all(entry.sentence.split()[0] in shown for entry in COMMANDS.values())


def test_completion_knows_the_commands_and_their_options() -> None:
    code = "from mission_fsm.cli.main import main; main([])"
    commands = _python(code, _MISSION_COMPLETE="bash_complete", COMP_WORDS="mission re", COMP_CWORD="1")
    assert [line.partition(",")[2] for line in commands.split()] == [name for name in COMMANDS if name.startswith("re")]
    options = _python(code, _MISSION_COMPLETE="bash_complete", COMP_WORDS="mission run --ap", COMP_CWORD="2")
    assert options.split() == ["plain,--approve"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_the_list_what_it_says_of_itself(name: str) -> None:
    command = _command(name)
    assert command.name == name
    assert command.help is not None
    assert command.help.partition("\n")[0] == COMMANDS[name].sentence


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_an_example_of_it(name: str) -> None:
    shown = (_command(name).help or "").rstrip().rpartition("\b")[2]
    assert f"mission {name}" in shown


def test_every_file_of_commands_is_in_the_list() -> None:
    package = importlib.import_module("mission_fsm.cli.commands")
    files = {entry.name.removesuffix(".py") for path in package.__path__ for entry in os.scandir(path)}
    assert files - {"__init__", "__pycache__"} == {entry.module for entry in COMMANDS.values()}


def test_an_unknown_command_is_an_error_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    from mission_fsm.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "No such command 'fly'" in capsys.readouterr().err
