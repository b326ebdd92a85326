"""How long a search takes, in workspaces of several sizes that are filled with real source."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from attrs import frozen

from bench.measure import took
from bench.retrieval_history import PACKAGES, files_in
from bench.retrieval_recall import found_by_stage
from mission_fsm.testing.context import StageProbe
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.walk import survey

_FILES_IN_A_FOLDER = 100
_SMALLEST_BYTES, _LARGEST_BYTES = 200, 20_000
# After so long, in seconds, the stage believes that a file that was read is as it was.
_SETTLING_S = 3.5


@frozen
class Times:
    """Seconds, in a workspace of so many files.

    first: the first search, which makes the index.
    warm: a later one, nothing having changed; the median over the queries.
    after_a_change: one before which a file was added.
    looking: what looking at every file takes, with nothing else.
    index_bytes: how large the index is.
    """

    files: int
    size_bytes: int
    first: float
    warm: float
    after_a_change: float
    looking: float
    index_bytes: int


def times(files: int, archives: Path, queries: Sequence[str]) -> Times:
    """Measure in a workspace of so many files."""
    with TemporaryDirectory() as name:
        folder, scratches = Path(name) / "workspace", Path(name) / "scratches"
        scratches.mkdir()
        size = _fill(folder, islice(cycle(_sources(archives)), files))
        time.sleep(_SETTLING_S)
        probe = StageProbe(folder=folder, scratches=scratches)
        first = took(lambda: found_by_stage(probe, queries[0]))
        warm, looking, changed = [], [], []
        for number, query in enumerate(queries):
            warm.append(took(lambda: found_by_stage(probe, query)))  # noqa: B023 - called at once
            looking.append(took(lambda: _look(folder)))
            (folder / "0" / "0_changed.py").write_text(f"changed = {number}\n", encoding="utf-8")
            changed.append(took(lambda: found_by_stage(probe, query)))  # noqa: B023 - called at once
            (folder / "0" / "0_changed.py").unlink()
            found_by_stage(probe, query)
        index = sum(path.stat().st_size for path in (scratches / "cache").rglob("*.db"))
        return Times(files, size, first, median(warm), median(changed), median(looking), index)


def _look(folder: Path) -> None:
    with Root(folder) as root:
        for _ in survey(root):
            pass


def _fill(folder: Path, sources: Iterator[tuple[str, bytes]]) -> int:
    size = 0
    for number, (name, content) in enumerate(sources):
        place = folder / str(number // _FILES_IN_A_FOLDER) / f"{number}_{name}"
        if number % _FILES_IN_A_FOLDER == 0:
            place.parent.mkdir(parents=True)
        # A name of its own, so that the vocabulary grows with the files, as it does.
        whole = b"def unit_%d():\n    pass\n\n" % number + content
        place.write_bytes(whole)
        size += len(whole)
    return size


def _sources(archives: Path) -> list[tuple[str, bytes]]:
    """The names and contents of the Python files, not too large, in the newest release of each package."""
    newest = [
        path
        for package, release in PACKAGES.items()
        for path in sorted(archives.iterdir())
        if path.name.lower() == f"{package}-{release}.tar.gz"
    ]
    return [
        (path.rpartition("/")[2], content)
        for archive in newest
        for path, content in sorted(files_in(archive).items())
        if path.endswith(".py") and _SMALLEST_BYTES < len(content) < _LARGEST_BYTES
    ]
