"""What the runner gives a stage each time it runs it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import evolve

from mission_fsm.core.mission import Mission
from mission_fsm.core.outcomes import FileEdit, RunCommand
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.replies import CommandResult, LastTest, Proposal, Reply
from mission_fsm.errors import EditFailed
from mission_fsm.journal.store import Store
from mission_fsm.planfile.options import StepOptions
from mission_fsm.registry import Registry
from mission_fsm.runner.cache import cache_folder, workspace_name
from mission_fsm.runner.given import edits_in, is_change_set
from mission_fsm.runner.handover import task_of
from mission_fsm.stage import InformedEditor, InlinedFile, InterruptibleEditor, ProgramEditor, WorkspaceReader
from mission_fsm.workspace.reader import Reader
from mission_fsm.workspace.scratch import scratch


class Context:
    """A StageContext over a mission whose step is under way. Use as a context manager: it removes its scratch."""

    def __init__(
        self,
        mission: Mission,
        bound: StepOptions,
        reply: Reply | CommandResult | None,
        workspace: Reader,
        store: Store,
        registry: Registry,
        blobs: Mapping[str, bytes],
        home: Path | None,
        should_end: Callable[[], bool],
    ) -> None:
        """blobs: what the stage may ask for and the store does not keep yet. home: below it caches are kept.

        should_end: whether it is asked to end.
        """
        if mission.active is None:
            raise AssertionError("a stage is run only while a step is under way")
        self._mission = mission
        self._bound = bound
        self._workspace = workspace
        self._store = store
        self._registry = registry
        self._blobs = blobs
        self._home = home
        self.should_end = should_end
        self._scratches = ExitStack()
        self.reply = reply
        self.attempt = mission.active.attempt
        self.step: Step = mission.plan.steps[mission.active.step_index]

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratches.close()

    @property
    def plan(self) -> Plan:
        return self._mission.plan

    @property
    def options(self) -> Any:
        return self._bound.options

    @property
    def workspace(self) -> WorkspaceReader:
        return self._workspace

    @property
    def last_test(self) -> LastTest | None:
        return self._mission.last_test

    @property
    def repairing(self) -> str | None:
        repair = self._mission.repair
        return repair.step_id if repair is not None and repair.in_place else None

    @property
    def repair_attempt(self) -> int:
        return self._mission.repair.attempt if self._mission.repair is not None else 0

    def edits(self) -> Sequence[tuple[str, Any]]:
        return self._bound.edits

    def edit(self, editor: str, options: Any) -> tuple[FileEdit, ...] | RunCommand:
        plugin = self._registry.editor(editor)
        if isinstance(plugin, ProgramEditor):
            if isinstance(self.reply, CommandResult) and self.reply.edits is not None:
                return plugin.made(options, self.reply)
            program = plugin.program(options)
            return evolve(program, isolated=True, timeout_s=self.step.timeout_s or program.timeout_s)
        try:
            if isinstance(plugin, InformedEditor):
                task = task_of(self._mission, self._store)
                if isinstance(plugin, InterruptibleEditor):
                    return plugin.edit_until(self.should_end, task, options, self._workspace, self.scratch())
                return plugin.edit_for(task, options, self._workspace, self.scratch())
            return plugin.edit(options, self._workspace, self.scratch())
        except OSError as error:
            # It writes to its scratch folder and starts programs, and what fails there is not its fault.
            where = f" ({error.filename})" if error.filename else ""
            raise EditFailed(f"the editor {editor} could not do its work: {error.strerror or error}{where}") from error

    def proposed(self, proposal: Proposal) -> tuple[FileEdit, ...] | RunCommand:
        content = self.artifact(proposal.digest)
        if not is_change_set(content):
            return self.edit("patch", InlinedFile.of(content))
        edits, seen = edits_in(content, self.artifact)
        self._workspace.seen.update(seen)
        return edits

    def artifact(self, digest: str) -> bytes:
        return self._blobs[digest] if digest in self._blobs else self._store.blob(digest)

    def scratch(self) -> Path:
        place, purpose = Path(tempfile.gettempdir()), f"mission-{workspace_name(self._mission.workspace)}"
        try:
            return self._scratches.enter_context(scratch(place, purpose)).path
        except OSError as error:
            raise EditFailed(f"no scratch folder can be made in {place}: {error.strerror}") from error

    def cache(self, name: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise ValueError(f"the name of a cache is made of letters, digits, - and _; found {name!r}")
        if self._home is None:
            return self.scratch()
        try:
            return cache_folder(self._home, self._mission.workspace, name)
        except OSError:
            return self.scratch()
