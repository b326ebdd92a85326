"""The files of a workspace that git would not ignore, found without entering what it would."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mission_fsm.core.paths import is_git_name
from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.ignore import IgnoreRules, is_ignored, parse_rules
from mission_fsm.workspace.paths import Root

_MAX_RULES_BYTES = 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def walk(root: Root) -> Iterator[str]:
    """Paths of the regular files that are not ignored, sorted.

    Honoured are the .gitignore files of the workspace and its .git/info/exclude, but not what the user's own
    git configuration or a folder above the workspace says. `.git` folders, symbolic links, names that are
    not UTF-8, and folders that this user cannot read are left out.
    """
    # Folders (with a `/` at the end) and files to come, the next one last, with the rules they are under.
    stack = _entries(root, "", _exclude_rules(root))
    while stack:
        path, rules = stack.pop()
        if path.endswith("/"):
            stack += _entries(root, path, rules)
        else:
            yield path


def _entries(root: Root, base: str, rules: tuple[IgnoreRules, ...]) -> list[tuple[str, tuple[IgnoreRules, ...]]]:
    """What is to be visited in a folder, the last path first, with the rules that hold in it.

    A folder sorts as its name with the `/`, which is how it stands in the paths of its files.
    """
    try:
        fd = root.open_folder(base.split("/")[:-1])
    except (OSError, UnsafePath):
        # Gone meanwhile, or not for this user: either way there is nothing here to be found.
        return []
    try:
        with os.scandir(fd) as entries:
            names = [
                f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
                if _may_be_listed(entry)
            ]
        if ".gitignore" in names:
            own = parse_rules(_read_small(fd, ".gitignore"), base)
            rules = (*rules, own) if own else rules
    finally:
        os.close(fd)
    names.sort(reverse=True)
    return [
        (base + name, rules)
        for name in names
        if not is_ignored(rules, base + name.removesuffix("/"), is_folder=name.endswith("/"))
    ]


def _may_be_listed(entry: os.DirEntry[str]) -> bool:
    if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
        return False
    name = entry.name
    # What cannot be decoded stands in the name as half of a surrogate pair, which cannot be encoded again.
    return not is_git_name(name) and (name.isascii() or name.encode("utf-8", "ignore") == os.fsencode(name))


def _exclude_rules(root: Root) -> tuple[IgnoreRules, ...]:
    try:
        fd = root.open_folder((".git", "info"))
    except (OSError, UnsafePath):
        # No repository here, or one whose .git is a file that points elsewhere.
        return ()
    try:
        rules = parse_rules(_read_small(fd, "exclude"))
    finally:
        os.close(fd)
    return (rules,) if rules else ()


def _read_small(folder: int, name: str) -> bytes:
    """The file's first bytes, or none where it cannot be read: as for git, it then says nothing."""
    try:
        fd = os.open(name, _READ, dir_fd=folder)
        with os.fdopen(fd, "rb") as file:
            return file.read(_MAX_RULES_BYTES)
    except OSError:
        return b""
