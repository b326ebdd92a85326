"""What a command prints is shown as lines, however it comes, and no more of it than can be read."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.cli.printed import MOST_LINES, WIDTH, Printed


def lines_of(*chunks: bytes) -> list[str]:
    printed = Printed()
    return [line for chunk in chunks for line in printed.add(chunk)] + printed.rest()


@given(st.lists(st.text(alphabet="ab |é"), max_size=5), st.integers(min_value=1, max_value=9))
def test_lines_come_out_whole_wherever_they_are_cut(lines: list[str], size: int) -> None:
    whole = "".join(f"{line}\n" for line in lines).encode()
    assert lines_of(*(whole[at : at + size] for at in range(0, len(whole), size))) == lines


def test_a_line_is_told_once_it_is_ended_or_the_command_is() -> None:
    printed = Printed()
    assert printed.add(b"one\ntw") == ["one"]
    assert printed.add(b"o") == []
    assert printed.rest() == ["two"]


def test_nothing_that_is_printed_can_act_on_the_terminal() -> None:
    assert lines_of(b"\x1b[31mred\x1b[0m \x1b]0;title\x07end\x08\n") == ["red end⟦U+0008⟧"]
    assert lines_of(b"\xff\xfe\n") == ["\ufffd\ufffd"]


def test_of_a_line_that_is_overwritten_the_last_is_shown() -> None:
    assert lines_of(b"10%\r50%\r100%\r\nnext\r\n") == ["100%", "next"]


def test_long_lines_are_cut() -> None:
    [line] = lines_of(b"x" * 100_000, b"x" * 100_000)
    assert line == "x" * (WIDTH - 1) + "…"


def test_past_so_many_lines_it_is_only_said_how_much_there_is() -> None:
    shown = lines_of(b"a\n" * (MOST_LINES - 1), b"b\nc\nd", b"d\n", b"e")
    assert shown[MOST_LINES - 1 :] == ["b", "... and 6 bytes more; `mission output` prints what is kept"]
    assert lines_of(b"a\n" * MOST_LINES)[-1] == "a"


def test_a_flood_is_passed_over_quickly() -> None:
    printed = Printed()
    chunk = b"y\n" * 131_072
    printed.add(chunk)
    began = time.process_time()
    for _ in range(200):
        printed.add(chunk)
    assert time.process_time() - began < 2
    assert printed.rest() == ["... and 52688944 bytes more; `mission output` prints what is kept"]
