"""Changes as people read them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission_fsm.core.changes import Change
from mission_fsm.workspace.changeset import change_set_of
from mission_fsm.workspace.diff import file_diff, is_binary, measure, unified
from mission_fsm.workspace.versions import SYMLINK, version_of


def _diff(before: bytes | None, after: bytes | None, modes: tuple[int, int] = (0o644, 0o644), path: str = "f") -> str:
    old = None if before is None else version_of(before, modes[0])
    new = None if after is None else version_of(after, modes[1])
    return file_diff(Change(path, old, new), before or b"", after or b"").decode("utf-8", "surrogateescape")


def test_a_change_is_shown_with_three_lines_around_it_and_its_hunks_are_counted() -> None:
    before = b"".join(b"%d\n" % number for number in range(1, 21))
    after = before.replace(b"10\n", b"ten\n").replace(b"20\n", b"20\n21\n")
    assert _diff(before, after) == (
        "diff --git a/f b/f\n--- a/f\n+++ b/f\n"
        "@@ -7,7 +7,7 @@ hunk 1 of 2\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
        "@@ -18,3 +18,4 @@ hunk 2 of 2\n 18\n 19\n 20\n+21\n"
    )


def test_a_new_file_names_its_whole_mode() -> None:
    assert _diff(None, b"x\n", (0, 0o600)) == (
        "diff --git a/f b/f\nnew file mode 100600\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+x\n"
    )


def test_a_deleted_file_is_shown_whole() -> None:
    assert _diff(b"x\ny\n", None) == (
        "diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n"
    )


def test_a_change_of_mode_alone_has_no_lines() -> None:
    assert _diff(b"x\n", b"x\n", (0o644, 0o755)) == "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n"


def test_a_missing_line_feed_at_the_end_is_said() -> None:
    assert _diff(b"a\nx", b"a\nx\n").endswith("@@ -1,2 +1,2 @@\n a\n-x\n\\ No newline at end of file\n+x\n")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, b"\0", "Binary file b/f is new (1 bytes)\n"),
        (b"\0\0", None, "Binary file a/f is deleted (2 bytes)\n"),
        (b"\0\0", b"text", "Binary files a/f and b/f differ (2 and 4 bytes)\n"),
    ],
)
def test_a_binary_file_is_shown_by_its_sizes(before: bytes | None, after: bytes | None, said: str) -> None:
    assert _diff(before, after).endswith(said)


def test_a_file_that_becomes_a_link_is_shown_as_one_gone_and_one_new() -> None:
    change = Change("f", version_of(b"x\n", 0o644), version_of(b"to", 0o777, SYMLINK))
    assert file_diff(change, b"x\n", b"to").decode() == (
        "diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/f b/f\nnew file mode 120000\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+to\n"
        "\\ No newline at end of file\n"
    )


def test_a_path_that_could_be_taken_for_something_else_stands_in_quotes() -> None:
    assert _diff(None, b"", path='a\nb"\\\x1b').startswith('diff --git "a/a\\nb\\"\\\\\\033" "b/a\\nb\\"\\\\\\033"\n')
    assert _diff(None, b"", path="ü x").startswith("diff --git a/ü x b/ü x\n")


def test_what_is_not_utf_8_is_shown_and_counted_by_its_bytes() -> None:
    change = Change("f", version_of(b"\xff\n", 0o644), version_of(b"\xfe\n", 0o644))
    assert file_diff(change, b"\xff\n", b"\xfe\n").endswith(b"-\xff\n+\xfe\n")
    assert measure(b"\xff\n", b"\xfe\n") == (1, 1, False)


def test_a_file_is_binary_where_git_says_so() -> None:
    assert is_binary(b"x" * 7999 + b"\0")
    assert not is_binary(b"x" * 8000 + b"\0")


def test_a_whole_change_set_is_shown_from_bytes_by_digest() -> None:
    contents = {hashlib.sha256(data).hexdigest(): data for data in (b"one\n", b"two\n")}
    changes = [
        Change("b", None, version_of(b"two\n", 0o644)),
        Change("a", version_of(b"one\n", 0o644), version_of(b"two\n", 0o644)),
    ]
    text = unified(change_set_of(changes), contents.__getitem__)
    assert text.decode() == _diff(b"one\n", b"two\n", path="a") + _diff(None, b"two\n", path="b")


text_lines = st.lists(st.sampled_from([b"a", b"b", "ü".encode(), b"\xfc", b"", b"c\r"]), max_size=12)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the measure here")
@settings(max_examples=25, deadline=None)
@given(before=text_lines, after=text_lines, ends=st.tuples(st.booleans(), st.booleans()))
def test_git_applies_what_is_shown(
    tmp_path_factory: pytest.TempPathFactory, before: list[bytes], after: list[bytes], ends: tuple[bool, bool]
) -> None:
    old, new = (b"\n".join(part) + b"\n" * end for part, end in zip((before, after), ends, strict=True))
    top = tmp_path_factory.mktemp("applied")
    (top / "f").write_bytes(old)
    shown = _diff(old, new)
    if old != new:
        environment = {"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(top.parent)}
        subprocess.run(["git", "apply", "-"], input=os.fsencode(shown), cwd=top, env=environment, check=True)
    assert (top / "f").read_bytes() == new
