"""The values of which options are made, as a plan gives them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.converter import converter, problems_of
from mission_fsm.core.options import CommandOptions, InlinedFile
from mission_fsm.core.outcomes import RunCommand


@given(st.binary())
def test_an_inlined_file_holds_any_bytes_and_survives_json(content: bytes) -> None:
    file = InlinedFile.of(content, "name")
    assert file.content == content
    assert converter.structure(converter.unstructure(file), InlinedFile) == file


def test_text_is_kept_as_text() -> None:
    assert InlinedFile.of("schön\r\n".encode()) == InlinedFile(text="schön\r\n")


def test_a_command_s_options_are_read_from_a_plan_and_make_its_request() -> None:
    given_in_plan = {"run": ["make", "check"], "cwd": "sub", "env": {"A": "1"}}
    options = converter.structure(given_in_plan, CommandOptions)
    assert options.command("test", None) == RunCommand(("make", "check"), "test", "sub", {"A": "1"}, 600)
    assert converter.unstructure(options) == {**given_in_plan, "report": None, "sandbox": "auto", "network": False}


@pytest.mark.parametrize(
    ("value", "place", "says"),
    [
        ({"run": "make check"}, "with.run", "a command is a list of words, as in [make, check]; no shell reads it"),
        ({"run": ["make", True]}, "with.run", "every word of a command is text, found True: put it in quotes"),
        ({"cwd": "../up"}, "with.cwd", "path '../up' leads out of its folder by .."),
        ({"env": {"A": 1}}, "with.env.A", "expected text, found 1: put it in quotes"),
    ],
)
def test_a_wrong_option_is_told_with_its_place(value: object, place: str, says: str) -> None:
    with pytest.raises(Exception) as refused:  # noqa: PT011 - of whatever class: it goes through problems_of
        converter.structure(value, CommandOptions)
    assert problems_of(refused.value, "with") == [(place, says)]
