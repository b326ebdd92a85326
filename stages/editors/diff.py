"""Which files a unified or git diff is about: its headers, read as `git apply` reads them, and nothing else.

`git apply` is what reads the hunks and makes the change. What is learnt here is which files it will look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import define, field, frozen

from mission_fsm.stage import EditFailed, problem_with_path

MAX_FILE_BYTES = 64 * 1024 * 1024

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_BINARY = re.compile(rb"(?:literal|delta) (\d{1,20})")
_ESCAPE = re.compile(rb'\\([abfnrtv"\\]|[0-7]{3})')
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
# What git puts before the two paths, by its settings: a/ b/, or i/ w/ c/ o/ for index, work tree, commit, object.
_PREFIXES = frozenset({b"a", b"b", b"c", b"i", b"o", b"w", b"1", b"2"})
_SUBMODULE = 0o160000
# What git gives a file: plain, executable, a symbolic link, and what an early git gave one that its group may write.
_MODES = frozenset({0o100644, 0o100755, 0o120000, 0o100664})


@frozen
class Hunk:
    """One run of changed lines. line, new_line: where the diff says that it begins in the old file and the new, from 1.

    before: the lines of the old file that it is about, as they stand there. grown: how many more the new file has.
    at_end: whether none of them stays below the last change, as at the end of the file.
    """

    line: int
    new_line: int
    before: bytes
    grown: int
    at_end: bool


@frozen
class FileDiff:
    """The part of a diff that is about one file.

    old, new: its path before and after; None where it is absent.
    renamed, copied: whether `new` was made from another path.
    new_mode: the git mode that the diff sets, such as 0o100755, or None.
    hunks: the changed lines, in order.
    has_cr: whether one of those lines ends in CR.
    """

    old: str | None
    new: str | None
    renamed: bool = False
    copied: bool = False
    new_mode: int | None = None
    hunks: tuple[Hunk, ...] = ()
    has_cr: bool = False

    @property
    def paths(self) -> frozenset[str]:
        """The paths that it names."""
        return frozenset(path for path in (self.old, self.new) if path is not None)


@frozen
class Diff:
    """A diff's files. strip: how many leading parts its paths carry that are no part of them, 0 or 1."""

    files: tuple[FileDiff, ...]
    strip: int


def read_diff(content: bytes) -> Diff:
    """The files that a diff is about. Raises EditFailed for one that is malformed or leads out of the workspace."""
    sections = _sections(content.split(b"\n"))
    if not sections:
        raise EditFailed("the patch holds no hunk of a unified or git diff")
    strip = _strip(sections)
    return Diff(tuple(_file(section, strip) for section in sections), strip)


@define
class _Section:
    """What the lines of one file's part say, as they stand there. at: index of its first line."""

    at: int
    is_git: bool = False
    old: bytes | None = None
    new: bytes | None = None
    names: tuple[bytes, bytes] | None = None
    moved_from: bytes | None = None
    moved_to: bytes | None = None
    facts: set[str] = field(factory=set)
    hunks: list[Hunk] = field(factory=list)
    new_mode: int | None = None


# --- from lines to sections


def _sections(lines: list[bytes]) -> list[_Section]:
    sections: list[_Section] = []
    at = 0
    while at < len(lines):
        line = lines[at].removesuffix(b"\r")
        section = sections[-1] if sections else None
        if line.startswith(b"diff --git "):
            sections.append(_Section(at, is_git=True, names=_two_names(line.removeprefix(b"diff --git "))))
            at = _extended_headers(lines, at + 1, sections[-1])
        elif line.startswith(b"--- ") and at + 1 < len(lines) and lines[at + 1].startswith(b"+++ "):
            # With a git header above, these are its last two lines; else they are all the header there is.
            if section is None or "named" in section.facts or section.facts & {"hunks", "binary"}:
                section = _Section(at)
                sections.append(section)
            section.old, section.new = _name(line[4:]), _name(lines[at + 1][4:])
            section.facts.add("named")
            at += 2
        elif section is not None and (hunk := _HUNK.match(line)):
            section.facts.add("hunks")
            at = _skip_hunk(lines, at, hunk, section)
        else:
            if section is not None and line == b"GIT binary patch":
                section.facts.add("binary")
            elif section is not None and (binary := _BINARY.fullmatch(line)) and int(binary[1]) > MAX_FILE_BYTES:
                raise _bad(at, f"it makes a file larger than {MAX_FILE_BYTES // 1024**2} MiB, too large for a change")
            elif section is not None and line.startswith(b"Binary files ") and line.endswith(b" differ"):
                raise _bad(at, "a binary file differs, and its bytes are not here: make it with git diff --binary")
            at += 1
    # A plain header without a hunk is text that happens to look like one.
    return [section for section in sections if section.is_git or "hunks" in section.facts]


def _extended_headers(lines: list[bytes], at: int, section: _Section) -> int:
    """Read the lines below `diff --git` that say what happens to the file; returns where they end."""
    while at < len(lines):
        line = lines[at].removesuffix(b"\r")
        key, _, mode = line.rpartition(b" ")
        if key in {b"old mode", b"new mode", b"new file mode", b"deleted file mode"}:
            section.facts.add(key.decode())
            _mode(section, mode, at, sets=key.startswith(b"new"))
        elif line.startswith((b"rename from ", b"rename to ", b"copy from ", b"copy to ")):
            verb, direction, name = line.split(b" ", 2)
            section.facts.add(verb.decode())
            if direction == b"from":
                section.moved_from = _name(name)
            else:
                section.moved_to = _name(name)
        elif line.startswith(b"index "):
            if re.search(rb" \d+$", line):
                _mode(section, mode, at, sets=False)
        elif not line.startswith((b"similarity index ", b"dissimilarity index ")):
            break
        at += 1
    return at


def _mode(section: _Section, octal: bytes, at: int, *, sets: bool) -> None:
    try:
        mode = int(octal, 8)
    except ValueError:
        raise _bad(at, "a file's mode is octal digits, such as 100644") from None
    if mode == _SUBMODULE:
        raise _bad(at, "it changes a submodule, and only files can be changed")
    if not sets:
        return
    if mode not in _MODES:
        raise _bad(at, f"git knows no file of mode {mode:o}, only 100644, 100755 and the link 120000")
    section.new_mode = mode


def _skip_hunk(lines: list[bytes], at: int, hunk: re.Match[bytes], section: _Section) -> int:
    """Where the hunk that begins at that line ends. Its own lines may look like headers, and are none."""
    start = at
    old, new = (1 if count is None else int(count) for count in hunk.group(2, 4))
    grown = new - old
    before: list[bytes] = []
    at_end = False
    # What says that the last line has no end stands below it, and is not counted.
    while old > 0 or new > 0 or (at + 2 < len(lines) and lines[at + 1][:1] == b"\\"):
        at += 1
        line = lines[at] if at < len(lines) - 1 else b"?"
        kind = line[:1]
        if kind not in {b"", b"\r", b" ", b"-", b"+", b"\\"}:
            raise _bad(start, f"the hunk breaks off at line {at + 1}, or its numbers of lines are wrong")
        if kind not in {b"+", b"\\"}:
            old -= 1
            before.append((line[1:] if kind in {b" ", b"-"} else line) + b"\n")
        elif kind == b"\\" and lines[at - 1][:1] != b"+":
            before[-1:] = [text.removesuffix(b"\n") for text in before[-1:]]
        new -= kind not in {b"-", b"\\"}
        at_end = kind in {b"-", b"+"} or (at_end and kind == b"\\")
        if line.endswith(b"\r") and kind != b"\\":
            section.facts.add("cr")
    section.hunks.append(Hunk(int(hunk[1]), int(hunk[3]), b"".join(before), grown, at_end))
    return at + 1


# --- names


def _name(raw: bytes) -> bytes | None:
    """The name in a header line, None for /dev/null. A tab ends it: what follows is a time."""
    quoted = _QUOTED.match(raw)
    name = _unquote(quoted[1]) if quoted else raw.split(b"\t")[0].removesuffix(b"\r")
    return None if name == b"/dev/null" else name


def _unquote(quoted: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes([int(escape, 8) & 0xFF]) if len(escape) == 3 else _ESCAPED.get(escape, escape)

    return _ESCAPE.sub(one, quoted)


def _two_names(rest: bytes) -> tuple[bytes, bytes] | None:
    """The two names on a `diff --git` line, where they mean one path; others stand in the lines below it."""
    quoted = _QUOTED.match(rest)
    if quoted:
        splits: Iterable[tuple[bytes, bytes]] = [(rest[: quoted.end()], rest[quoted.end() + 1 :])]
    else:
        splits = ((rest[:at], rest[at + 1 :]) for at, char in enumerate(rest) if char == 0x20)
    for left, right in splits:
        first, second = _name(left), _name(right)
        if first and second and (first == second or _parts(first)[1] == _parts(second)[1] != b""):
            return first, second
    return None


def _parts(name: bytes) -> tuple[bytes, bytes]:
    head, _, rest = name.partition(b"/")
    return head, rest


def _strip(sections: list[_Section]) -> int:
    """How many leading parts the diff's paths carry: 1 (a/x b/x, old/x new/x) or 0 (x x).

    Where a file's two names are both there, they tell; where only files come or go, git's own prefixes do.
    """
    pairs = [
        (section.old, section.new) if "named" in section.facts else section.names or (None, None)
        for section in sections
    ]
    both = [(old, new) for old, new in pairs if old is not None and new is not None]
    if any(old != new and _parts(old)[1] == _parts(new)[1] != b"" for old, new in both):
        return 1
    if any(old == new for old, new in both):
        return 0
    names = [name for pair in pairs for name in pair if name is not None]
    return int(all(_parts(name)[0] in _PREFIXES and _parts(name)[1] for name in names))


def _file(section: _Section, strip: int) -> FileDiff:
    facts = section.facts
    old, new = (section.old, section.new) if "named" in facts else section.names or (None, None)
    old_path = _path(section.moved_from, 0, section) or _path(old, strip, section)
    new_path = _path(section.moved_to, 0, section) or _path(new, strip, section)
    if "new file mode" in facts:
        old_path = None
    if "deleted file mode" in facts:
        new_path = None
    if not facts - {"named"}:
        raise _bad(section.at, "a header stands over no change")
    if old_path is None and new_path is None:
        raise _bad(section.at, "the header does not say which file it is about")
    return FileDiff(
        old=old_path,
        new=new_path,
        renamed="rename" in facts,
        copied="copy" in facts,
        new_mode=section.new_mode,
        hunks=tuple(section.hunks),
        has_cr="cr" in facts,
    )


def _path(name: bytes | None, strip: int, section: _Section) -> str | None:
    if name is None:
        return None
    if name.startswith(b"/"):
        strip = 0  # it is refused, by the name that it has
    path = (_parts(name)[1] if strip else name).decode("utf-8", "surrogateescape")
    problem = problem_with_path(path)
    if problem:
        raise _bad(section.at, problem)
    return path


def _bad(at: int, message: str) -> EditFailed:
    return EditFailed(f"line {at + 1} of the patch: {message}")
