"""What changes in a workspace: versions of files, change sets, and how risky they are."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


@frozen
class Version:
    """What stands at one path: a regular file or a symbolic link. Absence is None.

    kind: `file` or `symlink`.
    mode: permission bits, such as 0o644 (0o777 for a symbolic link, whose mode means nothing).
    digest: SHA-256 of the bytes, hexadecimal; for a symbolic link, of its target.
    size_bytes: length of the bytes, or of the target.
    """

    kind: str
    mode: int
    digest: str
    size_bytes: int


@frozen
class Change:
    """One path of a change set: what it was and what it is to be (None where it is absent).

    added, removed: lines, counted as a diff counts them; both 0 for a binary file.
    """

    path: str
    before: Version | None
    after: Version | None
    added: int = 0
    removed: int = 0
    binary: bool = False


@frozen
class ChangeSet:
    """The exact post-images of the files that an edit wants to write, over the pre-images it was made from.

    digest: SHA-256 over the canonical JSON of the changes.
    """

    changes: tuple[Change, ...]
    digest: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that it touches, in order."""
        return tuple(change.path for change in self.changes)

    @property
    def lines(self) -> int:
        """Lines added plus lines removed."""
        return sum(change.added + change.removed for change in self.changes)


class RiskLevel(StrEnum):
    """How much care a change needs; what is not known is high."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@frozen
class Risk:
    """A risk level, and the ids of the rules that gave it."""

    level: RiskLevel
    rules: tuple[str, ...] = ()


UNKNOWN = Risk(RiskLevel.HIGH)


@frozen
class Revision:
    """A change set that a reviewer puts in the place of the one that was proposed.

    artifact: digest of its diff, as it is shown.
    left_out: what of the proposal is not in it: paths, and hunks as `path:1,3`.
    edited: whether it may hold what was not proposed.
    """

    change_set: ChangeSet
    artifact: str
    risk: Risk
    left_out: tuple[str, ...] = ()
    edited: bool = False
