"""Running a command in a copy of the workspace, and taking home what it changed there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve, field, frozen

from mission_fsm.core.changes import Version
from mission_fsm.core.replies import CommandResult, CommandSpec
from mission_fsm.core.sizes import in_bytes
from mission_fsm.errors import MissionError, WorkspaceError
from mission_fsm.workspace import process
from mission_fsm.workspace.harvest import harvest
from mission_fsm.workspace.isolation import CutShort, copy_workspace, size_of
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.scratch import roomiest, scratch

# What is left free on the disk beside the copy: the program may write too.
_SPARE_BYTES = 64 * 1024 * 1024

HandOver = Callable[[Path], Mapping[str, str]]


@frozen
class Isolated:
    """How the command ended, with what it changed. output: what is kept of it. seen: what the change is made from."""

    result: CommandResult
    output: bytes = b""
    seen: Mapping[str, Version | None] = field(factory=dict)


def run_isolated(
    spec: CommandSpec,
    *,
    root: Root,
    places: Sequence[Path],
    purpose: str,
    hand_over: HandOver = lambda _: {},
    cap_bytes: int,
    on_output: Callable[[bytes], None] | None = None,
    should_end: Callable[[], bool] | None = None,
    locks: Sequence[int] = (),
    hidden: Sequence[Path] = (),
) -> Isolated:
    """Run the command in a fresh copy of the workspace, which is removed again; the workspace is only read.

    places: where the copy may be made; the first with room for it is taken, one on the workspace's file system before
        the others. purpose: names the copies of this workspace (see `scratch`).
    hand_over: puts what the program is told into a folder beside the copy, and gives the variables that say so.
    The others are as for `process.run`, and so is the result: `edits` holds what a program changed that ended with
    exit status 0. Whatever goes wrong is a result.
    """
    with ExitStack() as stack:
        try:
            needed_bytes = size_of(root) + _SPARE_BYTES
            outside = [place for place in places if not place.resolve().is_relative_to(root.path.resolve())]
            place = roomiest(outside, needed_bytes, root.path)
            if place is None:
                named = ", ".join(map(str, places))
                return _not_begun(f"it needs {in_bytes(needed_bytes)} on the disk, for which none of {named} has room")
            made = stack.enter_context(scratch(place, purpose))
            folder = made.path / root.path.name
            copied = copy_workspace(root, folder, lambda: should_end is None or not should_end())
            told = {"GIT_CEILING_DIRECTORIES": str(made.path), **hand_over(made.path)}
        except CutShort:
            return Isolated(CommandResult("ended", None, 0.0, edits=()))
        except WorkspaceError as error:
            return _not_begun(str(error))
        except OSError as error:
            return _not_begun(error.strerror or str(error))
        result, output = process.run(
            evolve(spec, env={**told, **spec.env}),
            root=folder,
            cap_bytes=cap_bytes,
            on_output=on_output,
            should_end=should_end,
            locks=(*locks, made.hold),
            hidden=hidden,
            writable=made.path,
        )
        if result.kind != "exited" or result.exit_status != 0:
            return Isolated(evolve(result, edits=()), output)
        try:
            with Root(folder) as copy:
                taken = harvest(root, copy, copied)
        except MissionError as error:
            return Isolated(evolve(result, kind="not_taken", problem=str(error), edits=()), output)
        return Isolated(evolve(result, edits=taken.edits), output, taken.seen)


def _not_begun(why: str) -> Isolated:
    problem = f"no copy of the workspace can be made to run it in: {why}"
    return Isolated(CommandResult("not_started", None, 0.0, problem=problem, edits=()))
