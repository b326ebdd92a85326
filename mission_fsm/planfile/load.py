"""From a plan's file to the plan that is approved: read, validated, its stages chosen, its files inlined."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from mission_fsm.converter import converter as plain_converter
from mission_fsm.converter import problems_of
from mission_fsm.core.mapping import map_description
from mission_fsm.core.plan import Plan, ScopeContract, Step
from mission_fsm.core.wording import at, did_you_mean, shown
from mission_fsm.errors import InvalidPlan, Problem, UsageError
from mission_fsm.planfile.binding import Binder
from mission_fsm.planfile.canonical import with_digest
from mission_fsm.planfile.document import PlanDocument, ScopeDocument
from mission_fsm.planfile.formats import READERS
from mission_fsm.planfile.inlining import Inliner
from mission_fsm.planfile.options import bound_steps
from mission_fsm.planfile.rules import teach
from mission_fsm.planfile.tree import Tree, UnreadableError
from mission_fsm.registry import Registry
from mission_fsm.stage import Stage

MAX_PLAN_BYTES = 1024 * 1024


@frozen
class MappedStep:
    """How a step came by its stage. word: the one of its description that decided; None where `stage:` says it."""

    step_id: str
    stage: str
    word: str | None


@frozen
class LoadedPlan:
    """A plan, and how each of its steps came by its stage."""

    plan: Plan
    mapped: tuple[MappedStep, ...]


def load_plan(path: Path, registry: Registry, *, workspace: Path | None = None) -> LoadedPlan:
    """The plan in that file: YAML, JSON or TOML, as its suffix says.

    Files that the plan points at are read from its own folder. Where a workspace is given, paths that a step names
    are held against the symbolic links in it as well.
    Raises InvalidPlan with everything that is wrong, and PluginError for a plugin that is.
    """
    try:
        tree = _read(path)
    except UnreadableError as error:
        raise InvalidPlan(str(path), [error.problem]) from None
    return _Loading(tree, path, registry, workspace).loaded()


def _read(path: Path) -> Tree:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        found = f"{path.suffix!r}" if path.suffix else "no suffix"
        raise UnreadableError(f"expected a file name that ends in {', '.join(READERS)}, found {found}")
    text = _text(path)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableError("holds a NUL byte, so it is no text", line=line)
    return reader(text)


def _text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableError("is a folder, and a plan is a file")
        if not stat.S_ISREG(mode):
            raise UnreadableError("is not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_PLAN_BYTES + 1)
    except FileNotFoundError:
        raise UnreadableError("is not there") from None
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        raise UnreadableError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > MAX_PLAN_BYTES:
        raise UnreadableError(f"is larger than {MAX_PLAN_BYTES // 1024**2} MiB: put what is long in files beside it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError("is not UTF-8", line=line) from None


class _Loading:
    """The loading of one plan: collects everything that is wrong with it before it says so."""

    def __init__(self, tree: Tree, path: Path, registry: Registry, workspace: Path | None) -> None:
        self._tree = tree
        self._path = path
        self._registry = registry
        self._problems: dict[tuple[str, str], Problem] = {}
        self._converter = plain_converter.copy()
        teach(self._converter)
        Inliner(path.parent).teach(self._converter)
        for problem in tree.problems:
            self._problems[problem.place, problem.message] = problem
        # What could not be read at its place needs no second complaint there.
        self._unread = {problem.place for problem in tree.problems}
        document = self._structured(tree.value, PlanDocument)
        self._document: PlanDocument | None = document
        self._scope = self._scope_contract()
        self._binder = Binder(registry, self._converter, self._scope, workspace, self._complain)

    def loaded(self) -> LoadedPlan:
        """The plan. Raises InvalidPlan."""
        self._check_step_ids()
        resolved = [self._resolved(at("steps", index), step) for index, step in self._raw_steps()]
        self._check_bound_steps(resolved)
        document = self._document
        if self._problems or document is None:
            found = sorted(self._problems.values(), key=lambda problem: problem.line or 0)
            raise InvalidPlan(str(self._path), found)
        steps = [
            Step(step.step_id, step.description, stage, options, step.timeout, step.max_attempts)
            for step, (stage, _, options) in zip(document.steps, resolved, strict=True)
        ]
        plan = Plan(
            goal=document.goal,
            steps=tuple(steps),
            digest="",
            scope=self._scope,
            assumptions=document.assumptions,
            success_criteria=document.success_criteria,
            risks=document.risks,
            approval_timeout_s=document.approval_timeout,
            author_may_approve=document.author_may_approve,
        )
        try:
            plan = with_digest(plan)
        except ValueError as error:
            raise InvalidPlan(str(self._path), [Problem("", None, str(error))]) from error
        mapped = zip(plan.steps, resolved, strict=True)
        return LoadedPlan(plan, tuple(MappedStep(step.step_id, step.stage, word) for step, (_, word, _) in mapped))

    def _complain(self, place: str, message: str) -> None:
        if place not in self._unread:
            problem = Problem(place, self._tree.line(place), message)
            self._problems.setdefault((place, message), problem)

    def _structured(self, value: object, kind: Any) -> Any:
        try:
            return self._converter.structure(value, kind)
        except Exception as error:
            for place, message in problems_of(error):
                self._complain(place, message)
            return None

    def _scope_contract(self) -> ScopeContract:
        """The scope contract; the widest there is where it is among what is wrong."""
        if self._document is None:
            raw = self._tree.value.get("scope_contract", {}) if isinstance(self._tree.value, Mapping) else {}
            try:
                scope = self._converter.structure(raw, ScopeDocument)
            except Exception:
                scope = ScopeDocument()
        else:
            scope = self._document.scope_contract
        return ScopeContract(**asdict(scope, recurse=False))

    def _raw_steps(self) -> Iterator[tuple[int, Mapping[str, object]]]:
        steps = self._tree.value.get("steps") if isinstance(self._tree.value, Mapping) else None
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            if isinstance(step, Mapping):
                yield index, step

    def _check_step_ids(self) -> None:
        seen: dict[str, str] = {}
        for index, step in self._raw_steps():
            step_id, place = step.get("step_id"), at("steps", index)
            if isinstance(step_id, str) and (first := seen.setdefault(step_id, place)) != place:
                self._complain(at(place, "step_id"), f"step id {shown(step_id)} is that of {first} already")

    def _check_bound_steps(self, resolved: list[tuple[str, str | None, dict[str, object]]]) -> None:
        """See that a step which is bound to another has it before itself, and shares it with none of its stage."""
        earlier: list[str] = []
        bound: dict[tuple[str, str, str], str] = {}
        for (index, step), (stage, _, options) in zip(self._raw_steps(), resolved, strict=True):
            place, step_id = at("steps", index), step.get("step_id")
            for key, named in bound_steps(self._registry.stage(stage), options) if stage else ():
                where = at(at(place, "with"), key)
                first = bound.setdefault((stage, key, named), place)
                if named == step_id:
                    self._complain(where, f"expected the id of a step before this one, found its own, {shown(named)}")
                elif named not in earlier:
                    hint = did_you_mean(named, earlier)
                    self._complain(where, f"expected the id of a step before this one, found {shown(named)}{hint}")
                elif first != place:
                    self._complain(where, f"{first} is bound to step {shown(named)} already, and only one step may be")
            if isinstance(step_id, str):
                earlier.append(step_id)

    def _resolved(self, place: str, step: Mapping[str, object]) -> tuple[str, str | None, dict[str, object]]:
        """A step's stage, the word that chose it, and its options; of use only where nothing is wrong."""
        stage, word = self._stage(place, step)
        if stage is None:
            return "", word, {}
        if missing := [tool for tool in sorted(stage.touches) if tool not in self._scope.allowed_tools]:
            tools = " and ".join(missing)
            message = f"stage {stage.name!r} needs {tools}, which scope_contract.allowed_tools does not allow"
            self._complain(at(place, "stage"), message)
        given = step.get("with") or {}
        options = self._binder.bind(stage, given, at(place, "with")) if isinstance(given, Mapping) else {}
        return stage.name, word, options

    def _stage(self, place: str, step: Mapping[str, object]) -> tuple[Stage | None, str | None]:
        name, description = step.get("stage"), step.get("description")
        if isinstance(name, str) and name.strip():
            try:
                return self._registry.stage(name), None
            except UsageError as error:
                self._complain(at(place, "stage"), str(error))
        elif name is None and isinstance(description, str) and description.strip():
            mapped = map_description(description, self._registry.table())
            if mapped:
                return self._registry.stage(mapped.stage), mapped.word
            names = ", ".join(self._registry.stage_names())
            self._complain(
                at(place, "description"),
                f"no verb in {shown(description)} says which stage performs the step: name it, as in "
                f"stage: {self._example()} (there are {names})",
            )
        return None, None

    def _example(self) -> str:
        names = self._registry.stage_names()
        return "edit" if "edit" in names else next(iter(names), "edit")
