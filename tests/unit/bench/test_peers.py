"""The comparison works, with the two that need nothing installed; and a library that cannot keeps nobody from it."""

from __future__ import annotations

import pytest

from bench.peers import environment
from bench.peers.catalogue import CONTENDERS, OURS, Contender
from bench.peers.comparison import Comparison, Row, Sizes
from bench.peers.protocol import began, first_step
from bench.peers.table import cells, heads, markdown

SIZES = Sizes(lengths=(3,), turns=1, missions=2, gates=2)


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return Comparison(SIZES, row_bytes=100)


def test_ours_does_all_that_is_asked(compared: Comparison) -> None:
    row = compared.row(OURS)
    assert not row.problems
    assert row.redone == 0
    assert set(row.paces) == {3}
    assert "-" not in cells(row, SIZES)


def test_the_raw_limit_does_all_that_is_asked(compared: Comparison) -> None:
    row = compared.limit()
    assert not row.problems
    assert "-" not in cells(row, SIZES)


def test_a_library_that_cannot_is_said_to_and_leaves_its_cells_empty(compared: Comparison) -> None:
    row = compared.row(Contender("nobody", "no_such_module"))
    assert [problem.partition(":")[0] for problem in row.problems] == ["steps", "resume", "many", "gate"]
    assert "no_such_module" in row.problems[0]
    assert set(cells(row, SIZES)[1:]) == {"-"}


def test_the_table_has_a_line_for_each_row_and_each_note() -> None:
    text = markdown([Row("one"), Row("other")], SIZES, ["a note"])
    assert text.count("\n| ") == 3
    assert "- a note" in text
    assert len(heads(SIZES)) == len(cells(Row("one"), SIZES))


def test_the_first_step_that_begins_is_told_and_no_other() -> None:
    def action() -> None:
        began(3)
        began(4)

    step, seconds = first_step(action)
    assert step == 3
    assert seconds > 0


def test_every_package_that_is_installed_has_its_version_pinned() -> None:
    text = environment.REQUIREMENTS.read_text()
    assert {name for contender in CONTENDERS for name in contender.packages} == {
        line.partition("==")[0] for line in text.splitlines() if "==" in line
    }


def test_every_library_has_its_file() -> None:
    folder = environment.REQUIREMENTS.parent
    assert all((folder / f"{contender.module}.py").exists() for contender in CONTENDERS)
