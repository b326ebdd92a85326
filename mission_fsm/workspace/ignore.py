"""What .gitignore files say about one entry of a folder, as gitignore(5) and git's own matching have it.

The verdict is taken entry by entry on the way down, because that is how git decides: of the lines that match the
entry itself the last one wins, the nearest file's lines before a farther one's, and an ignored folder is never
entered. Each line is one regular expression for the path below its file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

# In ASCII, whatever the locale, as git has them.
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_NAMED_CLASS = re.compile(r"\[:(\w*):\]")
# Possessive: the folders before the name are taken whole, and not tried again in part.
_ANYWHERE = "(?:.*/)?+"


@frozen
class IgnoreLine:
    """One line of an ignore file.

    ignores: what it says of what it matches; False for a line that begins with `!`.
    folders_only: whether it speaks of folders alone.
    """

    ignores: bool
    folders_only: bool
    pattern: re.Pattern[str]


@frozen
class IgnoreRules:
    """The lines of one ignore file.

    base: the folder that they are about, with a `/` at its end; empty for the workspace.
    any_line: matches whatever one of the lines does: most entries are settled by this alone.
    """

    base: str
    lines: tuple[IgnoreLine, ...]
    any_line: re.Pattern[str]

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the entry at the path is ignored, or None where no line is about it."""
        below = path[len(self.base) :]
        if self.any_line.fullmatch(below) is None:
            return None
        for line in reversed(self.lines):
            if (is_folder or not line.folders_only) and line.pattern.fullmatch(below):
                return line.ignores
        return None


def is_ignored(rules: Sequence[IgnoreRules], path: str, *, is_folder: bool) -> bool:
    """Whether the rules, the farthest folder's first, ignore the entry at the path."""
    for each in reversed(rules):
        verdict = each.verdict(path, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def parse_rules(text: bytes, base: str = "") -> IgnoreRules | None:
    """The rules in an ignore file's bytes, or None where it holds none."""
    named: list[str] = []
    placed: list[str] = []
    lines: list[IgnoreLine] = []
    for text_line in text.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n"):
        line = _without_trailing_spaces(text_line.removesuffix("\r"))
        negated = line.startswith("!")
        path = line.removeprefix("!") if negated else line
        name = path.removesuffix("/")
        if not name or line.startswith("#"):
            continue
        # A slash that is not at its end ties a line to its file's folder; else it is about names anywhere.
        expression = _expression(name.removeprefix("/"))
        if expression is None:
            continue
        (placed if "/" in name else named).append(expression)
        whole = expression if "/" in name else _ANYWHERE + expression
        lines.append(IgnoreLine(not negated, path.endswith("/"), re.compile(whole, re.DOTALL)))
    if not lines:
        return None
    names = [f"{_ANYWHERE}(?:{'|'.join(named)})"] if named else []
    return IgnoreRules(base, tuple(lines), re.compile("|".join([*names, *placed]), re.DOTALL))


def _without_trailing_spaces(line: str) -> str:
    """Spaces at the end do not count, unless a backslash is before them."""
    bare = line.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 and bare != line else bare


def _expression(glob: str) -> str | None:
    """The regular expression for a path pattern, or None for one that never matches."""
    made = ""
    at = 0
    while at < len(glob):
        character = glob[at]
        if character == "*":
            end = at
            while end < len(glob) and glob[end] == "*":
                end += 1
            whole_part = end - at > 1 and (at == 0 or glob[at - 1] == "/") and (end == len(glob) or glob[end] == "/")
            if whole_part and end < len(glob):
                made, at = made + "(?:.*/)?", end + 1
            else:
                made, at = made + (".*" if whole_part else "[^/]*"), end
        elif character == "?":
            made, at = made + "[^/]", at + 1
        elif character == "[":
            bracket = _bracket(glob, at + 1)
            if bracket is None:
                return None
            made, at = made + bracket[0], bracket[1]
        else:
            if character == "\\":
                at += 1
                if at == len(glob):
                    return None
            made, at = made + re.escape(glob[at]), at + 1
    return made


def _bracket(glob: str, at: int) -> tuple[str, int] | None:
    """The expression for the set that begins after a `[`, and where the rest begins; None where it is not closed."""
    negated = glob[at : at + 1] in {"!", "^"}
    at += negated
    members: list[str] = []
    first = at
    while glob[at : at + 1] != "]" or at == first:
        named = _NAMED_CLASS.match(glob, at)
        if named:
            if named[1] not in _CLASSES:
                return None
            members.append(_CLASSES[named[1]])
            at = named.end()
            continue
        low = _member(glob, at)
        if low is None:
            return None
        character, at = low
        high = _member(glob, at + 1) if glob[at : at + 1] == "-" and glob[at + 1 : at + 2] != "]" else None
        members.append(re.escape(character))
        if high is not None:
            if character <= high[0]:
                members.append(f"{re.escape(character)}-{re.escape(high[0])}")
            at = high[1]
    # Not even a set that is turned round holds the slash.
    return f"(?!/)[{'^' if negated else ''}{''.join(members)}]", at + 1


def _member(glob: str, at: int) -> tuple[str, int] | None:
    """The character of a set at that place, without its backslash, and where the next one begins."""
    at += glob[at : at + 1] == "\\"
    return (glob[at], at + 1) if at < len(glob) else None
