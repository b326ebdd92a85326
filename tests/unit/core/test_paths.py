"""Which paths may name a file of a workspace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.paths import problem_with_path


@pytest.mark.parametrize(
    "path", ["a", "a/b.txt", ".gitignore", "a/.github/x", "größe/日本", "with space", "..a/b..", "-"]
)
def test_a_relative_path_has_no_problem(path: str) -> None:
    assert problem_with_path(path) is None


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("../a", "leads out of its folder by .."),
        ("a/../../b", "leads out of its folder by .."),
        ("a/..", "leads out of its folder by .."),
        ("./a", "an empty part or a part that is only a dot"),
        ("a//b", "an empty part or a part that is only a dot"),
        ("a/", "an empty part or a part that is only a dot"),
        ("a\0b", "NUL"),
        ("a\udcff", "not UTF-8"),
        (".git/config", "git's own folder"),
        ("sub/.GIT", "git's own folder"),
        (".g\u200cit/x", "git's own folder"),
        ("git~1/x", "git's own folder"),
        (".git./x", "git's own folder"),
        (".git::$INDEX_ALLOCATION/x", "git's own folder"),
    ],
)
def test_any_other_path_has_a_sentence(path: str, says: str) -> None:
    assert says in (problem_with_path(path) or "")


@given(st.text(alphabet="./ab", min_size=1, max_size=12))
def test_a_path_without_a_problem_is_the_only_name_of_its_file(path: str) -> None:
    if problem_with_path(path) is None:
        assert all(part not in {"", ".", ".."} for part in path.split("/"))
