"""The architecture, executed: floors, who may import what, who may move a mission, and how the house is kept."""

from __future__ import annotations

import ast
import configparser
import inspect
import subprocess
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import mission_fsm
from mission_fsm import stage

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "mission_fsm" / "demo" / "project"  # the project that the demonstration works on: data, not ours

# The only places that may import these, as paths below the root.
ONLY_IMPORTERS = {
    "transitions": {"mission_fsm/core/lifecycle.py"},
    "stevedore": {"mission_fsm/registry.py"},
    "structlog": {"mission_fsm/logs.py", "mission_fsm/cli/tracing.py"},
    "sqlite3": {
        f"mission_fsm/journal/{name}.py"
        for name in ("complaints", "copying", "database", "leases", "schema", "sqlite", "tables", "upkeep")
    }
    | {"mission_fsm/workspace/kept.py", "stages/search/tables.py"},
    "yaml": {"mission_fsm/planfile/formats.py"},
    "xml": {"mission_fsm/core/verdict/junit.py"},
}

# A file of over 300 lines is two rooms, but for these.
MAX_LINES = 300
LONG_FILES = {
    "mission_fsm/engine.py": "one class, the embedding face: its length is its documentation",
    "mission_fsm/converter.py": "one converter, whose hooks call one another",
    "mission_fsm/runner/effects.py": "the effects, each a few lines over one session, pen and control",
    "mission_fsm/stage.py": "all that the author of a plugin sees, on one page",
    "mission_fsm/workspace/supervisor.py": "one file that is run as a program, and may import nothing of ours",
    "mission_fsm/core/commands.py": "one record for each request, and their union: a list, to be read as one",
    "mission_fsm/core/events.py": "one record for each type of event, and their union: a list, to be read as one",
}

# Here names are sentences, or records that their module's docstring explains together.
SPEAKING_NAMES = {
    "mission_fsm/core/commands.py",
    "mission_fsm/core/events.py",
    "mission_fsm/core/guards.py",
    "mission_fsm/journal/refusals.py",
    "mission_fsm/testing/store_samples.py",
}


def _sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Each of our modules in those folders, as its path below the root and its text."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.is_relative_to(SAMPLE):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@cache
def _trees() -> dict[str, ast.Module]:
    """All that is ours, parsed."""
    return {place: ast.parse(text) for place, text in _sources("mission_fsm", "stages", "tests", "bench")}


@cache
def _modules() -> dict[str, ast.Module]:
    """Of that, what is installed."""
    return {place: tree for place, tree in _trees().items() if place.startswith(("mission_fsm/", "stages/"))}


def _at_work() -> dict[str, ast.Module]:
    """Of that, what runs missions: `testing` also breaks things on purpose, such as Python's own functions."""
    return {place: tree for place, tree in _modules().items() if not place.startswith("mission_fsm/testing/")}


def _config() -> configparser.ConfigParser:
    config = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


# --- who imports what


def test_every_import_contract_is_kept() -> None:
    command = Path(sysconfig.get_path("scripts")) / "lint-imports"
    result = subprocess.run([command, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_a_library_has_no_other_importers_than_its_own(library: str) -> None:
    importers = {place for place in _at_work() if library in _imported_by(place)}
    assert importers == ONLY_IMPORTERS[library]


@cache
def _imported_by(place: str) -> set[str]:
    """The top-level names that a module imports."""
    names = set()
    for node in ast.walk(_trees()[place]):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_the_errors_import_nothing_of_the_house() -> None:
    assert "mission_fsm" not in _imported_by("mission_fsm/errors.py")


def test_every_plugin_that_is_installed_is_held_to_the_contract_that_keeps_them_apart() -> None:
    config = _config()
    groups = config["options.entry_points"]
    lines = (groups["mission_fsm.stages"] + groups["mission_fsm.editors"]).split("\n")
    plugins = {line.partition("= mission_fsm.")[2].partition(":")[0] for line in lines if line.strip()}
    apart = set(config["importlinter:contract:plugins-apart"]["modules"].split())
    assert plugins == apart


def test_every_package_is_listed_so_that_the_wheel_holds_it() -> None:
    listed = set(_config()["options"]["packages"].split())
    folders = {Path(place).parent for place in _modules() if place.endswith("/__init__.py")}
    packages = {".".join(folder.parts) for folder in folders}
    packages = {f"mission_fsm.{name}" if name.startswith("stages") else name for name in packages}
    assert listed == packages


# --- who moves a mission


def _state_writers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Where the state of something is assigned, or given to what makes missions, with the function that does it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.Lambda):
            continue
        name = getattr(function, "name", "lambda")
        for node in ast.walk(function):
            match node:
                case ast.Attribute(attr="state", ctx=ast.Store() | ast.Del()):
                    yield name, node.lineno
                case ast.Subscript(slice=ast.Constant("state"), ctx=ast.Store()):
                    yield name, node.lineno
                case ast.Dict(keys=keys) if "state" in [key.value for key in keys if isinstance(key, ast.Constant)]:
                    yield name, node.lineno
                case ast.Call(func=func) if _name(func) in ("setattr", "__setattr__"):
                    yield name, node.lineno
                case ast.Call(func=func, keywords=given) if _name(func) in ("Mission", "evolve", "replace"):
                    yield from ((name, word.value.lineno) for word in given if word.arg == "state")


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


# Everything else that is written under that name is no mission's state: it tells of one.
TELLERS = {
    ("mission_fsm/core/projections.py", "status"),
    ("mission_fsm/cli/failure.py", "_as_object"),
    ("mission_fsm/errors.py", "__init__"),
    ("mission_fsm/journal/memory.py", "append"),
    ("mission_fsm/runner/audit.py", "_compare_listing"),
}
MOVERS = {
    ("mission_fsm/core/lifecycle.py", "__init__"),  # the cursor that the machine moves
    ("mission_fsm/core/evolve.py", "begin"),
    ("mission_fsm/core/evolve.py", "moved"),
}


def test_no_line_outside_the_table_and_the_fold_assigns_the_state_of_a_mission() -> None:
    writers = {(place, name) for place, tree in _at_work().items() for name, _ in _state_writers(tree)}
    assert writers - TELLERS == MOVERS


def test_a_line_that_assigns_a_state_would_be_seen() -> None:
    lines = [
        "mission.state = State.RUNNING",
        "mission.state += 1",
        "del mission.state",
        "evolve(mission, state=State.RUNNING)",
        "Mission(state=State.RUNNING)",
        "changes['state'] = State.RUNNING",
        "changes = {'state': State.RUNNING}",
        "setattr(mission, name, State.RUNNING)",
        "object.__setattr__(mission, 'state', State.RUNNING)",
    ]
    for line in lines:
        assert list(_state_writers(ast.parse(f"def sneak():\n    {line}"))) == [("sneak", 2)], line
    assert not list(_state_writers(ast.parse("def look():\n    return mission.state")))


# --- how the house is kept


def test_a_file_that_grew_over_its_limit_is_split_or_has_its_reason() -> None:
    long = {place for place, text in _sources("mission_fsm", "stages") if text.count("\n") > MAX_LINES}
    assert long - LONG_FILES.keys() == set(), f"over {MAX_LINES} lines: split by what they are about"
    assert LONG_FILES.keys() - long == set(), "short by now: strike them off the list"


@pytest.mark.parametrize("word", ["utils", "util", "helpers", "misc", "common", "stuff"])
def test_no_module_is_named_after_nothing(word: str) -> None:
    assert not [
        place for place in _trees() if word in Path(place).with_suffix("").as_posix().replace("_", "/").split("/")
    ]


def test_every_module_says_what_it_is_about() -> None:
    assert not [place for place, tree in _trees().items() if tree.body and not ast.get_docstring(tree)]


def test_every_public_class_and_function_says_what_it_is() -> None:
    silent = [
        f"{place}: {node.name}"
        for place, tree in _modules().items()
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
        if place not in SPEAKING_NAMES and not ast.get_docstring(node)
    ]
    assert not silent


def test_every_method_that_a_host_or_a_plugin_author_meets_says_what_it_does() -> None:
    met = [getattr(mission_fsm, name) for name in mission_fsm.__all__] + [
        getattr(stage, name) for name in stage.__all__
    ]
    silent = [
        f"{cls.__name__}.{name}"
        for cls in met
        if inspect.isclass(cls) and not issubclass(cls, Exception)
        for name, method in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_") and not inspect.getdoc(method)
    ]
    assert not silent


def test_nothing_is_left_to_be_done_later() -> None:
    marks = ("TODO", "FIXME", "XXX")
    comments = [
        f"{place}:{number}"
        for place, text in _sources("mission_fsm", "stages", "tests", "bench")
        for number, line in enumerate(text.splitlines(), start=1)
        if any(mark in line.partition("#")[2] for mark in marks)
    ]
    assert not comments
    assert not [place for place, tree in _at_work().items() for node in ast.walk(tree) if _is_unmade(node)]


def _is_unmade(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node)


def test_no_test_replaces_what_it_tests_by_a_mock() -> None:
    assert not [place for place in _trees() if place.startswith("tests/") and "unittest" in _imported_by(place)]
