"""A part of a change set: any choice of files and hunks gives just what was chosen, and what was left out is told."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission_fsm.core.changes import Change, ChangeSet, Version
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import UsageError
from mission_fsm.workspace.changeset import change_set_of
from mission_fsm.workspace.diff import hunks, unified
from mission_fsm.workspace.edited import recounted
from mission_fsm.workspace.lines import differing, split_lines
from mission_fsm.workspace.selection import Selection, differences, names_hunks, select, with_hunks
from mission_fsm.workspace.versions import SYMLINK, version_of

OLD = b"".join(b"%d\n" % number for number in range(40))
NEW = OLD.replace(b"\n5\n", b"\nfive\n").replace(b"\n20\n", b"\n").replace(b"\n35\n", b"\n35\n35 again\n")

lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"d\r\n"]), max_size=30)
texts = st.builds(lambda parts, end: b"".join(parts) + end, lines, st.sampled_from([b"", b"", b"no end"]))


@st.composite
def edits(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A text, and the same with lines put in, changed and taken out at places of their own."""
    before = b"".join(b"line %d\n" % number for number in range(draw(st.integers(0, 60))))
    after = split_lines(before)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(after)))
        after[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from([b"new\n", b"\n"]), max_size=2))
    return before, b"".join(after) + draw(st.sampled_from([b"", b"", b"no end"]))


@st.composite
def repeating(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A text of the same few lines again and again, and the same with lines put in at places far from each other."""
    period = draw(st.integers(1, 8))
    before = [b"line %d\n" % (number % period) for number in range(80)]
    after = list(before)
    for at in (70, 45, 20):
        after[at : at + draw(st.integers(0, 1))] = [b"new\n"] * draw(st.integers(0, 9))
    return b"".join(before), b"".join(after)


def _count(before: bytes, after: bytes) -> int:
    return len(hunks(differing(split_lines(before), split_lines(after))))


@given(st.one_of(st.tuples(texts, texts), edits()), st.data())
@settings(max_examples=200)
def test_all_hunks_are_the_proposal_none_is_what_was_and_the_rest_of_a_part_leads_to_the_proposal(
    pair: tuple[bytes, bytes], data: st.DataObject
) -> None:
    before, after = pair
    every = frozenset(range(1, _count(before, after) + 1))
    assert with_hunks(before, after, every) == after
    assert with_hunks(before, after, frozenset()) == before
    chosen = data.draw(st.frozensets(st.sampled_from(sorted(every)))) if every else frozenset()
    part = with_hunks(before, after, chosen)
    assert with_hunks(part, after, frozenset(range(1, _count(part, after) + 1))) == after


@given(edits(), st.data())
def test_lines_that_all_differ_are_taken_or_left_hunk_by_hunk(pair: tuple[bytes, bytes], data: st.DataObject) -> None:
    """Where no line stands twice, the hunks of a part are those chosen, and the others lead on from there."""
    before = split_lines(pair[0])
    gone = data.draw(st.frozensets(st.sampled_from(range(len(before))))) if before else frozenset()
    after = b"".join(line for number, line in enumerate(before) if number not in gone)
    every = range(1, _count(pair[0], after) + 1)
    chosen = data.draw(st.frozensets(st.sampled_from(every))) if every else frozenset()
    part = with_hunks(pair[0], after, chosen)
    assert _count(pair[0], part) == len(chosen)
    assert _count(part, after) == len(every) - len(chosen)


@pytest.mark.skipif(shutil.which("git") is None, reason="the patch editor needs it")
@given(st.one_of(edits(), repeating()), st.data())
@settings(max_examples=50, deadline=None)
def test_a_part_is_what_the_diff_comes_to_once_the_other_hunks_are_taken_out_of_it(
    pair: tuple[bytes, bytes], data: st.DataObject
) -> None:
    """The hunks are those that the diff shows, under the same numbers, and a patch of some of them applies."""
    before, after = pair
    change_set, content = _change_set(f=pair)
    header, *shown = re.split(rb"^(?=@@ -)", unified(change_set, content), flags=re.MULTILINE)
    assert len(shown) == _count(before, after)
    chosen = data.draw(st.frozensets(st.sampled_from(range(1, len(shown) + 1)), min_size=1)) if shown else frozenset()
    patch = recounted(header + b"".join(shown[number - 1] for number in sorted(chosen)))
    with TemporaryDirectory() as folder:
        (Path(folder) / "f").write_bytes(before)
        if chosen:
            subprocess.run(["git", "apply", "-"], input=patch, cwd=folder, check=True, capture_output=True)
        assert (Path(folder) / "f").read_bytes() == with_hunks(before, after, chosen)


# --- of a change set


def _file(data: bytes | None, mode: int = 0o644, kind: str = "file") -> Version | None:
    return None if data is None else version_of(data, mode, kind)


def _change_set(**files: tuple[bytes | None, bytes | None]) -> tuple[ChangeSet, Callable[[str], bytes]]:
    """A change set of texts before and after, by path, and what gives the bytes of each."""
    changes = [Change(path, _file(old), _file(new)) for path, (old, new) in files.items()]
    return change_set_of(changes), _contents(*(text for pair in files.values() for text in pair)).__getitem__


def _contents(*texts: bytes | None) -> Mapping[str, bytes]:
    return {hashlib.sha256(text).hexdigest(): text for text in texts if text is not None}


def test_files_are_chosen_whole_by_globs_and_what_is_left_out_is_told() -> None:
    change_set, content = _change_set(a=(OLD, NEW), b=(b"x\n", None), c=(None, b"new\n"))
    chosen = select(change_set, ["[bc]"], (), content)
    assert chosen == Selection((FileEdit("b", None), FileEdit("c", b"new\n", 0o644)), ("a",))
    whole = select(change_set, ["**"], (), content)
    assert [edit.path for edit in whole.edits] == ["a", "b", "c"]
    assert whole.left_out == ()


@pytest.mark.parametrize(
    ("spec", "text", "left_out"),
    [
        ("a:2", OLD.replace(b"\n20\n", b"\n"), "a:1,3"),
        ("a:1,3", NEW.replace(b"\n19\n", b"\n19\n20\n"), "a:2"),
        ("a:2-3", NEW.replace(b"\nfive\n", b"\n5\n"), "a:1"),
    ],
)
def test_hunks_are_chosen_by_their_numbers_in_the_diff(spec: str, text: bytes, left_out: str) -> None:
    change_set, content = _change_set(a=(OLD, NEW), b=(b"x\n", b"y\n"))
    chosen = select(change_set, (), [spec], content)
    assert chosen == Selection((FileEdit("a", text, 0o644),), (left_out, "b"))
    assert select(change_set, ["b"], [spec], content).left_out == (left_out,)


def test_all_the_hunks_of_a_file_are_the_file() -> None:
    change_set, content = _change_set(a=(OLD, NEW), b=(None, b"new\n"))
    chosen = select(change_set, (), ["a:1-2", "a:3", "b:1"], content)
    assert chosen == Selection((FileEdit("a", NEW, 0o644), FileEdit("b", b"new\n", 0o644)), ())


def test_a_path_may_hold_colons_and_numbers() -> None:
    change_set, content = _change_set(**{"a:1": (OLD, NEW)})
    assert select(change_set, (), ["a:1:2"], content).left_out == ("a:1:1,3",)
    assert [word for word in ("a:1", "src/**", "a:b", "a:", "a:1-2,4", ":1") if names_hunks(word)] == ["a:1", "a:1-2,4"]


@pytest.mark.parametrize(
    ("files", "specs", "sentence"),
    [
        (["z*"], [], "no file of the change matches 'z*'; it has a, b, c"),
        (["/a"], [], "is absolute"),
        ([], ["z:1"], "the change has no file 'z'; it has a, b, c"),
        ([], ["a"], "hunks are written as PATH:1,3-5"),
        ([], ["a:1;2"], "hunks are written as PATH:1,3-5"),
        ([], ["a:4"], "the diff of a has no hunk 4: it has 3 hunks"),
        ([], ["a:0"], "the diff of a has no hunk 0: it has 3 hunks"),
        ([], ["a:3-1"], "the diff of a has no hunk 3-1"),
        ([], ["a:1-999999999"], "the diff of a has no hunk 1-999999999"),
        ([], ["c:1"], "the diff of c has no hunk 1: it has 0 hunks"),
        (["*"], ["a:1"], "a is chosen whole and by hunks"),
    ],
)
def test_a_choice_of_what_is_not_there_is_refused_with_what_there_is(
    files: list[str], specs: list[str], sentence: str
) -> None:
    change_set, content = _change_set(a=(OLD, NEW), b=(b"x\n", b"y\n"), c=(b"\0", b"\0\0"))
    with pytest.raises(UsageError) as refusal:
        select(change_set, files, specs, content)
    assert sentence in str(refusal.value)


def test_what_changes_more_than_its_text_is_chosen_whole() -> None:
    change_set = change_set_of([Change("a", _file(OLD, 0o644), _file(NEW, 0o755))])
    content = _contents(OLD, NEW).__getitem__
    assert select(change_set, ["a"], (), content).edits == (FileEdit("a", NEW, 0o755),)
    with pytest.raises(UsageError, match="a changes its mode or kind as well as its text: choose it whole"):
        select(change_set, (), ["a:1"], content)


def test_a_link_is_chosen_as_a_link() -> None:
    change_set = change_set_of(
        [Change("a", _file(b"x\n"), _file(b"to", 0o777, SYMLINK)), Change("b", None, _file(b""))]
    )
    chosen = select(change_set, ["a"], (), _contents(b"x\n", b"to", b"").__getitem__)
    assert chosen.edits == (FileEdit("a", None, link_target="to"),)


def test_a_file_that_is_moved_is_taken_from_one_place_only_where_it_is_put_in_the_other() -> None:
    change_set, content = _change_set(new=(None, b"text\n"), old=(b"text\n", None), other=(b"", b"x\n"))
    for one in ("new", "old"):
        with pytest.raises(UsageError, match="old is moved to new: choose both of them, or neither"):
            select(change_set, [one], (), content)
    assert select(change_set, ["other"], (), content).left_out == ("new", "old")
    assert select(change_set, ["new", "old"], (), content).left_out == ("other",)


def test_what_an_edited_change_set_has_not_is_told_by_path_and_by_hunk() -> None:
    change_set, content = _change_set(a=(OLD, NEW), b=(b"x\n", b"y\n"), c=(b"\0", b"\0\0"))
    part = with_hunks(OLD, NEW, {1, 3}).replace(b"five", b"FIVE")
    revised = change_set_of([Change("a", _file(OLD), _file(part)), Change("c", _file(b"\0"), _file(b"\0\1"))])
    contents = _contents(OLD, NEW, part, b"x\n", b"y\n", b"\0", b"\0\0", b"\0\1")
    assert differences(change_set, revised, contents.__getitem__) == ("a:1,2", "b", "c")
    assert differences(change_set, change_set, content) == ()
