"""How much of what a change touched is found by what its changelog says: the stage beside counting and plain BM25."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from attrs import frozen

from bench.retrieval_baselines import by_bm25, by_counting
from bench.retrieval_history import PACKAGES, KnownSearch, files_in
from mission_fsm.stage import RetrievalBegun, Retrieved
from mission_fsm.testing.context import StageProbe
from stages.retrieve import Retrieve, Search
from stages.search.kinds import kinds_of
from stages.search.reading import text_or_none

CUTS = (1, 5, 10)
# The weights in the ranking were chosen by the packages at odd places of the list. Those at even places were measured
# meanwhile, too: they had a say in that a term counts as often as the query says it, and in nothing else.
_CHOSEN_BY = tuple(PACKAGES)[::2]

Find = Callable[[KnownSearch], Sequence[str]]


@frozen
class Recall:
    """What one way of searching finds: of each search's files, the share in the first so many, on average.

    recalls: for each of CUTS.
    """

    way: str
    searches: str
    recalls: tuple[float, ...]


def recalls(searches: Sequence[KnownSearch]) -> tuple[Recall, ...]:
    """The figures for every way of searching, and every group of searches."""
    with TemporaryDirectory() as name:
        unpacked = _Unpacked(Path(name))
        ways: dict[str, Find] = {
            "lines with a word, as `rg -c` counts them": lambda search: by_counting(
                search.query, _texts(search.archive)
            ),
            "the same, in source alone": lambda search: by_counting(search.query, _sources(search.archive)),
            "BM25 of whole files": lambda search: by_bm25(search.query, _texts(search.archive)),
            "the same, in source alone ": lambda search: by_bm25(search.query, _sources(search.archive)),
            "**the stage `retrieve`**": unpacked.find,
        }
        found = {way: [find(search) for search in searches] for way, find in ways.items()}
    groups = {
        "all": frozenset(PACKAGES),
        "packages that the weights were chosen by": frozenset(_CHOSEN_BY),
        "the other packages": frozenset(PACKAGES) - frozenset(_CHOSEN_BY),
    }
    return tuple(
        Recall(way, group, _averages(zip(lists, searches, strict=True), packages))
        for group, packages in groups.items()
        for way, lists in found.items()
    )


class _Unpacked:
    """The stage at work in folders that hold what an archive holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, search: KnownSearch) -> list[str]:
        workspace = self._folder / "workspaces" / search.archive.name
        if not workspace.exists():
            for path, content in files_in(search.archive).items():
                place = workspace / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        scratches = self._folder / "scratches" / search.archive.name
        scratches.mkdir(parents=True, exist_ok=True)
        return found_by_stage(StageProbe(folder=workspace, scratches=scratches), search.query)


def found_by_stage(probe: StageProbe, query: str) -> list[str]:
    """The paths that the stage names for a query in the probe's workspace, the best first."""
    outcome = Retrieve().run(attrs.evolve(probe, options=Search(query), reply=RetrievalBegun("retrieval")))
    if not isinstance(outcome, Retrieved):
        raise SystemExit(f"the stage answered {outcome}")
    return [hit["path"] for hit in json.loads(outcome.result)["hits"]]


def _averages(found: Iterable[tuple[Sequence[str], KnownSearch]], packages: Collection[str]) -> tuple[float, ...]:
    shares = [
        [len(search.changed & set(paths[:cut])) / len(search.changed) for cut in CUTS]
        for paths, search in found
        if search.package in packages
    ]
    return tuple(sum(column) / len(shares) for column in zip(*shares, strict=True))


@cache
def _texts(archive: Path) -> dict[str, str]:
    contents = files_in(archive)
    return {path: each.decode("utf-8", "replace") for path, each in contents.items() if text_or_none(each) is not None}


def _sources(archive: Path) -> dict[str, str]:
    return {path: text for path, text in _texts(archive).items() if not kinds_of(path)}
