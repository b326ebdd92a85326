"""The form in which a model answers with edits: what it is told of it, how an answer is read, what comes of it.

It is lines of text rather than JSON: small models seldom manage to escape code. Whatever could be meant in two ways is
refused, with a sentence that the model can act on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from mission_fsm.stage import FileEdit, UnsafePath, WorkspaceError, WorkspaceReader, matches_any, problem_with_path

_SEARCH, _DIVIDER, _REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
_WRITE, _WRITTEN = "<<<<<<< WRITE", ">>>>>>> WRITE"
_FENCES = frozenset({_SEARCH, _REPLACE, _WRITE, _WRITTEN})
_FILE = re.compile(r"[#*`\s]*FILE:[*`\s]*(?P<path>.+?)[*`\s]*")
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)

FORM = f"""\
Answer with edits in exactly this form. To change lines of a file:

FILE: path/of/the/file
{_SEARCH}
the lines as they stand in the file now
{_DIVIDER}
the lines to stand there instead
{_REPLACE}

Copy the lines of SEARCH from the file, whole and with their indentation, and so many of them that they are there \
exactly once. Give only the lines that change, and a few around them. To make a new file, or write one anew:

FILE: path/of/the/file
{_WRITE}
all lines of the file
{_WRITTEN}

Give as many edits as it takes. Use no line numbers, and no other form."""
"""What the model is told."""

# Small models follow an example where they do not follow a description.
EXAMPLE = (
    """\
Do this now: Greet whoever is named, and note that in NOTES.txt

FILE: hello.py
<<<<<<< CONTENT
def greet(name):
    print("Hello!")
>>>>>>> CONTENT""",
    f"""\
FILE: hello.py
{_SEARCH}
    print("Hello!")
{_DIVIDER}
    print(f"Hello, {{name}}!")
{_REPLACE}

FILE: NOTES.txt
{_WRITE}
The greeting has a name in it.
{_WRITTEN}""",
)
"""A question of the kind that it is asked, and an answer to it."""


class UnusableAnswer(Exception):
    """An answer from which no edit can be made. Its text says why, to the model as to a person."""


@frozen
class Shown:
    """A file as the model was shown it, or parts of it. text: all of it, with LF ends; crlf: whether it has others."""

    path: str
    text: str
    crlf: bool
    whole: bool


@frozen
class Rewrite:
    """A file, to be written whole."""

    path: str
    text: str


@frozen
class Swap:
    """Whole lines of a file, to be replaced by others. Both end in a line break, or are empty."""

    path: str
    search: str
    replace: str


def read_answer(answer: str) -> tuple[Rewrite | Swap, ...]:
    """The edits in an answer; what stands around them is passed over. Raises UnusableAnswer."""
    lines = iter(_THOUGHTS.sub("", answer.replace("\r\n", "\n")).split("\n"))
    edits: list[Rewrite | Swap] = []
    path = None
    for line in lines:
        mark = line.rstrip()
        if named := _FILE.fullmatch(line):
            path = named["path"]
        elif mark in _FENCES:
            if path is None:
                raise UnusableAnswer(f"no FILE: line stands before the first {mark}")
            edits.append(_edit(mark, path, lines))
    if not edits:
        raise UnusableAnswer("it holds no edit in the form that was asked for")
    return tuple(edits)


def _edit(mark: str, path: str, lines: Iterator[str]) -> Rewrite | Swap:
    if mark == _WRITE:
        return Rewrite(path, _until(_WRITTEN, path, lines, _FENCES))
    if mark != _SEARCH:
        raise UnusableAnswer(f"{path}: {mark} ends what has not begun")
    search = _until(_DIVIDER, path, lines, _FENCES)
    if not search.strip():
        raise UnusableAnswer(f"{path}: SEARCH is empty: to write a whole file, use WRITE")
    return Swap(path, search, _until(_REPLACE, path, lines, _FENCES | {_DIVIDER}))


def _until(end: str, path: str, lines: Iterator[str], marks: frozenset[str]) -> str:
    """The text up to the line that ends it. marks: the lines that may not come before."""
    found: list[str] = []
    for line in lines:
        mark = line.rstrip()
        if mark == end:
            return "".join(f"{line}\n" for line in found)
        if mark in marks:
            raise UnusableAnswer(f"{path}: {mark} stands where {end} was to come first")
        found.append(line)
    raise UnusableAnswer(f"{path}: the answer ends before {end}")


def post_images(
    edits: tuple[Rewrite | Swap, ...], shown: Mapping[str, Shown], workspace: WorkspaceReader, scope: tuple[str, ...]
) -> tuple[FileEdit, ...]:
    """The files as the edits leave them, those alone that they change; each edit sees what those before it made.

    shown: what the model was shown, by path: nothing else of what is there may be changed.
    scope: globs of the paths that may be changed at all.
    Raises UnusableAnswer.
    """
    texts: dict[str, str] = {}
    for edit in edits:
        file = shown.get(edit.path)
        if problem := _problem_with(edit, file, workspace, scope):
            raise UnusableAnswer(problem)
        if isinstance(edit, Rewrite):
            texts[edit.path] = edit.text
        else:
            texts[edit.path] = _swapped(texts.get(edit.path, file.text if file else ""), edit)
    changed = {path: text for path, text in texts.items() if path not in shown or text != shown[path].text}
    if not changed:
        raise UnusableAnswer("its edits change nothing: the files are as they would leave them")
    return tuple(FileEdit(path, _encoded(path, text, shown.get(path))) for path, text in changed.items())


def _problem_with(
    edit: Rewrite | Swap, file: Shown | None, workspace: WorkspaceReader, scope: tuple[str, ...]
) -> str | None:
    path = edit.path
    if problem := problem_with_path(path):
        return problem
    if not matches_any(scope, path):
        return f"{path} may not be changed, only {', '.join(scope)}"
    if file is None:
        try:
            there = workspace.read(path) is not None
        except (UnsafePath, WorkspaceError) as error:
            return str(error)
        if there or isinstance(edit, Swap):
            return f"{path} is not among the files that were shown" + ("" if there else ", and it is not there")
    elif isinstance(edit, Rewrite) and not file.whole:
        return f"{path} was shown in part only, so it cannot be written anew: use SEARCH"
    return None


def _swapped(text: str, swap: Swap) -> str:
    # Whole lines: with a line break before the first one and after the last one, each stands between two.
    ended = text if text.endswith("\n") or not text else f"{text}\n"
    within, search = f"\n{ended}", f"\n{swap.search}"
    at = within.find(search)
    if at < 0:
        raise UnusableAnswer(f"{swap.path}: the lines of SEARCH are not there{_near(text, swap.search)}")
    if within.find(search, at + 1) >= 0:
        raise UnusableAnswer(f"{swap.path}: the lines of SEARCH are there more than once: give more lines around them")
    made = within[1 : at + 1] + swap.replace + within[at + len(search) :]
    return made if ended == text else made.removesuffix("\n")


def _near(text: str, search: str) -> str:
    """Where the lines stand but for their white space, as a hint."""
    found = re.search(r"\s+".join(map(re.escape, search.split())), text)
    return f"; at line {text.count(chr(10), 0, found.start()) + 1} they are, but for their white space" if found else ""


def _encoded(path: str, text: str, file: Shown | None) -> bytes:
    try:
        return (text.replace("\n", "\r\n") if file is not None and file.crlf else text).encode("utf-8")
    except UnicodeEncodeError:
        raise UnusableAnswer(f"{path}: it holds half a character, which no file in UTF-8 can") from None
