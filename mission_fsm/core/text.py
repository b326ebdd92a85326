"""Text from outside, made fit to be shown: nothing in it can act on a terminal or mislead its reader.

What nobody would see is named in brackets, `⟦U+202E⟧`, and so is every `⟦` that the text itself has. Therefore two
texts that differ are shown differently, and ordinary text, with its backslashes, is shown as it is. Letters that
look like others, and accents composed in another way, are not told apart.
"""

from __future__ import annotations

import re

# Control sequences of ECMA-48: CSI with its parameters, OSC up to its end, and the two-character ones.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_RULE = re.compile(r"[\s=\-_*~#.]*")
# Blanks, fillers and selectors that count as printable and leave nothing, or nothing but room, on a screen.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159") | {
    chr(code) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for code in range(first, last + 1)
}
_LINE_END = re.compile(r"(?<=[^\n])[ \t]+(?=\n|\Z)")


def plain(text: str) -> str:
    """The text without a terminal's colours and cursor movements, with LF as its only line end."""
    return _SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def visible(text: str) -> str:
    """The text with each character that leaves nothing to be seen, line breaks and tabs aside, named in brackets.

    A byte that was decoded with `surrogateescape` is shown as one: `⟦0xFF⟧`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\n\t" or _is_seen(char) else _named(char) for char in text)


def visible_diff(diff: str) -> str:
    """The unified diff made visible, the spaces and tabs that a line ends in too; not what marks an empty line."""
    return _LINE_END.sub(lambda found: "".join(map(_named, found[0])), visible(diff))


def _is_seen(char: str) -> bool:
    return char.isprintable() and char != "⟦" and char not in _UNSEEN


def _named(char: str) -> str:
    code = ord(char)
    return f"⟦0x{code - 0xDC00:02X}⟧" if 0xDC80 <= code <= 0xDCFF else f"⟦U+{code:04X}⟧"


def tail(text: str, lines: int, width: int = 200) -> tuple[str, ...]:
    """The last lines that say something, made visible; blank ones and drawn rules do not. Long ones are cut."""
    saying = [line.rstrip() for line in plain(text[-lines * 2000 :]).splitlines() if not _RULE.fullmatch(line)]
    cut = (line if len(line) <= width else line[: width - 1] + "…" for line in saying[-lines:])
    return tuple(visible(line) for line in cut)
