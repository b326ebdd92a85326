"""The tables of a journal in SQLite, and how a file is known to be one."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from mission_fsm.errors import JournalDamaged, JournalError, JournalNewer

APPLICATION_ID = int.from_bytes(b"mfsm")
SCHEMA_VERSION = 1

SEQUENCE_BITS = 32
"""An event's position is its mission's number, shifted by this, plus its sequence: so a mission's events lie
together and in order in the table itself, and appending touches no index. (A key of two columns costs 15 us more
for each append.)"""

FREQUENT_TYPES = ("step_started", "step_completed", "stage_changed")
"""The types that come with every step. They stay out of the index by type, so that a step does not pay for it."""

RARE = " AND ".join(f"type <> '{name}'" for name in FREQUENT_TYPES)
"""The condition of that index. A query uses it only if it says the same words."""

# The chain's hashes are kept as 32 bytes, not as 64 digits: there are two of them in every event.
_TABLES = f"""
CREATE TABLE missions (
    mission INTEGER PRIMARY KEY,
    mission_id TEXT NOT NULL UNIQUE,
    workspace TEXT NOT NULL,
    source TEXT,
    plan_digest TEXT NOT NULL,
    goal TEXT NOT NULL,
    created TEXT NOT NULL,
    state TEXT NOT NULL,
    holds_workspace INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    head TEXT NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    holder TEXT,
    holder_since TEXT
);
CREATE UNIQUE INDEX one_mission_in_a_workspace ON missions (workspace) WHERE holds_workspace;

CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    time TEXT NOT NULL,
    stage TEXT NOT NULL,
    data TEXT NOT NULL,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX rare_events ON events (type) WHERE {RARE};

CREATE TABLE blobs (
    digest TEXT NOT NULL UNIQUE,
    content BLOB NOT NULL
);

CREATE TABLE snapshots (
    mission INTEGER PRIMARY KEY REFERENCES missions,
    sequence INTEGER NOT NULL,
    hash TEXT NOT NULL,
    schema TEXT NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL
);

CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    mission INTEGER NOT NULL REFERENCES missions,
    request TEXT NOT NULL
);
CREATE INDEX requests_by_mission ON requests (mission);
"""


def define(connection: sqlite3.Connection) -> None:
    """Make an empty journal of an empty database, in one transaction."""
    connection.executescript(
        f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; {_TABLES} COMMIT;"
    )


def write_ahead(connection: sqlite3.Connection) -> None:
    """Set the mode that journals are in. Raises OSError where that cannot be written: SQLite raises nothing then."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise OSError(errno.EIO, "the disk is full, or fails")


def recognise(connection: sqlite3.Connection, path: Path) -> None:
    """Raise JournalError, or JournalNewer, unless the database is a journal of this version's schema."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID:
        raise JournalError(
            f"{path} is the database of another program (application id {application_id}); choose another home"
        )
    if version > SCHEMA_VERSION:
        raise JournalNewer(
            f"{path} has schema {version}, and {SCHEMA_VERSION} is the last that is known here; "
            f"use the version of mission-fsm that wrote it, or a later one"
        )
    if version < 1:
        raise JournalDamaged(f"{path} has schema {version}, which no version wrote; restore it from a backup")
