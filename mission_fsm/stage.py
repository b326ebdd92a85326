"""What the author of a stage or of an editor sees: everything that a plugin may import stands here.

A stage is a class with a few declarations and one method, found by its entry point in the group
`mission_fsm.stages`; an editor the same, in `mission_fsm.editors`. See `stages/` for the built-in ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from mission_fsm.core.globs import matches_any
from mission_fsm.core.globs import problem_with as problem_with_glob
from mission_fsm.core.options import (
    CommandOptions,
    InlinedFile,
    NoOptions,
    ProgramOptions,
    all_globs,
    at_least_one,
    inside_workspace,
    option,
)
from mission_fsm.core.outcomes import (
    AskQuestion,
    BeginRepair,
    BeginRetrieval,
    Completed,
    Failed,
    FileEdit,
    NeedInput,
    Outcome,
    ProposeChange,
    Retrieved,
    RunCommand,
    Tested,
)
from mission_fsm.core.paths import problem_with_path
from mission_fsm.core.plan import Plan, Step, Tool
from mission_fsm.core.replies import (
    Answer,
    Applied,
    CommandResult,
    Interrupted,
    LastTest,
    Proposal,
    RepairBegun,
    Reply,
    Report,
    RetrievalBegun,
)
from mission_fsm.core.risk import TEST_FILES
from mission_fsm.core.text import plain, tail, visible
from mission_fsm.core.verdict import expecting_failure, fingerprint, verdict
from mission_fsm.errors import AskedToEnd, EditFailed, UnsafePath, WorkspaceError
from mission_fsm.view import STAMP_LENGTH, FolderFiles, WorkspaceReader, is_settled, stamp_of

__all__ = [
    "STAMP_LENGTH",
    "TEST_FILES",
    "Answer",
    "Applied",
    "AskQuestion",
    "AskedToEnd",
    "BeginRepair",
    "BeginRetrieval",
    "CommandOptions",
    "CommandResult",
    "Completed",
    "EditFailed",
    "Editor",
    "Failed",
    "FileEdit",
    "FolderFiles",
    "InformedEditor",
    "InlinedFile",
    "Interrupted",
    "InterruptibleEditor",
    "LastTest",
    "NeedInput",
    "NoOptions",
    "Outcome",
    "Plan",
    "ProgramEditor",
    "ProgramOptions",
    "Proposal",
    "ProposeChange",
    "RepairBegun",
    "Reply",
    "Report",
    "RetrievalBegun",
    "Retrieved",
    "RunCommand",
    "Stage",
    "StageContext",
    "Step",
    "Tested",
    "Tool",
    "UnsafePath",
    "WorkspaceError",
    "WorkspaceReader",
    "all_globs",
    "at_least_one",
    "expecting_failure",
    "fingerprint",
    "inside_workspace",
    "is_settled",
    "matches_any",
    "option",
    "plain",
    "problem_with_glob",
    "problem_with_path",
    "stamp_of",
    "tail",
    "verdict",
    "visible",
]


class StageContext(Protocol):
    """What a stage is given each time it is run."""

    @property
    def plan(self) -> Plan: ...

    @property
    def step(self) -> Step: ...

    @property
    def attempt(self) -> int: ...

    @property
    def options(self) -> Any:
        """The step's options, an instance of the stage's options class."""
        ...

    @property
    def reply(self) -> Reply | CommandResult | None:
        """What came of the stage's last request in this attempt; None when it is run for the first time."""
        ...

    @property
    def workspace(self) -> WorkspaceReader: ...

    @property
    def last_test(self) -> LastTest | None:
        """The mission's last test, if it has had one."""
        ...

    @property
    def repairing(self) -> str | None:
        """The id of the failed step that is being repaired in place, or None."""
        ...

    @property
    def repair_attempt(self) -> int:
        """Which attempt at a repair is under way, from 1; 0 when none is."""
        ...

    def edits(self) -> Sequence[tuple[str, Any]]:
        """The edits that the step's options bind, in order: names of editors and their options."""
        ...

    def edit(self, editor: str, options: Any) -> tuple[FileEdit, ...] | RunCommand:
        """What that editor makes of the workspace. Raises EditFailed.

        Of a ProgramEditor it is the command to run first: answer with it, and ask again with its `CommandResult`.
        """
        ...

    def proposed(self, proposal: Proposal) -> tuple[FileEdit, ...] | RunCommand:
        """What was given from outside, a patch or exact changes, made of the workspace. Raises EditFailed."""
        ...

    def should_end(self) -> bool:
        """Whether the stage is asked to end, such as by a pause or a stop. Cheap, and never True and then False again.

        A stage that takes longer than a moment by itself asks this about ten times a second, and raises AskedToEnd once
        it is True. Nothing of what it did goes on record, and it is run again when the mission runs on.
        """
        ...

    def artifact(self, digest: str) -> bytes:
        """The bytes of an artifact, or of a proposal, by digest."""
        ...

    def scratch(self) -> Path:
        """A fresh empty folder outside the workspace, removed when the stage returns."""
        ...

    def cache(self, name: str) -> Path:
        """A folder outside the workspace for what can be made anew: one for each workspace and name, kept for later
        missions, open to its owner only. Others may use it at the same time, and anyone may delete it at any time.

        name: of letters, digits, `-` and `_`. Where missions are kept in no folder, or it cannot be written, a
        fresh one is given, as by `scratch`.
        """
        ...


class Stage(ABC):
    """A kind of step. Subclass it, declare what it is, and register the class as an entry point.

    words: verbs that map a step's description to this stage when the plan names none.
    touches: what it needs to touch; a plan whose scope contract does not allow it is refused.
    options: attrs class of the step's `with`; fields are made with `option(...)`.
    binds_edits: whether editors may be named in its `with` (`patch: ...`, `replace: ...`); then at most one
        is, or a list under `tries` where the stage's options class has that field.
    when_interrupted: what to do with its command when the runner died while it ran.
    """

    name: ClassVar[str]
    words: ClassVar[tuple[str, ...]] = ()
    touches: ClassVar[frozenset[Tool]] = frozenset({Tool.READ})
    options: ClassVar[type] = NoOptions
    binds_edits: ClassVar[bool] = False
    when_interrupted: ClassVar[Interrupted] = Interrupted.ASK

    @abstractmethod
    def run(self, context: StageContext) -> Outcome:
        """Do the next thing, or say what is needed first. May be run again in the same attempt."""


class Editor(ABC):
    """A way to make a change set. Its name is the key under `with` that selects it.

    options: attrs class, or InlinedFile, of the value under that key.
    touches: what it needs to touch besides what its stage does.
    """

    name: ClassVar[str]
    options: ClassVar[Any]
    touches: ClassVar[frozenset[Tool]] = frozenset()

    @abstractmethod
    def edit(self, options: Any, workspace: WorkspaceReader, scratch: Path) -> tuple[FileEdit, ...]:
        """The post-images of what it would change; it writes nowhere but in `scratch`.

        Raises EditFailed, and lets through what the workspace raises.
        """

    def paths(self, options: Any) -> tuple[str, ...] | None:  # noqa: ARG002 - for those who override it
        """The paths that it will touch where that is known from the options alone, else None.

        Raises EditFailed when the options are malformed, so that a plan is refused before it is approved.
        """
        return None


class InformedEditor(Editor):
    """An editor that is told its task: what the step is to do, which tests failed and how, what a search found."""

    @abstractmethod
    def edit_for(
        self, task: Mapping[str, Any], options: Any, workspace: WorkspaceReader, scratch: Path
    ) -> tuple[FileEdit, ...]:
        """As `edit`. task: what the program of an editor finds in the file that MISSION_TASK names, as JSON values;
        empty where it is tried without a mission.
        """

    def edit(self, options: Any, workspace: WorkspaceReader, scratch: Path) -> tuple[FileEdit, ...]:
        """What it makes without knowing its task. Raises as `edit_for` does."""
        return self.edit_for({}, options, workspace, scratch)


class InterruptibleEditor(InformedEditor):
    """An informed editor that may take long, as where it waits for others: a pause or a stop does not wait for it."""

    @abstractmethod
    def edit_until(
        self,
        should_end: Callable[[], bool],
        task: Mapping[str, Any],
        options: Any,
        workspace: WorkspaceReader,
        scratch: Path,
    ) -> tuple[FileEdit, ...]:
        """As `edit_for`. should_end: as `StageContext.should_end`, to be asked about ten times a second.

        Raises AskedToEnd once that is True, and leaves nothing behind that still works or waits.
        """

    def edit_for(
        self, task: Mapping[str, Any], options: Any, workspace: WorkspaceReader, scratch: Path
    ) -> tuple[FileEdit, ...]:
        """What it makes where nobody asks it to end. Raises as `edit_until` does."""
        return self.edit_until(lambda: False, task, options, workspace, scratch)


class ProgramEditor(Editor):
    """An editor whose change is made by a program, which the engine runs in an isolated copy of the workspace."""

    touches = frozenset({Tool.EXEC})

    @abstractmethod
    def program(self, options: Any) -> RunCommand:
        """The program. It stands in the plan where the options have it as `run`, `cwd` and `env` (ProgramOptions)."""

    @abstractmethod
    def made(self, options: Any, result: CommandResult) -> tuple[FileEdit, ...]:
        """The change, of `result.edits`: what the program changed in its copy. Raises EditFailed where it failed."""

    def edit(self, options: Any, workspace: WorkspaceReader, scratch: Path) -> tuple[FileEdit, ...]:  # noqa: ARG002
        """It makes nothing by itself. Raises EditFailed."""
        raise EditFailed(f"the editor {self.name} runs a program, which only a mission does")
