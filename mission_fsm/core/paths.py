"""Which paths may name a file of a workspace: relative, with `/` between the parts, one name for each file."""

from __future__ import annotations

import unicodedata


def problem_with_path(path: str) -> str | None:
    """Why the path cannot name a file of a workspace, in a sentence, or None. The file need not be there.

    Says nothing about symbolic links, which only the workspace itself knows.
    """
    if not path:
        return "a path is empty"
    if "\0" in path:
        return f"path {path!r} holds a NUL character, which no path can"
    if not _is_unicode(path):
        return f"path {path!r} is not UTF-8"
    if path.startswith("/"):
        return f"path {path!r} is absolute: paths are relative to the workspace"
    parts = path.split("/")
    if ".." in parts:
        return f"path {path!r} leads out of its folder by .."
    if "." in parts or "" in parts:
        return f"path {path!r} has an empty part or a part that is only a dot: leave it out"
    if any(_is_git(part) for part in parts):
        return f"path {path!r} lies in git's own folder, which no mission writes to"
    return None


def _is_unicode(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_git(part: str) -> bool:
    """Whether a part means `.git`, on file systems too that pass over case and over characters without a shape."""
    return "".join(char for char in part if unicodedata.category(char) != "Cf").casefold() == ".git"
