"""Which paths may name a file of a workspace: relative, with `/` between the parts, one name for each file."""

from __future__ import annotations

import re
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
    if any(is_git_name(part) for part in parts):
        return f"path {path!r} lies in git's own folder, which no mission reads or writes"
    return None


def overlap(one: str, other: str) -> bool:
    """Whether two absolute paths of folders are the same, or one lies in the other."""
    above, below = sorted((one.rstrip("/") + "/", other.rstrip("/") + "/"), key=len)
    return below.startswith(above)


def _is_unicode(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_git_name(part: str) -> bool:
    """Whether some file system that a workspace may lie on takes the name for `.git`.

    HFS+ passes over characters without a shape; FAT and NTFS over dots and spaces at the end and what follows a
    colon or backslash, and know `.git` by a short name too.
    """
    if part.isascii() and part[:1] not in {".", "g", "G"}:
        # Nearly every name; the rest looks at what may be disguised.
        return False
    shaped = "".join(char for char in part if unicodedata.category(char) != "Cf")
    return re.split(r"[:\\]", shaped)[0].rstrip(". ").casefold() in {".git", "git~1"}
