"""A plan as it is shown to whoever is to approve it: all that the approval covers, and how each stage was decided."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence

import click
from attrs import fields_dict

from mission_fsm.cli.diffs import coloured
from mission_fsm.cli.words import one_line, scope_in_words
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.text import visible
from mission_fsm.core.wording import count
from mission_fsm.planfile.load import MappedStep


def plan_page(plan: Plan, mapped: Sequence[MappedStep] = (), *, options: bool) -> str:
    """The plan in full.

    mapped: how each step came by its stage, where that is known.
    options: whether with what each step is told, patches and files included.
    """
    decided = {step.step_id: _decided(step) for step in mapped}
    lines = [click.style(one_line(plan.goal), bold=True)]
    for heading, entries in (
        ("assumes", plan.assumptions),
        ("succeeds if", plan.success_criteria),
        ("risks", plan.risks),
    ):
        lines += [f"  {heading if row == 0 else '':<12}{one_line(entry)}" for row, entry in enumerate(entries)]
    lines.append(f"  {'may change':<12}{scope_in_words(plan.scope)}")
    lines.append(f"  {'may use':<12}{', '.join(plan.scope.allowed_tools)}")
    lines.append("")
    widest = max(len(one_line(step.step_id)) for step in plan.steps)
    for index, step in enumerate(plan.steps):
        lines.append(_step_line(index, step, decided.get(step.step_id, ""), widest))
        if options:
            lines += [f"        {line}" for line in _options(step)]
    lines += ["", f"  digest {plan.digest}"]
    return "\n".join(lines)


def _decided(step: MappedStep) -> str:
    return "(named)" if step.word is None else f"(by {step.word!r})"


def _step_line(index: int, step: Step, decided: str, widest: int) -> str:
    stage = one_line(step.stage)
    pad = " " * max(1, 26 - len(stage) - len(decided))
    said = f"{stage} {click.style(decided, dim=True)}{pad}{one_line(step.description)}"
    return f"  {index + 1:>3} {one_line(step.step_id):<{widest}}  {said}"


def _options(step: Step) -> Iterator[str]:
    """All that the step is told, but for what is left out: edits as diffs, files as they are."""
    for name, value in step.options.items():
        if name == "run" and isinstance(value, list) and value:
            first, *rest = visible(shlex.join(map(str, value))).split("\n")
            yield from (click.style(line, bold=True) for line in (f"$ {first}", *(f"> {line}" for line in rest)))
        elif name == "run" and value == [] and step.stage == "test":
            yield "its command is looked for when it runs, and asked about then"
        else:
            yield from _value(one_line(name), value)
    if step.timeout_s is not None:
        yield f"at most {step.timeout_s} s"
    if step.max_attempts != _ATTEMPTS:
        yield f"at most {count(step.max_attempts, 'attempt')}"


_ATTEMPTS = fields_dict(Step)["max_attempts"].default


def _value(name: str, value: object) -> Iterator[str]:
    match value:
        case None | "" | []:
            return
        # The shapes that the built-in editors have, and only where nothing else is in them that would not be shown.
        case {"text": str(text), "name": str(file), "base64": None, **rest} if not rest:
            yield f"{name}: {one_line(file or 'in the plan')}"
            yield from _block(coloured(text))
        case {"path": str(path), "search": str(old), "replace": str(new), "count": int(times), **rest} if not rest:
            yield f"{name}: {one_line(path)}, {count(times, 'time')}"
            yield from _block(_marked("-", old) + _marked("+", new))
        case {"path": str(path), "content": str(content), "mode": mode, **rest} if not any(rest.values()):
            yield f"{name}: {one_line(path)}" + (f", mode {one_line(str(mode))}" if mode else "")
            yield from _block(_marked("+", content))
        case Mapping():
            for key, part in value.items():
                yield from _value(f"{name}.{one_line(str(key))}", part)
        case list() if any(isinstance(part, Mapping) for part in value):
            for index, part in enumerate(value):
                yield from _value(f"{name}[{index}]", part)
        case str() if "\n" in value:
            yield f"{name}:"
            yield from _block(visible(value))
        case _:
            yield f"{name}: {visible(json.dumps(value, ensure_ascii=False))}"


def _marked(mark: str, text: str) -> str:
    # Nothing but a line feed ends a line; other breaks are shown in it.
    lines = text.removesuffix("\n").split("\n") if text else ()
    return coloured("".join(f"{mark}{line}\n" for line in lines))


def _block(text: str) -> Iterator[str]:
    return (f"  {line}" for line in text.removesuffix("\n").split("\n"))
