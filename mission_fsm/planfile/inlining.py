"""Files that a plan points at, read into it, so that what is approved is what they hold now."""

from __future__ import annotations

import base64
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import fields
from cattrs import Converter

from mission_fsm.converter import key_of
from mission_fsm.core.options import InlinedFile
from mission_fsm.core.wording import MismatchError, did_you_mean, shown

MAX_INLINED_BYTES = 64 * 1024 * 1024

EXPECTED = "a path relative to the plan's folder, or text of more than one line"


class Inliner:
    """Reads the files of one plan.

    folder: the plan's; no file outside it is read, through a symbolic link neither.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._left_bytes = MAX_INLINED_BYTES

    def teach(self, converter: Converter) -> None:
        """Make a converter read InlinedFile from what a plan says."""
        converter.register_structure_hook(InlinedFile, lambda value, _: self.inlined(value))

    def inlined(self, value: object) -> InlinedFile:
        """The file, or the text itself. Raises ValueError with a sentence."""
        if isinstance(value, Mapping):
            return self._counted(_given(value))
        if not isinstance(value, str):
            raise MismatchError(EXPECTED, value)
        if "\n" in value:
            return self._counted(InlinedFile(text=value))
        content = self._read(value)
        self._left_bytes -= len(content)
        return InlinedFile.of(content, value)

    def _counted(self, file: InlinedFile) -> InlinedFile:
        self._left_bytes -= len(file.content)
        if self._left_bytes < 0:
            raise ValueError(_too_much())
        return file

    def _read(self, name: str) -> bytes:
        parts = name.split("/")
        if not name:
            raise ValueError(f"expected {EXPECTED}, found an empty text")
        if name.startswith("/"):
            raise ValueError(f"path {name!r} is absolute: files are read from the plan's folder only")
        if ".." in parts:
            raise ValueError(f"path {name!r} leads out of the plan's folder by ..")
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder):
                raise ValueError(f"path {name!r} leads out of the plan's folder through a symbolic link")
            if path.is_dir():
                raise ValueError(f"{name!r} is a folder, and a file is expected")
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError(f"{name!r} is not a regular file")
            with path.open("rb") as file:
                content = file.read(self._left_bytes + 1)
        except FileNotFoundError:
            raise ValueError(f"there is no file {name!r} in the plan's folder{_hint(name)}") from None
        except (OSError, RuntimeError) as error:  # the latter for links that go in a circle
            raise ValueError(f"{name!r} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if len(content) > self._left_bytes:
            raise ValueError(_too_much())
        return content


def _hint(name: str) -> str:
    return "; text that is not a path needs a line break, or {text: ...}" if " " in name else ""


def _too_much() -> str:
    return f"the files of a plan may hold {MAX_INLINED_BYTES // 1024**2} MiB together, and here they hold more"


def _given(value: Mapping[str, Any]) -> InlinedFile:
    """A file whose content stands in the plan: {text: ...}, or {base64: ...} for bytes that are no text."""
    known = {key_of(field.name) for field in fields(InlinedFile)}
    for key in value:
        if key not in known:
            raise ValueError(f"unknown key {shown(key)}{did_you_mean(str(key), known)}")
    for key, part in value.items():
        if part is not None and not isinstance(part, str):
            raise ValueError(f"{key}: {MismatchError('text', part)}")
    text, encoded = value.get("text"), value.get("base64")
    if (text is None) == (encoded is None):
        raise ValueError("expected either text or base64 in the mapping")
    try:
        content = text.encode("utf-8") if text is not None else base64.b64decode(encoded or "", validate=True)
    except ValueError:
        raise ValueError("base64: expected the base64 encoding (RFC 4648) of the content") from None
    return InlinedFile.of(content, value.get("name") or "")
