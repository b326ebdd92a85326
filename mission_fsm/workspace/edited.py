"""A diff that came back from an editor: what of it is as it was shown, and what is to be read as a patch.

A person who edits a diff counts no lines, so the headers of hunks are made anew, but for where each begins in the old
file; a hunk in which nothing is left to change is dropped, and so is a file of which nothing else was said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mission_fsm.errors import EditFailed
from mission_fsm.workspace.lines import split_lines

_SECTION = re.compile(rb"^(?=diff --git )", re.MULTILINE)
_HUNK = re.compile(rb"^(?=@@ -)", re.MULTILINE)
_HEADER = re.compile(rb"@@ -(\d{1,9})(?:,\d+)? \+\d+(?:,\d+)? @@")
_SAYS_MORE = re.compile(rb"^(?:(?:old|new|deleted file|new file) mode|rename|copy) ", re.MULTILINE)


def untouched(shown: Mapping[str, bytes], edited: bytes) -> tuple[tuple[str, ...], bytes]:
    """The paths whose part of the diff came back as it was shown, and all the rest of it.

    shown: the diff of each path, as it was shown.
    """
    rest = _SECTION.split(edited if edited.endswith(b"\n") else edited + b"\n")
    paths = []
    for path, diff in shown.items():
        own = [section for section in _SECTION.split(diff) if section]
        if own and all(section in rest for section in own):
            paths.append(path)
            rest = [section for section in rest if section not in own]
    return tuple(paths), b"".join(rest)


def recounted(patch: bytes) -> bytes:
    """The patch with the counts and the places in the new file that its hunks have.

    That is below a header of git, where hunks have no other end. Raises EditFailed for a line of a hunk that is none.
    """
    return b"".join(map(_recounted, _SECTION.split(patch)))


def _recounted(section: bytes) -> bytes:
    if not section.startswith(b"diff --git ") or b"\nGIT binary patch\n" in section:
        return section
    header, *found = _HUNK.split(section)
    hunks, shift = b"", 0
    for each in found:
        hunk, grown = _counted(each, shift)
        hunks, shift = hunks + hunk, shift + grown
    return header + hunks if hunks or not found or _SAYS_MORE.search(header) else b""


def _counted(hunk: bytes, shift: int) -> tuple[bytes, int]:
    """The hunk below others that add so many lines, and how many it adds. Where it begins in the new file is all that
    `git apply` goes by.
    """
    heading, *lines = split_lines(hunk)
    starts = _HEADER.match(heading)
    if starts is None:
        raise EditFailed(f"{heading.decode(errors='replace').strip()!r} is no header of a hunk")
    old = new = 0
    for line in lines:
        # Some editors take away the space of an empty line.
        kind = line[:1].strip(b"\r\n") or b" "
        if kind not in b" +-\\":
            raise EditFailed(
                f"below {heading.decode(errors='replace').strip()!r} stands {line.decode(errors='replace').strip()!r}: "
                "a line of a hunk begins with a space, + or -"
            )
        old += kind in b" -"
        new += kind in b" +"
    if not any(line.startswith((b"+", b"-")) for line in lines):
        return b"", 0
    at = int(starts[1])
    # A side without lines is said to begin at the line before.
    begins = at + (old == 0) + shift - (new == 0)
    return b"@@ -%d,%d +%d,%d @@\n" % (at, old, begins, new) + b"".join(lines), new - old
