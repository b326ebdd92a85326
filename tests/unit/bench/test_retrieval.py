"""What the figures of retrieval are made from: searches out of releases, by rules, and the ways it is held against."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from bench.retrieval_baselines import by_bm25, by_counting
from bench.retrieval_history import KnownSearch, known_searches

BEFORE = {
    "CHANGES.md": "## 1.0\n\n- First release.\n",
    "src/a.py": "a = 1\n",
    "src/b.py": "b = 1\n",
    "src/version.py": "version = '1.0'\n",
    "tests/test_a.py": "assert a\n",
}
AFTER = {
    "CHANGES.md": "## 1.1\n\n- Fix `a` for\n  zebras. #12\n\n## 1.0\n\n- First release.\n",
    "src/a.py": "a = 2\n",
    "src/b.py": "b = 1\n",
    "src/version.py": "version = '1.1'\n",
    "tests/test_a.py": "assert a == 2\n",
    "src/new.py": "new\n",
}


def _release(folder: Path, version: str, files: Mapping[str, str]) -> Path:
    archive = folder / f"attrs-{version}.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        for path, text in files.items():
            member = tarfile.TarInfo(f"attrs-{version}/{path}")
            member.size = len(text)
            opened.addfile(member, io.BytesIO(text.encode()))
    return archive


def test_a_release_with_few_entries_gives_a_search_for_the_source_that_it_changed(tmp_path: Path) -> None:
    before = _release(tmp_path, "1.9", BEFORE)
    _release(tmp_path, "1.10", AFTER)
    assert list(known_searches(tmp_path)) == [
        KnownSearch("attrs", before, "Fix `a` for zebras. ", frozenset({"src/a.py"}))
    ]


def test_a_release_that_says_or_changes_much_or_nothing_gives_none(tmp_path: Path) -> None:
    _release(tmp_path, "1.0", BEFORE)
    _release(tmp_path, "1.1", BEFORE)
    _release(
        tmp_path, "1.2", BEFORE | {"src/a.py": "a = 3\n", "CHANGES.md": "".join(f"- {n} is new\n" for n in range(9))}
    )
    assert list(known_searches(tmp_path)) == []


def test_the_other_ways_rank_by_lines_and_by_bm25() -> None:
    files = {"long.py": "zebra\n" * 3 + "x\n" * 500, "short.py": "A Zebra here\n", "none.py": "horse\n"}
    assert by_counting("the zebra", files) == ["long.py", "short.py"]
    assert by_bm25("the zebra", {**files, "long.py": "zebra\n" + "x\n" * 500}) == ["short.py", "long.py"]
