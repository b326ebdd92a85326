"""Path globs, for scope contracts and grants: which of a workspace's paths a pattern means.

A glob is matched against a whole path, relative to the workspace, with `/` between its parts, and case counts:

    *           any characters within one part      src/*.py        src/a.py, not src/b/a.py
    ?           one character within one part       v?.txt          v1.txt
    [ab] [!ab]  one of, or none of, these           log[0-9]        log7
    **          as a whole part: any number of      **/test_*.py    test_a.py, src/deep/test_b.py
                parts, none too; at the end,        src/**          everything below src
                at least one
    /           at the end: everything below        src/            the same

What a contract forbids must never slip through a pattern that its author mistyped, so a glob that has a problem
matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# `[` may hold `]` as its first member, as the shell has it. A `[` that nothing closes is a sign of its own.
_SIGN = re.compile(r"\*+|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_MEMBERS = re.compile(r"(.)-(.)|(.)", re.DOTALL)


def matches(glob: str, path: str) -> bool:
    """Whether the glob means that path."""
    pattern = _compiled(glob)
    return pattern is not None and pattern.fullmatch(path) is not None


def matches_any(globs: Iterable[str], path: str) -> bool:
    """Whether one of the globs means that path."""
    return any(matches(glob, path) for glob in globs)


def escaped(path: str) -> str:
    """A glob that means that path; a backslash, which no glob may hold, stands in it as any one character."""
    return re.sub(r"[*?\[]", lambda sign: f"[{sign[0]}]", path).replace("\\", "?")


@lru_cache(maxsize=1024)
def problem_with(glob: str) -> str | None:
    """What is wrong with a glob, in a sentence, or None."""
    if not glob:
        return "a glob is empty: write ** for every path"
    if "\0" in glob:
        return f"glob {glob!r} holds a NUL character, which no path has"
    if "\\" in glob:
        return f"glob {glob!r} holds a backslash: parts of a path are separated by /"
    if glob.startswith("/"):
        return f"glob {glob!r} is absolute: globs are relative to the workspace"
    parts = glob.removesuffix("/").split("/")
    if ".." in parts:
        return f"glob {glob!r} leads out of its folder by .."
    if "." in parts or "" in parts:
        return f"glob {glob!r} has an empty part or a part that is only a dot: leave it out"
    if any("**" in part and part != "**" for part in parts):
        return f"glob {glob!r}: ** stands for whole parts of a path, so it must stand alone, as in src/**/*.py"
    if not all(_is_sound(sign) for part in parts for sign in _SIGN.findall(part)):
        return f"glob {glob!r} has a malformed bracket: write [[] for a bracket itself"
    return None


def _is_sound(sign: str) -> bool:
    if not sign.startswith("["):
        return True
    members = _members(sign) if sign.endswith("]") else []
    return bool(members) and all(first <= last for first, last, _ in members)


def _members(bracket: str) -> list[tuple[str, str, str]]:
    return _MEMBERS.findall(bracket[1:-1].removeprefix(bracket[1] if bracket[1] in "!^" else ""))


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str] | None:
    if problem_with(glob):
        return None
    runs: list[list[str]] = [[]]
    for part in (glob + "**" if glob.endswith("/") else glob).split("/"):
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_part(part))
    first, *later = runs
    if not later:
        return re.compile("/".join(first))
    # Between two `**`, the first place where a run of parts fits is as good as any later one. The atomic groups
    # (?>...) say so to the matcher, which therefore never tries them all: no glob takes exponential time.
    *middle, last = later
    regex = "".join(part + "/" for part in first)
    regex += "".join(f"(?>(?:[^/]+/)*?{'/'.join(run)}/)" for run in middle if run)
    regex += f"(?:[^/]+/)*{'/'.join(last)}" if last else ".+"
    return re.compile(regex, re.DOTALL)


def _part(part: str) -> str:
    """A regular expression for one part. The stars between its pieces are atomic, as in `_compiled`."""
    pieces = [""]
    for sign in _SIGN.findall(part):
        if sign == "*":
            pieces.append("")
        else:
            pieces[-1] += _one(sign)
    first, *later = pieces
    if not later:
        return first
    *middle, last = later
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle) + "[^/]*" + last


def _one(sign: str) -> str:
    """A regular expression for one character of a path, which is never the `/` between its parts."""
    if sign == "?":
        return "[^/]"
    if not sign.startswith("["):
        return re.escape(sign)
    inside = "".join(f"{re.escape(a)}-{re.escape(b)}" if a else re.escape(c) for a, b, c in _members(sign))
    return f"(?!/)[{'^' if sign[1] in '!^' else ''}{inside}]"
