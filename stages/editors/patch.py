"""The editor `patch`: a unified or git diff, applied by `git apply` to copies of the files that it names.

git works in an empty folder that is no repository, with nothing of the user's configuration; what it made of the
copies is the change. The workspace is only read.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from mission_fsm.stage import EditFailed, Editor, FileEdit, InlinedFile, WorkspaceReader, visible

from .diff import MAX_FILE_BYTES, Diff, FileDiff, read_diff
from .git_errors import sentence
from .places import refuse_guesses

_TIMEOUT_S = 120
MAX_PATCH_BYTES = 64 * 1024 * 1024
_SETTINGS = ("-c", "core.autocrlf=false", "-c", "core.fileMode=true", "-c", "core.symlinks=true")
# The last two are where git on macOS is found.
_INHERITED = ("PATH", "DEVELOPER_DIR", "SDKROOT")


@frozen
class _Image:
    """A regular file with its permission bits, or a symbolic link, whose content is its target."""

    content: bytes
    mode: int
    is_link: bool = False


class Patch(Editor):
    """Applies a unified or git diff: creates, deletes, renames, copies, modes, symbolic links and binary files."""

    name = "patch"
    options = InlinedFile

    def edit(self, options: InlinedFile, workspace: WorkspaceReader, scratch: Path) -> tuple[FileEdit, ...]:
        """The post-images of every file that the patch changes. Its hunks may have moved, but must fit exactly.

        A patch whose result is what is there already changes nothing. Raises EditFailed.
        """
        content = _line_ends(options.content)
        diff = _checked(content, scratch)
        before = _images(diff, workspace)
        crlf = _with_crlf(diff, before)
        _refuse_guesses(diff, before, crlf)
        tree = scratch / "tree"
        tree.mkdir()
        for path, image in before.items():
            _put(tree, path, image, as_lf=path in crlf)
        applied = _git(tree, content, f"-p{diff.strip}", "--verbose")
        if applied.returncode != 0:
            if _git(tree, content, f"-p{diff.strip}", "--reverse", "--check").returncode == 0:
                return ()
            raise EditFailed(sentence(applied.stderr))
        return tuple(_edits(diff, before, _taken(tree), crlf))

    def paths(self, options: InlinedFile) -> tuple[str, ...]:
        """The paths that the patch creates, changes or deletes. Raises EditFailed when it is malformed."""
        with TemporaryDirectory() as scratch:
            diff = _checked(_line_ends(options.content), Path(scratch))
        sources = {file.old for file in diff.files if not file.copied} | {file.new for file in diff.files}
        return tuple(sorted(path for path in sources if path is not None))


def _line_ends(content: bytes) -> bytes:
    """The patch with LF ends, where every line, the headers' too, ends in CRLF: that comes from its transport."""
    if 0 < content.count(b"\n") == content.count(b"\r\n"):
        return content.replace(b"\r\n", b"\n")
    return content


def _checked(content: bytes, folder: Path) -> Diff:
    """The patch's files. git reads the whole patch too, and must find the same ones. Raises EditFailed."""
    if len(content) > MAX_PATCH_BYTES:
        raise EditFailed(f"the patch is larger than {MAX_PATCH_BYTES // 1024**2} MiB: make it in parts")
    diff = read_diff(content)
    counted = _git(folder, content, f"-p{diff.strip}", "--numstat", "-z")
    if counted.returncode != 0:
        raise EditFailed(sentence(counted.stderr))
    named = {path for file in diff.files for path in file.paths}
    for line in counted.stdout.split(b"\0")[:-1]:
        found = line.split(b"\t", 2)[2].decode("utf-8", "surrogateescape")
        if found not in named:
            raise EditFailed(f"git finds a change of {found!r} in the patch, which no header of it names plainly")
    return diff


# --- from the workspace into the folder


def _images(diff: Diff, workspace: WorkspaceReader) -> dict[str, _Image]:
    images: dict[str, _Image] = {}
    named = sorted({path for file in diff.files for path in file.paths})
    for path in named:
        # A file and a folder may change places: what stands where the other is to be holds nothing of it.
        below = f"{path}/"
        if any(above in images for above in _above(path)):
            continue
        if any(other.startswith(below) for other in named) and stat.S_ISDIR(_mode_of(workspace.root / path)):
            continue
        target = workspace.link_target(path)
        content = workspace.read(path) if target is None else None
        if target is not None:
            images[path] = _Image(os.fsencode(target), 0o777, is_link=True)
        elif content is not None:
            images[path] = _Image(content, workspace.mode(path) or 0o644)
    return images


def _above(path: str) -> list[str]:
    return [path[:at] for at, char in enumerate(path) if char == "/"]


def _mode_of(place: Path) -> int:
    try:
        return place.lstat().st_mode
    except OSError:
        return 0


def _with_crlf(diff: Diff, before: Mapping[str, _Image]) -> frozenset[str]:
    """The paths, old and new, of files with CRLF ends throughout whose hunks have none.

    git makes such a patch where .gitattributes has the ends converted. It fits the file with LF ends, and what
    comes of it is given the file's own ends back.
    """
    converted: set[str] = set()
    for file in diff.files:
        image = before.get(file.old) if file.old is not None else None
        if image is None or image.is_link or not file.hunks or file.has_cr:
            continue
        if 0 < image.content.count(b"\n") == image.content.count(b"\r\n"):
            converted |= file.paths
    return frozenset(converted)


def _refuse_guesses(diff: Diff, before: Mapping[str, _Image], crlf: frozenset[str]) -> None:
    """Raise EditFailed where a hunk has moved and its place is a guess; not for a file that the patch names twice."""
    named = Counter(path for file in diff.files for path in file.paths)
    for file in diff.files:
        image = before.get(file.old) if file.old is not None else None
        if image is not None and file.old is not None and named[file.old] == 1 and not image.is_link:
            content = image.content.replace(b"\r\n", b"\n") if file.old in crlf else image.content
            refuse_guesses(file.old, content, file.hunks)


def _put(tree: Path, path: str, image: _Image, *, as_lf: bool) -> None:
    place = tree / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if image.is_link:
        place.symlink_to(os.fsdecode(image.content))
        return
    place.write_bytes(image.content.replace(b"\r\n", b"\n") if as_lf else image.content)
    place.chmod(0o755 if image.mode & 0o100 else 0o644)


# --- git


def _git(folder: Path, patch: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`git apply` with the patch on its standard input, in a folder where it finds no repository and no settings."""
    where = folder.resolve()
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
        "HOME": str(where),
        "XDG_CONFIG_HOME": str(where),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(where.parent),
        "LC_ALL": "C",
    }
    command = ["git", *_SETTINGS, "apply", "--whitespace=nowarn", *arguments, "-"]
    try:
        return subprocess.run(
            command, input=patch, cwd=where, env=environment, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise EditFailed("the patch editor needs git, which is not on PATH: install git") from None
    except subprocess.TimeoutExpired:
        raise EditFailed(f"git apply did not end within {_TIMEOUT_S} s") from None


# --- from the folder to the change


def _taken(tree: Path) -> dict[str, _Image]:
    """Everything below the folder, by path."""
    images = {}
    folders = [tree]
    while folders:
        for place in folders.pop().iterdir():
            path = place.relative_to(tree).as_posix()
            if place.is_symlink():
                images[path] = _Image(os.fsencode(place.readlink()), 0o777, is_link=True)
            elif place.is_dir():
                folders.append(place)
            else:
                if place.stat().st_size > MAX_FILE_BYTES:
                    raise EditFailed(f"{visible(path)} would be larger than {MAX_FILE_BYTES // 1024**2} MiB")
                images[path] = _Image(place.read_bytes(), 0o644)
    return images


def _edits(
    diff: Diff, before: Mapping[str, _Image], after: Mapping[str, _Image], crlf: frozenset[str]
) -> list[FileEdit]:
    made_by = {file.new: file for file in diff.files if file.new is not None}
    edits = []
    for path in sorted({*before, *after}):
        was, now = before.get(path), after.get(path)
        if now is None:
            edits.append(FileEdit(path, None))
        elif now.is_link:
            if was is None or was.content != now.content or not was.is_link:
                edits.append(FileEdit(path, None, link_target=os.fsdecode(now.content)))
        else:
            content = now.content.replace(b"\n", b"\r\n") if path in crlf else now.content
            mode = _mode(made_by.get(path), before, was)
            if was is None or was.is_link or was.content != content or was.mode != mode:
                edits.append(FileEdit(path, content, mode))
    return edits


def _mode(file: FileDiff | None, before: Mapping[str, _Image], was: _Image | None) -> int:
    """The permission bits that a file is to have: those it had, or its source had, but for what the patch sets.

    git knows only whether a file is executable, so that is all that a patch changes.
    """
    if file is None:
        source, executable = was, None
    else:
        source = None if file.old is None else before.get(file.old)
        executable = None if file.new_mode is None else bool(file.new_mode & 0o100)
    if source is None or source.is_link:
        return 0o755 if executable else 0o644
    if executable is None or executable == bool(source.mode & 0o100):
        return source.mode
    return source.mode | (source.mode & 0o444) >> 2 if executable else source.mode & ~0o111
