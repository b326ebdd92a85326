"""A diff that came back from an editor."""

from __future__ import annotations

import pytest

from mission_fsm.errors import EditFailed
from mission_fsm.workspace.edited import recounted, untouched

A = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@ hunk 1 of 2\n x\n-y\n+z\n@@ -9 +9 @@ hunk 2 of 2\n-p\n+q\n"
B = b"diff --git a/b b/b\nBinary files a/b and b/b differ (1 and 2 bytes)\n"
LINK = b"diff --git a/l b/l\ndeleted file mode 100644\n" + b"diff --git a/l b/l\nnew file mode 120000\n"
SHOWN = {"a": A, "b": B, "l": LINK}


def test_what_came_back_as_it_was_shown_is_told_from_the_rest() -> None:
    assert untouched(SHOWN, A + B + LINK) == (("a", "b", "l"), b"")
    assert untouched(SHOWN, B) == (("b",), b"")
    edited = A.replace(b"+z", b"+Z")
    assert untouched(SHOWN, edited + B) == (("b",), edited)


def test_a_file_that_became_a_link_is_as_it_was_only_with_both_its_parts() -> None:
    half = b"diff --git a/l b/l\nnew file mode 120000\n"
    assert untouched(SHOWN, half) == ((), half)


def test_an_editor_may_leave_out_the_last_line_feed() -> None:
    assert untouched(SHOWN, (A + B).rstrip(b"\n")) == (("a", "b"), b"")


def test_the_counts_of_hunks_are_made_anew() -> None:
    edited = A.replace(b"-y\n", b" y\n").replace(b"+q\n", b"+q\n+r\n\\ No newline at end of file\n")
    assert recounted(edited) == (
        b"diff --git a/a b/a\n--- a/a\n+++ b/a\n"
        b"@@ -1,2 +1,3 @@\n x\n y\n+z\n@@ -9,1 +10,2 @@\n-p\n+q\n+r\n\\ No newline at end of file\n"
    )


def test_where_a_hunk_begins_in_the_new_file_follows_from_the_hunks_that_are_left_above_it() -> None:
    header = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n"
    shown = [b"@@ -1,0 +2,3 @@\n+x\n+y\n+z\n", b"@@ -5,1 +8,2 @@\n-p\n+q\n+r\n", b"@@ -9,2 +12,0 @@\n-s\n-t\n"]
    assert recounted(header + b"".join(shown)) == header + b"".join(shown)
    assert recounted(header + shown[1] + shown[2]) == header + shown[1].replace(b"+8", b"+5") + shown[2].replace(
        b"+12", b"+9"
    )
    assert recounted(header + shown[2]) == header + shown[2].replace(b"+12", b"+8")
    unchanged = shown[1].replace(b"-p\n+q\n+r\n", b" p\n")
    assert recounted(header + shown[0] + unchanged + shown[2]) == header + shown[0] + shown[2].replace(b"+12", b"+11")


def test_an_empty_line_of_a_hunk_counts_as_one_that_stays() -> None:
    patch = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,9 +1,9 @@\n x\n\n-y\n"
    assert recounted(patch).splitlines()[3] == b"@@ -1,3 +1,2 @@"


def test_a_hunk_in_which_nothing_is_left_to_change_is_dropped_and_so_is_its_file() -> None:
    assert recounted(A.replace(b"-y\n+z\n", b" y\n")).count(b"@@ -") == 1
    assert recounted(A.replace(b"-y\n+z\n", b" y\n").replace(b"-p\n+q\n", b" p\n")) == b""
    mode = b"diff --git a/a b/a\nold mode 100644\nnew mode 100755\n"
    assert recounted(mode + b"--- a/a\n+++ b/a\n@@ -1 +1 @@\n x\n").startswith(mode)


def test_a_patch_without_headers_of_git_and_a_binary_one_are_left_as_they_are() -> None:
    plain = b"--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n"
    binary = b"diff --git a/b b/b\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIc${M\n\n"
    assert recounted(plain) == plain
    assert recounted(binary) == binary


def test_a_line_of_a_hunk_that_is_none_is_named() -> None:
    with pytest.raises(EditFailed, match=r"below '@@ -1,2 \+1,2 @@ hunk 1 of 2' stands 'oops'"):
        recounted(A.replace(b"+z\n", b"+z\noops\n"))
    with pytest.raises(EditFailed, match="is no header of a hunk"):
        recounted(A.replace(b"@@ -9 +9 @@", b"@@ -nine @@"))
