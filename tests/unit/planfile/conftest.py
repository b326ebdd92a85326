"""Small real stages and editors, and plans in files for them."""

# ruff: noqa: RUF009 (`option` makes an attrs field, which a linter cannot know)

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from importlib import import_module, util
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, frozen, validators

from mission_fsm.errors import InvalidPlan, Problem
from mission_fsm.planfile.load import LoadedPlan, load_plan
from mission_fsm.registry import Registry
from mission_fsm.stage import Completed, EditFailed, Editor, InlinedFile, Outcome, Stage, StageContext, Tool, option

Load = Callable[..., LoadedPlan]
Problems = Callable[..., list[Problem]]


@frozen
class Search:
    query: str | None = option("What to look for.", default=None)
    limit: int = option("How many results at most.", default=20, validator=validators.ge(1))


class Find(Stage):
    """Looks for things."""

    name = "find"
    words = ("find", "research", "read")
    options = Search

    def run(self, context: StageContext) -> Outcome:
        return Completed(str(context.options))


class Change(Stage):
    """Changes files."""

    name = "change"
    words = ("change", "modify", "create", "write")
    touches = frozenset({Tool.READ, Tool.WRITE})
    binds_edits = True

    def run(self, context: StageContext) -> Outcome:
        return Completed("")


@frozen
class Command:
    run: tuple[str, ...] = option("The command.")
    env: Mapping[str, str] = option("Variables.", default=Factory(dict))
    input: InlinedFile | None = option("What it reads.", default=None)


class Check(Stage):
    """Runs a command."""

    name = "check"
    words = ("check", "run", "test", "verify")
    touches = frozenset({Tool.READ, Tool.EXEC})
    options = Command

    def run(self, context: StageContext) -> Outcome:
        return Completed("")


def _one_each(_: object, attribute: Any, value: tuple[Mapping[str, object], ...]) -> None:
    if any(len(entry) != 1 for entry in value):
        raise ValueError(f"{attribute.name}: expected one editor in each entry")


@frozen
class Attempts:
    tries: tuple[Mapping[str, object], ...] = option("Edits to try.", default=(), validator=_one_each)
    ratio: float = option("How much.", default=0.5)
    after: str | None = option("The step that it waits for.", default=None, binds_step=True)


class Mend(Stage):
    """Tries edits, one after the other."""

    name = "mend"
    words = ("mend", "fix")
    touches = frozenset({Tool.READ, Tool.WRITE})
    options = Attempts
    binds_edits = True

    def run(self, context: StageContext) -> Outcome:
        return Completed("")


@frozen
class Whole:
    path: str = option("The file.")
    text: str = option("What it is to hold.", default="")


class Put(Editor):
    """Writes whole files."""

    name = "put"
    options = tuple[Whole, ...]

    def edit(self, options: tuple[Whole, ...], workspace: Any, scratch: Path) -> tuple[()]:
        return ()

    def paths(self, options: tuple[Whole, ...]) -> tuple[str, ...]:
        return tuple(whole.path for whole in options)


class Listing(Editor):
    """Takes a file whose first line names what it touches."""

    name = "listing"
    options = InlinedFile

    def edit(self, options: InlinedFile, workspace: Any, scratch: Path) -> tuple[()]:
        return ()

    def paths(self, options: InlinedFile) -> tuple[str, ...] | None:
        if not options.content:
            raise EditFailed("the listing is empty")
        return tuple(options.content.decode("utf-8", "replace").splitlines()[0].split())


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.of([Find, Change, Check, Mend], [Put, Listing])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that plans are put into."""
    made = tmp_path / "plans"
    made.mkdir()
    return made


@pytest.fixture
def load(folder: Path, registry: Registry) -> Load:
    """Loads a plan: its text, or its document, which is put into a JSON file."""

    def load(plan: object, name: str = "plan.yaml", **options: Any) -> LoadedPlan:
        if not isinstance(plan, str | bytes):
            plan, name = json.dumps(plan), "plan.json"
        (folder / name).write_bytes(plan.encode() if isinstance(plan, str) else plan)
        return load_plan(folder / name, registry, **options)

    return load


@pytest.fixture
def problems(load: Load) -> Problems:
    """Everything that is wrong with a plan, which must be something."""

    def problems(plan: object, name: str = "plan.yaml", **options: Any) -> list[Problem]:
        with pytest.raises(InvalidPlan) as caught:
            load(plan, name, **options)
        return list(caught.value.problems)

    return problems


@pytest.fixture(scope="session")
def built_in() -> Registry:
    """The stages and editors that setup.cfg registers."""
    root = Path(__file__).parents[3]
    config = ConfigParser(delimiters="=")
    config.read(root / "setup.cfg")
    return Registry.of(*(_registered(config, group) for group in ("mission_fsm.stages", "mission_fsm.editors")))


def _registered(config: ConfigParser, group: str) -> list[Any]:
    entries = [line.partition("=")[2].strip() for line in config["options.entry_points"][group].strip().splitlines()]
    found = []
    for module, _, name in (entry.partition(":") for entry in entries):
        # Where the project is not installed, its plugins stand at the top of the repository.
        there = module if util.find_spec("mission_fsm.stages") else module.removeprefix("mission_fsm.")
        found.append(getattr(import_module(there), name))
    return found
