"""A step's `with`, taken apart: the stage's own options, and the edits that it binds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import fields, frozen

from mission_fsm.converter import converter, key_of, problems_of
from mission_fsm.core.mission import Mission
from mission_fsm.core.options import BINDS_STEP
from mission_fsm.core.plan import Step, Tool
from mission_fsm.errors import PluginError
from mission_fsm.registry import Registry
from mission_fsm.stage import Stage


@frozen
class StepOptions:
    """options: an instance of the stage's options class. edits: (editor, its options), in order."""

    options: Any
    edits: tuple[tuple[str, Any], ...] = ()


@frozen
class Bound:
    """An edit as it stands in a `with`. place: its keys from there, such as `("tries", 0, "patch")`."""

    place: tuple[str | int, ...]
    editor: str
    value: object


def step_options(step: Step, registry: Registry) -> StepOptions:
    """The options of a step of a loaded plan.

    Raises what `registry` does, and PluginError when the stage or an editor has come to want other options since.
    """
    stage = registry.stage(step.stage)
    own, edits = divided(stage, step.options, registry)
    try:
        return StepOptions(
            converter.structure(own, stage.options),
            tuple(
                (edit.editor, converter.structure(edit.value, registry.editor(edit.editor).options)) for edit in edits
            ),
        )
    except (ExceptionGroup, ValueError) as error:
        [(place, message), *_] = problems_of(error, "with")
        raise PluginError(
            f"step {step.step_id!r} does not fit stage {step.stage!r} any more: {place}: {message}"
        ) from error


def divided(stage: Stage, given: Mapping[str, object], registry: Registry) -> tuple[dict[str, object], list[Bound]]:
    """A `with` as the stage's own keys, and the edits that it binds: under an editor's name, or in a list `tries`."""
    if not stage.binds_edits:
        return dict(given), []
    editors = registry.editor_names()
    own = {key: value for key, value in given.items() if key not in editors}
    edits = [Bound((key,), key, value) for key, value in given.items() if key in editors]
    tries = own.get("tries")
    if takes_tries(stage) and isinstance(tries, list | tuple):
        for index, entry in enumerate(tries):
            if isinstance(entry, Mapping) and len(entry) == 1:
                [(key, value)] = entry.items()
                if key in editors:
                    edits.append(Bound(("tries", index, key), key, value))
    return own, edits


def touched_by(stage: Stage, edits: Iterable[tuple[str, Any]], registry: Registry) -> frozenset[Tool]:
    """What a step touches: what its stage does, and what the editors that it binds do."""
    return stage.touches.union(*(registry.editor(editor).touches for editor, _ in edits))


def takes_tries(stage: Stage) -> bool:
    """Whether the stage's options have a list `tries` of edits."""
    return stage.binds_edits and any(key_of(field.name) == "tries" for field in fields(stage.options))


def bound_steps(stage: Stage, options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The ids of other steps that a step's options bind it to, each with the key that names it."""
    for field in fields(stage.options):
        key = key_of(field.name)
        step_id = options.get(key)
        if field.metadata.get(BINDS_STEP) and isinstance(step_id, str):
            yield key, step_id


def bound_repair(mission: Mission, registry: Registry) -> tuple[int | None, int, str]:
    """The plan's step that is bound to repair the current one.

    Gives its index, or None; how many attempts it has; and what becomes of what they change where none works.
    """
    if mission.cursor >= len(mission.plan.steps):
        return None, 0, "fail"
    current = mission.plan.steps[mission.cursor].step_id
    for index, step in enumerate(mission.plan.steps):
        if step.stage == "repair" and step.options.get("repairs") == current:
            bound = step_options(step, registry)
            return index, min(bound.options.max_attempts, len(bound.edits)), bound.options.on_exhausted
    return None, 0, "fail"
