"""Puts a stage into a situation: a real folder, with the step, the reply and the past that the author gives it."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from mission_fsm.core.outcomes import FileEdit, RunCommand
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.replies import CommandResult, LastTest, Proposal, Reply
from mission_fsm.stage import Editor, InlinedFile, InterruptibleEditor, NoOptions, ProgramEditor, WorkspaceReader
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader


@define(eq=False, kw_only=True)
class StageProbe:
    """A StageContext without an engine behind it. It answers what it was given, and records nothing.

    Files are read by the same reader as in a mission. `attrs.evolve` makes the same situation with another reply.

    folder: the workspace.
    scratches: a folder for scratch and cache folders, which stay there for whoever made it to remove.
    bound: the edits that the step binds: names of editors and their options.
    editors: by name, those that can be asked for.
    artifacts: bytes by digest, of proposals too.
    other_steps: the plan's steps besides this one.
    ending: whether the stage is asked to end.
    """

    folder: Path
    scratches: Path
    step: Step = field(default=Step("step", "Do what this step says", "stage"))
    options: Any = field(factory=NoOptions)
    attempt: int = 1
    reply: Reply | CommandResult | None = None
    last_test: LastTest | None = None
    repairing: str | None = None
    repair_attempt: int = 0
    bound: tuple[tuple[str, Any], ...] = ()
    editors: Mapping[str, Editor] = field(factory=dict)
    artifacts: Mapping[str, bytes] = field(factory=dict)
    other_steps: tuple[Step, ...] = ()
    ending: bool = False
    _reader: Reader = field(init=False)

    def __attrs_post_init__(self) -> None:
        root = Root(self.folder)
        weakref.finalize(self, root.close)
        self._reader = Reader(root)

    @property
    def plan(self) -> Plan:
        """A plan of this step and the others."""
        return Plan(goal="Try a stage", steps=(self.step, *self.other_steps), digest="0" * 64)

    @property
    def workspace(self) -> WorkspaceReader:
        """The folder, as a mission shows it to a stage."""
        return self._reader

    def edits(self) -> Sequence[tuple[str, Any]]:
        """The edits that the step binds."""
        return self.bound

    def edit(self, editor: str, options: Any) -> tuple[FileEdit, ...] | RunCommand:
        """What the editor makes of the folder, or of the reply to the command that it wants run. Raises EditFailed."""
        plugin = self.editors[editor]
        if isinstance(plugin, ProgramEditor):
            if isinstance(self.reply, CommandResult) and self.reply.edits is not None:
                return plugin.made(options, self.reply)
            return evolve(plugin.program(options), isolated=True)
        if isinstance(plugin, InterruptibleEditor):
            return plugin.edit_until(self.should_end, {}, options, self._reader, self.scratch())
        return plugin.edit(options, self._reader, self.scratch())

    def proposed(self, proposal: Proposal) -> tuple[FileEdit, ...] | RunCommand:
        """What the editor `patch` makes of a proposal. Raises EditFailed."""
        return self.edit("patch", InlinedFile.of(self.artifact(proposal.digest)))

    def should_end(self) -> bool:
        """As it was given."""
        return self.ending

    def artifact(self, digest: str) -> bytes:
        """The bytes that were given under that digest."""
        return self.artifacts[digest]

    def scratch(self) -> Path:
        """A fresh empty folder."""
        return Path(tempfile.mkdtemp(dir=self.scratches))

    def cache(self, name: str) -> Path:
        """A folder that stays, among the scratch folders."""
        folder = self.scratches / "cache" / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
