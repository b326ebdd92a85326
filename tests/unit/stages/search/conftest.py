"""Searches by an index that is kept, beside the same search by one that is made for it alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm import view
from mission_fsm.stage import RetrievalBegun, Retrieved
from mission_fsm.testing.context import StageProbe
from stages.retrieve import Retrieve, Search


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty workspace."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the index is kept."""
    return tmp_path / "kept" / "cache" / "search"


@pytest.fixture
def search(tmp_path: Path, folder: Path) -> Callable[..., dict[str, Any]]:
    """What the artifact of a search says. anew: by no index that was kept."""

    def search(query: str = "zebra", *, anew: bool = False, **options: Any) -> dict[str, Any]:
        scratches = tmp_path / ("anew" if anew else "kept")
        if anew:
            shutil.rmtree(scratches, ignore_errors=True)
        scratches.mkdir(exist_ok=True)
        probe = StageProbe(
            folder=folder, scratches=scratches, options=Search(query, **options), reply=RetrievalBegun("r")
        )
        outcome = Retrieve().run(probe)
        assert isinstance(outcome, Retrieved)
        found: dict[str, Any] = json.loads(outcome.result)
        return found

    return search


@pytest.fixture
def paths(search: Callable[..., dict[str, Any]]) -> Callable[..., list[str]]:
    """The paths that a search finds, the best first."""
    return lambda *arguments, **options: [hit["path"] for hit in search(*arguments, **options)["hits"]]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as last changed long ago."""
    monkeypatch.setattr(view, "COARSEST_NS", -60 * 10**9)
