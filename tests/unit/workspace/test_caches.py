"""The published caches are caches, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from mission_fsm.workspace.caches import CACHES
from mission_fsm.workspace.ground import Ground

GROUND = Ground("pkg/")


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [("__pycache__", True), (".pytest_cache", True), (".coverage", False), (".coverage.host.1", False)],
)
def test_a_cache_is_ignored_in_any_folder(name: str, is_folder: bool) -> None:  # noqa: FBT001  a parameter of the test
    assert GROUND.ignores([(name, is_folder)]) == b"\1"


def test_what_lies_in_a_cache_is_ignored_whatever_its_name() -> None:
    assert GROUND.below("__pycache__", ignored=True).ignores([("work.py", False)]) == b"\1"


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [("__pycache__", False), (".coveragerc", False), ("target", True), ("build", True), ("coverage", True)],
)
def test_a_name_that_may_be_somebodys_work_is_no_cache(name: str, is_folder: bool) -> None:  # noqa: FBT001  the same
    assert GROUND.ignores([(name, is_folder)]) == b"\0"


def test_the_cache_of_node_modules_is_one_and_node_modules_is_none() -> None:
    modules = GROUND.below("node_modules", ignored=False)
    assert GROUND.ignores([("node_modules", True)]) == b"\0"
    assert modules.ignores([(".cache", True), ("left-pad", True)]) == b"\1\0"


def test_a_gitignore_cannot_make_work_of_a_cache() -> None:
    assert GROUND.holding(b"!__pycache__/\n").ignores([("__pycache__", True)]) == b"\1"


def test_git_s_own_is_never_ignored_where_all_that_begins_with_a_dot_is() -> None:
    ground = Ground("").holding(b".*\n")
    assert ground.ignores([(".git", True), (".env", False)]) == b"\0\1"
    assert ground.below(".git", ignored=False).ignores([(".config", False)]) == b"\0"


def test_every_cache_stands_once_and_says_what_it_is_in_a_sentence() -> None:
    patterns = [pattern for pattern, _ in CACHES]
    assert len(set(patterns)) == len(patterns)
    assert all(says[0].isupper() and says.endswith(".") for _, says in CACHES)
