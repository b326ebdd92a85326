"""A diff in the editor of whoever reviews it: `$VISUAL`, `$EDITOR` or vi."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mission_fsm.errors import UsageError

_HELP = b"""\
# What comes back is approved, as your revision. To leave a hunk or a file out, remove all of it; to leave out one
# line, remove it where it begins with +, and make the - a space where it begins with that. Counts need no care.
# Where nothing comes back, or just what was there, nothing is decided.
"""


def edited(diff: bytes) -> bytes:
    """The diff as the editor leaves it. Raises UsageError where it leaves it as it was, or empty, or fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with TemporaryDirectory(prefix="mission-review-") as folder:
        path = Path(folder) / "review.diff"
        path.write_bytes(_HELP + diff)
        _open(editor, path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"what the editor {editor} left cannot be read: {error.strerror}") from error
    content = _without_help(content)
    if not content.strip():
        raise UsageError("nothing of the diff came back, so nothing was decided; reject it where none of it is wanted")
    if _trimmed(content) == _trimmed(diff):
        raise UsageError("the diff came back as it was, so nothing was decided; approve it as it is where it is right")
    return content


def _open(editor: str, path: Path) -> None:
    try:
        command = [*shlex.split(editor), str(path)]
        with _left_to_the_editor():
            status = subprocess.run(command, check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(f"the editor {editor!r} cannot be started ({error}); set $VISUAL or $EDITOR") from error
    if status != 0:
        raise UsageError(f"the editor {editor!r} ended with status {status}, so nothing was decided")


def _without_help(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    while lines and lines[0].startswith(b"#"):
        del lines[0]
    return b"".join(lines)


def _trimmed(content: bytes) -> list[bytes]:
    """The lines, as editors leave them that take away white space which nothing follows."""
    return [line.rstrip() for line in content.rstrip().split(b"\n")]


@contextmanager
def _left_to_the_editor() -> Iterator[None]:
    """Ctrl-C in an editor is a key like another: it reaches this process too, and is not meant for it."""
    wakeup = signal.set_wakeup_fd(-1)
    # A handler rather than SIG_IGN, which the editor would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(wakeup)
