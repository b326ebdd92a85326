"""The editor `write`: whole files, symbolic links and deletions, as they stand in the plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from attrs import frozen

from mission_fsm.stage import EditFailed, Editor, FileEdit, InlinedFile, WorkspaceReader, option

_MODE = re.compile(r"0?[0-7]{3}")


def _permission_bits(_: object, attribute: Any, value: str | None) -> None:
    if value is not None and not _MODE.fullmatch(value):
        raise ValueError(f'{attribute.name}: expected three octal digits in quotes, such as "755", found {value!r}')


@frozen
class WholeFile:
    """What one path is to hold. Exactly one of `content`, `file`, `link_target` and `delete` is given."""

    path: str = option("The file, relative to the workspace.")
    content: str | None = option("Its whole text.", default=None)
    file: InlinedFile | None = option(  # noqa: RUF009 - which makes an attrs field
        "A file beside the plan that holds its bytes.", default=None
    )
    mode: str | None = option(
        'Its permission bits, such as "755"; without it they stay, and a new file has 644.',
        default=None,
        validator=_permission_bits,
    )
    link_target: str | None = option("Where it points to, which makes it a symbolic link.", default=None)
    delete: bool = option("Whether it is to be absent.", default=False)

    def __attrs_post_init__(self) -> None:
        given = [name for name in ("content", "file", "link_target") if getattr(self, name) is not None]
        given += ["delete"] if self.delete else []
        if len(given) != 1:
            raise ValueError(
                f"{self.path}: give one of content, file, link_target and delete, found {' and '.join(given) or 'none'}"
            )
        if self.mode is not None and given[0] in {"link_target", "delete"}:
            raise ValueError(f"{self.path}: mode goes with content or file")


class Write(Editor):
    """Writes whole files."""

    name = "write"
    options = tuple[WholeFile, ...]

    def edit(
        self,
        options: tuple[WholeFile, ...],
        workspace: WorkspaceReader,  # noqa: ARG002 - whatever is there
        scratch: Path,  # noqa: ARG002 - it needs none
    ) -> tuple[FileEdit, ...]:
        """The files as the options say. One that is to be deleted may be absent already."""
        return tuple(_post_image(write) for write in options)

    def paths(self, options: tuple[WholeFile, ...]) -> tuple[str, ...]:
        """The paths that are written. Raises EditFailed where one is given twice."""
        paths: set[str] = set()
        for write in options:
            if write.path in paths:
                raise EditFailed(f"{write.path} is written twice: give its whole content once")
            paths.add(write.path)
        return tuple(write.path for write in options)


def _post_image(write: WholeFile) -> FileEdit:
    if write.delete or write.link_target is not None:
        return FileEdit(write.path, None, link_target=write.link_target)
    content = write.file.content if write.file is not None else (write.content or "").encode("utf-8")
    return FileEdit(write.path, content, None if write.mode is None else int(write.mode, 8))
