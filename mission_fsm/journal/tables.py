"""What is read from a journal's tables and written to them, inside a transaction that the store has opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from mission_fsm.errors import JournalDamaged
from mission_fsm.journal import refusals
from mission_fsm.journal.chain import Entry, snapshot_digest
from mission_fsm.journal.complaints import is_damage
from mission_fsm.journal.schema import FREQUENT_TYPES, RARE, SEQUENCE_BITS
from mission_fsm.journal.store import Holder, Listing, Snapshot, Standing

_LAST = (1 << SEQUENCE_BITS) - 1


class Head(NamedTuple):
    """Where a mission stands. mission: its number; sequence, hash: of its last event."""

    mission: int
    sequence: int
    hash: str
    standing: Standing


# --- missions

# A number that was a removed mission's is no other's ever again: somebody may still go by it. The highest one that
# was removed stands where SQLite keeps such numbers itself.
_INSERT_MISSION = """
    INSERT INTO missions (mission, mission_id, workspace, source, plan_digest, goal, created, state, holds_workspace,
                          sequence, head)
    SELECT 1 + max(coalesce((SELECT max(mission) FROM missions), 0),
                   coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'missions'), 0)),
           ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
"""


def insert_mission(connection: sqlite3.Connection, row: Listing) -> int:
    """Add a mission, and return its number. Raises sqlite3.IntegrityError where one is in its way."""
    cursor = connection.execute(
        _INSERT_MISSION,
        (
            *(row.mission_id, row.workspace, row.source, row.plan_digest, row.goal, row.created),
            *(row.state, row.holds_workspace, row.sequence, row.head),
        ),
    )
    return cursor.lastrowid or 0


def move_head(connection: sqlite3.Connection, before: Head, after: Head, token: int) -> bool:
    """Move a mission's head, if it stands where it is thought to and its last lease is this one; whether it was.

    Raises Held where another mission holds the workspace that this one would come to hold.
    """
    cursor = connection.execute(
        "UPDATE missions SET sequence = ?, head = ? WHERE mission = ? AND sequence = ? AND token = ?",
        (after.sequence, after.hash, before.mission, before.sequence, token),
    )
    if cursor.rowcount != 1:
        return False
    if after.standing.holds_workspace and not before.standing.holds_workspace:
        refuse_held_workspace(connection, *rows(connection, "mission = ?", (before.mission,)))
    if after.standing != before.standing:
        # Apart, because naming what an index depends on writes that index, with every step.
        connection.execute(
            "UPDATE missions SET state = ?, holds_workspace = ? WHERE mission = ?",
            (after.standing.state, after.standing.holds_workspace, before.mission),
        )
    return True


def head_of(connection: sqlite3.Connection, mission_id: str) -> Head | None:
    """The mission's head, or None where there is no such mission."""
    found = connection.execute(
        "SELECT mission, sequence, head, state, holds_workspace FROM missions WHERE mission_id = ?", (mission_id,)
    ).fetchone()
    if found is None:
        return None
    mission, sequence, last_hash, state, holds_workspace = found
    return Head(mission, sequence, last_hash, Standing(state, bool(holds_workspace)))


def known_head(connection: sqlite3.Connection, mission_id: str, where: str) -> Head:
    """The mission's head. where: the store, for people. Raises UnknownMission."""
    head = head_of(connection, mission_id)
    if head is None:
        raise refusals.unknown_mission(mission_id, where)
    return head


def delete_missions(connection: sqlite3.Connection, missions: Collection[int]) -> None:
    """Remove missions with their events, snapshots and requests; blobs stay."""
    every = [(mission,) for mission in missions]
    ranges = [(mission << SEQUENCE_BITS, (mission << SEQUENCE_BITS) | _LAST) for mission in missions]
    connection.executemany("DELETE FROM events WHERE position BETWEEN ? AND ?", ranges)
    connection.executemany("DELETE FROM snapshots WHERE mission = ?", every)
    connection.executemany("DELETE FROM requests WHERE mission = ?", every)
    connection.executemany("DELETE FROM missions WHERE mission = ?", every)
    connection.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES ('missions', ?)", every)
    connection.execute(
        "DELETE FROM sqlite_sequence WHERE name = 'missions' "
        "AND seq < (SELECT max(seq) FROM sqlite_sequence WHERE name = 'missions')"
    )


_SELECT_ROWS = (
    "SELECT mission_id, workspace, source, plan_digest, goal, created, state, holds_workspace, sequence, head "
    "FROM missions"
)


def rows(connection: sqlite3.Connection, where: str, parameters: tuple[object, ...]) -> list[Listing]:
    """The rows of the missions for which that condition holds, newest first."""
    # The conditions are this package's own; what comes from outside is in the parameters.
    found = connection.execute(f"{_SELECT_ROWS} WHERE {where} ORDER BY mission DESC", parameters)
    return [Listing(*values) for values in ((*row[:7], bool(row[7]), *row[8:]) for row in found)]


# Few missions hold theirs of the many that there may be, and only an index knows which.
HOLDERS = "SELECT mission FROM missions INDEXED BY one_mission_in_a_workspace WHERE holds_workspace"


def refuse_held_workspace(connection: sqlite3.Connection, row: Listing) -> None:
    """Raise Held where another mission holds the workspace of this one, or a folder around or inside it."""
    refusals.refuse_held_workspace(row, rows(connection, f"mission IN ({HOLDERS})", ()))


def token_and_holder(connection: sqlite3.Connection, mission: int) -> tuple[int, Holder]:
    """The token of the mission's last lease, and who took it."""
    token, runner, since = connection.execute(
        "SELECT token, holder, holder_since FROM missions WHERE mission = ?", (mission,)
    ).fetchone()
    return token, Holder(runner or "nobody", since or "")


def raise_token(connection: sqlite3.Connection, mission: int, token: int, runner: str, time: str) -> None:
    """Record a new lease on the mission."""
    connection.execute(
        "UPDATE missions SET token = ?, holder = ?, holder_since = ? WHERE mission = ?", (token, runner, time, mission)
    )


# --- events


def insert_entries(connection: sqlite3.Connection, mission: int, entries: Sequence[Entry]) -> None:
    """Add events to a mission."""
    base = mission << SEQUENCE_BITS
    connection.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (base | entry[0], *entry[1:6], bytes.fromhex(entry.previous_hash), bytes.fromhex(entry.hash))
            for entry in entries
        ],
    )


_SELECT_ENTRIES = (
    "SELECT position, type, version, time, stage, data, lower(hex(previous_hash)), lower(hex(hash)) FROM events"
)


def entries(
    connection: sqlite3.Connection,
    mission_id: str,
    mission: int,
    *,
    after: int = 0,
    upto: int = _LAST,
    types: Collection[str] | None = None,
    limit: int = -1,
) -> Iterator[Entry]:
    """A mission's events with after < sequence <= upto, in order, of some types or of all; -1 for no limit.

    Raises JournalDamaged, naming the place, where the file does not give them.
    """
    base = mission << SEQUENCE_BITS
    where, parameters = "position > ? AND position <= ?", [base | after, base | upto, *(types or ())]
    if types is not None:
        where += f" AND type IN ({', '.join('?' * len(types))})"
        if not set(FREQUENT_TYPES).intersection(types):
            where += f" AND {RARE}"
    last = after
    try:
        # Only the number of marks depends on what is asked for.
        query = f"{_SELECT_ENTRIES} WHERE {where} ORDER BY position LIMIT ?"
        for position, *columns in connection.execute(query, (*parameters, limit)):
            last = position & _LAST
            yield Entry(last, *columns)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        place = f"event {last + 1} of mission {mission_id}, or one after it,"
        raise JournalDamaged(f"{place} cannot be read: {error}; restore the journal from a backup") from error


# --- what goes with them


def insert_blobs(connection: sqlite3.Connection, blobs: Mapping[str, bytes]) -> None:
    """Add blobs by their digests; those that are there already stay as they are."""
    connection.executemany("INSERT OR IGNORE INTO blobs (digest, content) VALUES (?, ?)", blobs.items())


def blob(connection: sqlite3.Connection, digest: str) -> bytes | None:
    """The content that was kept under that digest, unchecked."""
    found = connection.execute("SELECT CAST(content AS BLOB) FROM blobs WHERE digest = ?", (digest,)).fetchone()
    return None if found is None else bytes(found[0])


def has_blob(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether something is kept under that digest."""
    return connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,)).fetchone() is not None


def delete_blobs(connection: sqlite3.Connection, digests: Collection[str]) -> None:
    """Remove blobs by their digests."""
    connection.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in digests])


def put_snapshot(connection: sqlite3.Connection, mission_id: str, head: Head, schema: str, state: str) -> None:
    """Keep the state of a mission at its head, in place of an earlier one."""
    digest = snapshot_digest(mission_id, head.sequence, head.hash, schema, state)
    connection.execute(
        "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)",
        (head.mission, head.sequence, head.hash, schema, state, digest),
    )


def snapshot(connection: sqlite3.Connection, mission_id: str, mission: int) -> Snapshot | None:
    """The mission's snapshot, if it is as it was written and the event that it follows is there."""
    found = connection.execute(
        "SELECT sequence, hash, schema, state, digest FROM snapshots WHERE mission = ?", (mission,)
    ).fetchone()
    if found is None:
        return None
    *fields, digest = found
    kept = Snapshot(*fields)
    if digest != snapshot_digest(mission_id, kept.sequence, kept.hash, kept.schema, kept.state):
        return None
    event = connection.execute(
        "SELECT lower(hex(hash)) FROM events WHERE position = ?", (mission << SEQUENCE_BITS | kept.sequence,)
    ).fetchone()
    return kept if event == (kept.hash,) else None


# --- requests


def insert_request(connection: sqlite3.Connection, mission: int, request: str) -> int:
    """Leave a request, and return its number, which no other ever gets."""
    return (
        connection.execute("INSERT INTO requests (mission, request) VALUES (?, ?)", (mission, request)).lastrowid or 0
    )


def requests(connection: sqlite3.Connection, mission: int) -> list[str]:
    """The requests that are left for a mission, oldest first."""
    found = connection.execute("SELECT request FROM requests WHERE mission = ? ORDER BY number", (mission,))
    return [request for (request,) in found]


def delete_requests(connection: sqlite3.Connection, mission: int) -> None:
    """Remove the requests that are left for a mission."""
    connection.execute("DELETE FROM requests WHERE mission = ?", (mission,))


def has_request(connection: sqlite3.Connection, number: int) -> bool:
    """Whether the request with that number is still left."""
    return connection.execute("SELECT 1 FROM requests WHERE number = ?", (number,)).fetchone() is not None
