"""Which lines differ between two texts: one answer, from which diffs are shown and lines are counted.

The shortest edit by Myers' greedy algorithm (1986) where the texts differ in little. Where they differ in much,
they are first cut at lines that stand once in each (as in patience diff), and what still differs in much between
two cuts counts as replaced whole, so that the time stays in proportion to the size.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import frozen

# The most lines added plus removed for which the shortest edit is looked for; its cost is their square.
_MAX_EDITS = 300


@frozen
class Block:
    """Lines old_start to old_end of the one text stand where new_start to new_end stand in the other.

    Counted from 0, ends not included; one of the two ranges may be empty.
    """

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def split_lines(data: bytes) -> list[bytes]:
    """The lines, each with its line feed; nothing else ends a line."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def count_lines(before: bytes, after: bytes) -> tuple[int, int]:
    """How many lines are added and how many removed."""
    blocks = differing(split_lines(before), split_lines(after))
    return (
        sum(block.new_end - block.new_start for block in blocks),
        sum(block.old_end - block.old_start for block in blocks),
    )


def differing(old: Sequence[bytes], new: Sequence[bytes]) -> list[Block]:
    """The blocks in which the texts differ, in order, with equal lines between any two of them."""
    joined: list[Block] = []
    for block in _differing(old, new, Block(0, len(old), 0, len(new)), may_cut=True):
        last = joined[-1] if joined else None
        if last and (last.old_end, last.new_end) == (block.old_start, block.new_start):
            joined[-1] = Block(last.old_start, block.old_end, last.new_start, block.new_end)
        else:
            joined.append(block)
    return joined


def _differing(old: Sequence[bytes], new: Sequence[bytes], whole: Block, *, may_cut: bool) -> Iterator[Block]:
    part = _trim(old, new, whole)
    kept = _kept_lines(old, new, part)
    if kept is None and may_cut:
        old_at, new_at = part.old_start, part.new_start
        for old_cut, new_cut in [*_cuts(old, new, part), (part.old_end, part.new_end)]:
            yield from _differing(old, new, Block(old_at, old_cut, new_at, new_cut), may_cut=False)
            old_at, new_at = old_cut, new_cut
        return
    old_at, new_at = part.old_start, part.new_start
    for old_kept, new_kept in [*(kept or ()), (part.old_end, part.new_end)]:
        if (old_at, new_at) != (old_kept, new_kept):
            yield Block(old_at, old_kept, new_at, new_kept)
        old_at, new_at = old_kept + 1, new_kept + 1


def _trim(old: Sequence[bytes], new: Sequence[bytes], part: Block) -> Block:
    """The part without the lines that are equal at its beginning and at its end."""
    old_start, old_end, new_start, new_end = part.old_start, part.old_end, part.new_start, part.new_end
    while old_start < old_end and new_start < new_end and old[old_start] == new[new_start]:
        old_start, new_start = old_start + 1, new_start + 1
    while old_start < old_end and new_start < new_end and old[old_end - 1] == new[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    return Block(old_start, old_end, new_start, new_end)


def _kept_lines(old: Sequence[bytes], new: Sequence[bytes], part: Block) -> list[tuple[int, int]] | None:
    """Where the lines stand in each text that the shortest edit keeps; None where it takes too many edits.

    A line that only one of the texts has is an edit in any case, and left out before the search begins.
    """
    in_old = set(old[part.old_start : part.old_end])
    in_new = set(new[part.new_start : part.new_end])
    old_at = [at for at in range(part.old_start, part.old_end) if old[at] in in_new]
    new_at = [at for at in range(part.new_start, part.new_end) if new[at] in in_old]
    pairs = _longest_common([old[at] for at in old_at], [new[at] for at in new_at])
    return None if pairs is None else [(old_at[x], new_at[y]) for x, y in pairs]


def _longest_common(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]] | None:
    """The longest common subsequence, as pairs of places; None where more than _MAX_EDITS lines are not in it.

    On diagonal k = x - y, `reach[k]` is the farthest x that a number of edits leads to; each round allows one
    edit more, and remembers the reach that it began with.
    """
    old_size, new_size = len(old), len(new)
    if abs(old_size - new_size) > _MAX_EDITS:
        return None
    reach = {1: 0}
    rounds: list[dict[int, int]] = []
    for edits in range(min(old_size + new_size, _MAX_EDITS) + 1):
        rounds.append(reach.copy())
        for k in range(-edits, edits + 1, 2):
            x = reach[k + 1] if _goes_down(reach, k, edits) else reach[k - 1] + 1
            while x < old_size and x - k < new_size and old[x] == new[x - k]:
                x += 1
            reach[k] = x
            if x >= old_size and x - k >= new_size:
                return _walked_back(rounds, old_size, new_size)
    return None


def _goes_down(reach: dict[int, int], k: int, edits: int) -> bool:
    """Whether the farthest way onto diagonal k adds a line of the new text, rather than removes an old one."""
    return k == -edits or (k != edits and reach[k - 1] < reach[k + 1])


def _walked_back(rounds: Sequence[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for edits in range(len(rounds) - 1, -1, -1):
        reach, k = rounds[edits], x - y
        down = _goes_down(reach, k, edits)
        before = reach[k + 1] if down else reach[k - 1]
        after = before if down else before + 1
        while x > after:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = (before, before - k - 1) if down else (before, before - k + 1)
    return pairs[::-1]


def _cuts(old: Sequence[bytes], new: Sequence[bytes], part: Block) -> list[tuple[int, int]]:
    """Places where the same line stands, once in each text, in the longest order that both agree on."""
    old_count = Counter(old[part.old_start : part.old_end])
    new_count = Counter(new[part.new_start : part.new_end])
    old_at = {old[at]: at for at in range(part.old_start, part.old_end) if old_count[old[at]] == 1}
    pairs = [
        (old_at[new[at]], at)
        for at in range(part.new_start, part.new_end)
        if new_count[new[at]] == 1 and new[at] in old_at
    ]
    return _longest_increasing(pairs)


def _longest_increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest selection of the pairs, which rise in their second part, that rises in the first too."""
    ends: list[int] = []
    chosen: list[int] = []
    before: list[int] = []
    for at, (old_at, _) in enumerate(pairs):
        length = bisect_left(ends, old_at)
        before.append(chosen[length - 1] if length else -1)
        ends[length : length + 1] = [old_at]
        chosen[length : length + 1] = [at]
    selected: list[tuple[int, int]] = []
    at = chosen[-1] if chosen else -1
    while at >= 0:
        selected.append(pairs[at])
        at = before[at]
    return selected[::-1]
