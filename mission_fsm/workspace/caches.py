"""Caches: what well-known tools write beside the work, make anew when it is gone, and nobody edits.

What a command changes there is counted, and held against nobody. A name stands here only if it means nothing else and
holds nobody's work: neither `build`, `dist`, `target` nor `coverage` does. What a project calls its own caches, its
.gitignore says.
"""

from __future__ import annotations

# As lines of a .gitignore, each with what it is.
CACHES: tuple[tuple[str, str], ...] = (
    ("__pycache__/", "Python's bytecode, made from the source beside it."),
    (".pytest_cache/", "What pytest remembers of its last run."),
    (".mypy_cache/", "What mypy knows of files that it has checked."),
    (".dmypy.json", "Where mypy's daemon is to be found."),
    (".ruff_cache/", "What ruff knows of files that it has checked."),
    (".pytype/", "What pytype knows of files that it has checked."),
    (".import_linter_cache/", "The graph of imports that import-linter has built."),
    (".hypothesis/", "Examples that Hypothesis has found and would find again."),
    (".tox/", "The environments that tox installs."),
    (".nox/", "The environments that nox installs."),
    (".coverage", "Which lines ran, as coverage.py writes it for its reports."),
    (".coverage.*", "The same, of one of several processes."),
    ("htmlcov/", "The pages that coverage.py makes of that."),
    (".nyc_output/", "Which lines ran, as nyc writes it for its reports."),
    ("**/node_modules/.cache/", "What Babel, webpack and others keep of what they have compiled."),
    ("**/node_modules/.vite/", "Packages as Vite has bundled them."),
    (".parcel-cache/", "What Parcel keeps of what it has compiled."),
    (".eslintcache", "What ESLint knows of files that it has checked."),
    (".stylelintcache", "What Stylelint knows of files that it has checked."),
    (".gradle/", "What Gradle knows of its last builds."),
)


def cache_lines() -> bytes:
    """The caches as the text of a .gitignore."""
    return "\n".join(pattern for pattern, _ in CACHES).encode()
