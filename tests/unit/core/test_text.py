"""Text from outside, made fit to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.text import plain, tail, visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m and \x1b[Kplain", "red and plain"),
        ("\x1b]0;a title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "textlink"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
    ],
)
def test_a_terminal_s_sequences_are_taken_out(raw: str, shown: str) -> None:
    assert plain(raw) == shown


def test_what_does_not_print_is_shown_as_an_escape() -> None:
    assert visible("schön\n\t\x1b[31m\u202etxt.exe\x00") == "schön\n\t\\x1b[31m\\u202etxt.exe\\x00"


@given(st.text())
def test_nothing_that_is_visible_acts_on_a_terminal(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in visible(text))


def test_the_tail_is_the_last_lines_that_say_something() -> None:
    text = "first\n=====\n\nsecond\r\n   \n-- -- --\nthird" + "x" * 300 + "\n\n\n"
    assert tail(text, 2) == ("second", "third" + "x" * 194 + "…")
    assert tail("", 3) == ()


@given(st.text(), st.integers(min_value=1, max_value=5))
def test_a_tail_is_as_short_as_was_asked_for(text: str, lines: int) -> None:
    found = tail(text, lines, width=50)
    assert len(found) <= lines
    assert all("\n" not in line and "\x1b" not in line for line in found)
