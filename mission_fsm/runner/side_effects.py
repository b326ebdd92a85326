"""What commands change in the workspace: known by what was there before, and saved so that it can be taken back."""

from __future__ import annotations

import tempfile
from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mission_fsm.core.commands import ReportFilesChanged
from mission_fsm.core.globs import matches
from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import CommandSpec
from mission_fsm.errors import WorkspaceError
from mission_fsm.runner.cache import cache_folder, workspace_name
from mission_fsm.runner.digests import bytes_digest
from mission_fsm.workspace import checkpoint
from mission_fsm.workspace.baseline import Baseline
from mission_fsm.workspace.scan import SideEffects
from mission_fsm.workspace.scratch import scratch


@contextmanager
def kept_baseline(mission: Mission, home: Path | None) -> Iterator[Baseline]:
    """What was in the mission's workspace before its last command. home: where it is kept; None for nowhere for long.

    Raises WorkspaceError where it cannot be kept.
    """
    with ExitStack() as stack:
        try:
            if home is not None:
                folder = cache_folder(home, mission.workspace, "baseline")
            else:
                purpose = f"mission-baseline-{workspace_name(mission.workspace)}"
                folder = stack.enter_context(scratch(Path(tempfile.gettempdir()), purpose)).path
        except OSError as error:
            problem = f"what a workspace holds before a command cannot be kept: {error.strerror or error}"
            raise WorkspaceError(problem) from error
        yield stack.enter_context(Baseline(folder))


def run_name(mission: Mission) -> str:
    """The name under which the baseline of the command under way is kept."""
    running = mission.active.command if mission.active is not None else None
    return f"{mission.mission_id}/{running.run_id if running is not None else None}"


def changes_found(found: SideEffects, spec: CommandSpec) -> tuple[ReportFilesChanged | None, Mapping[str, bytes]]:
    """What a command has changed, as it is reported, with what is to be kept; None where it has changed nothing."""
    changes = found.manifest.change_set.changes
    if not changes and not found.lost:
        return None, {}
    manifest = checkpoint.to_json(found.manifest)
    kept = {bytes_digest(manifest): manifest, bytes_digest(found.diff): found.diff}
    reports = [change.path for change in changes if spec.report is not None and matches(spec.report, change.path)]
    report = ReportFilesChanged(
        files=found.manifest.change_set.paths,
        lines=sum(change.added + change.removed for change in changes if change.path not in reports),
        size_bytes=sum(change.before.size_bytes for change in changes if change.before is not None),
        manifest=bytes_digest(manifest),
        artifact=bytes_digest(found.diff),
        reports=tuple(reports),
        lost=dict(found.lost),
    )
    return report, ChainMap(kept, found.pre_images)  # type: ignore[arg-type]  # it is only read
