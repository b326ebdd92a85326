"""Which files come first, and that nothing that is among the best is lost on the way to them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.search.kinds import kinds_of
from stages.search.ranking import Ranking, rank
from stages.search.reading import marks
from stages.search.tables import NUMBER_SHIFT, Numbered, Tables
from stages.search.terms import terms_of

WORDS = ("zebra", "horse", "crossing", "def zebra():", "parse_kv_pairs", "x = 1", "other")
NAMES = ("zebra", "horse", "test_zebra", "other", "a", "b")


def ranked(files: Mapping[str, str], query: str, limit: int) -> Ranking:
    """The ranking of those files for that query."""
    tables = Tables(None)
    tables.begin()
    numbered = Numbered()
    postings: dict[str, array[int]] = {}
    for number, (path, text) in enumerate(files.items()):
        numbered.sizes.append(len(text))
        numbered.kinds.append(kinds_of(path))
        for key, mark in marks(path, text.encode()).items():
            postings.setdefault(key, array("Q")).append(number << NUMBER_SHIFT | mark)
    tables.add_segment(postings)
    tables.put_paths(dict(enumerate(files)), ())
    found = rank(tables, numbered, terms_of(query), limit, None)
    tables.close()
    return found


def first(files: Mapping[str, str], query: str) -> str:
    """The path that comes first."""
    return ranked(files, query, 1).ranked[0].path


@given(
    names=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 9)), unique=True, min_size=1, max_size=12),
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=6), min_size=12, max_size=12),
    query=st.lists(st.sampled_from(("zebra", "horses", "crossing", "parse_kv_pairs", "test")), min_size=1, unique=True),
    limit=st.integers(1, 6),
)
def test_fewer_are_the_first_of_more(
    names: Sequence[tuple[str, int]], texts: Sequence[Sequence[str]], query: Sequence[str], limit: int
) -> None:
    files = {f"{place}/{name}.py": "\n".join(lines) for (name, place), lines in zip(names, texts, strict=False)}
    every = ranked(files, " ".join(query), 100)
    few = ranked(files, " ".join(query), limit)
    assert few.ranked == every.ranked[:limit]
    assert list(every.ranked) == sorted(every.ranked, key=lambda each: (-each.score, each.path))


def test_a_definition_is_more_than_mentions() -> None:
    assert first({"a.py": "zebra()\nzebra()\nzebra()\n", "b.py": "def zebra(): pass\n"}, "zebra") == "b.py"


def test_the_more_of_a_defined_name_is_meant_the_more_it_tells() -> None:
    files = {"a.py": "def zebra_of_the_other_kind(): pass\n", "b.py": "def zebra_line(): pass\n"}
    assert first(files, "zebra") == "b.py"


def test_a_file_that_is_named_for_the_term_comes_before_one_whose_folder_is() -> None:
    assert first({"zebra/a.py": "x\n", "a/zebra.py": "x\n"}, "zebra") == "a/zebra.py"


def test_a_rare_term_is_worth_more_than_a_common_one() -> None:
    files = {f"{name}.py": "horse\n" for name in "abcdef"} | {"z.py": "zebra\n"}
    assert first(files, "horse zebra") == "z.py"


def test_mentions_in_a_long_file_tell_less() -> None:
    assert first({"a.py": "zebra\n" + "other\n" * 500, "b.py": "zebra\n"}, "zebra") == "b.py"


@pytest.mark.parametrize(
    ("lesser", "query"),
    [
        ("tests/test_a.py", "the test of zebra"),
        ("docs/a.rst", "the documentation of zebra"),
        ("setup.cfg", "the configuration of zebra"),
        ("data.json", "the JSON of zebra"),
    ],
)
def test_source_comes_before_other_kinds_unless_they_are_asked_for(lesser: str, query: str) -> None:
    files = {lesser: "zebra\n", "z.py": "zebra\n"}
    assert first(files, "zebra") == "z.py"
    assert first({lesser: "zebra zebra\n", "z.py": "zebra\n"}, query) == lesser
