"""Where the hunks of a diff fit in a file, so that none lands on a block of lines that only looks like the one meant.

`git apply` looks for each hunk by itself, from where the diff says that it begins in the new file, and takes the place
that is nearest; for one that begins or ends its file, only the beginning or the end will do. Where its lines stand only
once, nothing else can be meant. Where they stand more often it is a guess, but for the place that has moved just as far
as the hunk before.
"""

from __future__ import annotations

from collections.abc import Sequence

from mission_fsm.stage import EditFailed, visible

from .diff import Hunk

_LINES_NAMED = 10


def refuse_guesses(path: str, content: bytes, hunks: Sequence[Hunk]) -> None:
    """Raise EditFailed where a hunk fits in several places of that content, and git would not take the one meant.

    A hunk that has moved just as far as the one before it has not moved on its own.
    """
    moved = 0
    landed: list[tuple[int, int]] = []
    for hunk in hunks:
        places = lines_of(content, hunk.before) if hunk.before else []
        if not places:
            continue
        taken = _taken(places, hunk, landed)
        if len(places) > 1 and taken != hunk.line + moved:
            there = "in {} places" if hunk.line in places else "not there, but in {} other places"
            named = ", ".join(map(str, places[:_LINES_NAMED])) + (" ..." if len(places) > _LINES_NAMED else "")
            raise EditFailed(
                f"{visible(path)}: the lines of the hunk for line {hunk.line} are {there.format(len(places))} "
                f"(lines {named}), so which is meant cannot be told: make the patch anew"
            )
        moved = taken - hunk.line
        landed.append((taken, hunk.grown))


def _taken(places: Sequence[int], hunk: Hunk, landed: Sequence[tuple[int, int]]) -> int:
    """The place that git takes, if any of these. landed: where hunks before are, and how many lines each adds."""

    def distance(place: int) -> tuple[int, bool]:
        away = place + sum(grown for at, grown in landed if at < place) - max(hunk.new_line, 1)
        # Of two that are as near, the later.
        return abs(away), away < 0

    if hunk.line <= 1:
        return places[0]
    return places[-1] if hunk.at_end else min(places, key=distance)


def lines_of(content: bytes, block: bytes) -> list[int]:
    """The lines, from 1, at which the block of whole lines begins in the content."""
    found = []
    ends = block.endswith(b"\n")
    place, line, counted = content.find(block), 1, 0
    while place >= 0:
        whole = place == 0 or content[place - 1 : place] == b"\n"
        if whole and (ends or place + len(block) == len(content)):
            line, counted = line + content.count(b"\n", counted, place), place
            found.append(line)
        place = content.find(block, place + 1)
    return found
