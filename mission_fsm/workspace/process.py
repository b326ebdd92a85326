"""Running a command: bounded in time and in what is kept of its output, and gone afterwards with all it started.

It runs under a supervisor (see `supervisor`), a process of its own, so that it is ended also when this one is killed.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mission_fsm.core.replies import CONTAINED, NONE, CommandResult, CommandSpec
from mission_fsm.errors import UnsafePath, WorkspaceError
from mission_fsm.workspace import sandbox
from mission_fsm.workspace.environment import clean_environment
from mission_fsm.workspace.names import parts_of
from mission_fsm.workspace.output import HeadAndTail
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.supervised import Report, Supervised


def run(
    spec: CommandSpec,
    *,
    root: Path,
    cap_bytes: int,
    on_output: Callable[[bytes], None] | None = None,
    should_end: Callable[[], bool] | None = None,
    locks: Sequence[int] = (),
    hidden: Sequence[Path] = (),
    writable: Path | None = None,
) -> tuple[CommandResult, bytes]:
    """Run the command below the workspace `root`, and wait until it and all that it started is gone.

    The program is looked up in the PATH of its own environment; a name with a slash counts from the folder that
    the command runs in. Standard input is empty, standard output and error come together. It runs in a sandbox where
    one can be made (see `sandbox`), or as the command says; the result says in which.

    cap_bytes: how much of the beginning, and of the end, of the output is kept.
    on_output: is given the output as it comes.
    should_end: is asked about every 50 ms; once it says True the command is ended, and the result is `ended`.
    locks: descriptors that are kept open until nothing of the command is left, also when this process is gone.
    hidden: folders that it does not see. writable: a folder around the workspace that it may write too.

    Returns the result, and the bytes of the output that are kept. Whatever goes wrong with the command is a
    result; an exception from one of the callables ends the command, and is raised then.
    """
    lacking = sandbox.lacking(spec.sandbox)
    kept = HeadAndTail(cap_bytes)

    def take(data: bytes) -> None:
        kept.add(data)
        if on_output is not None:
            on_output(data)

    def contain(env: Mapping[str, str], program: str) -> tuple[str, ...]:
        folders = sandbox.folders_for(spec, root, env=env, program=program, writable=writable, hidden=hidden)
        return sandbox.prefix(folders, network=spec.network)

    began = time.monotonic()
    try:
        if lacking is not None and spec.sandbox == "required":
            raise _StartError("not_started", f"the plan has `sandbox: required`, and there is none: {lacking}")
        command = _start(spec, root, locks, contain if lacking is None else None)
    except _StartError as reason:
        return CommandResult(reason.kind, None, 0.0, problem=str(reason)), b""
    with command:
        report = command.follow(take, should_end or (lambda: False))
    output = kept.kept()
    kind = _kind(report)
    result = CommandResult(
        kind=kind,
        exit_status=report.status,
        duration_s=time.monotonic() - began,
        output=output.decode("utf-8", "replace"),
        output_bytes=kept.total_bytes,
        problem=_problem(report, spec, output),
        sandbox="" if kind == "not_started" else CONTAINED if lacking is None else NONE + lacking,
    )
    return result, output


# From the environment and the program to the words that have it run in a sandbox.
_Contain = Callable[[Mapping[str, str], str], tuple[str, ...]]


class _StartError(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _start(spec: CommandSpec, root: Path, locks: Sequence[int], contain: _Contain | None) -> Supervised:
    env = clean_environment(spec.env)
    if contain is not None:
        env = {name: value for name, value in env.items() if name not in sandbox.DROPPED or name in spec.env}
    program = _find_program(spec, env, root)
    folder = _open_folder(spec.cwd, root)
    try:
        within = contain(env, program) if contain is not None else ()
        return Supervised(program, spec.argv, env, folder, spec.timeout_s, locks, within)
    except OSError as error:
        raise _StartError("not_started", f"no process could be started: {error.strerror}") from error
    finally:
        os.close(folder)


def _find_program(spec: CommandSpec, env: Mapping[str, str], root: Path) -> str:
    """The path of the program, absolute or relative to the command's folder."""
    if not spec.argv or not spec.argv[0]:
        raise _StartError("not_started", "the command names no program")
    if any("\0" in text for text in (*spec.argv, *env, *env.values())):
        raise _StartError("not_started", "a word or a variable of the command holds a NUL character")
    if any("=" in name or not name for name in spec.env):
        raise _StartError("not_started", "the name of a variable is empty or holds a `=`")
    name = spec.argv[0]
    if "/" in name:
        return name
    # As in a shell, a relative entry of PATH counts from where the command runs.
    places = [root / spec.cwd / entry / name for entry in env["PATH"].split(os.pathsep)]
    found = [place for place in places if place.is_file()]
    for place in found:
        if os.access(place, os.X_OK):
            return str(place)
    if found:
        raise _StartError("not_started", f"{found[0]} cannot be run: this user may not execute it")
    raise _StartError("not_found", f"the program {name!r} is in no folder of PATH ({env['PATH']})")


def _open_folder(cwd: str, root: Path) -> int:
    """A descriptor of the folder to run in: by descriptor, no link can lead it out of the workspace."""
    try:
        with Root(root) as workspace:
            return workspace.open_folder(() if cwd in {"", "."} else parts_of(cwd))
    except (FileNotFoundError, NotADirectoryError):
        raise _StartError("not_started", f"the folder {cwd!r} to run in is not in the workspace") from None
    except OSError as error:
        raise _StartError("not_started", f"the folder {cwd!r} to run in cannot be opened: {error.strerror}") from None
    except (UnsafePath, WorkspaceError) as error:
        raise _StartError("not_started", f"the folder to run in cannot be used: {error}") from None


def _kind(report: Report) -> str:
    if report.uncontained:
        return "not_started"
    if report.failed is not None:
        return "not_found" if report.failed in {errno.ENOENT, errno.ENOTDIR} else "not_started"
    return report.cause if report.cause in {"timed_out", "ended"} else "exited"


def _problem(report: Report, spec: CommandSpec, output: bytes) -> str | None:
    """A sentence where the command did not simply end by itself and alone, else None."""
    program = spec.argv[0]
    if report.uncontained:
        why = " ".join(output.decode("utf-8", "replace").split())
        return f"the sandbox for the program {program!r} could not be made: {why}"
    if report.failed in {errno.ENOENT, errno.ENOTDIR}:
        return f"the program {program!r} was not found, or the interpreter that its first line names was not"
    if report.failed is not None:
        return f"the program {program!r} could not be started: {os.strerror(report.failed)}"
    said = []
    if report.cause in {None, "killed"}:
        said.append("the process that watches over the command was killed, and so the command was ended")
    if report.cause == "timed_out":
        said.append(f"it took longer than {spec.timeout_s} s and was ended")
    if report.cause == "ended":
        said.append("it was ended on request")
    if report.left:
        said.append(f"it left {_processes(report.left)} running, which {'was' if report.left == 1 else 'were'} ended")
    if report.survivors:
        said.append(f"{_processes(report.survivors)} of it could not be ended")
    return "; ".join(said) or None


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"
