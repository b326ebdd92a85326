"""Text from outside, made fit to be shown: nothing in it can act on a terminal or mislead its reader."""

from __future__ import annotations

import re

# Control sequences of ECMA-48: CSI with its parameters, OSC up to its end, and the two-character ones.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_RULE = re.compile(r"[\s=\-_*~#.]*")


def plain(text: str) -> str:
    """The text without a terminal's colours and cursor movements, with LF as its only line end."""
    return _SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def visible(text: str) -> str:
    """The text with each character that does not print, line breaks and tabs aside, as its Python escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode("ascii") for char in text
    )


def tail(text: str, lines: int, width: int = 200) -> tuple[str, ...]:
    """The last lines that say something, made visible; blank ones and drawn rules do not. Long ones are cut."""
    saying = [line.rstrip() for line in plain(text[-lines * 2000 :]).splitlines() if not _RULE.fullmatch(line)]
    cut = (line if len(line) <= width else line[: width - 1] + "…" for line in saying[-lines:])
    return tuple(visible(line) for line in cut)
