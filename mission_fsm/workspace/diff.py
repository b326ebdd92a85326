"""A change set as text for people: a unified diff with the headers that git gives it.

Modes are shown in full (0600 is not rounded to 0644), and a binary file by its sizes. Lines are bytes, as they
stand in the files; whoever shows them decodes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mission_fsm.core.changes import Change, ChangeSet, Version
from mission_fsm.workspace.lines import Block, count_lines, differing, split_lines
from mission_fsm.workspace.versions import SYMLINK

_CONTEXT = 3
_NO_NEWLINE = b"\\ No newline at end of file\n"


def is_binary(data: bytes) -> bool:
    """Whether git would take it for binary: a NUL among the first 8000 bytes."""
    return b"\0" in data[:8000]


def measure(before: bytes, after: bytes) -> tuple[int, int, bool]:
    """Lines added, lines removed (both 0 for a binary file) and whether it is binary. An absent file is empty."""
    if is_binary(before) or is_binary(after):
        return 0, 0, True
    return *count_lines(before, after), False


def unified(change_set: ChangeSet, content: Callable[[str], bytes]) -> bytes:
    """The diff of all changes, in order.

    content: gives the bytes with that digest: a file's before and after, and of a link its target.
    """
    return b"".join(
        file_diff(change, *(content(version.digest) if version else b"" for version in (change.before, change.after)))
        for change in change_set.changes
    )


def file_diff(change: Change, before: bytes, after: bytes) -> bytes:
    """The diff of one change, given the bytes before and after (empty where the path is absent)."""
    if change.before and change.after and change.before.kind != change.after.kind:
        # A file that becomes a link shares nothing with it: shown as git does, one gone and one new.
        gone, made = Change(change.path, change.before, None), Change(change.path, None, change.after)
        return file_diff(gone, before, b"") + file_diff(made, b"", after)
    return b"".join(_sections(change, before, after))


def file_diff_by_sizes(change: Change) -> bytes:
    """The diff of one change that shows no more of it than modes and sizes, as that of a binary file does."""
    old, new = _quoted(f"a/{change.path}"), _quoted(f"b/{change.path}")
    lines = [b"diff --git %s %s\n" % (old, new), *_mode_lines(change.before, change.after)]
    if change.before is None or change.after is None or change.before.digest != change.after.digest:
        lines.append(_binary_line(change, old, new))
    return b"".join(lines)


def _sections(change: Change, before: bytes, after: bytes) -> Iterator[bytes]:
    if before != after and (is_binary(before) or is_binary(after)):
        yield file_diff_by_sizes(change)
        return
    old, new = _quoted(f"a/{change.path}"), _quoted(f"b/{change.path}")
    yield b"diff --git %s %s\n" % (old, new)
    yield from _mode_lines(change.before, change.after)
    if before == after:
        return
    yield b"--- %s\n" % (old if change.before else b"/dev/null")
    yield b"+++ %s\n" % (new if change.after else b"/dev/null")
    old_lines, new_lines = split_lines(before), split_lines(after)
    found = hunks(differing(old_lines, new_lines))
    for number, hunk in enumerate(found, 1):
        # As git writes a heading there: it is no part of the patch. A reviewer names one of several hunks by it.
        heading = b" hunk %d of %d" % (number, len(found)) if len(found) > 1 else b""
        yield from _hunk_lines(hunk, heading, old_lines, new_lines)


def _mode_lines(before: Version | None, after: Version | None) -> Iterator[bytes]:
    if before is None and after is not None:
        yield b"new file mode %s\n" % _mode(after)
    elif after is None and before is not None:
        yield b"deleted file mode %s\n" % _mode(before)
    elif before is not None and after is not None and before.mode != after.mode:
        yield b"old mode %s\nnew mode %s\n" % (_mode(before), _mode(after))


def _mode(version: Version) -> bytes:
    return b"120000" if version.kind == SYMLINK else b"100%03o" % version.mode


def _binary_line(change: Change, old: bytes, new: bytes) -> bytes:
    old_size, new_size = (version.size_bytes if version else 0 for version in (change.before, change.after))
    if change.before is None:
        return b"Binary file %s is new (%d bytes)\n" % (new, new_size)
    if change.after is None:
        return b"Binary file %s is deleted (%d bytes)\n" % (old, old_size)
    return b"Binary files %s and %s differ (%d and %d bytes)\n" % (old, new, old_size, new_size)


def hunks(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks, those together whose context would touch."""
    found: list[list[Block]] = []
    for block in blocks:
        if found and block.old_start - found[-1][-1].old_end <= 2 * _CONTEXT:
            found[-1].append(block)
        else:
            found.append([block])
    return found


def _hunk_lines(hunk: Sequence[Block], heading: bytes, old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    first, last = hunk[0], hunk[-1]
    lead = min(_CONTEXT, first.old_start)
    tail = min(_CONTEXT, len(old) - last.old_end)
    old_range = _range(first.old_start - lead, last.old_end + tail)
    new_range = _range(first.new_start - lead, last.new_end + tail)
    yield b"@@ -%s +%s @@%s\n" % (old_range, new_range, heading)
    at = first.old_start - lead
    for block in hunk:
        yield from _marked(b" ", old[at : block.old_start])
        yield from _marked(b"-", old[block.old_start : block.old_end])
        yield from _marked(b"+", new[block.new_start : block.new_end])
        at = block.old_end
    yield from _marked(b" ", old[at : at + tail])


def _range(start: int, end: int) -> bytes:
    """A range of lines as hunk headers write it: from 1, and an empty one by the line before it."""
    size = end - start
    if size == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start + 1 if size else start, size)


def _marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line
        if not line.endswith(b"\n"):
            yield b"\n" + _NO_NEWLINE


def _quoted(path: str) -> bytes:
    """The path as git writes it with `core.quotePath=false`: in quotes where it holds a quote or a control."""
    if path.isprintable() and '"' not in path and "\\" not in path:
        return path.encode()
    escaped = "".join(
        {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(
            character, character if character > "\x1f" and character != "\x7f" else f"\\{ord(character):03o}"
        )
        for character in path
    )
    return f'"{escaped}"'.encode()
