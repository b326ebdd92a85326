"""What a stage may answer. It holds no pen: the engine turns each of these into events and effects.

Each looks at what it is given when it is made, so that a mistake shows in the stage that made it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from attrs.validators import deep_iterable, in_, instance_of, optional

_text = instance_of(str)
_texts = deep_iterable(_text, instance_of(tuple))


def _is_json(_: object, attribute: Any, value: Mapping[str, object]) -> None:
    if value:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{attribute.name} must hold JSON values alone: {error}") from None


@frozen
class FileEdit:
    """The post-image of one path, relative to the workspace, with `/` between its parts.

    content: the whole file; None to leave the path absent.
    mode: permission bits; None keeps those of the file that is there (0o644 for a new one).
    link_target: makes the path a symbolic link instead; `content` is then ignored.
    """

    path: str = field(validator=_text)
    content: bytes | None = field(validator=optional(instance_of(bytes)))
    mode: int | None = field(default=None, validator=optional(instance_of(int)))
    link_target: str | None = field(default=None, validator=optional(_text))


@frozen
class Completed:
    """The step is done. evidence: JSON values that go on record with it."""

    summary: str = field(validator=_text)
    evidence: Mapping[str, object] = field(factory=dict, validator=_is_json)


@frozen
class Failed:
    """The step cannot be done.

    kind: a word for the class of failure, such as `conflict`.
    message: a sentence for a person.
    signature: the same for the same cause; made from kind and message when empty.
    may_repeat: whether another repair attempt could do better (for repairs alone).
    evidence: bytes that show why, as those of an `EditFailed`; kept as an artifact.
    """

    kind: str = field(validator=_text)
    message: str = field(validator=_text)
    signature: str = ""
    may_repeat: bool = False
    evidence: bytes | None = field(default=None, validator=optional(instance_of(bytes)))


@frozen
class BeginRetrieval:
    """A search is about to be made; run again with `RetrievalBegun`."""

    query: str = field(validator=_text)


@frozen
class Retrieved:
    """What a search found; the step is done. result: JSON bytes, kept as an artifact."""

    result_count: int
    summary: str = field(validator=_text)
    result: bytes = field(validator=instance_of(bytes))


@frozen
class BeginRepair:
    """A repair attempt is about to be made; run again with `RepairBegun`.

    on_exhausted: what becomes of what the attempts changed where none of them works: with `fail` it stays, with
        `rollback` it is taken back. The mission has failed either way.
    """

    max_attempts: int
    on_exhausted: str = field(default="fail", validator=in_(("fail", "rollback")))


@frozen
class ProposeChange:
    """A change to be shown, approved, checkpointed and applied.

    final: the step is done once it is applied; otherwise the stage is run again with `Applied`.
    """

    files: tuple[FileEdit, ...] = field(validator=deep_iterable(instance_of(FileEdit), instance_of(tuple)))
    summary: str = field(validator=_text)
    final: bool = True


@frozen
class RunCommand:
    """A command to be run; run again with `CommandResult`.

    Covered by the plan's approval when its argv stands in the step's options, and asked about otherwise.

    reason: why it is this command where the plan names none; shown to whoever is asked.
    purpose: `test` for one whose result is `Tested`, else `command`.
    report: path, or glob, of the JUnit XML reports that it writes.
    isolated: whether it is run in a copy of the workspace, where what it changes becomes `CommandResult.edits`.
    sandbox, network: as the options `sandbox` and `network` of those who run a program.
    """

    argv: tuple[str, ...] = field(validator=_texts)
    purpose: str = "command"
    cwd: str = "."
    env: Mapping[str, str] = field(factory=dict)
    timeout_s: int = 600
    report: str | None = None
    reason: str = field(default="", validator=_text)
    isolated: bool = False
    sandbox: str = field(default="auto", validator=in_(("auto", "required", "off")))
    network: bool = False


@frozen
class Tested:
    """The verdict on a test command. Counts are None where no report gives them.

    expect: `pass`, or `fail` for a step that is there to show a fault: it is done where the test failed.
    """

    success: bool
    message: str = field(validator=_text)
    passed: int | None = None
    failed: int | None = None
    skipped: int | None = None
    failing: tuple[str, ...] = field(default=(), validator=_texts)
    signature: str = ""
    may_repeat: bool = False
    expect: str = field(default="pass", validator=in_(("pass", "fail")))


@frozen
class AskQuestion:
    """A question to a person; run again with `Answer`. choices: the answers that are allowed, or any."""

    question: str = field(validator=_text)
    choices: tuple[str, ...] = field(default=(), validator=_texts)


@frozen
class NeedInput:
    """The step needs something that the plan does not hold; run again with `Proposal`. what: a sentence."""

    what: str = field(validator=_text)


Outcome = (
    Completed
    | Failed
    | BeginRetrieval
    | Retrieved
    | BeginRepair
    | ProposeChange
    | RunCommand
    | Tested
    | AskQuestion
    | NeedInput
)
