"""The editor `replace`: exact search and replace, which must match exactly as often as the plan says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from attrs import frozen

from mission_fsm.stage import EditFailed, Editor, FileEdit, WorkspaceReader, at_least_one, option

_LINES_NAMED = 10


def _some_text(_: object, attribute: Any, value: str) -> None:
    if not value:
        raise ValueError(f"{attribute.name}: is empty, so it would match everywhere")


@frozen
class Replacement:
    """One text to be replaced by another in one file."""

    path: str = option("The file, relative to the workspace.")
    search: str = option("The text to be replaced, exactly as it stands there.", validator=_some_text)
    replace: str = option("The text to stand there instead.")
    count: int = option("How many times the text must be there.", default=1, validator=at_least_one)


class Replace(Editor):
    """Replaces text that must be there exactly; each replacement sees what those before it made."""

    name = "replace"
    options = tuple[Replacement, ...]

    def edit(
        self,
        options: tuple[Replacement, ...],
        workspace: WorkspaceReader,
        scratch: Path,  # noqa: ARG002 - it needs none
    ) -> tuple[FileEdit, ...]:
        """The files with the texts replaced, their line ends kept. Raises EditFailed."""
        contents: dict[str, bytes] = {}
        for replacement in options:
            content = contents.get(replacement.path)
            if content is None:
                content = workspace.read(replacement.path)
            if content is None:
                raise EditFailed(f"{replacement.path} is not in the workspace")
            contents[replacement.path] = replaced(content, replacement)
        return tuple(FileEdit(path, content) for path, content in contents.items())

    def paths(self, options: tuple[Replacement, ...]) -> tuple[str, ...]:
        """The files that are searched."""
        return tuple(dict.fromkeys(replacement.path for replacement in options))


def replaced(content: bytes, replacement: Replacement) -> bytes:
    """The content with the text replaced.

    In a file whose lines all end in CRLF, a line break in either text means CRLF. Raises EditFailed when the
    text is not there exactly `count` times, counting those that overlap.
    """
    search, replace = replacement.search.encode("utf-8"), replacement.replace.encode("utf-8")
    if 0 < content.count(b"\n") == content.count(b"\r\n"):
        search, replace = _with_crlf(search), _with_crlf(replace)
    places = [found.start() for found in re.finditer(b"(?=" + re.escape(search) + b")", content)]
    if len(places) != replacement.count:
        raise EditFailed(_miscounted(content, search, places, replacement))
    if content.count(search) != len(places):
        raise EditFailed(f"{replacement.path}: the places where the text to replace is found overlap")
    return content.replace(search, replace)


def _with_crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _miscounted(content: bytes, search: bytes, places: list[int], replacement: Replacement) -> str:
    expected = "once" if replacement.count == 1 else f"{replacement.count} times"
    if places:
        lines = [str(_line(content, place)) for place in places[:_LINES_NAMED]]
        more = " ..." if len(places) > _LINES_NAMED else ""
        plural = "s" if len(places) > 1 else ""
        found = f"is there {len(places)} time{plural} (line{plural} {', '.join(lines)}{more})"
    else:
        found = "is not there" + _near(content, search)
    return f"{replacement.path}: the text to replace must be there {expected}, and {found}"


def _near(content: bytes, search: bytes) -> str:
    """Where the text stands but for its white space, as a hint."""
    words = search.split()
    pattern = rb"\s+".join(re.escape(word) for word in words)
    found = re.search(pattern, content) if words else None
    return f"; at line {_line(content, found.start())} it is, but for its white space" if found else ""


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1
