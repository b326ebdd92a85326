"""The editor `patch`, with malformed and with hostile patches: each is refused with a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission_fsm.stage import EditFailed, FileEdit, InlinedFile, UnsafePath
from stages.editors.patch import Patch

RunEditor = Callable[..., tuple[FileEdit, ...]]


# --- malformed


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ("", "no hunk"),
        ("not a patch\n", "no hunk"),
        ("--- a/x\n+++ b/x\n", "no hunk"),
        ("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n", "line 3 of the patch: the hunk breaks off at line 6"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b", "line 3 of the patch: the hunk breaks off"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\nb\n+c\n", "line 3 of the patch: the hunk breaks off at line 5"),
        (
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\nwords\n@@ -9 +9 @@\n-c\n+d\n",
            "line 8: a hunk stands below no file",
        ),
        ("diff --git a/x b/x\nindex 1234567..89abcde 100644\n", "line 1 of the patch: a header stands over no change"),
        ("diff --git a/x b/x\nold mode 100644\nnew mode purple\n", "line 3 of the patch: a file's mode"),
        (
            "diff --git a/x b/x\nold mode 100644\nnew mode 104755\n",
            "line 3 of the patch: git knows no file of mode 104755",
        ),
        (
            "diff --git a/x b/x\nold mode 100644\nnew mode 102644\n",
            "line 3 of the patch: git knows no file of mode 102644",
        ),
        (
            "diff --git a/x b/x\nold mode 100644\nnew mode 101755\n",
            "line 3 of the patch: git knows no file of mode 101755",
        ),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 755\n", "line 3 of the patch: git knows no file of mode 755"),
        ("diff --git a/x b/x\nnew file mode 100600\n", "line 2 of the patch: git knows no file of mode 100600"),
        ("diff --git a/x b/x\nnew file mode 040755\n", "line 2 of the patch: git knows no file of mode 40755"),
        ("diff --git a/x b/y\n--- a/x\n", "line 1 of the patch: a header stands over no change"),
        (
            "diff --git a/x.png b/x.png\nindex 1234567..89abcde 100644\nBinary files a/x.png and b/x.png differ\n",
            "line 3 of the patch: a binary file differs, and its bytes are not here",
        ),
        (
            "diff --git a/x b/x\nindex 1234567..89abcde 100644\nGIT binary patch\nliteral 1000000000\nzcmV-<\n",
            "line 4 of the patch: it makes a file larger than 64 MiB",
        ),
        (
            "diff --git a/lib b/lib\nindex 1234567..89abcde 160000\n--- a/lib\n+++ b/lib\n@@ -1 +1 @@\n-a\n+b\n",
            "line 2 of the patch: it changes a submodule",
        ),
    ],
)
def test_a_malformed_patch_is_refused_when_the_plan_is_loaded(patch: str, says: str) -> None:
    with pytest.raises(EditFailed) as refused:
        Patch().paths(InlinedFile(text=patch))
    assert says in str(refused.value), str(refused.value)


@given(st.binary(max_size=200))
@settings(max_examples=30, deadline=None)
def test_whatever_is_not_a_patch_is_refused_with_a_sentence(content: bytes) -> None:
    """Never a traceback of another kind."""
    with pytest.raises(EditFailed) as refused:
        Patch().paths(InlinedFile.of(b"--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n" + content))
    assert str(refused.value)


# --- hostile


def _creating(path: str) -> str:
    return f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        (_creating("../escape"), "leads out of its folder by .."),
        (_creating("a/../../escape"), "leads out of its folder by .."),
        ("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", "path '/etc/passwd' is absolute"),
        (_creating("/etc/cron.d/x"), "absolute"),
        (_creating(".git/hooks/pre-commit"), "git's own folder"),
        (_creating("sub/.GIT/config"), "git's own folder"),
        (_creating(".g\u200cit/config"), "git's own folder"),
        ("diff --git a/x b/y\nrename from x\nrename to ../y\n", "leads out of its folder by .."),
        ("diff --git a/x b/y\ncopy from ../../secret\ncopy to y\n", "leads out of its folder by .."),
        ('--- "a/\\056\\056/x"\n+++ "b/\\056\\056/x"\n@@ -1 +1 @@\n-a\n+b\n', "leads out of its folder by .."),
        ('--- "a/\\377"\n+++ "b/\\377"\n@@ -1 +1 @@\n-a\n+b\n', "not UTF-8"),
        ('--- "a/x\\000y"\n+++ "b/x\\000y"\n@@ -1 +1 @@\n-a\n+b\n', "NUL"),
    ],
)
def test_a_patch_that_leads_out_of_the_workspace_is_refused_by_name(patch: str, says: str) -> None:
    with pytest.raises(EditFailed) as refused:
        Patch().paths(InlinedFile(text=patch))
    assert says in str(refused.value), str(refused.value)


def test_nothing_is_read_or_written_behind_a_symbolic_link(
    tmp_path: Path, make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_text("one\n")
    workspace = make_workspace({})
    (workspace / "link").symlink_to(outside)
    patch = "--- a/link/a\n+++ b/link/a\n@@ -1 +1 @@\n-one\n+two\n"
    with pytest.raises((EditFailed, UnsafePath), match="symbolic link"):
        run_editor(Patch(), workspace, InlinedFile(text=patch))
    assert (outside / "a").read_text() == "one\n"


def test_a_patch_cannot_write_through_a_link_that_it_makes_itself(
    tmp_path: Path, make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    patch = (
        f"diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+{outside}\n"
        "\\ No newline at end of file\n" + _creating("link/planted")
    )
    with pytest.raises(EditFailed, match="link/planted lies behind a symbolic link"):
        run_editor(Patch(), make_workspace({}), InlinedFile(text=patch))
    assert list(outside.iterdir()) == []


def test_a_link_is_not_followed_when_the_patch_takes_it_for_a_file(
    tmp_path: Path, make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    (tmp_path / "outside").write_text("one\n")
    workspace = make_workspace({})
    (workspace / "link").symlink_to(tmp_path / "outside")
    headers = "diff --git a/link b/link\nindex 5626abf..f719efd 100644\n"
    for header, says in ((headers, "link is a symbolic link where the patch expects a file"), ("", "does not fit")):
        patch = InlinedFile(text=f"{header}--- a/link\n+++ b/link\n@@ -1 +1 @@\n-one\n+two\n")
        with pytest.raises(EditFailed, match=says):
            run_editor(Patch(), workspace, patch)


def test_neither_a_repository_around_nor_the_environment_reaches_git(
    repository: Any, run_editor: RunEditor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The index that GIT_DIR names stays as it is, and settings that would change the result are not read."""
    (repository.folder / "a.txt").write_text("one\n")
    repository.commit()
    index = (repository.folder / ".git" / "index").read_bytes()
    (tmp_path / "config").write_text("[apply]\n\twhitespace = fix\n[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("GIT_DIR", str(repository.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository.folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two   \n"
    (edit,) = run_editor(Patch(), repository.folder, InlinedFile(text=patch))
    assert edit.content == b"two   \n"
    assert (repository.folder / ".git" / "index").read_bytes() == index


def test_a_machine_without_git_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EditFailed, match="needs git, which is not on PATH"):
        run_editor(Patch(), make_workspace({"x": "a\n"}), InlinedFile(text="--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"))


def test_control_characters_in_a_name_are_shown_as_escapes(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    patch = '--- "a/\\033[31mred"\n+++ "b/\\033[31mred"\n@@ -1 +1 @@\n-a\n+b\n'
    with pytest.raises(EditFailed) as refused:
        run_editor(Patch(), make_workspace({}), InlinedFile(text=patch))
    assert "\x1b" not in str(refused.value)
    assert os.linesep not in str(refused.value)


def test_a_patch_that_is_too_large_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.editors.patch.MAX_PATCH_BYTES", 1024**2)
    with pytest.raises(EditFailed, match="the patch is larger than 1 MiB: make it in parts"):
        Patch().paths(InlinedFile(text="no patch" * 1024**2))


def test_a_small_binary_delta_that_makes_a_huge_file_is_refused(
    repository: Any, make_workspace: Callable[..., Path], run_editor: RunEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delta says how often what is there is repeated, so its own size bounds nothing."""
    monkeypatch.setattr("stages.editors.patch.MAX_FILE_BYTES", 100_000)
    block = bytes(number * number % 251 for number in range(5_000))
    (repository.folder / "image").write_bytes(block)
    repository.commit()
    (repository.folder / "image").write_bytes(block * 21)
    patch = repository.diff()
    assert len(patch) < 10_000
    with pytest.raises(EditFailed, match="image would be larger than"):
        run_editor(Patch(), make_workspace({"image": block}), InlinedFile.of(patch))


# --- ambiguous

BLOCK = "if it:\n    do()\nend\n"


def _changing(line: int) -> str:
    return f"@@ -{line},3 +{line},3 @@\n if it:\n-    do()\n+    undo()\n end\n"


@pytest.mark.parametrize(
    ("before", "hunks", "after"),
    [
        # where the diff says, though the same lines stand elsewhere too
        (BLOCK * 3, _changing(4), BLOCK + BLOCK.replace("do()", "undo()") + BLOCK),
        # moved, and there only once
        ("one\n" * 4 + BLOCK, _changing(2), "one\n" * 4 + BLOCK.replace("do()", "undo()")),
        # moved as far as the hunk before it
        (
            "new\np\nq\nfirst\n" + BLOCK * 2,
            "@@ -2,3 +2,3 @@\n q\n-first\n+FIRST\n if it:\n" + _changing(7),
            "new\np\nq\nFIRST\n" + BLOCK + BLOCK.replace("do()", "undo()"),
        ),
    ],
)
def test_a_hunk_lands_where_it_was_meant(
    make_workspace: Callable[..., Path], run_editor: RunEditor, before: str, hunks: str, after: str
) -> None:
    (edit,) = run_editor(Patch(), make_workspace({"a": before}), InlinedFile(text=f"--- a/a\n+++ b/a\n{hunks}"))
    assert edit.content == after.encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_hunk_that_has_moved_and_fits_in_more_than_one_place_is_refused_with_the_places(
    make_workspace: Callable[..., Path], run_editor: RunEditor, end: str
) -> None:
    """The nearest place would be a guess, and one block is as good as the other to whoever reviews the diff."""
    workspace = make_workspace({"a": ("new\n" + BLOCK * 2).replace("\n", end)})
    with pytest.raises(EditFailed) as refused:
        run_editor(Patch(), workspace, InlinedFile(text=f"--- a/a\n+++ b/a\n{_changing(1)}"))
    assert str(refused.value) == (
        "a: the lines of the hunk for line 1 are not there, but in 2 other places (lines 2, 5), so which is meant "
        "cannot be told: make the patch anew"
    )


def test_a_hunk_that_git_would_not_take_as_far_as_the_one_before_it_has_moved_is_refused(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    """Below eight new lines a hunk has moved by eight; what repeats every eight lines still stands where it was."""
    first = "@@ -2,3 +2,4 @@\n p\n+new\n q\n r\n"
    second = "@@ -28,3 +29,4 @@\n 0\n+new\n 1\n 2\n"
    patch = InlinedFile(text=f"--- a/a\n+++ b/a\n{first}{second}")
    content = "head\np\nq\nr\n" + "same\n" * 15 + "".join(f"{number % 8}\n" for number in range(40))
    workspace = make_workspace({"a": content})
    (edit,) = run_editor(Patch(), workspace, patch)
    assert edit.content is not None
    assert edit.content.splitlines()[28:31] == [b"0", b"new", b"1"]
    (workspace / "a").write_text("more\n" * 8 + content)
    with pytest.raises(EditFailed, match=r"the hunk for line 28 are in 5 places \(lines 28, 36, 44, 52, 60\)"):
        run_editor(Patch(), workspace, patch)


def test_a_hunk_that_ends_its_file_is_refused_where_its_lines_stand_where_it_says_and_at_the_end(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    patch = InlinedFile(text="--- a/a\n+++ b/a\n@@ -4,3 +4,3 @@\n if it:\n     do()\n-end\n+END\n")
    workspace = make_workspace({"a": BLOCK * 2})
    (edit,) = run_editor(Patch(), workspace, patch)
    assert edit.content == (BLOCK * 2)[:-4].encode() + b"END\n"
    (workspace / "a").write_text(BLOCK * 3)
    with pytest.raises(EditFailed, match=r"line 4 are in 3 places \(lines 1, 4, 7\)"):
        run_editor(Patch(), workspace, patch)


def test_a_block_without_a_line_end_is_only_at_the_end_of_its_file(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    hunk = "@@ -2 +2 @@\n-end\n\\ No newline at end of file\n+END\n"
    workspace = make_workspace({"a": "end\nmore\nend"})
    (edit,) = run_editor(Patch(), workspace, InlinedFile(text=f"--- a/a\n+++ b/a\n{hunk}"))
    assert edit.content == b"end\nmore\nEND\n"
