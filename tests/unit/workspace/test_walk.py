"""The files of a workspace are those that git would not ignore. Git itself is the measure."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mission_fsm.stage import STAMP_LENGTH, stamp_of
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.walk import survey, walk

PLACES = ("", "a", "a/b", "build", "a/build", ".git/info")
NAMES = ("a", "b", "build", "x.log", "keep.log", ".env", "a b", "[1]", "c#")
PATHS = sorted({f"{one}/{two}/{three}" for one in NAMES[:4] for two in NAMES for three in NAMES[:5]})
PATTERNS = (
    "a", "a/", "/a", "/a/", "*.log", "!keep.log", "build/", "!build/", "/build", "a/b", "a/**", "**/b",
    "a/**/x.log", "*", "!*/", "!*.log", "/*", "!/a", "!/a/", "b/*", "!b/x.log", "a*", "?", "[ab]", "[!a]",
    "\\[1\\]", "a\\ b", "a b ", "a/***/b", "a**", "**a/b", "[]a]", "[^]b]", "[[:alpha:]]", "[![:digit:]#]",
    "[[:none:]]", "[a", "[c-a]", "[a-]", "\\", "a\\", "a\\\\ ", "[\\]a]", "[a/b]", "a[!x]b", "x[.]log", "//a",
    "a//", "!!a", "\\!a", "a\\  ", "* ", "a?b", "a/?/b", "# comment", "\\#", "c\\#", "", "  ", "!", "/", "**",
    "x.log/", ".*", "!.env", "x.*", "*/x.log", "keep.log\r",
)  # fmt: skip


def _git_files(top: Path) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(top), "GIT_CONFIG_NOSYSTEM": "1"}
    listing = ["git", "-c", "core.quotePath=false", "ls-files", "--others", "--exclude-standard", "-z"]
    out = subprocess.run(listing, cwd=top, env=environment, check=True, capture_output=True).stdout
    return sorted(os.fsdecode(path) for path in out.split(b"\0") if path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the same files in it for every example."""
    top = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", "--template=", str(top)], check=True)
    for path in PATHS:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).touch()
    (top / ".git/info").mkdir()
    return top


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the measure here")
@settings(max_examples=50, deadline=None)
@given(rules=st.dictionaries(st.sampled_from(PLACES), st.lists(st.sampled_from(PATTERNS), max_size=5), max_size=3))
@example(rules={"": ["build/", "*.log"], "a": ["!build/"]})
@example(rules={"": ["*", "!*/", "!*.log"]})
@example(rules={".git/info": ["a/"], "": ["!a/b"]})
def test_the_same_files_are_left_out_as_git_leaves_out(repository: Path, rules: dict[str, list[str]]) -> None:
    for place in PLACES:
        file = repository / place / ("exclude" if place == ".git/info" else ".gitignore")
        file.unlink(missing_ok=True)
        if place in rules:
            file.write_text("\n".join(rules[place]))
    with Root(repository) as root:
        found = list(walk(root))
        surveyed = [each.folder + name for each in survey(root) for name in each.names]
    assert found == sorted(found)
    assert found == _git_files(repository)
    assert sorted(surveyed) == found


def test_git_s_own_folder_links_and_what_is_no_file_are_left_out(folder: Path, root: Root) -> None:
    for path in (".git/config", "sub/.git/config", "sub/.GIT", "sub/file"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    (folder / "link").symlink_to("sub/file")
    (folder / "away").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    assert list(walk(root)) == ["sub/file"]


def test_paths_come_in_the_order_of_their_texts(folder: Path, root: Root) -> None:
    paths = ["a-b", "a.txt", "a/b", "a0", "ä/x", "B", "Z/y"]
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    assert list(walk(root)) == sorted(paths)


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="elsewhere names are UTF-8")
def test_names_that_are_not_utf_8_are_left_out(folder: Path, root: Root) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch()
    (folder / "ok").touch()
    assert list(walk(root)) == ["ok"]


def test_an_ignored_folder_is_not_entered(folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "node_modules/deep").mkdir(parents=True)
    (folder / "node_modules/deep/f").touch()
    (folder / ".gitignore").write_text("node_modules/\n")
    entered: list[str] = []
    open_folder = Root.open_folder

    def note(self: Root, parts: tuple[str, ...]) -> int:
        entered.append("/".join(parts))
        return open_folder(self, parts)

    monkeypatch.setattr(Root, "open_folder", note)
    assert list(walk(root)) == [".gitignore"]
    assert not any("node_modules" in path for path in entered)


def test_a_survey_tells_of_each_file_what_changes_with_it(folder: Path, root: Root) -> None:
    for path in ("b", "a/c", "a/b"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(path)
    found = {each.folder: each for each in survey(root)}
    assert {place: each.names for place, each in found.items()} == {"": ("b",), "a/": ("b", "c")}
    for place, each in found.items():
        stamps = [tuple(each.stamps[at : at + STAMP_LENGTH]) for at in range(0, len(each.stamps), STAMP_LENGTH)]
        assert stamps == [stamp_of((folder / place / name).stat()) for name in each.names]


def test_a_file_that_goes_while_it_is_surveyed_is_left_out(
    folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a").touch()
    (folder / "b").touch()
    looked = os.stat

    def gone(name: str, **options: bool) -> os.stat_result:
        (folder / "a").unlink(missing_ok=True)
        return looked(name, **options)

    monkeypatch.setattr(os, "stat", gone)
    assert [each.names for each in survey(root)] == [("b",)]
