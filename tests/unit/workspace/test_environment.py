"""What commands find in their environment."""

from __future__ import annotations

import pytest

from mission_fsm.workspace.environment import clean_environment


def test_only_what_is_listed_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "PYTHONPATH", "PYTHONSTARTUP", "SOME_TOKEN", "LD_PRELOAD"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("LC_TIME", "C")
    environment = clean_environment({})
    assert environment["HOME"] == "/home/somebody"
    assert environment["LC_TIME"] == "C"
    assert not [name for name in environment if name.startswith(("GIT_", "PYTHON", "SOME_", "LD_"))]


def test_no_program_is_told_that_it_writes_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert clean_environment({})["TERM"] == "dumb"


def test_there_is_always_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert clean_environment({})["PATH"]


def test_what_a_plan_names_is_set_over_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    environment = clean_environment({"HOME": "/tmp", "GIT_DIR": "x"})  # noqa: S108  a name, not a place to write
    assert (environment["HOME"], environment["GIT_DIR"]) == ("/tmp", "x")  # noqa: S108
