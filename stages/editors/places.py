"""Where the hunks of a diff fit in a file, so that none lands on a block of lines that only looks like the one meant.

`git apply` takes a hunk whose lines are not where the diff says to the nearest place where they are. Where there is
only one such place, nothing else can be meant. Where there are more, it would be a guess.
"""

from __future__ import annotations

from collections.abc import Sequence

from mission_fsm.stage import EditFailed, visible

from .diff import Hunk

_LINES_NAMED = 10


def refuse_guesses(path: str, content: bytes, hunks: Sequence[Hunk]) -> None:
    """Raise EditFailed where a hunk has moved in the file with that content, and fits in more than one place.

    A hunk that has moved just as far as the one before it has not moved on its own.
    """
    moved = 0
    for hunk in hunks:
        places = lines_of(content, hunk.before) if hunk.before else []
        if places and hunk.line + moved not in places:
            if len(places) > 1:
                named = ", ".join(map(str, places[:_LINES_NAMED])) + (" ..." if len(places) > _LINES_NAMED else "")
                raise EditFailed(
                    f"{visible(path)}: the lines of the hunk for line {hunk.line} are not there, but in {len(places)} "
                    f"other places (lines {named}), so which is meant cannot be told: make the patch anew"
                )
            moved = places[0] - hunk.line


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
