"""The stage `retrieve`: which files it finds, in which order, and why."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.stage import BeginRetrieval, Failed, Outcome, RetrievalBegun, Retrieved, Step
from mission_fsm.testing.context import StageProbe
from stages.retrieve import Retrieve, Search
from stages.search.ranges import ranges
from stages.search.reading import MAX_FILE_BYTES
from stages.search.terms import terms_of

MakeWorkspace = Callable[..., Path]
Make = Callable[..., StageProbe]

STRUTILS = '''"""Text helpers."""


def slugify(text):
    return text.lower()


def bytes2human(nbytes, ndigits=0):
    """Turn a number of bytes into text that a person can read."""
    for size, symbol in RANGES:
        if nbytes <= size:
            break
    return f"{nbytes / size:.{ndigits}f}{symbol}"


RANGES = [(1024, "K"), (1024**2, "M")]
'''
TREE = {
    "boltons/strutils.py": STRUTILS,
    "boltons/fileutils.py": "from boltons.strutils import bytes2human\n\nprint(bytes2human(9))\n",
    "boltons/dictutils.py": "class OrderedMultiDict(dict):\n    def add(self, key, value):\n        ...\n",
    "boltons/address.py": "def address(padding):\n    return padding\n",
    "tests/test_strutils.py": "from boltons.strutils import bytes2human\n\n\ndef test_bytes2human():\n"
    "    assert bytes2human(1023) == '1023B'\n    assert bytes2human(1024) == '1K'\n",
    "README.md": "bytes2human bytes2human bytes2human bytes2human\n",
    "docs/dict.rst": "The OrderedMultiDict keeps order.\n",
    "data/big.txt": "bytes2human\n" * (MAX_FILE_BYTES // 12 + 1),
    "image.png": b"\x89PNG\0bytes2human",
    ".gitignore": "build/\n",
    "build/strutils.py": STRUTILS,
}  # fmt: skip


@pytest.fixture
def search(make_workspace: MakeWorkspace, make_probe: Make) -> Callable[..., Outcome]:
    """Searches the tree above, from the request to the result."""
    folder = make_workspace(TREE)

    def search(query: str | None = None, description: str = "Look around", **options: Any) -> Outcome:
        step = Step("find", description, "retrieve")
        probe = make_probe(folder, step=step, options=Search(query=query, **options))
        assert Retrieve().run(probe) == BeginRetrieval(query or description)
        return Retrieve().run(attrs.evolve(probe, reply=RetrievalBegun("retrieval-1")))

    return search


def hits(outcome: Outcome) -> list[dict[str, Any]]:
    """What the artifact says."""
    assert isinstance(outcome, Retrieved)
    found: list[dict[str, Any]] = json.loads(outcome.result)["hits"]
    assert len(found) == outcome.result_count
    return found


def paths(outcome: Outcome) -> list[str]:
    """The paths, the best first."""
    return [hit["path"] for hit in hits(outcome)]


def test_the_file_that_defines_a_name_comes_before_those_that_mention_it(search: Callable[..., Outcome]) -> None:
    found = search("bytes2human rollover")
    assert paths(found)[:2] == ["boltons/strutils.py", "boltons/fileutils.py"]
    first = hits(found)[0]
    assert first["reasons"][0] == "defines bytes2human"
    assert first["digest"] == hashlib.sha256(STRUTILS.encode()).hexdigest()
    assert {"start": 6, "end": 13} in first["ranges"]


def test_the_step_s_description_is_the_query_where_there_is_none(search: Callable[..., Outcome]) -> None:
    found = search(description="Research where bytes2human rounds")
    assert isinstance(found, Retrieved)
    assert json.loads(found.result)["terms"] == ["bytes2human", "rounds", "bytes", "human"]
    assert found.summary.startswith("boltons/strutils.py, boltons/fileutils.py, ")
    assert "for bytes2human, rounds" in found.summary


def test_source_comes_before_tests_and_prose_unless_they_are_asked_for(search: Callable[..., Outcome]) -> None:
    assert paths(search("bytes2human"))[-2:] == ["tests/test_strutils.py", "README.md"]
    assert paths(search("tests of bytes2human"))[0] == "tests/test_strutils.py"
    assert paths(search("readme on bytes2human"))[0] == "README.md"


def test_words_match_parts_of_identifiers_and_not_parts_of_words(search: Callable[..., Outcome]) -> None:
    assert paths(search("multi dict"))[0] == "boltons/dictutils.py"
    assert paths(search("adding")) == ["boltons/dictutils.py"]


def test_what_is_ignored_binary_or_too_large_is_passed_over(search: Callable[..., Outcome]) -> None:
    found = search("bytes2human", limit=100)
    assert isinstance(found, Retrieved)
    assert not {"build/strutils.py", "image.png", "data/big.txt"} & set(paths(found))
    result = json.loads(found.result)
    assert (result["searched"], result["passed_over"]) == (8, 2)


def test_globs_narrow_the_search(search: Callable[..., Outcome]) -> None:
    assert paths(search("bytes2human", paths=("tests/**", "*.md"))) == ["tests/test_strutils.py", "README.md"]


def test_the_limit_is_kept(search: Callable[..., Outcome]) -> None:
    assert paths(search("bytes2human", limit=1)) == ["boltons/strutils.py"]


def test_nothing_found_is_a_result_unless_one_is_required(search: Callable[..., Outcome]) -> None:
    found = search("zebra crossing")
    assert isinstance(found, Retrieved)
    assert (found.result_count, found.summary) == (0, "nothing found for zebra, crossing (8 files searched)")
    assert search("zebra crossing", require=True) == Failed("nothing_found", found.summary)


def test_ties_go_by_path(make_workspace: MakeWorkspace, make_probe: Make) -> None:
    folder = make_workspace({f"{name}.py": "zebra = 1\n" for name in "dbcae"})
    probe = make_probe(folder, options=Search("zebra"), reply=RetrievalBegun("r"))
    assert paths(Retrieve().run(probe)) == ["a.py", "b.py", "c.py", "d.py", "e.py"]


def test_a_file_that_cannot_be_read_and_a_link_that_leads_out_are_passed_over(
    make_workspace: MakeWorkspace, make_probe: Make, tmp_path: Path
) -> None:
    folder = make_workspace({"open.py": "zebra\n", "closed.py": "zebra\n"})
    (tmp_path / "secret.py").write_text("zebra\n")
    (folder / "link.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(folder / "pipe.py")
    (folder / "closed.py").chmod(0)
    found = paths(Retrieve().run(make_probe(folder, options=Search("zebra"), reply=RetrievalBegun("r"))))
    readable = ["open.py"] if os.geteuid() else ["closed.py", "open.py"]
    assert found == readable


def test_an_empty_workspace_is_searched_without_complaint(make_workspace: MakeWorkspace, make_probe: Make) -> None:
    probe = make_probe(make_workspace({}), options=Search("zebra"), reply=RetrievalBegun("r"))
    assert paths(Retrieve().run(probe)) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [({"limit": 0}, "limit: expected 1 or more, found 0"), ({"paths": ("a", "/b")}, "paths: glob '/b' is absolute")],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Search(**options)


# --- ranges


@given(st.lists(st.sampled_from(["zebra", "def zebra():", "    x = 1", "", "a_zebra_b", "other"]), max_size=120))
def test_ranges_are_in_the_file_in_order_and_apart_and_there_where_a_term_is(lines: list[str]) -> None:
    found = ranges("x.py", "\n".join(lines).encode(), terms_of("zebra"))
    assert len(found) <= 5
    assert bool(found) == any("zebra" in line for line in lines)
    for at, span in enumerate(found):
        assert 1 <= span.start <= span.end <= max(len(lines), 1)
        assert any("zebra" in line for line in lines[span.start - 1 : span.end])
        assert at == 0 or found[at - 1].end < span.start


def test_a_definition_is_shown_to_its_end() -> None:
    source = b"int x;\nfunction zebra() {\n  one();\n\n  two();\n}\nfunction other() {\n}\n" + b"\n" * 20
    (span,) = ranges("x.js", source, terms_of("zebra"))
    assert (span.start, span.end) == (1, 6)
