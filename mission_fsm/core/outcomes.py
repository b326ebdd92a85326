"""What a stage may answer. It holds no pen: the engine turns each of these into events and effects."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen
class FileEdit:
    """The post-image of one path, relative to the workspace, with `/` between its parts.

    content: the whole file; None to leave the path absent.
    mode: permission bits; None keeps those of the file that is there (0o644 for a new one).
    link_target: makes the path a symbolic link instead; `content` is then ignored.
    """

    path: str
    content: bytes | None
    mode: int | None = None
    link_target: str | None = None


@frozen
class Completed:
    """The step is done. evidence: JSON values that go on record with it."""

    summary: str
    evidence: Mapping[str, object] = field(factory=dict)


@frozen
class Failed:
    """The step cannot be done.

    kind: a word for the class of failure, such as `conflict`.
    message: a sentence for a person.
    signature: the same for the same cause; made from kind and message when empty.
    may_repeat: whether another repair attempt could do better (for repairs alone).
    """

    kind: str
    message: str
    signature: str = ""
    may_repeat: bool = False


@frozen
class BeginRetrieval:
    """A search is about to be made; run again with `RetrievalBegun`."""

    query: str


@frozen
class Retrieved:
    """What a search found; the step is done. result: JSON bytes, kept as an artifact."""

    result_count: int
    summary: str
    result: bytes


@frozen
class BeginRepair:
    """A repair attempt is about to be made; run again with `RepairBegun`."""

    max_attempts: int


@frozen
class ProposeChange:
    """A change to be shown, approved, checkpointed and applied.

    final: the step is done once it is applied; otherwise the stage is run again with `Applied`.
    """

    files: tuple[FileEdit, ...]
    summary: str
    final: bool = True


@frozen
class RunCommand:
    """A command to be run; run again with `CommandResult`.

    Covered by the plan's approval when its argv stands in the step's options, and asked about otherwise.

    purpose: `test` for one whose result is `Tested`, else `command`.
    report: path of a JUnit XML report that it writes.
    """

    argv: tuple[str, ...]
    purpose: str = "command"
    cwd: str = "."
    env: Mapping[str, str] = field(factory=dict)
    timeout_s: int = 600
    report: str | None = None


@frozen
class Tested:
    """The verdict on a test command. Counts are None where no report gives them."""

    success: bool
    message: str
    passed: int | None = None
    failed: int | None = None
    skipped: int | None = None
    failing: tuple[str, ...] = ()
    signature: str = ""
    may_repeat: bool = False


@frozen
class AskQuestion:
    """A question to a person; run again with `Answer`. choices: the answers that are allowed, or any."""

    question: str
    choices: tuple[str, ...] = ()


@frozen
class NeedInput:
    """The step needs something that the plan does not hold; run again with `Proposal`. what: a sentence."""

    what: str


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
