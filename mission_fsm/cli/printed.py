"""What a command prints, as lines for whoever watches: as they come, safe to show, and no more than can be read."""

from __future__ import annotations

from mission_fsm.core.text import plain, visible
from mission_fsm.core.wording import count

MOST_LINES = 1000
WIDTH = 200

# Of a line no more bytes are looked at.
_LONGEST = 4 * WIDTH


class Printed:
    """The output of one command, taken as it comes and given as lines."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._shown = 0
        self._left_out_bytes = 0

    def add(self, chunk: bytes) -> list[str]:
        """The lines that the chunk completes, as long as there are no more than MOST_LINES."""
        *ended, last = chunk.split(b"\n", MOST_LINES - self._shown)
        lines = []
        for line in ended:
            self._begin(line)
            lines.append(self._end())
        if self._shown < MOST_LINES:
            self._begin(last)
        else:
            self._left_out_bytes += len(last)
        return lines

    def rest(self) -> list[str]:
        """The line that was begun and not ended, and how much was left out, where there is such."""
        lines = [self._end()] if self._begun else []
        if self._left_out_bytes:
            lines.append(f"... and {count(self._left_out_bytes, 'byte')} more; `mission output` prints what is kept")
        return lines

    def _begin(self, part: bytes) -> None:
        self._begun += part[: _LONGEST - len(self._begun)]

    def _end(self) -> str:
        line, self._begun = bytes(self._begun), bytearray()
        self._shown += 1
        # Of what a line was overwritten with, a terminal shows the last.
        text = visible(plain(line.decode("utf-8", "replace")).rstrip("\n").rpartition("\n")[2])
        return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
