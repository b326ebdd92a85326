"""A part of a change set: some of its files, or some hunks of them, as a reviewer chooses from the diff that is shown.

Hunks are chosen from a file's text alone. What is no text, comes or goes, becomes something else or changes its mode,
is chosen whole; and of a file that is only moved, both its places or none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from attrs import frozen

from mission_fsm.core.changes import Change, ChangeSet
from mission_fsm.core.globs import matches_any, problem_with
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.core.wording import count
from mission_fsm.errors import UsageError
from mission_fsm.workspace.diff import hunks, is_binary
from mission_fsm.workspace.lines import differing, split_lines
from mission_fsm.workspace.versions import FILE, SYMLINK

Content = Callable[[str], bytes]
"""Gives the bytes of a version, before or after, by its digest."""

_HUNKS = re.compile(r"(?P<path>.+):(?P<numbers>\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*)", re.DOTALL)


@frozen
class Selection:
    """What was chosen, as edits of the files as they were before. left_out: paths, and hunks as `path:1,3`."""

    edits: tuple[FileEdit, ...]
    left_out: tuple[str, ...]


def names_hunks(word: str) -> bool:
    """Whether a word is written as hunks are: `path:1,3-5`."""
    return _HUNKS.fullmatch(word) is not None


def select(change_set: ChangeSet, files: Iterable[str], hunk_specs: Iterable[str], content: Content) -> Selection:
    """The files that a glob matches, whole, and of others the hunks that are named, as `path:1,3-5`.

    Raises UsageError, with what there is to choose from, for a glob or a path that means nothing here, for a hunk
    that is not there, and for a part of what can be chosen only whole.
    """
    whole = _matching(change_set, tuple(files))
    named = _named(change_set, hunk_specs)
    both = sorted(whole & named.keys())
    if both:
        raise UsageError(f"{both[0]} is chosen whole and by hunks: choose one of these")
    chosen: list[FileEdit] = []
    left_out: list[str] = []
    for change in change_set.changes:
        if change.path in whole:
            chosen.append(edit_of(change, content))
        elif change.path in named:
            edit, rest = _partial(change, named[change.path], content)
            chosen.append(edit)
            left_out += rest
        else:
            left_out.append(change.path)
    _refuse_half_moves(change_set, {edit.path for edit in chosen})
    return Selection(tuple(chosen), tuple(left_out))


def differences(change_set: ChangeSet, revised: ChangeSet, content: Content) -> tuple[str, ...]:
    """What of a change set does not stand in another as it is: paths, and hunks as `path:1,3`."""
    others = {change.path: change for change in revised.changes}
    found: list[str] = []
    for change in change_set.changes:
        other = others.get(change.path)
        if other is None:
            found.append(change.path)
        elif other != change:
            own, theirs = _pieces(change, content), _pieces(other, content)
            lost = [number for number, piece in enumerate(own, 1) if piece not in theirs]
            found.append(f"{change.path}:{','.join(map(str, lost))}" if lost else change.path)
    return tuple(found)


def edit_of(change: Change, content: Content) -> FileEdit:
    """The whole change of one path, as the edit that makes it."""
    after = change.after
    if after is None:
        return FileEdit(change.path, None)
    data = content(after.digest)
    if after.kind == SYMLINK:
        return FileEdit(change.path, None, link_target=os.fsdecode(data))
    return FileEdit(change.path, data, after.mode)


def with_hunks(before: bytes, after: bytes, numbers: Collection[int]) -> bytes:
    """The text before with those hunks of its diff applied, which are counted from 1."""
    old, new = split_lines(before), split_lines(after)
    lines: list[bytes] = []
    at = 0
    for number, hunk in enumerate(hunks(differing(old, new)), 1):
        for block in hunk if number in numbers else ():
            lines += old[at : block.old_start] + new[block.new_start : block.new_end]
            at = block.old_end
    return b"".join(lines + old[at:])


def _matching(change_set: ChangeSet, globs: Sequence[str]) -> set[str]:
    for glob in globs:
        problem = problem_with(glob)
        if problem is not None:
            raise UsageError(problem)
        if not any(matches_any([glob], path) for path in change_set.paths):
            raise UsageError(f"no file of the change matches {glob!r}; it has {', '.join(change_set.paths)}")
    return {path for path in change_set.paths if matches_any(globs, path)}


def _named(change_set: ChangeSet, specs: Iterable[str]) -> dict[str, list[range]]:
    named: dict[str, list[range]] = {}
    for spec in specs:
        found = _HUNKS.fullmatch(spec)
        if found is None:
            raise UsageError(f"hunks are written as PATH:1,3-5, with the numbers of the diff, and not {spec!r}")
        if found["path"] not in change_set.paths:
            raise UsageError(f"the change has no file {found['path']!r}; it has {', '.join(change_set.paths)}")
        for part in found["numbers"].split(","):
            first, _, last = part.partition("-")
            named.setdefault(found["path"], []).append(range(int(first), int(last or first) + 1))
    return named


def _partial(change: Change, numbers: Sequence[range], content: Content) -> tuple[FileEdit, list[str]]:
    """The edit that those hunks come to, and which were left out."""
    before, after = _texts(change, content)
    there = len(_pieces(change, content))
    for part in numbers:
        if not part or part[0] < 1 or part[-1] > there:
            shown = f"{part.start}" if len(part) == 1 else f"{part.start}-{part.stop - 1}"
            raise UsageError(f"the diff of {change.path} has no hunk {shown}: it has {count(there, 'hunk')}")
    left = [number for number in range(1, there + 1) if not any(number in part for part in numbers)]
    if not left:
        return edit_of(change, content), []
    if change.before is None or not _changes_text_alone(change):
        raise UsageError(f"{change.path} changes its mode or kind as well as its text: choose it whole, or not at all")
    text = with_hunks(before, after, frozenset(range(1, there + 1)).difference(left))
    return FileEdit(change.path, text, change.before.mode), [f"{change.path}:{','.join(map(str, left))}"]


def _texts(change: Change, content: Content) -> tuple[bytes, bytes]:
    before, after = (content(version.digest) if version else b"" for version in (change.before, change.after))
    return before, after


def _pieces(change: Change, content: Content) -> list[list[tuple[int, int, list[bytes]]]]:
    """The hunks of a change's diff: of each block, which lines it takes the place of, and with which."""
    before, after = _texts(change, content)
    if is_binary(before) or is_binary(after):
        return []
    old, new = split_lines(before), split_lines(after)
    return [
        [(block.old_start, block.old_end, new[block.new_start : block.new_end]) for block in hunk]
        for hunk in hunks(differing(old, new))
    ]


def _changes_text_alone(change: Change) -> bool:
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    return before.kind == after.kind == FILE and before.mode == after.mode


def _refuse_half_moves(change_set: ChangeSet, chosen: Collection[str]) -> None:
    """Raise UsageError where one place of a file that is moved is chosen, and the other is not."""
    gone = _by_digest(change for change in change_set.changes if change.after is None)
    made = _by_digest(change for change in change_set.changes if change.before is None)
    for digest in gone.keys() & made.keys():
        for source in gone[digest]:
            for place in made[digest]:
                if (source in chosen) != (place in chosen):
                    raise UsageError(f"{source} is moved to {place}: choose both of them, or neither")


def _by_digest(changes: Iterable[Change]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in changes:
        version = change.after or change.before
        if version is not None and version.size_bytes:
            found.setdefault(version.digest, []).append(change.path)
    return found
