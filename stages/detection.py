"""Finds the command that runs a project's tests, by the files that its tools leave in a folder.

A table, and nothing else, says what is looked for and in which order. The first row whose signs are all there wins:
what runs in the environment as it stands comes before what first sets one up, a project's own environment or wrapper
before what happens to be installed, and `make`, which any of the others may stand behind, comes last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from attrs import frozen

from mission_fsm.stage import UnsafePath, WorkspaceError, WorkspaceReader


@frozen
class Sign:
    """A file that is there, and what is in it. words: the latter in words; empty where any content will do."""

    file: str
    words: str = ""
    holds: Callable[[str], bool] = lambda _: True

    def __str__(self) -> str:
        return f"{self.file} has {self.words}" if self.words else f"{self.file} is there"


@frozen
class Row:
    """A tool, and how it is told that the project uses it. report: a glob of the JUnit reports that it writes."""

    tool: str
    signs: tuple[Sign, ...]
    argv: tuple[str, ...]
    report: str | None = None


@frozen
class Detected:
    """A command that was found. reason: by which signs, and which other tools have theirs."""

    argv: tuple[str, ...]
    report: str | None
    reason: str


def _section(file: str, name: str) -> Sign:
    """A section of an INI file, or a table of a TOML file."""
    header = re.compile(rf"^[ \t]*\[{re.escape(name)}\]", re.MULTILINE)
    return Sign(file, f"[{name}]", lambda text: header.search(text) is not None)


def _target(file: str, name: str) -> Sign:
    """A target of a makefile."""
    rule = re.compile(rf"^{name}[ \t]*:(?!=)", re.MULTILINE)
    return Sign(file, f"a target {name}", lambda text: rule.search(text) is not None)


def _has_test_script(text: str) -> bool:
    try:
        script = json.loads(text)["scripts"]["test"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    # What `npm init` writes only says that there is none.
    return isinstance(script, str) and "no test specified" not in script


_PYTEST = (
    Sign("pytest.ini"),
    _section("pyproject.toml", "tool.pytest.ini_options"),
    _section("pyproject.toml", "tool.pytest"),
    _section("tox.ini", "pytest"),
    _section("setup.cfg", "tool:pytest"),
    Sign("conftest.py"),
    Sign("tests/conftest.py"),
)
# In each environment there is one, and its Python may be a link to anywhere.
_ENVIRONMENT = Sign(".venv/pyvenv.cfg")
_NODE = Sign("package.json", "a script test", _has_test_script)
_GRADLE_REPORTS = "**/build/test-results/**/*.xml"
_MAVEN_REPORTS = "**/target/surefire-reports/*.xml"

# fmt: off
TABLE: tuple[Row, ...] = (
    *(Row("pytest", (sign, _ENVIRONMENT), (".venv/bin/python", "-m", "pytest")) for sign in _PYTEST),
    *(Row("pytest", (sign,), ("python3", "-m", "pytest")) for sign in _PYTEST),
    Row("tox", (_section("tox.ini", "tox"),), ("tox",)),
    Row("tox", (_section("tox.ini", "testenv"),), ("tox",)),
    Row("tox", (Sign("tox.toml"),), ("tox",)),
    Row("tox", (_section("pyproject.toml", "tool.tox"),), ("tox",)),
    Row("nox", (Sign("noxfile.py"),), ("nox",)),
    Row("pnpm", (_NODE, Sign("pnpm-lock.yaml")), ("pnpm", "test")),
    Row("yarn", (_NODE, Sign("yarn.lock")), ("yarn", "test")),
    Row("npm", (_NODE,), ("npm", "test")),
    Row("cargo", (Sign("Cargo.toml"),), ("cargo", "test")),
    Row("go", (Sign("go.mod"),), ("go", "test", "./...")),
    Row("maven", (Sign("pom.xml"), Sign("mvnw")), ("./mvnw", "--batch-mode", "test"), _MAVEN_REPORTS),
    Row("maven", (Sign("pom.xml"),), ("mvn", "--batch-mode", "test"), _MAVEN_REPORTS),
    Row("gradle", (Sign("gradlew"),), ("./gradlew", "test"), _GRADLE_REPORTS),
    Row("gradle", (Sign("build.gradle"),), ("gradle", "test"), _GRADLE_REPORTS),
    Row("gradle", (Sign("build.gradle.kts"),), ("gradle", "test"), _GRADLE_REPORTS),
    Row("make", (_target("GNUmakefile", "test"),), ("make", "test")),
    Row("make", (_target("Makefile", "test"),), ("make", "test")),
    Row("make", (_target("makefile", "test"),), ("make", "test")),
    Row("make", (_target("GNUmakefile", "check"),), ("make", "check")),
    Row("make", (_target("Makefile", "check"),), ("make", "check")),
    Row("make", (_target("makefile", "check"),), ("make", "check")),
)
# fmt: on

TOOLS = tuple(dict.fromkeys(row.tool for row in TABLE))


def detect(workspace: WorkspaceReader, folder: str = ".") -> Detected | None:
    """The command that runs the tests of the project in that folder of the workspace, or None where no row holds.

    The command is for that folder; the glob of its reports counts from the workspace.
    """
    below = "" if folder == "." else f"{folder}/"
    files = {sign.file for row in TABLE for sign in row.signs}
    texts = {file: text for file in files if (text := _text(workspace, below + file)) is not None}
    held = [row for row in TABLE if all(sign.file in texts and sign.holds(texts[sign.file]) for sign in row.signs)]
    if not held:
        return None
    first = held[0]
    reason = f"{first.tool}: {' and '.join(map(str, first.signs))}"
    others = [tool for tool in dict.fromkeys(row.tool for row in held) if tool != first.tool]
    if others:
        reason += f"; there are signs of {', '.join(others)} too"
    return Detected(first.argv, below + first.report if first.report else None, reason)


def _text(workspace: WorkspaceReader, path: str) -> str | None:
    """The text of a file, or None where there is none that could be read."""
    try:
        content = workspace.read(path)
    except (UnsafePath, WorkspaceError):
        return None
    return None if content is None else content.decode("utf-8", "replace")
