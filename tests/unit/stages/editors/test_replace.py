"""The editor `replace`: exact search and replace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.stage import EditFailed, FileEdit
from stages.editors.replace import Replace, Replacement, replaced

RunEditor = Callable[..., tuple[FileEdit, ...]]


def test_the_text_is_replaced_and_nothing_else(make_workspace: Callable[..., Path], run_editor: RunEditor) -> None:
    workspace = make_workspace({"a.py": "x = 1\ny = 2\n", "b.py": "x = 1\n"})
    edits = run_editor(Replace(), workspace, (Replacement("a.py", "x = 1", "x = 10"),))
    assert edits == (FileEdit("a.py", b"x = 10\ny = 2\n"),)


def test_replacements_in_one_file_see_what_those_before_made(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    workspace = make_workspace({"a.py": "one two\n"})
    both = (Replacement("a.py", "one", "two"), Replacement("a.py", "two", "three", count=2))
    assert run_editor(Replace(), workspace, both) == (FileEdit("a.py", b"three three\n"),)


@pytest.mark.parametrize(
    ("content", "replacement", "says"),
    [
        ("a\n", Replacement("f", "b", "c"), "f: the text to replace must be there once, and is not there"),
        ("a\nb\na\n", Replacement("f", "a", "c"), "must be there once, and is there 2 times (lines 1, 3)"),
        ("a\n", Replacement("f", "a", "c", count=3), "must be there 3 times, and is there 1 time (line 1)"),
        ("aaa\n", Replacement("f", "aa", "c"), "is there 2 times"),
        ("aaa\n", Replacement("f", "aa", "c", count=2), "overlap"),
        ("x\nif a:\n\treturn  b\n", Replacement("f", "if a:\n    return b", "c"), "at line 2 it is, but for its white"),
        ("a\n" * 50, Replacement("f", "a", "c"), "is there 50 times (lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ...)"),
    ],
)
def test_another_number_of_matches_than_stated_fails_and_says_where_they_are(
    content: str,
    replacement: Replacement,
    says: str,
    make_workspace: Callable[..., Path],
    run_editor: RunEditor,
) -> None:
    with pytest.raises(EditFailed) as refused:
        run_editor(Replace(), make_workspace({"f": content}), (replacement,))
    assert says in str(refused.value), str(refused.value)


def test_a_file_that_is_missing_is_named(make_workspace: Callable[..., Path], run_editor: RunEditor) -> None:
    with pytest.raises(EditFailed, match=r"no/such\.py is not in the workspace"):
        run_editor(Replace(), make_workspace({}), (Replacement("no/such.py", "a", "b"),))


def test_crlf_is_kept_and_a_line_break_means_the_file_s_own(
    make_workspace: Callable[..., Path], run_editor: RunEditor
) -> None:
    workspace = make_workspace({"a.bat": "one\r\ntwo\r\nthree\r\n", "mixed": "one\r\ntwo\nthree\n"})
    edits = run_editor(
        Replace(),
        workspace,
        (Replacement("a.bat", "one\ntwo", "1\n2\n2.5"), Replacement("mixed", "two\nthree", "2\n3")),
    )
    assert [edit.content for edit in edits] == [b"1\r\n2\r\n2.5\r\nthree\r\n", b"one\r\n2\n3\n"]


def test_bytes_around_the_text_need_not_be_utf8(make_workspace: Callable[..., Path], run_editor: RunEditor) -> None:
    workspace = make_workspace({"latin": b"caf\xe9 one\n"})
    assert run_editor(Replace(), workspace, (Replacement("latin", "one", "zwölf"),)) == (
        FileEdit("latin", b"caf\xe9 zw\xc3\xb6lf\n"),
    )


@given(
    content=st.text(alphabet="ab\r\n", max_size=30),
    search=st.text(alphabet="ab\n", min_size=1, max_size=3),
    replace=st.text(alphabet="xy\n", max_size=3),
)
def test_what_is_replaced_was_there_that_often_and_the_rest_stays(content: str, search: str, replace: str) -> None:
    """For any file without CRLF: as Python replaces it, or refused."""
    data = content.replace("\r", "").encode()
    count = data.count(search.encode())
    if count == 0:
        return
    try:
        made = replaced(data, Replacement("f", search, replace, count))
    except EditFailed:
        assert sum(data.startswith(search.encode(), at) for at in range(len(data))) > count, "it does not overlap"
    else:
        assert made == data.replace(search.encode(), replace.encode())


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"search": ""}, "search: is empty"), ({"search": "a", "count": 0}, "count: expected 1 or more, found 0")],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Replacement(path="a", replace="b", **wrong)


def test_the_paths_are_known_from_the_options() -> None:
    assert Replace().paths((Replacement("b", "x", "y"), Replacement("a", "x", "y"), Replacement("b", "y", "z"))) == (
        "b",
        "a",
    )
