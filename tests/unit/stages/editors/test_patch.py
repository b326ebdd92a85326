"""The editor `patch`: what it takes for a patch, what it keeps, and what it says where one does not fit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import EditFailed, FileEdit, InlinedFile
from stages.editors.patch import Patch

RunEditor = Callable[..., tuple[FileEdit, ...]]

LINES = "".join(f"line {number}\n" for number in range(1, 41))


@pytest.mark.parametrize(
    ("before", "after"),
    [("old text\n", "new text\n"), (None, "created\n"), ("deleted\n", None), ("with end", "without\nend")],
)
def test_plain_diff_output_with_times_works(
    before: str | None,
    after: str | None,
    tmp_path: Path,
    make_workspace: Callable[..., Path],
    run_editor: RunEditor,
) -> None:
    """What `diff -ruN old new` prints, where a file that is not there has the time 1970-01-01."""
    for name, content in (("old", before), ("new", after)):
        (tmp_path / name / "sub").mkdir(parents=True)
        if content is not None:
            (tmp_path / name / "sub" / "a b.txt").write_text(content)
    patch = subprocess.run(["diff", "-ruN", "old", "new"], cwd=tmp_path, capture_output=True, check=False).stdout
    assert b"\t" in patch
    workspace = make_workspace({} if before is None else {"sub/a b.txt": before})
    (edit,) = run_editor(Patch(), workspace, InlinedFile.of(patch))
    assert (edit.path, edit.content) == ("sub/a b.txt", None if after is None else after.encode())


def test_dev_null_creates_and_deletes_without_git_headers(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    patch = (
        "--- /dev/null\n+++ b/src/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
        "--- a/old.py\t2024-01-02 03:04:05\n+++ /dev/null\n@@ -1 +0,0 @@\n-y = 2\n"
    )
    workspace = make_workspace({"old.py": "y = 2\n"})
    edits = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert edits == (FileEdit("old.py", None), FileEdit("src/new.py", b"x = 1\n", 0o644))


def test_paths_without_prefixes_are_taken_as_they_are(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    patch = "--- src/a.py\n+++ src/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n--- /dev/null\n+++ src/b.py\n@@ -0,0 +1 @@\n+y\n"
    workspace = make_workspace({"src/a.py": "x = 1\n"})
    edits = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert [edit.path for edit in edits] == ["src/a.py", "src/b.py"]


def test_hunks_that_have_moved_are_found(make_workspace: Callable[..., Path], run_editor: RunEditor) -> None:
    patch = "--- a/a\n+++ b/a\n@@ -2,3 +2,3 @@\n line 2\n-line 3\n+three\n line 4\n"
    workspace = make_workspace({"a": "put before\n" * 9 + LINES})
    (edit,) = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert edit.content == ("put before\n" * 9 + LINES.replace("line 3\n", "three\n", 1)).encode()


def test_the_text_around_a_patch_does_not_matter(repository: Any, tmp_path: Path, run_editor: RunEditor) -> None:
    """What `git format-patch` makes is a letter with a patch in it."""
    (repository.folder / "a.txt").write_text(LINES)
    repository.commit()
    shutil.copytree(repository.folder, tmp_path / "workspace", ignore=shutil.ignore_patterns(".git"))
    (repository.folder / "a.txt").write_text(LINES.replace("line 5\n", "five\n"))
    repository.commit()
    letter = repository.git("format-patch", "-1", "--stdout")
    (edit,) = run_editor(Patch(), tmp_path / "workspace", InlinedFile.of(letter))
    assert edit.content == LINES.replace("line 5\n", "five\n").encode()


# --- modes and line ends that git does not know of


@pytest.mark.parametrize(("was", "becomes"), [(0o600, 0o700), (0o640, 0o750), (0o444, 0o555)])
def test_only_the_executable_bit_changes_and_the_rest_of_the_mode_stays(
    was: int, becomes: int, make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    workspace = make_workspace({"run.sh": "one\n"})
    (workspace / "run.sh").chmod(was)
    edited = "--- a/run.sh\n+++ b/run.sh\n@@ -1 +1 @@\n-one\n+two\n"
    made_executable = "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"
    assert run_editor(Patch(), workspace, InlinedFile(text=edited)) == (FileEdit("run.sh", b"two\n", was),)
    assert run_editor(Patch(), workspace, InlinedFile(text=made_executable)) == (FileEdit("run.sh", b"one\n", becomes),)


def test_a_renamed_file_keeps_its_mode(make_workspace: Callable[..., Path], run_editor: RunEditor) -> None:
    workspace = make_workspace({"secret": "one\n"})
    (workspace / "secret").chmod(0o600)
    patch = "diff --git a/secret b/moved\nsimilarity index 100%\nrename from secret\nrename to moved\n"
    edits = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert edits == (FileEdit("moved", b"one\n", 0o600), FileEdit("secret", None))


def test_a_patch_with_lf_fits_a_file_with_crlf_throughout(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    """git makes such patches where .gitattributes has it convert line ends; the file keeps its own."""
    workspace = make_workspace({"a.bat": "one\r\ntwo\r\nthree\r\n"})
    patch = "--- a/a.bat\n+++ b/a.bat\n@@ -1,3 +1,4 @@\n one\n-two\n+2\n+2.5\n three\n"
    (edit,) = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert edit.content == b"one\r\n2\r\n2.5\r\nthree\r\n"


def test_a_patch_whose_own_lines_all_end_in_crlf_is_read_as_if_they_ended_in_lf(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    workspace = make_workspace({"a.txt": "one\n"})
    patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n".replace("\n", "\r\n")
    (edit,) = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert edit.content == b"two\n"


def test_attributes_in_the_workspace_convert_nothing(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    """A patch that touches .gitattributes brings them to where git works; bytes stay bytes."""
    workspace = make_workspace({".gitattributes": "* text eol=crlf\n", "a.txt": "one\n$Id: x$\n", "b.txt": "1\r\n2\n"})
    patch = (
        "--- a/.gitattributes\n+++ b/.gitattributes\n@@ -1 +1,2 @@\n * text eol=crlf\n+*.txt ident\n"
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-one\n+two\n $Id: x$\n"
        "--- a/b.txt\n+++ b/b.txt\n@@ -1,2 +1,2 @@\n 1\r\n-2\n+3\n"
    )
    _, first, second = run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert (first.content, second.content) == (b"two\n$Id: x$\n", b"1\r\n3\n")


# --- what is there already, and what does not fit


def test_a_patch_that_is_there_already_changes_nothing(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    patch = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n"
    assert run_editor(Patch(), make_workspace({"a": "two\n"}), InlinedFile(text=patch)) == ()


CHANGE = "--- a/src/a.py\n+++ b/src/a.py\n@@ -12,3 +12,3 @@\n before\n-was = 1\n+is_now = 1\n after\n"


@pytest.mark.parametrize(
    ("files", "patch", "says"),
    [
        ({"src/a.py": "other\n"}, CHANGE, ["src/a.py", "line 12", "'before'"]),
        ({}, CHANGE, ["src/a.py is not in the workspace"]),
        (
            {"new.txt": "is here\n"},
            "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+x\n",
            ["new.txt is there already"],
        ),
        (
            {"a": "one\n", "b": "two\n"},
            "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+1\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-three\n+3\n",
            ["b: the hunk for line 1 does not fit"],
        ),
    ],
    ids=["other lines", "missing file", "file is there", "second file"],
)
def test_a_patch_that_does_not_fit_says_which_file_and_where(
    files: dict[str, str], patch: str, says: list[str], make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    with pytest.raises(EditFailed) as refused:
        run_editor(Patch(), make_workspace(files), InlinedFile(text=patch))
    assert all(words in str(refused.value) for words in says), str(refused.value)


def test_a_binary_patch_for_other_bytes_is_refused(repository: Any, tmp_path: Path, run_editor: RunEditor) -> None:
    (repository.folder / "image.png").write_bytes(bytes(range(256)))
    repository.commit()
    (repository.folder / "image.png").write_bytes(bytes(reversed(range(256))))
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "image.png").write_bytes(bytes(range(128)) * 2)
    with pytest.raises(EditFailed, match=r"image\.png is binary and is not the file that the patch was made from"):
        run_editor(Patch(), tmp_path / "workspace", InlinedFile.of(repository.diff()))
