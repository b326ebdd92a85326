"""Which texts are paths below a workspace."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.errors import UnsafePath
from mission_fsm.workspace.names import check_link, check_path, parents, parts_of, replaced_in


@pytest.mark.parametrize("path", ["a", "a/b", "a/.gitignore", "a\\b", "…"])
def test_a_path_is_known_by_its_parts(path: str) -> None:
    assert "/".join(parts_of(path)) == path


@pytest.mark.parametrize(
    "path",
    ["", ".", "/", "/etc/passwd", "a/", "./a", "a//b", "a/./b", "..", "../a", "a/../b", "a/..", "a\0b", "a\udcff"],
)
def test_a_path_that_names_no_file_below_the_workspace_or_names_it_in_a_roundabout_way_is_refused(path: str) -> None:
    with pytest.raises(UnsafePath):
        check_path(path)


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".GIT",
        ".Git",
        "git~1",
        "GIT~1",
        ".git.",
        ".git ",
        ".git. .",
        ".g\u200cit",
        "\ufeff.git",
        ".git::$DATA",
        "\u2060.git",
    ],
)
@pytest.mark.parametrize("path", ["{}", "{}/config", "sub/{}/hooks/post-checkout"])
def test_nothing_that_a_file_system_takes_for_git_s_folder_is_a_path(name: str, path: str) -> None:
    with pytest.raises(UnsafePath, match="git's own folder"):
        check_path(path.format(name))


@given(st.text(alphabet="./ab\\\0g~\u200c", max_size=12))
def test_what_is_accepted_stays_below_the_workspace_and_is_written_in_the_one_way_there_is(path: str) -> None:
    try:
        check_path(path)
    except UnsafePath:
        return
    assert posixpath.normpath(posixpath.join("/w", path)) == f"/w/{path}"


@pytest.mark.parametrize(
    ("path", "target"), [("a", "b"), ("d/a", "../b"), ("d/e/a", "../../x/y"), ("a", "dir/../b"), ("a", ".gitignore")]
)
def test_a_link_may_lead_to_anything_inside(path: str, target: str) -> None:
    check_link(path, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("a", ""),
        ("a", "/etc/passwd"),
        ("a", ".."),
        ("a", "../b"),
        ("d/a", "../../b"),
        ("d/a", "x/../../../b"),
        ("a", ".git/config"),
        ("d/a", "../.GIT"),
        ("a", "b\0"),
        ("a", "\udcff"),
    ],
)
def test_a_link_that_leads_outside_or_into_git_s_folder_is_refused(path: str, target: str) -> None:
    with pytest.raises(UnsafePath):
        check_link(path, target)


def test_parents_come_nearest_first_and_without_the_workspace() -> None:
    assert parents("a/b/c") == ["a/b", "a"]
    assert parents("a") == []


def test_paths_that_others_lie_below_are_the_ones_that_change_from_file_to_folder_or_back() -> None:
    assert replaced_in(["a", "a/b", "ab", "c/d/e", "c/d"]) == {"a", "c/d"}
