"""What the runner gives a stage each time it runs it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from mission_fsm.core.mission import Mission
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.core.plan import Plan, Step
from mission_fsm.core.replies import CommandResult, LastTest, Reply
from mission_fsm.errors import EditFailed, Held, WorkspaceError
from mission_fsm.journal.store import Store
from mission_fsm.planfile.options import StepOptions
from mission_fsm.registry import Registry
from mission_fsm.runner.digests import bytes_digest
from mission_fsm.stage import WorkspaceReader
from mission_fsm.workspace import lock


class Context:
    """A StageContext over a mission whose step is under way. Use as a context manager: it removes its scratch."""

    def __init__(
        self,
        mission: Mission,
        bound: StepOptions,
        reply: Reply | CommandResult | None,
        workspace: WorkspaceReader,
        store: Store,
        registry: Registry,
        blobs: Mapping[str, bytes],
    ) -> None:
        """blobs: what the stage may ask for and the store does not keep yet."""
        if mission.active is None:
            raise AssertionError("a stage is run only while a step is under way")
        self._mission = mission
        self._bound = bound
        self._workspace = workspace
        self._store = store
        self._registry = registry
        self._blobs = blobs
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

    def edit(self, editor: str, options: Any) -> tuple[FileEdit, ...]:
        try:
            return self._registry.editor(editor).edit(options, self._workspace, self.scratch())
        except OSError as error:
            # It writes to its scratch folder and starts programs, and what fails there is not its fault.
            where = f" ({error.filename})" if error.filename else ""
            raise EditFailed(f"the editor {editor} could not do its work: {error.strerror or error}{where}") from error

    def artifact(self, digest: str) -> bytes:
        return self._blobs[digest] if digest in self._blobs else self._store.blob(digest)

    def scratch(self) -> Path:
        prefix = f"mission-{bytes_digest(os.fsencode(self._mission.workspace))[:16]}-"
        try:
            for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
                # What a runner left that was killed; one that is alive holds its own.
                with suppress(Held, WorkspaceError), lock.hold(left):
                    shutil.rmtree(left, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=prefix))
        except OSError as error:
            raise EditFailed(f"no scratch folder can be made in {tempfile.gettempdir()}: {error.strerror}") from error
        self._scratches.callback(shutil.rmtree, scratch, ignore_errors=True)
        self._scratches.enter_context(lock.hold(scratch))
        return scratch
