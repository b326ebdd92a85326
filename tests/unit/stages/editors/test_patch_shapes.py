"""The editor `patch`, with patches that git itself makes, in every shape that a change can have."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mission_fsm.stage import FileEdit, InlinedFile
from mission_fsm.testing.folders import contents
from stages.editors.patch import Patch

RunEditor = Callable[..., tuple[FileEdit, ...]]
CarryOut = Callable[[Path, Iterable[FileEdit]], None]
Act = Callable[[Path], None]

LINES = "".join(f"line {number}\n" for number in range(1, 41))


def _write(path: str, content: str | bytes) -> Act:
    def act(folder: Path) -> None:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)

    return act


def _all(*acts: Act) -> Act:
    def act(folder: Path) -> None:
        for each in acts:
            each(folder)

    return act


def _move(source: str, target: str) -> Act:
    def act(folder: Path) -> None:
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / source).rename(folder / target)

    return act


def _remove(path: str) -> Act:
    return lambda folder: (folder / path).unlink()


def _link(path: str, target: str) -> Act:
    return lambda folder: (folder / path).symlink_to(target)


def _chmod(path: str, mode: int) -> Act:
    return lambda folder: (folder / path).chmod(mode)


SHAPES: dict[str, tuple[Act, Act]] = {
    "create": (_write("a.txt", LINES), _write("new/b.txt", "made\n")),
    "create an empty file": (_write("a.txt", LINES), _write("empty.txt", "")),
    "delete": (_all(_write("a.txt", LINES), _write("b.txt", "b\n")), _remove("b.txt")),
    "delete an empty file": (_write("empty", ""), _remove("empty")),
    "rename": (_write("a.txt", LINES), _move("a.txt", "deep/er/b.txt")),
    "rename and change": (
        _write("a.txt", LINES),
        _all(_move("a.txt", "b.txt"), _write("b.txt", LINES.replace("line 7\n", "seven\n"))),
    ),
    "swap two names": (
        _all(_write("a.txt", LINES), _write("b.txt", LINES.upper())),
        _all(_move("a.txt", "c"), _move("b.txt", "a.txt"), _move("c", "b.txt")),
    ),
    "copy and change": (_write("a.txt", LINES), _write("b.txt", LINES.replace("line 9\n", "nine\n"))),
    "mode": (_write("run.sh", "#!/bin/sh\n"), _chmod("run.sh", 0o755)),
    "mode taken away": (
        _all(_write("run.sh", "#!/bin/sh\n"), _chmod("run.sh", 0o755)),
        _chmod("run.sh", 0o644),
    ),
    "create an executable": (
        _write("a.txt", LINES),
        _all(_write("run.sh", "#!/bin/sh\n"), _chmod("run.sh", 0o755)),
    ),
    "symbolic link": (_write("a.txt", LINES), _link("link", "a.txt")),
    "symbolic link pointed elsewhere": (
        _all(_write("a.txt", LINES), _link("link", "a.txt")),
        _all(_remove("link"), _link("link", "elsewhere/b.txt")),
    ),
    "file becomes a symbolic link": (
        _all(_write("a.txt", LINES), _write("b.txt", "b\n")),
        _all(_remove("b.txt"), _link("b.txt", "a.txt")),
    ),
    "symbolic link becomes a file": (
        _all(_write("a.txt", LINES), _link("link", "a.txt")),
        _all(_remove("link"), _write("link", "now a file\n")),
    ),
    "binary": (_write("image.png", bytes(range(256)) * 4), _write("image.png", bytes(reversed(range(256))) * 4)),
    "binary created": (_write("a.txt", LINES), _write("image.png", bytes(range(256)) * 4)),
    "CRLF": (
        _write("dos.txt", LINES.replace("\n", "\r\n")),
        _write("dos.txt", LINES.replace("\n", "\r\n").replace("line 3\r", "three\r")),
    ),
    "mixed line ends": (
        _write("mixed.txt", "one\r\ntwo\nthree\r\nfour\nfive\r"),
        _write("mixed.txt", "one\ntwo\nTHREE\r\nfour\r\nfive\r"),
    ),
    "no newline at the end": (_write("a.txt", "one\ntwo"), _write("a.txt", "one\ntwo\nthree")),
    "newline at the end added": (_write("a.txt", "one\ntwo"), _write("a.txt", "one\ntwo\n")),
    "form feed and other controls": (
        _write("a.c", "one\n\x0c\ntwo\x0bthree\n\x1b[0m\nfour\x85\u2028\n"),
        _write("a.c", "one\n\x0c\nTWO\x0bthree\n\x1b[1m\nfour\x85\u2028\n"),
    ),
    "unicode": (
        _write("größe/naïve 日本.txt", "schön\n" + LINES),
        _write("größe/naïve 日本.txt", "schöner\n" + LINES),
    ),
    "spaced and quoted names": (
        _all(
            _write("with space.txt", LINES),
            _write('quo"ted\\name\t.txt', LINES),
            _write("b c/d e f.txt", ""),
            _write(" leading and trailing ", "x\n"),
        ),
        _all(
            _write("with space.txt", LINES.replace("line 2\n", "two\n")),
            _write('quo"ted\\name\t.txt', LINES.replace("line 2\n", "two\n")),
            _move("b c/d e f.txt", "b c/d e g.txt"),
            _write(" leading and trailing ", "y\n"),
        ),
    ),
    "several hunks in several files": (
        _all(_write("a.txt", LINES), _write("b/c.txt", LINES)),
        _all(
            _write("a.txt", LINES.replace("line 2\n", "two\n").replace("line 20\n", "").replace("line 39\n", "x\ny\n")),
            _write("b/c.txt", LINES.replace("line 1\n", "").replace("line 40\n", "forty\n")),
        ),
    ),
    "lines that look like headers": (
        _write("a.sql", "-- a/x\n++ b/x\nselect\n-- end\n"),
        _write("a.sql", "-- a/y\n++ b/y\nselect\ndiff --git a/q b/q\n@@ -1 +1 @@\n-- end\n"),
    ),
    "a file becomes a folder": (
        _write("a", "file\n"),
        _all(_remove("a"), _write("a/b.txt", "below\n")),
    ),
    "white space only": (_write("a.py", "if x:\n\ty = 1 \n\n\n"), _write("a.py", "if x:\n    y = 1\n\n")),
}


@pytest.mark.parametrize("style", [(), ("--no-prefix",), ("--src-prefix=i/", "--dst-prefix=w/"), ("--no-renames",)])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_patch_of_git_gives_exactly_what_git_has(
    shape: str, style: tuple[str, ...], repository: Any, tmp_path: Path, run_editor: RunEditor, carry_out: CarryOut
) -> None:
    """Byte for byte, mode for mode, in every shape and with every kind of prefix."""
    before, after = SHAPES[shape]
    before(repository.folder)
    repository.commit()
    workspace = tmp_path / "workspace"
    shutil.copytree(repository.folder, workspace, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    after(repository.folder)
    patch = InlinedFile.of(repository.diff(*style))
    edits = run_editor(Patch(), workspace, patch)
    assert {edit.path for edit in edits} == set(Patch().paths(patch))
    carry_out(workspace, edits)
    shutil.rmtree(repository.folder / ".git")
    assert contents(workspace) == contents(repository.folder)


TEXT = st.lists(st.sampled_from([b"a", b"b\r", b"", b"-- c", b"+d", b" e\x0c", b"\\ f"]), max_size=12).map(b"\n".join)


@given(before=TEXT, after=TEXT)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_becomes_any_other_by_their_diff(
    before: bytes, after: bytes, repository: Any, tmp_path_factory: pytest.TempPathFactory, run_editor: RunEditor
) -> None:
    """Whatever is on the lines and between them."""
    place = repository.folder / "text"
    place.write_bytes(before)
    repository.commit()
    place.write_bytes(after)
    patch = repository.diff("--text")
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "text").write_bytes(before)
    edits = run_editor(Patch(), workspace, InlinedFile.of(patch)) if patch else ()
    assert [edit.content for edit in edits] == ([] if before == after else [after])
