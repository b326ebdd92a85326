"""What stores answer when they do not do as they are asked: one wording for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

from mission_fsm.core.paths import overlap
from mission_fsm.core.wording import workspace_held
from mission_fsm.errors import Held, JournalDamaged, JournalError, MissionHeld, StaleAppend, UnknownMission, UsageError
from mission_fsm.journal.store import Holder, Listing


def refuse_bad_id(mission_id: str) -> None:
    """Raise UsageError unless the id is 1 to 64 ASCII letters, digits, `-` and `_`, and does not begin with `-`.

    So an id can stand in a file's name and on a command line.
    """
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", mission_id) is None:
        raise UsageError(f"{mission_id!r} cannot be a mission's id: use 1 to 64 letters, digits, - and _")


def refuse_wrong_digests(blobs: Mapping[str, bytes]) -> None:
    """Raise JournalError unless every blob comes under its own SHA-256."""
    for digest, content in blobs.items():
        if sha256(content).hexdigest() != digest:
            raise JournalError(
                f"a blob of {len(content)} bytes was given under the digest {digest}, which is not its own"
            )


def unknown_mission(mission_id: str, where: str) -> UnknownMission:
    """where: the store, for people."""
    return UnknownMission(f"no mission has the id {mission_id!r} in {where}")


def no_journal(home: str) -> JournalError:
    return JournalError(f"there is no journal in {home}; name the home that holds the missions you mean")


def id_taken(mission_id: str) -> JournalError:
    return JournalError(f"there is a mission with the id {mission_id} already; nothing was recorded")


def mission_held(mission_id: str, holder: Holder) -> MissionHeld:
    return MissionHeld(
        f"mission {mission_id} is held by {holder.runner} since {holder.since}; wait until that runner rests, or end it"
    )


def mission_at_work(mission_id: str, holder: Holder) -> MissionHeld:
    return MissionHeld(
        f"mission {mission_id} cannot be taken over: {holder.runner} is writing its files or running its command; "
        "let that runner go on, or end it"
    )


def pen_held(mission_id: str) -> MissionHeld:
    return MissionHeld(
        f"the files of mission {mission_id} cannot be written: another process has been taking it over for a while; "
        "see whether one is stopped or hangs, and end it"
    )


def refuse_held_workspace(row: Listing, others: Iterable[Listing]) -> None:
    """Raise Held where another mission holds the workspace of this one, or a folder around or inside it."""
    for other in others:
        if other.holds_workspace and other.mission_id != row.mission_id and overlap(other.workspace, row.workspace):
            raise Held(workspace_held(other.workspace, other.mission_id, other.state))


def released(mission_id: str) -> StaleAppend:
    return StaleAppend(f"the lease on mission {mission_id} has been released; nothing was recorded")


def taken_over(mission_id: str, token: int, now: int) -> StaleAppend:
    return StaleAppend(
        f"another runner has taken mission {mission_id} over (this lease has token {token}, the mission is at {now}); "
        f"nothing was recorded"
    )


def moved_on(mission_id: str, expected: int, sequence: int) -> StaleAppend:
    return StaleAppend(
        f"mission {mission_id} stands at event {sequence}, not {expected}; nothing was recorded; load it again"
    )


def blob_missing(digest: str) -> JournalDamaged:
    return JournalDamaged(f"the blob {digest} is missing; restore the journal from a backup")


def blob_changed(digest: str) -> JournalDamaged:
    return JournalDamaged(f"the blob {digest} is not what was written; restore the journal from a backup")
