"""A change set made ready to be proposed: with its diff as it is shown, its risk, and all that is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from mission_fsm.core.changes import ChangeSet, Risk, Version
from mission_fsm.core.outcomes import FileEdit
from mission_fsm.core.risk import assess
from mission_fsm.runner.digests import bytes_digest
from mission_fsm.workspace import changeset, checkpoint, diff
from mission_fsm.workspace.paths import Root


@frozen
class Proposed:
    """artifact: digest of the diff. kept: what is kept with the proposal. contents: of every version, by digest."""

    change_set: ChangeSet
    artifact: str
    risk: Risk
    kept: Mapping[str, bytes]
    contents: Mapping[str, bytes]

    @property
    def needed(self) -> Mapping[str, bytes]:
        """All that will be kept of it by the time that it is applied."""
        return {**self.contents, **self.kept}


def proposed(
    root: Root, edits: Sequence[FileEdit], seen: Mapping[str, Version | None], *, repairs: bool = False
) -> Proposed:
    """What those edits of the workspace come to; nothing is written. Raises as `changeset.build` does.

    repairs: whether they are a repair.
    """
    change_set, after = changeset.build(root, edits, seen)
    _, before = checkpoint.secure(root, change_set)
    contents = {**before, **after}
    shown = diff.unified(change_set, contents.__getitem__)
    artifact = bytes_digest(shown)
    kept = {**after, artifact: shown, change_set.digest: changeset.to_json(change_set)}
    return Proposed(change_set, artifact, assess(change_set, contents.__getitem__, repairs=repairs), kept, contents)
