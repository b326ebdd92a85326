"""Which reports are read after a command: those that it wrote, where it may, and nothing that could do harm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mission_fsm.core.replies import Report
from mission_fsm.core.verdict.junit import MAX_REPORT_BYTES
from mission_fsm.runner import reports
from mission_fsm.runner.reports import Reports
from mission_fsm.workspace.paths import Root

Written = Callable[..., tuple[Report, ...]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The workspace, in which a run before this one has left a report."""
    path = tmp_path / "workspace"
    (path / "out").mkdir(parents=True)
    (path / "out/old.xml").write_bytes(b"<old/>")
    return path


@pytest.fixture
def written(folder: Path) -> Iterator[Written]:
    """The reports of a command that does this in the workspace."""
    with Root(folder) as root:

        def run(pattern: str | None, command: Callable[[], object]) -> tuple[Report, ...]:
            found = Reports(root, pattern)
            command()
            return found.written()

        yield run


def test_a_report_is_what_the_command_wrote_at_its_path(folder: Path, written: Written) -> None:
    new = folder / "out/new.xml"
    assert written("out/new.xml", lambda: new.write_bytes(b"<new/>")) == (Report("out/new.xml", b"<new/>"),)


@pytest.mark.parametrize(
    "pattern", [None, "out/none.xml", "none/none.xml", "out/old.xml/below", "none/*.xml", "out/z*"]
)
def test_where_nothing_was_written_there_is_no_report(pattern: str | None, written: Written) -> None:
    assert written(pattern, lambda: None) == ()


@pytest.mark.parametrize("pattern", ["out/old.xml", "out/*.xml", "**/*.xml"])
def test_a_report_from_before_does_not_count(pattern: str, folder: Path, written: Written) -> None:
    assert written(pattern, lambda: (folder / "out/read").write_bytes(b"")) == ()


@pytest.mark.parametrize("pattern", ["out/old.xml", "out/*.xml"])
def test_a_report_that_is_written_anew_counts_though_it_is_as_long_and_as_old(
    pattern: str, folder: Path, written: Written
) -> None:
    old = folder / "out/old.xml"
    times = (old.stat().st_atime_ns, old.stat().st_mtime_ns)

    def write() -> None:
        old.unlink()
        old.write_bytes(b"<neu/>")
        os.utime(old, ns=times)

    assert written(pattern, write) == (Report("out/old.xml", b"<neu/>"),)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("build/test-results/*/*.xml", ["build/test-results/test/a.xml", "build/test-results/test/b.xml"]),
        ("build/**/*.xml", ["build/test-results/test/a.xml", "build/test-results/test/b.xml", "build/top.xml"]),
        ("**/target/reports/*.xml", ["core/target/reports/c.xml", "target/reports/d.xml"]),
        ("*.xml", ["root.xml"]),
        ("build/**", ["build/test-results/test/a.xml", "build/test-results/test/b.xml", "build/top.xml"]),
        ("*/target/*/?.xml", ["core/target/reports/c.xml"]),
        ("buil?/top.xml", ["build/top.xml"]),
    ],
)
def test_a_glob_means_the_reports_of_many(pattern: str, found: list[str], folder: Path, written: Written) -> None:
    """As gradle and maven write them, in folders that .gitignore ignores; git's own folder has none."""
    (folder / ".gitignore").write_text("build/\ntarget/\n")

    def write() -> None:
        for path in (
            "build/test-results/test/b.xml",
            "build/test-results/test/a.xml",
            "build/top.xml",
            "core/target/reports/c.xml",
            "target/reports/d.xml",
            "root.xml",
            ".git/target/reports/e.xml",
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(path)

    assert [report.path for report in written(pattern, write)] == found


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    (path.parent.parent.parent / "passing.xml").write_bytes(b"<testsuite><testcase/></testsuite>")
    path.symlink_to("../../passing.xml")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_fifo, _folder, _link, _device])
@pytest.mark.parametrize("pattern", ["out/new.xml", "out/n*.xml"])
def test_what_is_no_regular_file_is_told_and_not_opened(
    make: Callable[[Path], None], pattern: str, folder: Path, written: Written
) -> None:
    found = written(pattern, lambda: make(folder / "out/new.xml"))
    if make is _folder and "*" in pattern:
        assert found == ()  # a glob means files
    else:
        assert found == (Report("out/new.xml", problem="it is not a regular file"),)


def test_a_folder_that_the_command_replaces_by_a_link_leads_nowhere(folder: Path, written: Written) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "new.xml").write_bytes(b"<testsuite><testcase/></testsuite>")

    def replace() -> None:
        (folder / "out").rename(folder / "in")
        (folder / "out").symlink_to(elsewhere)

    for pattern in ("out/new.xml", "out/*.xml"):
        [report] = written(pattern, lambda: None if (folder / "in").exists() else replace())
        assert report.problem is not None
        assert "a symbolic link" in report.problem
    assert [report.path for report in written("**/*.xml", lambda: None)] == []


def test_a_report_that_cannot_be_read_is_told(folder: Path, written: Written) -> None:
    def write() -> None:
        (folder / "out/new.xml").write_bytes(b"<new/>")
        (folder / "out/new.xml").chmod(0)

    [report] = written("out/new.xml", write)
    if os.geteuid() != 0:  # root may read anything
        assert report.problem == "cannot read out/new.xml: Permission denied"


def test_what_is_read_is_bounded_in_size_and_in_number(
    folder: Path, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        for name in "abc":
            (folder / f"out/{name}.xml").write_bytes(b"x" * 10)
        with (folder / "out/d.xml").open("wb") as file:
            file.truncate(1 << 40)

    def touch() -> None:
        for path in (folder / "out").iterdir():
            path.touch()

    found = written("out/?.xml", write)
    assert [len(report.content) for report in found] == [10, 10, 10, MAX_REPORT_BYTES + 1]
    monkeypatch.setattr(reports, "MAX_BYTES", 25)
    [*_, last] = written("out/?.xml", touch)
    assert (last.path, last.problem) == ("out/c.xml", "all reports together have more than 0 MiB")
    monkeypatch.setattr(reports, "MAX_REPORTS", 3)
    [report] = written("out/?.xml", touch)
    assert report == Report("out/?.xml", problem="4 files are meant, and at most 3 are read")
    monkeypatch.setattr(reports, "MAX_LOOKED_AT", 4)
    [report] = written("**/?.xml", lambda: None)
    assert report.problem == "more than 4 files would be looked at: give a narrower glob"


def test_a_workspace_that_the_command_deletes_has_no_reports(folder: Path, written: Written) -> None:
    def delete() -> None:
        (folder / "out/old.xml").unlink()
        (folder / "out").rmdir()
        folder.rmdir()

    assert written("**/*.xml", delete) == ()
