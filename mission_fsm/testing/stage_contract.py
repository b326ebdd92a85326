"""The contract of a stage, as tests: the author of a plugin inherits them, and adds the situations to try."""

# ruff: noqa: S101 - asserting is what a contract is for

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, get_args

import attrs

from mission_fsm.core.outcomes import (
    AskQuestion,
    BeginRepair,
    Completed,
    Failed,
    Outcome,
    ProposeChange,
    Retrieved,
    RunCommand,
    Tested,
)
from mission_fsm.registry import Registry
from mission_fsm.stage import Stage, Tool
from mission_fsm.testing.context import StageProbe
from mission_fsm.testing.folders import contents


class StageContract:
    """Inherit it under a name that pytest collects, and say which stage is meant and what it may be faced with:

        class TestDeploy(StageContract):
            stage = Deploy

            def situations(self, tmp_path):
                folder = tmp_path / "workspace"
                folder.mkdir()
                first = StageProbe(folder=folder, scratches=tmp_path, options=DeployOptions(target="staging"))
                return [first, attrs.evolve(first, reply=CommandResult("exited", 0, 1.5))]

    Each situation is tried by each test that is about outcomes, so give one for every reply that the stage knows.
    """

    stage: ClassVar[type[Stage]]

    def situations(self, tmp_path: Path) -> Sequence[StageProbe]:
        """What the stage may be faced with: fresh probes, over folders below `tmp_path`."""
        raise NotImplementedError

    # --- what it declares

    def test_a_registry_takes_it(self) -> None:
        """Its name, words, touches and options are of the kinds that a registry asks for."""
        assert Registry.of([self.stage]).stage_names() == (self.stage.name,)

    def test_its_name_can_stand_in_a_plan(self) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", self.stage.name), f"{self.stage.name!r} is not a lower-case word"

    def test_its_words_are_verbs_in_lower_case_each_given_once(self) -> None:
        odd = [word for word in self.stage.words if not re.fullmatch(r"[a-z]+", word)]
        assert not odd, f"not verbs in their base form: {odd}"
        assert len(set(self.stage.words)) == len(self.stage.words), "a word is given twice"

    def test_its_options_are_frozen_and_each_has_a_sentence(self) -> None:
        options = self.stage.options
        assert attrs.has(options), f"{options.__name__} is not an attrs class"
        assert options.__setattr__ is not object.__setattr__, f"{options.__name__} is not frozen"
        unsaid = [each.name for each in attrs.fields(options) if not each.metadata.get("help", "").endswith(".")]
        assert not unsaid, f'made without option("A sentence."): {unsaid}'

    def test_it_imports_nothing_of_the_project_but_the_plugin_api(self) -> None:
        """So that it goes on working whatever is moved behind the API."""
        source = Path(inspect.getsourcefile(self.stage) or "").read_text(encoding="utf-8")
        behind = sorted(name for name in _imports(source) if _is_behind_the_api(name))
        assert not behind, f"import from mission_fsm.stage what you need; found {behind}"

    # --- what it answers

    def test_it_answers_with_an_outcome(self, tmp_path: Path) -> None:
        for _, outcome in self._outcomes(tmp_path):
            assert isinstance(outcome, get_args(Outcome)), f"{outcome!r} is not an outcome"

    def test_it_answers_the_same_when_it_is_run_again(self, tmp_path: Path) -> None:
        """A mission that was interrupted runs a stage again: it may remember nothing and depend on nothing else."""
        stage = self.stage()
        for probe in self.situations(tmp_path):
            first = stage.run(probe)
            assert stage.run(probe) == first, "the second run answers otherwise"
            assert self.stage().run(probe) == first, "another instance answers otherwise"

    def test_it_writes_nothing_in_the_workspace(self, tmp_path: Path) -> None:
        """A stage holds no pen: what it wants changed, it proposes."""
        for probe in self.situations(tmp_path):
            before = contents(probe.folder)
            self.stage().run(probe)
            assert contents(probe.folder) == before

    def test_it_asks_only_for_what_it_touches(self, tmp_path: Path) -> None:
        for _, outcome in self._outcomes(tmp_path):
            if isinstance(outcome, ProposeChange):
                assert Tool.WRITE in self.stage.touches, "it proposes a change and does not declare WRITE"
            # What runs in a copy of the workspace is the program of an editor, which declares it itself.
            if isinstance(outcome, RunCommand) and not outcome.isolated:
                assert Tool.EXEC in self.stage.touches, "it runs a command and does not declare EXEC"

    def test_what_goes_on_record_is_json(self, tmp_path: Path) -> None:
        for _, outcome in self._outcomes(tmp_path):
            if isinstance(outcome, Completed):
                assert json.loads(json.dumps(dict(outcome.evidence), allow_nan=False)) == outcome.evidence
            if isinstance(outcome, Retrieved):
                json.loads(outcome.result)

    def test_what_a_person_reads_says_something(self, tmp_path: Path) -> None:
        for _, outcome in self._outcomes(tmp_path):
            told = _told(outcome)
            assert told is None or told.strip(), f"{type(outcome).__name__} without words"

    def test_its_requests_are_whole(self, tmp_path: Path) -> None:
        for _, outcome in self._outcomes(tmp_path):
            if isinstance(outcome, ProposeChange):
                paths = [edit.path for edit in outcome.files]
                assert paths, "a change of no file: say Completed"
                assert len(set(paths)) == len(paths), "a path is given twice"
            if isinstance(outcome, RunCommand):
                assert outcome.argv, "a command without a program"
                assert outcome.timeout_s > 0
            if isinstance(outcome, BeginRepair):
                assert outcome.max_attempts > 0

    def _outcomes(self, tmp_path: Path) -> Iterator[tuple[StageProbe, Outcome]]:
        probes = self.situations(tmp_path)
        assert probes, "no situation is given, so nothing would be tried"
        for probe in probes:
            yield probe, self.stage().run(probe)


def _told(outcome: Any) -> str | None:
    match outcome:
        case Completed(summary=text) | ProposeChange(summary=text) | Retrieved(summary=text):
            return text
        case Failed(kind=kind, message=text):
            return kind and text
        case Tested(message=text) | AskQuestion(question=text):
            return text
    return None


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def _is_behind_the_api(name: str) -> bool:
    return name.startswith("mission_fsm.") and not name.startswith(("mission_fsm.stage", "mission_fsm.testing"))
