"""Which lines differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.workspace.lines import Block, count_lines, differing, split_lines

lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n"]), max_size=25)


def _patched(old: Sequence[bytes], new: Sequence[bytes], blocks: Sequence[Block]) -> list[bytes]:
    made: list[bytes] = []
    at = 0
    for block in blocks:
        made += old[at : block.old_start]
        assert len(made) == block.new_start
        made += new[block.new_start : block.new_end]
        at = block.old_end
    return made + list(old[at:])


def _longest_common(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    row = [0] * (len(new) + 1)
    for one in old:
        above = row
        row = [0]
        for at, other in enumerate(new):
            row.append(above[at] + 1 if one == other else max(above[at + 1], row[at]))
    return row[-1]


@given(lines, lines)
def test_replacing_the_blocks_makes_the_new_text_by_the_fewest_lines(old: list[bytes], new: list[bytes]) -> None:
    blocks = differing(old, new)
    assert _patched(old, new, blocks) == new
    edits = sum(block.old_end - block.old_start + block.new_end - block.new_start for block in blocks)
    assert edits == len(old) + len(new) - 2 * _longest_common(old, new)


@given(lines, lines)
def test_equal_lines_stand_between_any_two_blocks(old: list[bytes], new: list[bytes]) -> None:
    blocks = differing(old, new)
    for before, after in pairwise(blocks):
        assert after.old_start > before.old_end
        assert after.old_start - before.old_end == after.new_start - before.new_end


@given(st.binary(max_size=40))
def test_lines_end_at_line_feeds_alone_and_lose_nothing(data: bytes) -> None:
    parts = split_lines(data)
    assert b"".join(parts) == data
    assert all(part.count(b"\n") <= 1 for part in parts)
    assert all(part.endswith(b"\n") for part in parts[:-1])


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (b"", b"a\nb\n", (2, 0)),
        (b"a\nb\n", b"", (0, 2)),
        (b"a\n", b"a", (1, 1)),
        (b"a\r\n", b"a\n", (1, 1)),
        (b"a\nb\nc\n", b"a\nX\nc\n", (1, 1)),
        (b"same", b"same", (0, 0)),
    ],
)
def test_lines_are_counted_as_git_counts_them(before: bytes, after: bytes, counts: tuple[int, int]) -> None:
    assert count_lines(before, after) == counts


def test_many_small_changes_in_a_large_text_count_as_what_they_are() -> None:
    """More edits than the shortest way is looked for: the text is cut where a line stands once in each."""
    old = [b"line %d\n" % number if number % 3 else b"}\n" for number in range(30_000)]
    new = [b"changed\n" if number % 30 == 1 else line for number, line in enumerate(old)]
    blocks = differing(old, new)
    assert _patched(old, new, blocks) == new
    assert len(blocks) == 1000
    assert sum(block.new_end - block.new_start for block in blocks) == 1000


def test_texts_that_share_nothing_are_one_block() -> None:
    old = [b"old %d\n" % number for number in range(50_000)]
    new = [b"new %d\n" % number for number in range(40_000)]
    assert differing(old, new) == [Block(0, 50_000, 0, 40_000)]


def test_large_texts_of_few_kinds_of_line_are_compared_in_bounded_time() -> None:
    """No line stands once, so there is nowhere to cut; what is left counts as replaced."""
    old = [b"%d\n" % (number * 7919 % 5) for number in range(20_000)]
    new = [b"%d\n" % (number * 104729 % 7 % 5) for number in range(20_000)]
    assert _patched(old, new, differing(old, new)) == new
