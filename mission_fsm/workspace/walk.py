"""The files of a workspace that git would not ignore, found without entering what it would."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator

from mission_fsm.core.paths import is_git_name
from mission_fsm.errors import UnsafePath
from mission_fsm.stage import FolderFiles, stamp_of
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
    stack = _entries(root, "", exclude_rules(root))
    while stack:
        path, rules = stack.pop()
        if path.endswith("/"):
            stack += _entries(root, path, rules)
        else:
            yield path


def survey(root: Root) -> Iterator[FolderFiles]:
    """The same files, folder by folder in no order, each with its stamp. A folder without files is left out."""
    stack = [("", exclude_rules(root))]
    while stack:
        base, rules = stack.pop()
        try:
            fd = root.open_folder(base.split("/")[:-1])
        except (OSError, UnsafePath):
            continue
        try:
            names, rules = _listed(fd, base, rules)
            files: list[str] = []
            stamps = array("q")
            for name in names:
                if name.endswith("/"):
                    stack.append((base + name, rules))
                    continue
                try:
                    stamps.extend(stamp_of(os.stat(name, dir_fd=fd, follow_symlinks=False)))
                except OSError:  # gone since the folder was listed, or not for this user
                    continue
                files.append(name)
        finally:
            os.close(fd)
        if files:
            yield FolderFiles(base, tuple(files), stamps)


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
        names, rules = _listed(fd, base, rules)
    finally:
        os.close(fd)
    return [(base + name, rules) for name in reversed(names)]


def _listed(fd: int, base: str, rules: tuple[IgnoreRules, ...]) -> tuple[list[str], tuple[IgnoreRules, ...]]:
    """The names of what is to be visited in the open folder, sorted, and the rules that hold in it."""
    with os.scandir(fd) as entries:
        names = [name for entry in entries if (name := _name_if_listed(entry))]
    if ".gitignore" in names:
        own = rules_in(fd, base)
        rules = (*rules, own) if own else rules
    names.sort()
    if rules:
        names = [
            name for name in names if not is_ignored(rules, base + name.removesuffix("/"), is_folder=name.endswith("/"))
        ]
    return names, rules


def _name_if_listed(entry: os.DirEntry[str]) -> str | None:
    """The entry's name, a folder's with the `/`; None for what is left out whatever the rules say."""
    name = entry.name
    # What cannot be decoded stands in the name as half of a surrogate pair, which cannot be encoded again.
    if is_git_name(name) or not (name.isascii() or name.encode("utf-8", "ignore") == os.fsencode(name)):
        return None
    if entry.is_file(follow_symlinks=False):
        return name
    return f"{name}/" if entry.is_dir(follow_symlinks=False) else None


def rules_in(fd: int, base: str) -> IgnoreRules | None:
    """The rules in the .gitignore of the open folder, None where it says nothing. base: its path, with a `/`."""
    return parse_rules(rules_text(fd), base)


def rules_text(fd: int) -> bytes:
    """What stands in the .gitignore of the open folder; nothing where it cannot be read."""
    return _read_small(fd, ".gitignore")


def exclude_rules(root: Root) -> tuple[IgnoreRules, ...]:
    """The rules in the workspace's .git/info/exclude, where it has one."""
    rules = parse_rules(exclude_text(root))
    return (rules,) if rules else ()


def exclude_text(root: Root) -> bytes:
    """What stands in the workspace's .git/info/exclude; nothing where it has none."""
    try:
        fd = root.open_folder((".git", "info"))
    except (OSError, UnsafePath):
        # No repository here, or one whose .git is a file that points elsewhere.
        return b""
    try:
        return _read_small(fd, "exclude")
    finally:
        os.close(fd)


def _read_small(folder: int, name: str) -> bytes:
    """The file's first bytes, or none where it cannot be read: as for git, it then says nothing."""
    try:
        fd = os.open(name, _READ, dir_fd=folder)
        with os.fdopen(fd, "rb") as file:
            return file.read(_MAX_RULES_BYTES)
    except OSError:
        return b""
