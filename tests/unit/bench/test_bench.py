"""The programs that measure run, at their smallest sizes, and say what they found. No time is held against anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import results
from bench.__main__ import SUBJECTS, main
from bench.effort import QUICK
from bench.figures import Figure, Table, at_least, at_most, markdown, number, shown


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_gives_figures_of_something_that_took_place(subject: str) -> None:
    table = SUBJECTS[subject](QUICK)
    assert table.figures
    assert all(figure.value > 0 and (figure.times is None or figure.times > 0) for figure in table.figures)
    assert len({figure.name for figure in table.figures}) >= 2


def test_the_command_measures_the_subjects_that_are_named_and_writes_them_as_json(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    done = CliRunner().invoke(main, ["disk", "--quick", "--json", str(path)])
    assert done.exit_code == 0, done.output
    found = json.loads(path.read_text())
    assert [table["title"] for table in found["tables"]] == ["Bytes on disk for each step, of 10"]
    assert {"processor", "kernel", "Python", "SQLite", "mission-fsm"} <= set(found["machine"])


@pytest.mark.parametrize("arguments", [["tests"], ["--write", "--quick"], ["--write", "disk"]])
def test_an_unknown_subject_and_figures_that_do_not_hold_are_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "Error:" in done.output


def test_each_part_of_the_results_is_written_anew_and_leaves_the_other(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    results.write("limits", {"kernel": "one"}, "first", path)
    results.write("peers", {"kernel": "one"}, "others", path)
    results.write("limits", {"kernel": "two"}, "second", path)
    text = path.read_text()
    assert "first" not in text
    assert "kernel two.\n\nsecond\n" in text
    assert "kernel one.\n\nothers\n" in text


def test_results_without_a_place_for_the_part_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("mine")
    with pytest.raises(SystemExit, match="should have one block"):
        results.write("limits", {}, "figures", path)
    assert path.read_text() == "mine"


def test_a_figure_stands_beside_its_baseline_and_its_aim() -> None:
    met = Figure("a step", 0.25, "ms", 1.25, "a commit", at_most(1.25, 1.5, "times"))
    missed = Figure("missions", 1234.5, "a second", aim=at_least(1234.5, 2000, "a second"))
    table = Table("Steps", "What it means.", (met, missed))
    assert "0.250 ms" in shown(table)
    assert "1.25 times a commit; at most 1.5 times" in shown(table)
    assert "| missions | 1,234 a second |  | at least 2000 a second: missed |" in markdown(table)


@pytest.mark.parametrize(
    ("value", "text"), [(0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_a_number_has_the_digits_that_mean_something(value: float, text: str) -> None:
    assert number(value) == text
