"""What a step's `with` is made of: options classes, and the values that more than one stage takes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal, Self

from attrs import Factory, field, frozen

from mission_fsm.core.globs import problem_with as problem_with_glob
from mission_fsm.core.outcomes import RunCommand
from mission_fsm.core.paths import problem_with_path

BINDS_STEP = "binds_step"


def option(sentence: str, /, *, binds_step: bool = False, **attribute: Any) -> Any:
    """An attrs field for an options class, with the sentence that the schema and the docs show for it.

    binds_step: whether its value is the id of another step, which this one is bound to. A plan is refused where
        that step does not come before this one, or another step of the same stage is bound to it already.
    attribute: what `attrs.field` takes: default, validator, converter.
    """
    return field(metadata={"help": sentence, BINDS_STEP: binds_step}, **attribute)


def at_least_one(_: object, attribute: Any, value: int) -> None:
    """An attrs validator: a count that is not below 1. Raises ValueError."""
    if value < 1:
        raise ValueError(f"{attribute.name}: expected 1 or more, found {value}")


def all_globs(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """An attrs validator: each of them is a glob. Raises ValueError."""
    problem = next((problem for glob in value if (problem := problem_with_glob(glob))), None)
    if problem:
        raise ValueError(f"{attribute.name}: {problem}")


@frozen
class NoOptions:
    """The options of a stage that has none."""


@frozen
class InlinedFile:
    """A file that a plan points at, read when the plan was loaded, so that the approval covers its bytes.

    In a plan it is a path relative to the plan's folder, or the text itself where that has a line break.

    name: as the plan gave it; empty for text that stood in the plan.
    text: the content where it is UTF-8, else None and `base64` holds it.
    """

    name: str = ""
    text: str | None = None
    base64: str | None = None

    @classmethod
    def of(cls, content: bytes, name: str = "") -> Self:
        """The inlined file that holds these bytes."""
        try:
            return cls(name, text=content.decode("utf-8"))
        except UnicodeDecodeError:
            return cls(name, base64=base64.b64encode(content).decode("ascii"))

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        if self.text is not None:
            return self.text.encode("utf-8")
        return base64.b64decode(self.base64 or "")


def inside_workspace(_: object, attribute: Any, value: str | None) -> None:
    """An attrs validator: a path below the workspace. Raises ValueError."""
    problem = problem_with_path(value) if value is not None and value != "." else None
    if problem:
        raise ValueError(f"{attribute.name}: {problem}")


def _argv(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        as_list = ", ".join(value.split()) or "make, check"
        raise ValueError(f"run: a command is a list of words, as in [{as_list}]; no shell reads it")
    if not isinstance(value, list | tuple):
        raise ValueError(f"run: expected a list of words, as in [make, check], found {value!r}")
    odd = next((word for word in value if not isinstance(word, str) or "\0" in word), None)
    if odd is not None:
        raise ValueError(f"run: every word of a command is text, found {odd!r}: put it in quotes")
    if value and not value[0]:
        raise ValueError("run: the first word of a command is its program, found an empty one")
    return tuple(value)


def _environment(_: object, attribute: Any, value: Mapping[str, str]) -> None:
    for name, text in value.items():
        if not name or "=" in name or "\0" in name + text:
            raise ValueError(f"{attribute.name}: {name!r} cannot be the name of a variable with that value")


def _report(_: object, attribute: Any, value: str | None) -> None:
    problem = (problem_with_path(value) or problem_with_glob(value)) if value is not None else None
    if problem:
        raise ValueError(f"{attribute.name}: {problem}")


@frozen
class ProgramOptions:
    """What is run, and where. Subclass it to add more."""

    run: tuple[str, ...] = option(
        "The command: program and arguments, as a list. No shell reads it.", default=(), converter=_argv
    )
    cwd: str = option("Folder below the workspace to run it in.", default=".", validator=inside_workspace)
    env: Mapping[str, str] = option(
        "Variables to set in addition to the clean environment's.", default=Factory(dict), validator=_environment
    )
    sandbox: Literal["auto", "required", "off"] = option(
        "Whether it runs in a sandbox, to write in the workspace alone: where one can be made, only there, or not.",
        default="auto",
    )
    network: bool = option("Whether it reaches the network from its sandbox.", default=False)


@frozen
class CommandOptions(ProgramOptions):
    """The options of a stage that runs a command. Subclass it to add more."""

    report: str | None = option(
        "JUnit XML reports that the command writes: a path in the workspace, or a glob, as in target/reports/*.xml.",
        default=None,
        validator=_report,
    )

    def command(self, purpose: str, timeout_s: int | None) -> RunCommand:
        """The request to run it.

        purpose: `test` or `command`.
        timeout_s: the step's; None for ten minutes.
        """
        return RunCommand(
            argv=self.run,
            purpose=purpose,
            cwd=self.cwd,
            env=self.env,
            timeout_s=600 if timeout_s is None else timeout_s,
            report=self.report,
            sandbox=self.sandbox,
            network=self.network,
        )
