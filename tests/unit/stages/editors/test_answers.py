"""The form of a model's answer: what is read in it, and what is refused because it could be meant in two ways."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.stage import FileEdit
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from stages.editors.answers import EXAMPLE, Rewrite, Shown, Swap, UnusableAnswer, post_images, read_answer

TEXT = "def double(n):\n    return n + n + 1\n\n\ndef half(n):\n    return n / 2\n"
SWAP = """\
FILE: double.py
<<<<<<< SEARCH
    return n + n + 1
=======
    return n + n
>>>>>>> REPLACE
"""
WRITE = "FILE: new/title.rst\n<<<<<<< WRITE\nHeading\n=======\n>>>>>>> WRITE\n"


def test_edits_of_both_kinds_are_read_and_what_is_around_them_is_not() -> None:
    answer = f"Sure! Here it is.\n\n```python\n{SWAP}```\n**FILE: `b.py`**\n{SWAP.partition(chr(10))[2]}\n{WRITE}Done."
    assert read_answer(answer) == (
        Swap("double.py", "    return n + n + 1\n", "    return n + n\n"),
        Swap("b.py", "    return n + n + 1\n", "    return n + n\n"),
        Rewrite("new/title.rst", "Heading\n=======\n"),
    )
    assert read_answer(answer.replace("\n", "\r\n")) == read_answer(answer)


def test_the_example_that_a_model_is_given_is_itself_in_the_form() -> None:
    _, answer = EXAMPLE
    assert read_answer(answer) == (
        Swap("hello.py", '    print("Hello!")\n', '    print(f"Hello, {name}!")\n'),
        Rewrite("NOTES.txt", "The greeting has a name in it.\n"),
    )


def test_one_file_line_stands_over_several_edits() -> None:
    twice = SWAP + SWAP.partition("\n")[2]
    assert [edit.path for edit in read_answer(twice)] == ["double.py", "double.py"]


def test_what_a_model_thinks_aloud_is_no_answer() -> None:
    assert read_answer(f"<think>Perhaps\n{WRITE}No.</think>\n{SWAP}") == read_answer(SWAP)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("", "holds no edit in the form"),
        ("I cannot do that.", "holds no edit in the form"),
        (SWAP.partition("\n")[2], "no FILE: line stands before the first <<<<<<< SEARCH"),
        (SWAP.partition(">>>")[0], "double.py: the answer ends before >>>>>>> REPLACE"),
        (SWAP.partition("===")[0], "the answer ends before ======="),
        (SWAP.replace("=======\n", ""), ">>>>>>> REPLACE stands where ======= was to come first"),
        (SWAP.replace("=======\n", "=======\n=======\n"), "======= stands where >>>>>>> REPLACE was to come first"),
        (SWAP.replace("    return n + n + 1\n", "\n"), "SEARCH is empty"),
        (SWAP + ">>>>>>> REPLACE\n", "ends what has not begun"),
        (WRITE.replace(">>>>>>> WRITE", SWAP), "<<<<<<< SEARCH stands where >>>>>>> WRITE was to come first"),
    ],
)
def test_what_is_not_in_the_form_is_refused_with_the_place(answer: str, says: str) -> None:
    with pytest.raises(UnusableAnswer, match=says.replace("+", r"\+")):
        read_answer(answer)


@given(
    st.lists(st.sampled_from([*SWAP.splitlines(), *WRITE.splitlines(), "", "text", "<think>", "</think>"])).map(
        "\n".join
    )
)
def test_any_text_is_read_or_refused(answer: str) -> None:
    with suppress(UnusableAnswer):
        assert read_answer(answer)


def made(folder: Path, answer: str, *, text: str = TEXT, crlf: bool = False, whole: bool = True) -> dict[str, bytes]:
    """What an answer makes of double.py, which was shown, by path."""
    shown = {"double.py": Shown("double.py", text, crlf, whole)}
    with Root(folder) as root:
        edits = post_images(read_answer(answer), shown, Reader(root), ("*.py", "new/**"))
    assert all(isinstance(edit, FileEdit) and edit.mode is None for edit in edits)
    return {edit.path: edit.content or b"" for edit in edits}


def test_lines_are_swapped_and_files_are_written(make_workspace: Callable[..., Path]) -> None:
    folder = make_workspace({"double.py": TEXT})
    assert made(folder, SWAP + WRITE) == {
        "double.py": TEXT.replace(" + 1", "").encode(),
        "new/title.rst": b"Heading\n=======\n",
    }


def test_each_edit_sees_what_those_before_it_made(make_workspace: Callable[..., Path]) -> None:
    back = SWAP.replace(" + 1", "").replace("=======\n    return n + n\n", "=======\n    return 2 * n\n")
    assert made(make_workspace({"double.py": TEXT}), SWAP + back) == {
        "double.py": TEXT.replace("n + n + 1", "2 * n").encode()
    }


def test_line_ends_are_kept_and_so_is_a_last_line_without_one(make_workspace: Callable[..., Path]) -> None:
    folder = make_workspace({})
    assert made(folder, SWAP, crlf=True)["double.py"] == TEXT.replace(" + 1", "").replace("\n", "\r\n").encode()
    bare = "    return n + n + 1"
    assert made(folder, SWAP, text=bare)["double.py"] == b"    return n + n"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (SWAP.replace("n + n + 1", "n + 1"), "the lines of SEARCH are not there"),
        (SWAP.replace("    return n + n + 1", "return n + n + 1"), "at line 2 they are, but for their white space"),
        (SWAP.replace("    return n + n + 1\n", "\n\n    return n / 2\n", 1), "not there"),
        (SWAP.replace("return n + n\n", "return n + n + 1\n"), "its edits change nothing"),
        (SWAP.replace("double.py", "other.py"), "other.py is not among the files that were shown"),
        (SWAP.replace("double.py", "no.py"), "no.py is not among the files that were shown, and it is not there"),
        (SWAP.replace("double.py", "../x.py"), r"\.\."),
        (WRITE.replace("new/title.rst", "other.py"), "other.py is not among the files that were shown"),
        (WRITE.replace("new/title.rst", "docs/a.rst"), r"docs/a.rst may not be changed, only \*.py, new/\*\*"),
        (WRITE.replace("new/title.rst", "new/.git/hooks/pre-commit"), "git"),
        (WRITE.replace("new/title.rst", "new/link"), "symbolic link"),
        (WRITE.replace("Heading", "\ud800"), "half a character"),
    ],
)
def test_an_edit_that_could_mean_something_else_or_may_not_be_made_is_refused(
    answer: str, says: str, make_workspace: Callable[..., Path]
) -> None:
    folder = make_workspace({"double.py": TEXT, "other.py": TEXT, "new/a": ""})
    (folder / "new/link").symlink_to("a")
    with pytest.raises(UnusableAnswer, match=says):
        made(folder, answer)


def test_lines_that_are_there_twice_and_files_shown_in_part_are_not_guessed_at(
    make_workspace: Callable[..., Path],
) -> None:
    folder = make_workspace({})
    with pytest.raises(UnusableAnswer, match="there more than once: give more lines"):
        made(folder, SWAP, text=TEXT + TEXT)
    with pytest.raises(UnusableAnswer, match="there more than once"):
        made(folder, SWAP, text="    return n + n + 1\n" * 2)
    with pytest.raises(UnusableAnswer, match="shown in part only, so it cannot be written anew"):
        made(folder, WRITE.replace("new/title.rst", "double.py"), whole=False)
    assert made(folder, SWAP, whole=False)
