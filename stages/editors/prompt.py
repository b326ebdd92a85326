"""What a model is told of its task, within a budget of tokens: the task, the failing tests, then files while they fit.

Files that the plan names are shown whole, or there is no question. Those that a search found are shown in its order,
whole or else the lines that it found; what did not fit is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from mission_fsm.stage import EditFailed, UnsafePath, WorkspaceError, WorkspaceReader, matches_any, tail

from .answers import EXAMPLE, FORM, Shown

# Code comes to three bytes or more a token with the vocabularies that are in use, and to fewer in few files.
_BYTES_PER_TOKEN = 2.5
_TEST_LINES = 80
# Of the budget, what the tests' output may take at most.
_TEST_SHARE = 0.25


@frozen
class Prompt:
    """What is said to the model.

    messages: the conversation up to its answer, each with a `role` and a `content`.
    shown: the files in it, by path.
    left_out: the paths of those that were found and did not fit.
    """

    messages: tuple[Mapping[str, str], ...]
    shown: Mapping[str, Shown]
    left_out: tuple[str, ...]


def tokens(text: str) -> int:
    """How many tokens a text comes to at most, nearly always."""
    return int(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN) + 1


def prompt(
    task: Mapping[str, Any],
    instruction: str | None,
    files: Sequence[str],
    workspace: WorkspaceReader,
    max_context_tokens: int,
) -> Prompt:
    """The prompt for a task, as an InformedEditor is given it.

    files: globs of the files to show; where there are none, those are shown that the last search found.
    Raises EditFailed where what has to be in it does not fit, or is not there.
    """
    system = f"You change the files of a project as you are asked to, and nothing else. {FORM}"
    parts = [*_asked(task, instruction), *_failing(task, int(max_context_tokens * _TEST_SHARE))]
    left = max_context_tokens - tokens("\n\n".join([system, *EXAMPLE, *parts]))
    if left < 0:
        raise EditFailed(f"the task alone is more than max_context_tokens, {max_context_tokens}: raise it")
    shown: dict[str, Shown] = {}
    left_out = []
    for path, file, forms in _named(files, workspace) if files else _found(task, workspace):
        fitting = next(((form, cost) for form in forms if (cost := tokens(form)) <= left), None)
        if fitting is None and files:
            raise EditFailed(
                f"the files named in `files` do not fit into max_context_tokens, {max_context_tokens}, from {path} on: "
                "raise it, or name fewer"
            )
        if fitting is None:
            left_out.append(path)
            continue
        form, cost = fitting
        left -= cost
        shown[path] = Shown(path, file.text, file.crlf, whole=form == forms[0])
        parts.append(form)
    if left_out:
        listed = "Found too, and not shown, for want of room: " + ", ".join(left_out)
        parts += [listed] if tokens(listed) <= left else []
    said = zip(("system", "user", "assistant", "user"), (system, *EXAMPLE, "\n\n".join(parts)), strict=True)
    return Prompt(tuple({"role": role, "content": text} for role, text in said), shown, tuple(left_out))


def _asked(task: Mapping[str, Any], instruction: str | None) -> Iterator[str]:
    if task.get("goal"):
        yield f"The goal of the whole work: {task['goal']}"
    wanted = instruction or task.get("description")
    if not wanted:
        raise EditFailed("there is nothing to ask of the model: give an instruction")
    # What is repaired is often a step that only runs the test.
    repair = "repair what fails in this step: " if task.get("repair_attempt") and not instruction else ""
    yield f"Do this now: {repair}{wanted}"
    if task.get("paths", ["**"]) != ["**"]:
        yield f"Only these files may be changed: {', '.join(task['paths'])}"


def _failing(task: Mapping[str, Any], most_tokens: int) -> Iterator[str]:
    """What the last test said, its end where that is long; nothing if it passed."""
    test = task.get("last_test")
    if not test or test["success"]:
        return
    lines = list(tail(test["output"], _TEST_LINES))
    while lines and tokens("\n".join(lines)) > most_tokens:
        del lines[0]
    names = "".join(f"\n- {name}" for name in test["failing"][:_TEST_LINES])
    if names and tokens(names) <= most_tokens:
        yield f"These tests fail:{names}"
    if lines:
        yield "The tests printed, at the end:\n" + "\n".join(lines)


def _named(globs: Sequence[str], workspace: WorkspaceReader) -> Iterator[tuple[str, Shown, list[str]]]:
    paths = [path for path in workspace.files() if matches_any(globs, path)]
    if not paths:
        raise EditFailed(f"no file of the workspace matches {', '.join(globs)}")
    for path in paths:
        content = workspace.read(path)
        file = None if content is None else _text(path, content)
        if file is None:
            raise EditFailed(f"{path} is not text in UTF-8, so it cannot be shown to a model")
        yield path, file, [_form(path, file.text)]


def _found(task: Mapping[str, Any], workspace: WorkspaceReader) -> Iterator[tuple[str, Shown, list[str]]]:
    for hit in (task.get("retrieved") or {}).get("hits", ()):
        path = hit["path"]
        try:
            content = workspace.read(path)
        except (UnsafePath, WorkspaceError):
            continue
        file = None if content is None else _text(path, content)
        if file is not None:
            yield path, file, [_form(path, file.text), _excerpts(path, file.text, hit["ranges"])]


def _text(path: str, content: bytes) -> Shown | None:
    """The file, or None for one that holds no text."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    crlf = 0 < content.count(b"\n") == content.count(b"\r\n")
    return Shown(path, text.replace("\r\n", "\n") if crlf else text, crlf, whole=True)


def _form(path: str, text: str) -> str:
    ended = text if text.endswith("\n") or not text else f"{text}\n"
    return f"FILE: {path}\n<<<<<<< CONTENT\n{ended}>>>>>>> CONTENT"


def _excerpts(path: str, text: str, ranges: Sequence[Mapping[str, int]]) -> str:
    lines = text.split("\n")
    parts = [f"FILE: {path}\nOf its {len(lines)} lines, only these are shown:"]
    for each in ranges:
        part = "\n".join(lines[each["start"] - 1 : each["end"]])
        parts.append(f"Lines {each['start']} to {each['end']}:\n<<<<<<< CONTENT\n{part}\n>>>>>>> CONTENT")
    return "\n".join(parts)
