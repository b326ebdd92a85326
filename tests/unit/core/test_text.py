"""Text from outside, made fit to be shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.text import plain, tail, visible, visible_diff


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


# All that Unicode has, and more often what texts that look alike are made of.
texts = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from("⟦⟧U+0x1B2eDCFF\\ \t\r\n\x1b\u202e\udcff\ufe0f"))
)


def read_back(shown: str) -> str:
    """The text that was made visible."""
    return re.sub(
        r"⟦(?:U\+([0-9A-F]{4,6})|0x([89A-F][0-9A-F]))⟧",
        lambda found: chr(int(found[1], 16) if found[1] else 0xDC00 + int(found[2], 16)),
        shown,
    )


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("schön\n\t\x1b[31m", "schön\n\t⟦U+001B⟧[31m"),
        ("\u202etxt.exe\x00", "⟦U+202E⟧txt.exe⟦U+0000⟧"),
        ("ad\u200bmin\u00a0\u2066", "ad⟦U+200B⟧min⟦U+00A0⟧⟦U+2066⟧"),
        ("a\ufe00\u3164\u034f\u2800\U000e0101", "a⟦U+FE00⟧⟦U+3164⟧⟦U+034F⟧⟦U+2800⟧⟦U+E0101⟧"),
        ("one\r\n", "one⟦U+000D⟧\n"),
        ("⟦U+001B⟧", "⟦U+27E6⟧U+001B⟧"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf⟦0xE9⟧"),
    ],
)
def test_what_nobody_would_see_is_named(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_source_code_with_its_backslashes_is_shown_as_it_is() -> None:
    code = 'print("\\x1b[31m", r"\\d+\\n", "\\u202e", b"\\\\")\n\tif a[0] < b: return {}\n'
    assert visible(code) == visible_diff(code) == code


@given(texts)
def test_no_two_texts_look_alike(text: str) -> None:
    """What is shown can be read back, so that two texts that are shown in the same way are the same."""
    assert read_back(visible(text)) == text


@given(st.lists(st.tuples(st.sampled_from("+- "), texts.map(lambda text: text.replace("\n", "")))))
def test_no_two_diffs_look_alike_where_the_ends_of_lines_cannot_be_seen(lines: list[tuple[str, str]]) -> None:
    diff = "".join(f"{mark}{text}\n" for mark, text in lines)
    seen = [line[:1] + line[1:].rstrip() for line in visible_diff(diff).split("\n")]
    assert read_back("\n".join(seen)) == diff


def test_the_white_space_that_a_line_of_a_diff_ends_in_is_named() -> None:
    assert visible_diff("+a \n-\tb\t\n \n+  \n c") == "+a⟦U+0020⟧\n-\tb⟦U+0009⟧\n \n+⟦U+0020⟧⟦U+0020⟧\n c"


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
