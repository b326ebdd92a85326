"""The index is never stale: whatever was changed, a search by it finds what one by a new index finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission_fsm import view
from mission_fsm.stage import RetrievalBegun
from mission_fsm.testing.context import StageProbe
from mission_fsm.workspace import walk
from stages.retrieve import Retrieve, Search
from stages.search import index, reading, tables

SearchNow = Callable[..., dict[str, Any]]
Paths = Callable[..., list[str]]

PLACES = ("a.py", "b.py", "sub/a.py", "sub/deep/c.py", "test_a.py", "README.md", ".gitignore")
# Of as many different lengths, so that no change of content can hide behind times that are coarse.
CONTENTS = (
    "zebra\n",
    "def zebra(): pass\n",
    "a horse\n",
    "zebra_crossing = 1\nhorse\n",
    "",
    "zebra\0\0\0",
    "a.py\n",
    "sub\n",
)
Edit = tuple[str, str, str]
EDITS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(PLACES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("move"), st.sampled_from(PLACES), st.sampled_from(PLACES)),
    st.tuples(st.just("remove"), st.sampled_from((*PLACES, "sub", "sub/deep")), st.just("")),
    st.tuples(st.just("search"), st.just(""), st.just("")),
)


def _carry_out(folder: Path, edit: Edit) -> None:
    verb, path, other = edit
    place = folder / path
    with suppress(OSError):
        if verb == "write":
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(other)
        elif verb == "move":
            place.rename(folder / other)
        elif verb == "remove" and place.is_dir():
            shutil.rmtree(place)
        elif verb == "remove":
            place.unlink()


def _answer(folder: Path, scratches: Path) -> object:
    scratches.mkdir(exist_ok=True)
    probe = StageProbe(folder=folder, scratches=scratches, options=Search("zebra crossing"), reply=RetrievalBegun("r"))
    return Retrieve().run(probe)


@pytest.mark.parametrize(
    ("coarsest_ns", "most_segments", "most_held"),
    [(3 * 10**9, 24, 1_500_000), (-60 * 10**9, 24, 1_500_000), (-60 * 10**9, 3, 4)],
    ids=["files that may change unseen", "files that are believed", "small segments"],
)
@settings(max_examples=25, deadline=None)
@given(edits=st.lists(EDITS, max_size=12))
def test_after_any_edits_it_answers_as_one_that_is_made_anew(
    coarsest_ns: int, most_segments: int, most_held: int, edits: Sequence[Edit]
) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as name:
        patch.setattr(view, "COARSEST_NS", coarsest_ns)
        patch.setattr(tables, "_MOST_SEGMENTS", most_segments)
        patch.setattr(tables, "_MERGED", most_segments)
        patch.setattr(index, "_MOST_HELD", most_held)
        folder, kept = Path(name) / "workspace", Path(name) / "kept"
        folder.mkdir()
        for number, edit in enumerate((*edits, ("search", "", ""))):
            _carry_out(folder, edit)
            if edit[0] == "search":
                assert _answer(folder, kept) == _answer(folder, Path(name) / f"anew-{number}")


def test_what_has_changed_is_found_and_what_has_not_is_not_read_again(
    folder: Path, paths: Paths, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text("zebra")
    (folder / "b.py").write_text("horse")
    read: list[str] = []
    read_file = reading.read_file

    def noted(folder: int, name: str) -> tuple[bytes | None, reading.Stamp | None]:
        read.append(name)
        return read_file(folder, name)

    monkeypatch.setattr(index, "read_file", noted)
    assert paths() == ["a.py"]
    assert paths() == ["a.py"]
    assert sorted(read) == ["a.py", "b.py"]
    (folder / "b.py").write_text("zebra zebra")
    assert sorted(paths()) == ["a.py", "b.py"]
    assert sorted(read) == ["a.py", "b.py", "b.py"]


@pytest.mark.parametrize("coarse_ns", [1, 10**9, 2 * 10**9])
def test_a_change_in_the_same_instant_to_as_many_bytes_is_found(
    folder: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch, coarse_ns: int
) -> None:
    """Also on a file system whose times are coarse, and where the time of the content is set back."""

    def coarsely(status: os.stat_result) -> tuple[int, int, int, int]:
        times = (each // coarse_ns * coarse_ns for each in (status.st_mtime_ns, status.st_ctime_ns))
        return status.st_size, *times, status.st_ino  # type: ignore[return-value]

    monkeypatch.setattr(walk, "stamp_of", coarsely)
    monkeypatch.setattr(reading, "stamp_of", coarsely)
    place = folder / "a.py"
    for word in ("zebra", "horse") * 5:
        before = place.stat() if place.exists() else None
        place.write_text(word)
        if before is not None:
            os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert paths("zebra") == (["a.py"] if word == "zebra" else [])
        assert paths("horse") == (["a.py"] if word == "horse" else [])


def test_a_file_that_changes_while_it_is_read_is_read_again(
    folder: Path, paths: Paths, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text("zebra")
    read = os.read

    def read_and_change(file: int, most: int) -> bytes:
        content = read(file, most)
        (folder / "a.py").write_text("horses")
        return content

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", read_and_change)
        assert paths("horse") == []
    assert paths("horse") == ["a.py"]


def test_a_file_that_vanishes_before_it_is_read_is_no_trouble(
    folder: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text("zebra")
    (folder / "b.py").write_text("zebra")
    read_file = reading.read_file

    def removed(opened: int, name: str) -> tuple[bytes | None, reading.Stamp | None]:
        (folder / "b.py").unlink(missing_ok=True)
        return read_file(opened, name)

    monkeypatch.setattr(index, "read_file", removed)
    assert paths() == ["a.py"]


def test_a_folder_that_a_link_replaces_is_not_followed(folder: Path, paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.py").write_text("zebra")
    (folder / "sub").mkdir()
    (folder / "sub" / "a.py").write_text("zebra")
    assert paths() == ["sub/a.py"]
    (folder / "sub").rename(folder / "moved")
    (folder / "sub").symlink_to(tmp_path / "outside")
    assert paths() == ["moved/a.py"]


def test_a_folder_that_a_link_replaces_before_it_is_read_is_not_followed(
    folder: Path, search: SearchNow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.py").write_text("zebra")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.py").write_text("zebra")
    opened_folder = reading.opened_folder

    def replaced(root: str, below: str) -> AbstractContextManager[int | None]:
        (folder / "sub").rename(tmp_path / "moved")
        (folder / "sub").symlink_to(tmp_path / "outside")
        return opened_folder(root, below)

    monkeypatch.setattr(index, "opened_folder", replaced)
    found = search()
    assert (found["searched"], found["passed_over"], found["hits"]) == (0, 1, [])


def test_segments_become_one_before_they_are_too_many_and_lose_what_is_gone(
    folder: Path, paths: Paths, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_MOST_SEGMENTS", 3)
    monkeypatch.setattr(tables, "_MERGED", 4)
    for number in range(13):
        (folder / "a.py").write_text(f"zebra {'z' * number}")
        assert paths() == ["a.py"]
    (database,) = kept.glob("*.db")
    made = tables.Tables(database)
    postings = list(made.postings("zebra"))
    made.close()
    assert len(postings) == 1
    assert sum(map(len, postings)) == 1


def test_an_index_of_little_but_what_is_gone_is_made_anew(
    folder: Path, paths: Paths, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_MOST_GONE", 3)
    for number in range(20):
        (folder / "a.py").write_text(f"zebra {'z' * number}")
        assert paths() == ["a.py"]
    (database,) = kept.glob("*.db")
    made = tables.Tables(database)
    given = len(made.numbered().kinds)
    made.close()
    assert given <= 5


def test_what_a_workspace_may_hold_besides_source_is_passed_over(folder: Path, search: SearchNow) -> None:
    """And nothing is waited for: a pipe, a loop of links, a file of a gigabyte, names of any bytes, a deep tree."""
    (folder / "a.py").write_text("zebra")
    os.mkfifo(folder / "pipe.py")
    (folder / "loop").symlink_to(".")
    with (folder / "huge.py").open("wb") as huge:
        huge.truncate(1 << 30)
    (folder / "new\nline.py").write_text("zebra")
    if os.uname().sysname == "Linux":
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.py")).write_text("zebra")
    (folder / "minified.js").write_text("var zebra=function(a,b){return a+b};" * 20_000)
    (folder / "one_word.txt").write_text("zebra" * 200_000)
    (folder / "spaces.py").write_text("def" + " " * 500_000 + "zebra " * 50_000)
    (folder / "c.c").write_text("int zebra " * 50_000 + "(" * 1000)
    deep = folder.joinpath(*["d"] * 200)
    deep.mkdir(parents=True)
    (deep / "deep.py").write_text("zebra")
    found = search()
    assert {hit["path"] for hit in found["hits"]} == {
        *("a.py", "new\nline.py", "minified.js", "spaces.py", "c.c", f"{'d/' * 200}deep.py")
    }
    assert found["passed_over"] == 1
    assert search() == found
