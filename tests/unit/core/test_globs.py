"""Path globs: what they mean, what is refused, and that none of them is slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.globs import matches, matches_any, problem_with

MEANINGS = [
    ("**", "a", True),
    ("**", "a/b/c", True),
    ("*", "a", True),
    ("*", "a/b", False),
    ("*", ".hidden", True),
    ("src/**", "src/a", True),
    ("src/**", "src/a/b/c.py", True),
    ("src/**", "src", False),
    ("src/**", "srcs/a", False),
    ("src/**", "lib/src/a", False),
    ("src/", "src/a/b", True),
    ("src/", "src", False),
    ("src", "src", True),
    ("src", "src/a", False),
    ("**/*.py", "a.py", True),
    ("**/*.py", "a/b/c.py", True),
    ("**/*.py", "a/b/c.pyc", False),
    ("*.py", "a/b.py", False),
    ("src/*.py", "src/a.py", True),
    ("src/*.py", "src/a/b.py", False),
    ("src/**/test_*.py", "src/test_a.py", True),
    ("src/**/test_*.py", "src/a/b/test_c.py", True),
    ("src/**/test_*.py", "src/a/b/untest_c.py", False),
    ("a/**/b/**/c", "a/b/c", True),
    ("a/**/b/**/c", "a/x/b/y/z/c", True),
    ("a/**/b/**/c", "a/x/y/c", False),
    ("a/**/**/c", "a/c", True),
    ("**/**", "a", True),
    ("**/docs/**", "docs/a", True),
    ("**/docs/**", "x/docs/a/b", True),
    ("**/docs/**", "x/docs", False),
    ("a?c", "abc", True),
    ("a?c", "ac", False),
    ("a?c", "a/c", False),
    ("log[0-9].txt", "log7.txt", True),
    ("log[0-9].txt", "logx.txt", False),
    ("log[!0-9].txt", "logx.txt", True),
    ("log[^0-9].txt", "log7.txt", False),
    ("a[!b]c", "a/c", False),
    ("a[+-9]c", "a/c", False),
    ("a[]]c", "a]c", True),
    ("a[[]c", "a[c", True),
    ("a[a-]c", "a-c", True),
    ("a[*]c", "a*c", True),
    ("a[*]c", "abc", False),
    ("a.c", "abc", False),
    ("a+(b)|c", "a+(b)|c", True),
    ("*a*b*c", "xxaxxbxxc", True),
    ("*a*b*c", "xxbxxaxxc", False),
    ("a*a", "a", False),
    ("SRC/**", "src/a", False),
    ("src/*.PY", "src/a.py", False),
    ("*", "with\nbreak", True),
    ("**/a", "with\nbreak/a", True),
    ("größe/*", "größe/ä", True),
]


@pytest.mark.parametrize(("glob", "path", "meant"), MEANINGS)
def test_a_glob_means_these_paths_and_not_those(glob: str, path: str, meant: bool) -> None:  # noqa: FBT001
    assert problem_with(glob) is None
    assert matches(glob, path) is meant


@pytest.mark.parametrize(
    ("glob", "said"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("../x", "leads out"),
        ("a/../b", "leads out"),
        ("a/..", "leads out"),
        ("a\\b", "backslash"),
        ("a[b", "bracket"),
        ("a[]", "bracket"),
        ("a[!]", "bracket"),
        ("a[z-a]", "bracket"),
        ("a[x/y]", "bracket"),
        ("a//b", "empty part"),
        ("./a", "only a dot"),
        ("a/**.py", "stand alone"),
        ("a***", "stand alone"),
        ("a\0b", "NUL"),
    ],
)
def test_a_malformed_glob_is_told_in_a_sentence_and_matches_nothing(glob: str, said: str) -> None:
    problem = problem_with(glob)
    assert problem is not None
    assert said in problem
    assert not any(matches(glob, path) for path in (glob, "a", "a/b", "a.py", "etc/passwd", "x"))


def test_one_of_several_globs_is_enough() -> None:
    assert matches_any(["docs/**", "src/**"], "src/a")
    assert not matches_any(["docs/**", "src/**"], "a")
    assert not matches_any([], "a")


PLAIN = st.text(st.characters(exclude_characters="/*?[]\\\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda part: part not in {".", ".."}
)


@given(st.lists(PLAIN, min_size=1, max_size=5))
def test_a_glob_without_signs_means_exactly_itself(parts: list[str]) -> None:
    path = "/".join(parts)
    assert problem_with(path) is None
    assert matches(path, path)
    assert not matches(path, path + "x")
    assert not matches(path, "x" + path)


# The plain reading's own expressions, of which `re` warns where dashes follow one another.
@pytest.mark.filterwarnings("ignore:Possible set difference:FutureWarning")
@given(st.text(alphabet="ab/*?[]!-", max_size=12), st.text(alphabet="ab/", max_size=12))
def test_globs_agree_with_a_plain_reading_of_them(glob: str, path: str) -> None:
    """The same answers come from a matcher written the slow, obvious way, one part and one sign at a time."""
    if problem_with(glob) is None and "" not in path.split("/"):
        assert matches(glob, path) is _obvious(glob.split("/"), path.split("/"))


def _obvious(glob: list[str], path: list[str]) -> bool:
    if not glob:
        return not path
    first, rest = glob[0], glob[1:]
    if first == "" or (first == "**" and not rest):
        return bool(path)
    if first == "**":
        return any(_obvious(rest, path[skipped:]) for skipped in range(len(path) + 1))
    return bool(path) and _obvious_part(first, path[0]) and _obvious(rest, path[1:])


def _obvious_part(glob: str, part: str) -> bool:
    if not glob:
        return not part
    if glob[0] == "*":
        return any(_obvious_part(glob[1:], part[skipped:]) for skipped in range(len(part) + 1))
    if not part:
        return False
    if glob[0] == "[":
        end = glob.index("]", 3 if glob[1] in "!^" else 2) + 1
        body = re.sub(r"^\[[!^]", "[^", glob[:end])
        body = re.sub(r"^\[(\^?)\]", r"[\1\\]", body).replace("[", "\\[").replace("\\[", "[", 1)
        return re.fullmatch(body, part[0]) is not None and _obvious_part(glob[end:], part[1:])
    return glob[0] in ("?", part[0]) and _obvious_part(glob[1:], part[1:])


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a" * 30 + "b", "a" * 4000),
        ("**/a/" * 30 + "b", "a/" * 2000 + "a"),
        ("**/*a*a/" * 15 + "b", "/".join(["aaaa"] * 500)),
    ],
)
def test_no_glob_makes_matching_slow(glob: str, path: str) -> None:
    began = time.perf_counter()
    assert not matches(glob, path)
    assert time.perf_counter() - began < 1
