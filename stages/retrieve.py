"""The stage `retrieve`: finds the files and lines of the workspace that matter for a query. Offline, and the same
for the same workspace and query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import asdict, frozen

from mission_fsm.stage import (
    BeginRetrieval,
    Failed,
    Outcome,
    RetrievalBegun,
    Retrieved,
    Stage,
    StageContext,
    UnsafePath,
    WorkspaceError,
    WorkspaceReader,
    all_globs,
    at_least_one,
    matches_any,
    option,
)

from .search.index import update
from .search.keeping import with_index
from .search.ranges import ranges
from .search.ranking import Ranked, Ranking, rank
from .search.reading import text_or_none
from .search.reasons import reasons
from .search.tables import Tables
from .search.terms import Term, terms_of

# Under which name the index is kept.
_CACHE = "search"
_PATHS_SHOWN = 3


@frozen
class Search:
    """What is searched for, and where."""

    query: str | None = option("What to search for; the step's description if it is left out.", default=None)
    limit: int = option("How many files to name at most.", default=10, validator=at_least_one)
    paths: tuple[str, ...] = option("Globs; only files that match one are searched.", default=(), validator=all_globs)
    require: bool = option("Whether finding nothing fails the step.", default=False)


class Retrieve(Stage):
    """Searches the workspace. Nothing found is a result, unless the step requires one."""

    name = "retrieve"
    words = (
        *("analyze", "analyse", "gather", "research", "review", "read", "find", "search", "locate", "inspect"),
        *("investigate", "explore", "identify", "examine", "study", "understand"),
    )
    options = Search

    def run(self, context: StageContext) -> Outcome:
        options: Search = context.options
        query = options.query or context.step.description
        if not isinstance(context.reply, RetrievalBegun):
            return BeginRetrieval(query)
        terms = terms_of(query, self.words)
        is_wanted = partial(matches_any, options.paths) if options.paths else None

        def look(tables: Tables) -> Ranking:
            return rank(tables, update(tables, context.workspace), terms, options.limit, is_wanted)

        ranking = with_index(context.cache(_CACHE), look)
        hits = [hit for ranked in ranking.ranked if (hit := _hit(context.workspace, ranked, terms))]
        summary = _summary([hit["path"] for hit in hits], terms, ranking)
        if options.require and not hits:
            return Failed("nothing_found", summary)
        result = {
            "query": query,
            "terms": [term.text for term in terms],
            "searched": ranking.searched,
            "passed_over": ranking.passed_over,
            "hits": hits,
        }
        return Retrieved(len(hits), summary, json.dumps(result, ensure_ascii=False, indent=1).encode("utf-8"))


def _hit(workspace: WorkspaceReader, ranked: Ranked, terms: Sequence[Term]) -> dict[str, Any] | None:
    """What is told of a file, the digest of the very bytes whose lines are named; None if it has gone meanwhile."""
    try:
        read = workspace.read(ranked.path)
    except (UnsafePath, WorkspaceError):
        return None
    content = text_or_none(read) if read is not None else None
    if content is None or not (why := reasons(ranked.path, content, terms)):
        return None
    return {
        "path": ranked.path,
        "digest": hashlib.sha256(content).hexdigest(),
        "score": round(ranked.score, 3),
        "reasons": list(why),
        "ranges": [asdict(span) for span in ranges(ranked.path, content, terms)],
    }


def _summary(paths: Sequence[str], terms: Sequence[Term], ranking: Ranking) -> str:
    about = ", ".join(term.text for term in terms if term.weight >= 1) or "the query, which has no words to search for"
    searched = f"{ranking.searched} file{'' if ranking.searched == 1 else 's'} searched"
    if not paths:
        return f"nothing found for {about} ({searched})"
    more = f" and {len(paths) - _PATHS_SHOWN} more" if len(paths) > _PATHS_SHOWN else ""
    return f"{', '.join(paths[:_PATHS_SHOWN])}{more} for {about} ({searched})"
