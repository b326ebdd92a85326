"""The sandbox of a command, by bubblewrap (bwrap): it writes in the workspace alone, and reaches no network.

What a command may see is data first: `folders_for` gathers the folders that matter, and `arguments` says, one mount
after the other, what becomes of them. A mount hides what earlier ones show, so their order is the rule.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from mission_fsm.core.replies import CommandSpec
from mission_fsm.workspace import supervisor
from mission_fsm.workspace.environment import TOOL_CHAINS

# They would point to what is not there.
DROPPED = ("TMPDIR", "XDG_RUNTIME_DIR")

# Where programs meet: files of others, and the sockets of docker, D-Bus, ssh-agent, to which a folder that is merely
# read-only would let a command connect.
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - hidden, not written
_SOCKETS = (Path("/run"), Path("/var/run"))
# In a repository, what makes git run a program, or look elsewhere for what does.
_GIT_KEPT = ("config", "config.worktree", "commondir", "hooks", "info", "modules", "worktrees")
# Around a folder of that name lies what its programs need.
_PROGRAMS = {"bin", "sbin"}
# What root needs to work with files of others, and to act as another user; all else that root may do, it may not.
_ROOT_MAY = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETGID", "CAP_SETUID")
# There the owner's right to write is enough, and root owns it: a core_pattern is a program that the kernel runs.
_KERNEL = ("/proc/sys", "/proc/sysrq-trigger", "/proc/fs", "/proc/acpi", "/proc/scsi")
_PROBE_S = 10.0


@frozen
class Argument:
    """Some words of bwrap's command line, and what they are there for."""

    words: tuple[str, ...]
    why: str


@frozen
class Folders:
    """The folders that matter to a command: absolute paths, free of links but for `needed`.

    cwd: where it runs. writable: the workspace, or what lies around its copy. guarded: what in it may not be replaced;
    kept: what in it stays as it is. temporary, sockets: in place of these it has an empty folder of its own.
    hidden: what else it finds empty. needed: what of all those it is shown nevertheless.
    """

    cwd: Path
    writable: Path
    guarded: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    temporary: tuple[Path, ...] = ()
    sockets: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    needed: tuple[Path, ...] = ()


# --- what bwrap is told


def arguments(folders: Folders, *, network: bool, as_root: bool) -> tuple[Argument, ...]:
    """What bwrap is told, in the order in which it is done. as_root: whether root is who runs it."""
    return (
        *_namespaces(network=network, as_root=as_root),
        *(_mount("--tmpfs", place, "temporary files of its own", "--perms", "1777") for place in folders.temporary),
        *(_mount("--tmpfs", place, "no socket of a service to talk to") for place in folders.sockets),
        *(_mount("--tmpfs", place, "where missions are kept is not for commands") for place in folders.hidden),
        *(_mount("--ro-bind", place, "a tool that lies there") for place in folders.needed),
        # After all that is hidden, since it may lie in there.
        _mount("--bind", folders.writable, "what the command is there to work on"),
        # A mount cannot be renamed or removed, so nothing can be put in its place.
        *(_mount("--bind", place, "may be written, not replaced") for place in folders.guarded),
        *(_mount("--ro-bind", place, "what git would run later, outside") for place in folders.kept),
        Argument(("--chdir", str(folders.cwd)), "where the plan says"),
    )


def _namespaces(*, network: bool, as_root: bool) -> tuple[Argument, ...]:
    return (
        Argument(("--ro-bind", "/", "/"), "all that is not said below can be read, and not written"),
        Argument(("--dev", "/dev"), "the harmless devices, and shared memory of its own"),
        Argument(("--unshare-pid", "--proc", "/proc", "--as-pid-1"), "all of it ends with its supervisor"),
        *(Argument(("--ro-bind-try", place, place), "root may write there, whatever else it may") for place in _KERNEL),
        Argument(("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"), "nothing shared with others"),
        *(() if network else (Argument(("--unshare-net",), "no network but a loopback of its own"),)),
        *((Argument(("--cap-drop", "ALL"), "else root could undo all this"),) if as_root else ()),
        *(
            Argument(("--cap-add", name), "root still, where files of others are concerned")
            for name in _ROOT_MAY
            if as_root
        ),
    )


def _mount(how: str, place: Path, why: str, *before: str) -> Argument:
    return Argument((*before, how, str(place), *(() if how == "--tmpfs" else (str(place),))), why)


def prefix(folders: Folders, *, network: bool) -> tuple[str, ...]:
    """The words that have what stands after them run in a sandbox; only where nothing is lacking."""
    bwrap = _bwrap(os.environ.get("PATH", os.defpath)) or "bwrap"
    return bwrap, *_words(arguments(folders, network=network, as_root=os.geteuid() == 0)), "--"


def _words(given: Iterable[Argument]) -> tuple[str, ...]:
    return tuple(word for argument in given for word in argument.words)


# --- whether there can be one


def lacking(wanted: str) -> str | None:
    """Why a command would not run in a sandbox, as a clause; None where it would.

    wanted: `auto`, `required` or `off`, as a plan has it.
    """
    return "the plan has `sandbox: off`" if wanted == "off" else _why_none(os.environ.get("PATH", os.defpath))


@cache
def _why_none(path: str) -> str | None:
    """Found out once for each PATH, by making one."""
    if sys.platform != "linux":
        return "there is bubblewrap on Linux alone"
    if find_spec("_ctypes") is None:
        return "this Python was built without ctypes"
    bwrap = _bwrap(path)
    if bwrap is None:
        return "bubblewrap (bwrap) is not installed"
    words = _words(_namespaces(network=False, as_root=os.geteuid() == 0))
    probe = (bwrap, *words, "--perms", "1777", "--tmpfs", "/dev/shm", bwrap, "--version")  # noqa: S108 - its own
    try:
        made = subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be run here: {error}"
    if made.returncode == 0:
        return None
    said = made.stderr.decode("utf-8", "replace").strip().splitlines() or [f"it exited with {made.returncode}"]
    return f"bubblewrap may not make one here: {said[-1].removeprefix('bwrap: ')}"


def _bwrap(path: str) -> str | None:
    # Not in a folder that counts from where the mission runs: that may be the workspace, which commands write.
    return shutil.which("bwrap", path=os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep))))


# --- which folders matter


def folders_for(
    spec: CommandSpec,
    root: Path,
    *,
    env: Mapping[str, str],
    program: str,
    writable: Path | None = None,
    hidden: Sequence[Path] = (),
) -> Folders:
    """The folders that matter to a command in the workspace `root`, as they are now.

    env, program: what it is run with; a path, absolute or relative to where it runs. writable: a folder around the
    workspace that it may write too. hidden: what it is not to see.
    """
    workspace = _real(root)
    unseen = _outermost(_folders(hidden))
    temporary = _outermost(_folders(_TEMPORARY))
    sockets = _outermost(_folders((*_SOCKETS, Path(os.environ.get("XDG_RUNTIME_DIR") or "/run"))))
    emptied = (*temporary, *sockets)
    needed = [shown for path in _named(env, program) if (shown := needed_with(path, emptied, unseen))]
    names = _real(Path("/etc/resolv.conf"))
    if spec.network and _lies_in(names, emptied):
        # Often it is a service that writes where names are looked up. That file alone: its socket lies beside it.
        needed.append(names)
    return Folders(
        cwd=workspace / spec.cwd,
        writable=workspace if writable is None else _real(writable),
        guarded=tuple(_guarded(workspace)),
        kept=tuple(_kept(workspace)),
        temporary=temporary,
        sockets=sockets,
        hidden=tuple(place for place in unseen if not _lies_in(place, emptied)),
        needed=_outermost(needed),
    )


def needed_with(path: Path, emptied: Sequence[Path], hidden: Sequence[Path]) -> Path | None:
    """What has to be shown of the places that are emptied, so that a tool is there which is named by that path.

    That is the folder around a folder of programs, or else the path; nothing that has to do with what is hidden.
    """
    for place in (path.parent, path) if path.name in _PROGRAMS else (path,):
        inside = _lies_in(place, emptied) and place not in emptied
        if inside and not any(_lies_in(place, [one]) or _lies_in(one, [place]) for one in hidden):
            return place
    return None


def _named(env: Mapping[str, str], program: str) -> Iterator[Path]:
    """The tools that the environment, the command and its supervisor name, and where links lead, if they are there."""
    programs = (sys.executable, supervisor.__file__, program)
    folders = (path for name in ("PATH", *TOOL_CHAINS) for path in env.get(name, "").split(os.pathsep))
    for path in (sys.prefix, sys.base_prefix, *programs, *folders):
        given = Path(os.path.normpath(path))
        if given.is_absolute() and os.access(given, os.F_OK):
            for place in (given, _real(given)):
                yield place
                if not place.is_dir():
                    yield place.parent  # a program may need what lies beside it


def _guarded(workspace: Path) -> Iterator[Path]:
    git = workspace / ".git"
    if git.is_dir() and not git.is_symlink():
        yield git


def _kept(workspace: Path) -> Iterator[Path]:
    git = workspace / ".git"
    if git.is_file() and not git.is_symlink():
        yield git  # of a work tree or a submodule: it says where the repository is, which lies elsewhere
    for place in (git / name for name in _GIT_KEPT):
        if os.access(place, os.F_OK) and _lies_in(_real(place), [workspace]):
            yield _real(place)


def _folders(places: Iterable[Path]) -> Iterator[Path]:
    return (_real(place) for place in places if place.is_dir())


def _real(place: Path) -> Path:
    """Where the path leads; also where nothing is, links run in a circle, or this user may not look."""
    return Path(os.path.realpath(place))


def _outermost(places: Iterable[Path]) -> tuple[Path, ...]:
    """Those that lie in no other of them, each once."""
    given = dict.fromkeys(places)
    return tuple(place for place in given if not _lies_in(place, [other for other in given if other != place]))


def _lies_in(place: Path, folders: Iterable[Path]) -> bool:
    """Whether it is one of the folders, or lies in one."""
    return any(place.is_relative_to(folder) for folder in folders)
