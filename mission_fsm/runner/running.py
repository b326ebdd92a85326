"""Running the command of a step: in the workspace, or in a copy of it where it is an editor's program."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import evolve

from mission_fsm.core.replies import CommandSpec
from mission_fsm.errors import GuardRefused
from mission_fsm.home import COPIES
from mission_fsm.runner.cache import workspace_name
from mission_fsm.runner.given import Given, Giver, Giving, given_edits
from mission_fsm.runner.handover import handed_over
from mission_fsm.runner.pen import Pen
from mission_fsm.runner.reports import Reports
from mission_fsm.runner.session import Session
from mission_fsm.workspace import process
from mission_fsm.workspace.isolated import Isolated, run_isolated

# What is kept of a command's output, in bytes, of its beginning and of its end.
OUTPUT_CAP_BYTES = 1 << 20


def run_command(
    spec: CommandSpec,
    session: Session,
    pen: Pen,
    home: Path | None,
    on_output: Callable[[bytes], None] | None,
    should_end: Callable[[], bool],
) -> Isolated:
    """Run the command, pen in hand, and say how it ended.

    home: where copies are made first, and what a command in a sandbox does not see; None where there is none.
    """
    hidden = () if home is None else (home,)
    with pen.in_hand() as locks:
        if spec.isolated:
            return run_isolated(
                spec,
                root=pen.root,
                places=_places(home),
                purpose=f"mission-copy-{workspace_name(session.mission.workspace)}",
                hand_over=lambda folder: handed_over(session.mission, session.store, folder),
                on_output=on_output,
                should_end=should_end,
                cap_bytes=OUTPUT_CAP_BYTES,
                locks=locks,
                hidden=hidden,
            )
        reports = Reports(pen.root, spec.report)
        result, output = process.run(
            spec,
            root=pen.root.path,
            on_output=on_output,
            should_end=should_end,
            cap_bytes=OUTPUT_CAP_BYTES,
            locks=locks,
            hidden=hidden,
        )
    return Isolated(evolve(result, reports=reports.written()), output)


def _places(home: Path | None) -> tuple[Path, ...]:
    """Where copies of workspaces may be made: in the home, which lies on a disk, and where temporary files lie."""
    if home is None:
        return (Path(tempfile.gettempdir()),)
    copies = home / COPIES
    with suppress(OSError):  # where it cannot be made, it is none of the places that have room
        copies.mkdir(mode=0o700, exist_ok=True)
    return copies, Path(tempfile.gettempdir())


def of_program(argv: Sequence[str], timeout_s: int) -> Giver:
    """Gives what a program changes in a copy of the workspace. Raises GuardRefused where that is nothing."""
    # With a network, as an agent needs: whoever gives the program stands for it, and for what it is sent.
    spec = CommandSpec(tuple(argv), timeout_s=timeout_s, isolated=True, sandbox="auto", network=True)

    def give(giving: Giving) -> Given:
        def should_end() -> bool:
            return giving.control.wanted() is not None

        ran = run_command(spec, giving.session, giving.pen, giving.home, giving.on_output, should_end)
        result = ran.result
        if result.kind != "exited" or result.exit_status != 0:
            why = result.problem or f"it exited with {result.exit_status}"
            raise GuardRefused("repair", "program_succeeds", f"{argv[0]} gave no change: {why}")
        if not result.edits:
            raise GuardRefused("repair", "program_changes_files", f"{argv[0]} exited with 0 and changed nothing")
        return given_edits(giving.pen.root, result.edits, ran.seen)

    return give
