"""Writes the reference pages, `reference/*.md`, from the code that they are about. One function for each page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from importlib import import_module
from inspect import getdoc, signature
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from attrs import NOTHING, fields, has, resolve_types

from mission_fsm import errors
from mission_fsm.cli.main import cli
from mission_fsm.converter import converter, is_union, key_of
from mission_fsm.core import risk
from mission_fsm.core.diagram import mermaid
from mission_fsm.core.events import EVENT_CLASSES, Recorded
from mission_fsm.core.guards import Guard
from mission_fsm.core.lifecycle import FINAL, INITIAL, TABLE
from mission_fsm.core.moves import PAUSES
from mission_fsm.core.options import InlinedFile
from mission_fsm.core.plan import ScopeContract, Tool
from mission_fsm.core.replies import CommandSpec
from mission_fsm.declarations import in_words
from mission_fsm.planfile.document import PlanDocument, ScopeDocument, StepDocument
from mission_fsm.planfile.inlining import EXPECTED
from mission_fsm.planfile.rules import DURATION_SCHEMA, Duration, rule_of
from mission_fsm.registry import Registry
from mission_fsm.runner.handover import VARIABLES
from mission_fsm.workspace.caches import CACHES
from mission_fsm.workspace.environment import ALWAYS, HANDED_ON, HANDED_ON_PREFIXES

HERE = Path(__file__).parent
_OF_FIELDS = re.compile(r"^([a-z_]+(?:, [a-z_]+)*): ", re.MULTILINE)

# What `mission` and the engine read themselves, rather than hand on.
READ_HERE = {
    "PATH": "Where `bwrap` is looked for, in which commands run where it is there; and `git`, by the editor `patch`.",
    "XDG_RUNTIME_DIR": "A folder of sockets, which commands in a sandbox do not see.",
    "MISSION_HOME": "The folder in which missions are kept, where neither `--home` nor the caller names one.",
    "XDG_STATE_HOME": "Where that folder lies, as `mission-fsm`, if it is not named either; `~/.local/state` at last. "
    "On macOS it is `~/Library/Application Support/mission-fsm`.",
    "MISSION_QUOTA": "How many bytes the home may hold, such as `500MB` or `2GB`. What has no room is refused before "
    "it is begun: plans, patches, edits, and commands, of whose output up to 2 MiB is kept. Rollbacks never are.",
    "VISUAL": "The editor that `mission approve --edit` opens a diff in, with its arguments.",
    "EDITOR": "The same where `VISUAL` is not set; `vi` at last.",
    "HOME": "The user's folder, which may not be a workspace.",
    "NO_COLOR": "Turns colours off, if it is not empty.",
    "MISSION_DEBUG": "Prints the traceback of an error that nobody foresaw, if it is not empty.",
}


def written() -> dict[Path, str]:
    """The pages, and the text that each should have."""
    pages = {
        "events": events(),
        "lifecycle": lifecycle(),
        "risk": risk_rules(),
        "errors": error_classes(),
        "plan": plan(Registry.installed()),
        "environment": environment(),
        "detection": detection(),
        "caches": caches(),
    }
    note = "<!-- Written by docs/write.py from the code: change that, and write it anew. -->\n\n"
    return {HERE / "reference" / f"{name}.md": note + text for name, text in pages.items()}


# --- pages


def events() -> str:
    """Every type of event with its fields."""
    parts = [
        "# Events",
        (
            "What a mission's journal holds, and what a listener is told. Fields may be added with a default; none is "
            "renamed or removed without a new version."
        ),
        "## The envelope",
        _table(("field", "type"), _typed(Recorded)),
        _notes(Recorded),
        "`mission log --json` prints one object a line, in which `event` is called `data`.",
    ]
    for name, event_class in EVENT_CLASSES.items():
        parts += [f"## {name}", _notes(event_class), _table(("field", "type", "if left out"), _fields(event_class))]
    parts.append("## Values inside events")
    for value_class in (ScopeContract, CommandSpec):
        table = _table(("field", "type", "if left out"), _fields(value_class))
        parts += [f"### {value_class.__name__}", _notes(value_class), table]
    return _page(parts)


def lifecycle() -> str:
    """The lifecycle table, and why a mission pauses of its own accord."""
    rows = [
        (
            f"`{row.trigger}`",
            f"`{row.source}`",
            "stays" if row.dest is None else f"`{row.dest}`",
            ", ".join(map(_guard, row.guards)) or "always",
        )
        for row in TABLE
    ]
    pauses = [(f"`{reason}`", f"`{trigger}`", f"`{state}`") for reason, (trigger, state) in PAUSES.items()]
    final = " and ".join(f"`{row}`" for row in sorted(FINAL))
    return _page(
        [
            "# The lifecycle",
            (
                f"A mission begins `{INITIAL}`. It ends in {final}: from there its state never changes, and only its "
                "files can still be rolled back. A trigger that has no row for the state is refused with "
                "`IllegalTransition`; one whose row has a guard that does not hold, with `GuardRefused`, which names "
                "the guard."
            ),
            f"```mermaid\n{mermaid().rstrip()}\n```",
            "## The table",
            _table(("trigger", "from", "to", "if"), rows),
            "## Why a mission comes to rest by itself",
            (
                "The `reason` of `execution_paused`; any other reason is that of someone who asked for the pause, or "
                "`over_quota`, where the home's quota left no room for what came next."
            ),
            _table(("reason", "trigger", "state"), pauses),
        ]
    )


def risk_rules() -> str:
    """The rules that give a change its risk level."""
    files = {
        "secret-file": risk.SECRET_FILES,
        "ci": risk.CI_FILES,
        "tests-weakened": risk.TEST_FILES,
        "build": risk.BUILD_FILES,
    }
    rules = (*risk.RULES, risk.LARGE)
    parts = [
        "# Risk levels",
        (
            "The level of a change is the highest that any of these rules gives, and `low` where none does. The ids of "
            "the rules stand on the request for approval, and in `diff_proposed`. A level informs the approver; it "
            "decides nothing."
        ),
        _table(("rule", "level", "what it sees"), [(f"`{rule.id}`", rule.level.value, rule.says) for rule in rules]),
        "## Which files",
    ]
    for rule_id, globs in files.items():
        parts.append(f"`{rule_id}`: {', '.join(f'`{glob}`' for glob in globs)}")
    return _page(parts)


def error_classes() -> str:
    """Every class of error, and the exit statuses."""
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.MissionError)
    ]
    rows = [
        (f"`{each.__name__}`", f"`{each.__base__.__name__}`", str(each.exit_status), _first_sentences(each))
        for each in classes
        if each.__base__ is not None
    ]
    extra = [
        (f"`{each.__name__}`", ", ".join(f"`{name}`" for name in _own_attributes(each)))
        for each in classes
        if _own_attributes(each)
    ]
    statuses = _between(cli.epilog or "", "Exit status:", "With --json")
    return _page(
        [
            "# Errors and exit statuses",
            (
                "Everything that mission-fsm raises on purpose is a `MissionError`, from `mission_fsm.errors`. Its "
                "text is a sentence for a person."
            ),
            _table(("class", "is a", "exit status", "when"), rows),
            "Some say more in attributes:",
            _table(("class", "attributes"), extra),
            "## Exit statuses of `mission`",
            f"```text\n{statuses}\n```",
        ]
    )


def plan(registry: Registry) -> str:
    """Every key of a plan, and of the options of these stages and editors."""
    columns = ("key", "value", "if left out", "what it says")
    parts = [
        "# Plans",
        "YAML, TOML or JSON. Unknown keys are errors. As JSON Schema: [plan.schema.json](../plan.schema.json).",
        "## The plan",
        _table(columns, _options(PlanDocument)),
        "## `scope_contract`",
        _table(columns, _options(ScopeDocument)),
        "## A step",
        _table(columns, _options(StepDocument)),
        "## `with`, by stage",
        "Stages of other packages are shown by `mission stages`.",
    ]
    for name in registry.stage_names():
        stage = registry.stage(name)
        touches = ", ".join(tool.value for tool in Tool if tool in stage.touches)
        parts += [f"### {name}", _first_sentences(type(stage)), f"Touches: {touches}. Verbs: {', '.join(stage.words)}."]
        if stage.binds_edits:
            parts.append("Takes an editor, by its name; at most one.")
        parts.append(
            _table(columns, _options(stage.options)) if fields(stage.options) else "It has no options of its own."
        )
    parts += ["## Editors", "Each is a key of a `with`. A *file* is " + EXPECTED + "."]
    for name in registry.editor_names():
        editor = registry.editor(name)
        several = get_origin(editor.options) is tuple
        one = get_args(editor.options)[0] if several else editor.options
        parts += [f"### {name}", _first_sentences(type(editor))]
        if one is InlinedFile:
            parts.append("Its value is a file.")
        else:
            value = "a list, of entries with" if several else "a mapping, with"
            parts += [f"Its value is {value}", _table(columns, _options(one))]
        if editor.touches:
            parts.append(f"Touches besides what its stage does: {', '.join(sorted(editor.touches))}.")
    return _page(parts)


def environment() -> str:
    """The variables that commands get."""
    always = [(f"`{name}`", f"`{value}`") for name, value in ALWAYS.items()]
    # A plugin's, and so by the name under which it is installed.
    read_here = READ_HERE | import_module("mission_fsm.stages.editors.endpoint").VARIABLES
    handed_on = [f"`{name}`" for name in HANDED_ON] + [f"`{prefix}*`" for prefix in HANDED_ON_PREFIXES]
    return _page(
        [
            "# The environment",
            "## What commands get",
            "A command of a plan gets these variables of the runner's environment, where they are set, and no others:",
            ", ".join(handed_on) + ".",
            "These are always set:",
            _table(("variable", "value"), always),
            (
                "`PATH` is the system's default one where the runner has none. What the step's `env` names is set over "
                "all of these."
            ),
            "## What the program of an editor is told",
            "The program of the editor `command` gets these besides. They speak of the step that is worked on.",
            _table(("variable", "what it says"), [(f"`{name}`", says) for name, says in VARIABLES.items()]),
            "## What `mission` reads",
            _table(("variable", "what it says"), [(f"`{name}`", says) for name, says in read_here.items()]),
        ]
    )


def detection() -> str:
    """What the command of a test step is found by, in the order in which it is looked for."""
    rows = [
        (
            row.tool,
            " and ".join(f"`{sign.file}`" + (f" has {sign.words}" if sign.words else "") for sign in row.signs),
            f"`{shlex.join(row.argv)}`",
            f"`{row.report}`" if row.report else "",
        )
        # A plugin's, and so by the name under which it is installed.
        for row in import_module("mission_fsm.stages.detection").TABLE
    ]
    return _page(
        [
            "# How a test command is found",
            (
                "A step of the stage `test` that names no `run` gets its command from the files in its `cwd`, by the "
                "first of these rows whose files are there. They are looked at when the step runs, so that what the "
                "steps before it did counts. The command is then asked about, with the row that decided and the other "
                "tools that have a row, unless a grant covers it (`--grant test`). Where no row holds, the step fails."
            ),
            _table(("tool", "told by", "command", "reports, read where they are written"), rows),
        ]
    )


def caches() -> str:
    """What a command may change without its being held against it."""
    return _page(
        [
            "# Caches",
            (
                "What a command changes in the workspace is found when it has ended, held against the scope contract, "
                "and can be rolled back. What .gitignore and `.git/info/exclude` ignored before the command is only "
                "counted, and so are these, which are made anew when they are gone and hold nobody's work. They are "
                "written as lines of a .gitignore."
            ),
            _table(("cache", "what it is"), [(f"`{pattern}`", says) for pattern, says in CACHES]),
        ]
    )


# --- parts of pages


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _typed(cls: Any) -> Iterator[tuple[str, str]]:
    resolve_types(cls, include_extras=True)
    for each in fields(cls):
        kind = "one of those below" if each.name == "event" else _in_words(each.type)
        yield f"`{key_of(each.name)}`", kind


def _fields(cls: Any) -> Iterator[tuple[str, str, str]]:
    for (name, kind), each in zip(_typed(cls), fields(cls), strict=True):
        yield name, kind, _default(each.default)


def _options(cls: Any) -> Iterator[tuple[str, str, str, str]]:
    for (name, kind, default), each in zip(_fields(cls), fields(cls), strict=True):
        # That null, too, may stand where it is the default says nothing to the author of a plan.
        yield name, kind.removesuffix(" or null"), default, each.metadata.get("help", "")


def _in_words(kind: Any) -> str:
    rule = rule_of(kind)
    if rule is not None:
        return rule.expected
    if kind is Duration:
        return str(DURATION_SCHEMA["description"]).rstrip(".").lower()
    if is_union(kind):
        members = [_in_words(member) for member in get_args(kind) if member is not NoneType]
        return " or ".join([*members, "null"] if NoneType in get_args(kind) else members)
    if get_origin(kind) is tuple and rule_of(get_args(kind)[0]) is not None:
        return f"list of {_in_words(get_args(kind)[0])}"
    return in_words(kind)


def _default(default: Any) -> str:
    if default is NOTHING:
        return "must be given"
    value = default.factory() if hasattr(default, "factory") else default
    if has(type(value)):
        return "its defaults"
    return f"`{_json(converter.unstructure(value))}`"


def _json(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case list() | tuple():
            return f"[{', '.join(map(_json, value))}]"
        case Mapping():
            return "{" + ", ".join(f"{key}: {_json(entry)}" for key, entry in value.items()) + "}"
        case str():
            return f'"{value}"'
    return str(value)


def _guard(guard: Guard) -> str:
    return guard.__name__.replace("_", " ")


def _notes(cls: type) -> str:
    """The class's docstring, with what it says of fields as a list."""
    return _OF_FIELDS.sub(r"- \1: ", getdoc(cls) or "")


def _first_sentences(cls: type) -> str:
    return " ".join((getdoc(cls) or "").partition("\n\n")[0].split())


def _own_attributes(cls: type[errors.MissionError]) -> list[str]:
    own = cls.__dict__.get("__init__")
    return [] if own is None else [name for name in signature(own).parameters if name not in ("self", "message")]


def _between(text: str, start: str, end: str) -> str:
    lines = text.partition(start)[2].partition(end)[0].replace("\b", "").strip("\n").splitlines()
    return "\n".join(line.rstrip() for line in lines).rstrip()


if __name__ == "__main__":
    for path, text in written().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
