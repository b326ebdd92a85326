"""What is given to a mission from outside: a patch, or exact changes as a change set. Either is known by its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from mission_fsm.core.changes import Version
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import EditFailed, UsageError, WorkspaceError
from mission_fsm.registry import Registry
from mission_fsm.runner.control import Control
from mission_fsm.runner.digests import bytes_digest
from mission_fsm.runner.pen import Pen
from mission_fsm.runner.session import Session
from mission_fsm.stage import InlinedFile
from mission_fsm.workspace import changeset
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.selection import edit_of

# How the JSON of every change set begins, and no patch does: it has one line, and a patch more.
_CHANGE_SET = b'{"changes":['


@frozen
class Given:
    """digest: of the patch or the change set. blobs: that, and the contents that it speaks of, by digest."""

    digest: str
    blobs: Mapping[str, bytes]


@frozen
class Giving:
    """What is at hand where something is given to a mission. control: may ask for its end."""

    session: Session
    pen: Pen
    control: Control
    home: Path | None
    on_output: Callable[[bytes], None] | None


Giver = Callable[[Giving], Given]


def of_patch(patch: bytes) -> Giver:
    """Gives a patch."""
    digest = bytes_digest(patch)
    return lambda _: Given(digest, {digest: patch})


def of_files(files: Mapping[str, bytes | None]) -> Giver:
    """Gives whole files, None for one that is to be gone. Raises as `changeset.build` does."""
    edits = [FileEdit(path, content) for path, content in files.items()]
    return lambda giving: given_edits(giving.pen.root, edits, {})


def given_edits(root: Root, edits: Sequence[FileEdit], seen: Mapping[str, Version | None]) -> Given:
    """Exact changes of the workspace. Raises as `changeset.build` does."""
    change_set, contents = changeset.build(root, edits, seen)
    return Given(change_set.digest, {**contents, change_set.digest: changeset.to_json(change_set)})


def refuse_malformed(given: Given, registry: Registry) -> None:
    """Raise UsageError for a patch that is malformed, whatever the files are."""
    content = given.blobs[given.digest]
    if is_change_set(content):
        return
    try:
        registry.editor("patch").paths(InlinedFile.of(content))
    except EditFailed as error:
        raise UsageError(str(error)) from error
    except OSError as error:  # the editor reads it with the help of a folder of its own
        raise WorkspaceError(f"the patch cannot be looked at: {error.strerror or error}: {error.filename}") from error


def is_change_set(content: bytes) -> bool:
    """Whether what was given is a change set, and no patch."""
    return content.startswith(_CHANGE_SET) and b"\n" not in content


def edits_in(content: bytes, blob: Callable[[str], bytes]) -> tuple[tuple[FileEdit, ...], Mapping[str, Version | None]]:
    """The edits that were given as a change set, and what they are made from, by path."""
    changes = changeset.from_json(content).changes
    return tuple(edit_of(change, blob) for change in changes), {change.path: change.before for change in changes}
