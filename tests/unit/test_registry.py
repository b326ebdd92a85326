"""The registry: plugins by name, loaded when they are asked for, and refused in a sentence when they are broken."""

# ruff: noqa: RUF009 (`option` makes an attrs field, which a linter cannot know)

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, frozen, validators

from mission_fsm.core.mapping import map_description
from mission_fsm.declarations import options_of
from mission_fsm.errors import PluginError, UsageError
from mission_fsm.registry import Registry
from mission_fsm.stage import Completed, Editor, InlinedFile, Stage, Tool, option


@frozen
class Target:
    """Where to deploy to."""

    host: str = option("The machine.")
    retries: int = option("How often.", default=3, validator=validators.ge(0))
    zones: tuple[str, ...] = option("Where else.", default=("eu",))
    labels: dict[str, str] = option("Labels.", default=Factory(dict))
    mode: Any = option("Anything.", default=None)
    file: InlinedFile | None = option("A file.", default=None)


class Deploy(Stage):
    """Brings it out.

    And more than one line.
    """

    name = "deploy"
    words = ("deploy", "ship")
    touches = frozenset({Tool.EXEC, Tool.READ})
    options = Target

    def run(self, context: Any) -> Completed:
        return Completed("done")


class Change(Stage):
    """Changes files."""

    name = "change"
    words = ("change",)
    binds_edits = True

    def run(self, context: Any) -> Completed:
        return Completed("done")


class Append(Editor):
    """Adds to the end of a file."""

    name = "append"
    options = tuple[Target, ...]

    def edit(self, options: Any, workspace: Any, scratch: Path) -> tuple[()]:
        return ()


Package = Callable[..., None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Installs a package: its name, its module's source, and its entry points, group by group."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def install(name: str, source: str = "", **groups: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)
        info = tmp_path / f"{name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        sections = [f"[mission_fsm.{group}]\n{lines}\n" for group, lines in groups.items()]
        (info / "entry_points.txt").write_text("\n".join(sections))

    yield install
    for module in set(sys.modules) - before:
        del sys.modules[module]


LINT = """
from mission_fsm.stage import Completed, Stage

class Lint(Stage):
    '''Looks for faults.'''
    name = "lint"
    words = ("lint",)
    def run(self, context):
        return Completed("clean")
"""


def test_an_installed_stage_is_found_loaded_and_described(package: Package) -> None:
    package("acme_lint", LINT, stages="lint = acme_lint:Lint")
    registry = Registry.installed()
    assert "lint" in registry.stage_names()
    stage = registry.stage("lint")
    assert type(stage).__name__ == "Lint"
    assert registry.stage("lint") is stage


def test_names_are_told_and_one_plugin_is_loaded_without_loading_another(package: Package) -> None:
    package("acme_lint", LINT, stages="lint = acme_lint:Lint")
    package("acme_broken", "raise RuntimeError('no licence')", stages="broken = acme_broken:Broken")
    registry = Registry.installed()
    assert {"lint", "broken"} <= set(registry.stage_names())
    registry.stage("lint")
    assert "acme_broken" not in sys.modules


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import acme_missing", "ModuleNotFoundError: No module named 'acme_missing'"),
        ("assert False, 'never'", "AssertionError: never"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "AttributeError"),
        ("def", "SyntaxError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_with_its_package_and_the_cause(
    package: Package, source: str, cause: str
) -> None:
    package("acme_broken", source, stages="broken = acme_broken:Broken")
    with pytest.raises(PluginError, match=r"plugin 'broken' of acme_broken 1\.5 cannot be loaded") as caught:
        Registry.installed().stage("broken")
    assert cause in str(caught.value)


def test_two_packages_that_bring_the_same_name_are_both_named(package: Package) -> None:
    package("acme_lint", LINT, stages="lint = acme_lint:Lint")
    package("other_lint", LINT, stages="lint = other_lint:Lint")
    registry = Registry.installed()
    for ask in (registry.stage_names, lambda: registry.stage("lint")):
        with pytest.raises(PluginError, match="two stages are named 'lint'") as caught:
            ask()
        assert "acme_lint 1.5" in str(caught.value)
        assert "other_lint 1.5" in str(caught.value)


def test_what_was_installed_since_the_last_registry_was_made_is_found(package: Package) -> None:
    assert "lint" not in Registry.installed().stage_names()
    package("acme_lint", LINT, stages="lint = acme_lint:Lint")
    assert Registry.installed().stage("lint").name == "lint"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class Lint: name = 'lint'", "not a subclass of mission_fsm.stage.Stage"),
        ("Lint = 5", "not a subclass of mission_fsm.stage.Stage"),
        (LINT.replace("def run", "def walk"), "does not define run"),
        (LINT.replace('name = "lint"', 'name = "lynt"'), "is registered as 'lint' and calls itself 'lynt'"),
        (LINT.replace('name = "lint"', ""), "does not declare its name"),
        (LINT.replace('("lint",)', '"lint"'), "words must be a tuple of verbs"),
        (LINT.replace("words", "touches = {'read'}; words"), "touches must be a frozenset of Tool"),
        (LINT.replace("words", "options = dict; words"), "options must be an attrs class"),
        (LINT.replace("words", "when_interrupted = 'ask'; words"), "when_interrupted must be an Interrupted"),
        (LINT + "    def __init__(self, more): pass", "cannot be made: TypeError"),
    ],
)
def test_a_class_that_breaks_the_contract_of_stages_is_refused_in_a_sentence(
    package: Package, source: str, said: str
) -> None:
    package("acme_lint", source, stages="lint = acme_lint:Lint")
    with pytest.raises(PluginError, match=r"stage 'lint' of acme_lint 1\.5") as caught:
        Registry.installed().stage("lint")
    assert said in str(caught.value)


def test_options_that_no_plan_could_give_are_refused() -> None:
    @frozen
    class Strange:
        pattern: complex = option("No JSON value is one.")

    class Odd(Change):
        options = Strange

    with pytest.raises(PluginError, match="options cannot be read from a plan"):
        Registry.of([Odd])


def test_an_editor_is_asked_for_by_name_too(package: Package) -> None:
    source = """
from mission_fsm.stage import Editor, InlinedFile
class Sed(Editor):
    name = "sed"
    options = InlinedFile
    def edit(self, options, workspace, scratch):
        return ()
"""
    package("acme_sed", source, editors="sed = acme_sed:Sed")
    registry = Registry.installed()
    assert "sed" in registry.editor_names()
    assert registry.editor("sed").options is InlinedFile


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deplyo", "unknown stage 'deplyo': did you mean 'deploy'?"),
        ("zzz", "unknown stage 'zzz'; there are change, deploy"),
        ("", "unknown stage ''; there are change, deploy"),
    ],
)
def test_an_unknown_name_is_answered_with_names_that_are_close_or_with_all(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Registry.of([Deploy, Change]).stage(name)
    assert str(caught.value) == said


def test_an_empty_registry_says_so() -> None:
    with pytest.raises(UsageError, match="there is no editor at all"):
        Registry.of().editor("patch")


def test_a_registry_is_made_of_classes_or_of_instances() -> None:
    deploy = Deploy()
    registry = Registry.of([deploy, Change], [Append()])
    assert registry.stage_names() == ("change", "deploy")
    assert registry.stage("deploy") is deploy
    assert isinstance(registry.stage("change"), Change)
    assert isinstance(registry.editor("append"), Append)


def test_two_of_one_name_are_refused_when_a_registry_is_made() -> None:
    class Other(Deploy):
        pass

    with pytest.raises(PluginError, match=r"two stages are named 'deploy': .*Deploy and .*Other"):
        Registry.of([Deploy, Other])


def test_an_option_may_not_have_the_name_of_an_editor_where_editors_are_bound() -> None:
    @frozen
    class Options:
        append: str = option("What to add.", default="")

    class Clash(Change):
        options = Options

    registry = Registry.of([Clash], [Append])
    with pytest.raises(PluginError, match="option 'append', which is also the name of an editor"):
        registry.stage("change")


def test_the_words_of_all_stages_make_one_table() -> None:
    table = Registry.of([Deploy, Change]).table()
    for description, stage in (("Ship the release", "deploy"), ("Change the title", "change")):
        mapped = map_description(description, table)
        assert mapped is not None
        assert mapped.stage == stage


def test_a_word_that_two_stages_claim_is_an_error_that_names_both() -> None:
    class Release(Deploy):
        name = "release"

    with pytest.raises(PluginError, match="'deploy' and 'release' both claim"):
        Registry.of([Deploy, Release]).table()


def test_a_listing_tells_what_a_plugin_is_and_takes() -> None:
    change, deploy, append = Registry.of([Deploy, Change], [Append]).describe()
    assert (change.kind, change.name, change.options) == ("stage", "change", ())
    assert (deploy.summary, deploy.words, deploy.touches) == ("Brings it out.", Deploy.words, (Tool.READ, Tool.EXEC))
    assert (deploy.distribution, deploy.version, deploy.module) == (None, None, __name__)
    assert (append.kind, append.summary) == ("editor", "Adds to the end of a file.")


def test_a_plugin_that_says_nothing_of_itself_is_not_listed_with_what_its_base_class_says() -> None:
    class Quiet(Deploy):
        name = "quiet"

    [quiet] = Registry.of([Quiet]).describe()
    assert quiet.summary == ""


def test_a_listing_tells_which_package_and_version_brings_a_plugin(package: Package) -> None:
    package("acme_lint", LINT, stages="lint = acme_lint:Lint")
    [lint] = [found for found in Registry.installed().describe() if found.name == "lint"]
    assert (lint.distribution, lint.version, lint.module) == ("acme_lint", "1.5", "acme_lint")


def test_options_are_listed_with_type_default_and_help() -> None:
    found = {listed.name: (listed.type, listed.required, listed.default) for listed in options_of(Target)}
    assert found == {
        "host": ("text", True, None),
        "retries": ("a whole number", False, 3),
        "zones": ("list of text", False, ["eu"]),
        "labels": ("mapping of text", False, {}),
        "mode": ("anything", False, None),
        "file": ("file", False, None),
    }
    assert next(options_of(Target)).help == "The machine."
    assert list(options_of(InlinedFile)) == []


def test_the_plugins_of_this_project_are_sound() -> None:
    """Whatever is installed in the two groups can be loaded, keeps the contract, and claims no word twice."""
    registry = Registry.installed()
    assert set(registry.stage_names()) == {entry.name for entry in entry_points(group="mission_fsm.stages")}
    assert len(registry.describe()) == len(registry.stage_names()) + len(registry.editor_names())
    assert registry.table() is registry.table()


def test_an_editor_says_what_it_touches_besides_its_stage() -> None:
    """A program is run by one of the built-in editors; the others need no more than to write."""
    touched = {each.name: each.touches for each in Registry.installed().describe() if each.kind == "editor"}
    assert touched["command"] == (Tool.EXEC,)
    assert touched["patch"] == touched["replace"] == touched["write"] == ()
