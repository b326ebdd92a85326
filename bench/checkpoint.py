"""A checkpointed edit of five files, in a small folder and in a large one: it should cost what the edit costs."""

from __future__ import annotations

import hashlib
import os
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.effort import Effort
from bench.figures import Figure, Table
from bench.measure import in_turns, took
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.workspace import changeset, checkpoint
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.paths import Root

_SMALL = 100
_EDITED = 5
_FILES_IN_A_FOLDER = 100

_MEANING = f"""\
An edit of {_EDITED} files with its checkpoint: what was there is saved, then all is written, synced and renamed. It
should cost what the edit costs, however large the folder is. Raw is the writing, syncing and renaming alone."""


def measure(effort: Effort) -> Table:
    """The figures."""
    with TemporaryDirectory() as name:
        small, large, bare = Path(name) / "small", Path(name) / "large", Path(name) / "bare"
        for folder, files in ((small, _SMALL), (large, effort.files), (bare, _EDITED)):
            _fill(folder, files)
        versions = count()
        in_small, in_large, raw = in_turns(
            effort.repeats,
            lambda: _edit(small, next(versions)),
            lambda: _edit(large, next(versions)),
            lambda: _write(bare, next(versions)),
        )
    return Table(
        f"A checkpoint of {_EDITED} files, and the edit",
        _MEANING,
        (
            Figure("raw", raw * 1e3, "ms"),
            Figure(f"in a folder of {_SMALL:,} files", in_small * 1e3, "ms", in_small / raw, "raw"),
            Figure(
                f"in a folder of {effort.files:,} files",
                in_large * 1e3,
                "ms",
                in_large / in_small,
                "that in the small one",
            ),
        ),
    )


def _fill(folder: Path, files: int) -> None:
    for number in range(files):
        path = folder / _name(number)
        if number % _FILES_IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"line\n" * 100)


def _name(number: int) -> str:
    return f"{number // _FILES_IN_A_FOLDER}/{number}.txt"


def _edit(folder: Path, version: int) -> float:
    """Seconds to secure and to apply one edit."""
    content = f"version {version}\n".encode() * 100
    with Root(folder) as root:
        edits = [FileEdit(_name(number), content) for number in range(_EDITED)]
        change_set, after = changeset.build(root, edits, {})

        def secure_and_apply() -> None:
            manifest, before = checkpoint.secure(root, change_set)
            hashlib.sha256(checkpoint.to_json(manifest)).hexdigest()
            apply(root, manifest, {**before, **after}.__getitem__, f"bench-{version}")

        return took(secure_and_apply)


def _write(folder: Path, version: int) -> float:
    """Seconds to do no more than must be done for files that are there whole or not at all after a power loss."""
    content = f"version {version}\n".encode() * 100

    def write() -> None:
        for number in range(_EDITED):
            path = folder / _name(number)
            draft = path.with_suffix(".new")
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        descriptor = os.open(folder / "0", os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    return took(write)
