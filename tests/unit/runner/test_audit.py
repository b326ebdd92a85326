"""Verification sees whatever is not as it was written, in the journal and in what the journal speaks of."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from mission_fsm.core import events as e
from mission_fsm.core.mission import Mission, State
from mission_fsm.core.replies import CommandSpec
from mission_fsm.engine import Engine
from mission_fsm.errors import JournalDamaged, UsageError
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Standing, Store
from mission_fsm.runner.audit import replay, trace, verify
from mission_fsm.runner.digests import command_digest, question_digest
from mission_fsm.runner.evidence import check_evidence
from mission_fsm.runner.loading import snapshot_state
from tests.unit.runner.forging import forged

PLAN = f"""
version: 1
goal: greet everybody
steps:
  - {{step_id: find, description: Research who is greeted, with: {{query: hello}}}}
  - step_id: fix
    description: Change the greeting
    with: {{replace: [{{path: greet.py, search: world, replace: everybody}}]}}
  - step_id: check
    description: Run the program
    stage: test
    with: {{run: [{sys.executable}, greet.py]}}
"""


def run_to_the_end(engine: Engine, folder: Path) -> str:
    workspace = folder / "workspace"
    workspace.mkdir()
    (workspace / "greet.py").write_text("print('hello world')\n")
    (folder / "plan.yaml").write_text(PLAN)
    mission = engine.create(folder / "plan.yaml", workspace, grants=["edit"])
    engine.approve(mission.mission_id)
    mission = engine.run(mission.mission_id)
    engine.rollback(mission.mission_id, "start")
    assert mission.state is State.COMPLETE
    return mission.mission_id


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with one mission, which edited, tested, completed and was rolled back; and the mission's id."""
    folder = tmp_path_factory.mktemp("finished")
    with Engine.open(folder / "home", by="ada") as engine:
        return folder / "home", run_to_the_end(engine, folder)


@pytest.fixture
def home(finished: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished[0], tmp_path / "home"))


@pytest.fixture
def mission_id(finished: tuple[Path, str]) -> str:
    return finished[1]


@pytest.fixture
def store(home: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(home)
    yield store
    store.close()


def tamper(home: Path, statement: str, *parameters: object) -> None:
    """Change the journal behind the store's back."""
    with sqlite3.connect(home / "journal.db") as connection:
        assert connection.execute(statement, parameters).rowcount == 1
    connection.close()


def damage(home: Path, mission_id: str) -> str:
    store = SqliteStore.open(home)
    try:
        with pytest.raises(JournalDamaged) as caught:
            verify(store, mission_id)
    finally:
        store.close()
    return str(caught.value)


def test_a_mission_that_nobody_touched_verifies_and_all_of_its_blobs_were_looked_at(
    home: Path, mission_id: str, store: SqliteStore
) -> None:
    verification = verify(store, mission_id)
    row = store.row(mission_id)
    assert (verification.events, verification.head) == (row.sequence, row.head)
    assert verification.transitions == sum(trace(store, mission_id).counts.values())
    assert verification.checkpoints == 2  # of the edit, and of the rollback
    with sqlite3.connect(home / "journal.db") as connection:
        (kept,) = connection.execute("SELECT count(*) FROM blobs").fetchone()
    connection.close()
    assert verification.blobs == kept


def test_a_journal_in_memory_verifies_as_well(tmp_path: Path) -> None:
    store = MemoryStore()
    engine = Engine(store, home=tmp_path / "home", by="ada")
    mission_id = run_to_the_end(engine, tmp_path)
    assert verify(store, mission_id).events == store.row(mission_id).sequence


def test_every_blob_is_missed_and_the_event_that_speaks_of_it_is_named(home: Path, mission_id: str) -> None:
    with sqlite3.connect(home / "journal.db") as connection:
        digests = [digest for (digest,) in connection.execute("SELECT digest FROM blobs")]
    connection.close()
    store = SqliteStore.open(home)
    plan = store.row(mission_id).plan_digest
    store.close()
    for digest in digests:
        copy = Path(shutil.copytree(home, home.parent / digest))
        tamper(copy, "DELETE FROM blobs WHERE digest = ?", digest)
        message = damage(copy, mission_id)
        assert digest in message
        assert digest == plan or "event " in message


def test_a_change_of_any_byte_of_any_blob_is_found(home: Path, mission_id: str, store: SqliteStore) -> None:
    with closing(sqlite3.connect(home / "journal.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        update = "UPDATE blobs SET content = ? WHERE digest = ?"
        kept = connection.execute("SELECT digest, content FROM blobs WHERE length(content) > 0").fetchall()
        assert len(kept) > 5
        for digest, content in kept:
            for at in range(len(content)):
                changed = bytearray(content)
                changed[at] ^= 1 << (at % 8)
                connection.execute(update, (bytes(changed), digest))
                with pytest.raises(JournalDamaged, match=digest):
                    store.blob(digest)
            # That verification reads every blob so stands above; here it is told of the last change of each.
            with pytest.raises(JournalDamaged, match=digest):
                verify(store, mission_id)
            connection.execute(update, (content, digest))
    verify(store, mission_id)


def test_a_blob_that_was_changed_is_told_from_what_was_stored(home: Path, mission_id: str, store: SqliteStore) -> None:
    applied = next(entry for entry in store.read(mission_id, types={"diff_proposed"}))
    assert isinstance(applied.event, e.DiffProposed)
    store.close()
    tamper(home, "UPDATE blobs SET content = x'00' WHERE digest = ?", applied.event.artifact)
    message = damage(home, mission_id)
    assert f"event {applied.sequence} " in message
    assert applied.event.artifact in message


def test_a_changed_event_is_named_by_its_position(home: Path, mission_id: str) -> None:
    position = "(SELECT position FROM events ORDER BY position LIMIT 1 OFFSET 4)"
    tamper(home, f"UPDATE events SET time = '2001-01-01T00:00:00Z' WHERE position = {position}")  # noqa: S608
    assert "event 5 " in damage(home, mission_id)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("workspace", "/elsewhere"),
        ("source", "/other.yaml"),
        ("goal", "another"),
        ("created", "2001-01-01T00:00:00Z"),
        ("state", "running"),
    ],
)
def test_a_listing_that_says_otherwise_than_the_events_is_told(
    home: Path, mission_id: str, column: str, value: str
) -> None:
    tamper(home, f"UPDATE missions SET {column} = ?", value)  # noqa: S608
    message = damage(home, mission_id)
    assert f"listed with {column} {value}" in message


def append(store: Store, mission_id: str, event: e.Event, snapshot: tuple[str, str] | None = None) -> None:
    """Append as one who goes by the store alone, and asks nobody."""
    row = store.row(mission_id)
    lease = store.acquire(mission_id, "nobody", "2024-01-01T00:00:00Z")
    store.append(
        lease,
        row.sequence,
        [event],
        time="2024-01-01T00:00:00Z",
        stage="test",
        standing=Standing(row.state, row.holds_workspace),
        snapshot_state=snapshot,
    )
    lease.release()


def test_an_event_that_follows_well_and_cannot_be_is_told_by_position_with_what_rests_on_it(
    mission_id: str, store: SqliteStore
) -> None:
    position = store.row(mission_id).sequence + 1
    append(store, mission_id, e.StepStarted("fix", 1, "Change the greeting", "edit", 2))
    for _ in range(2):
        append(store, mission_id, e.Final(success=True, steps_completed=3, duration_s=0.1))
    store.check(mission_id)  # the chain alone sees nothing
    with pytest.raises(JournalDamaged, match=f"event {position} .*what rests on it was not looked at: 2 more events"):
        verify(store, mission_id)
    with pytest.raises(JournalDamaged):
        replay(store, mission_id)


def test_an_envelope_with_another_stage_than_was_announced_is_told(mission_id: str, store: SqliteStore) -> None:
    # The last stage of this mission is test's, so that of an event that announces another is not.
    lease = store.acquire(mission_id, "nobody", "2024-01-01T00:00:00Z")
    sequence = store.row(mission_id).sequence
    restored = next(entry.event for entry in store.read(mission_id, types={"checkpoint_secured"}))
    assert isinstance(restored, e.CheckpointSecured)
    again = attrs.evolve(
        restored,
        checkpoint_id=f"checkpoint-{sequence + 1}",
        scope="rollback",
        target=f"checkpoint-{sequence - 1}",
        cursor=0,
    )
    store.append(
        lease,
        sequence,
        [again],
        time="2024-01-01T00:00:00Z",
        stage="repair",
        standing=Standing("complete", holds_workspace=False),
    )
    lease.release()
    with pytest.raises(JournalDamaged, match="its stage is repair, and it is test"):
        verify(store, mission_id)


def keep_snapshot(store: Store, mission_id: str, snapshot: tuple[str, str]) -> None:
    row = store.row(mission_id)
    lease = store.acquire(mission_id, "nobody", "2024-01-01T00:00:00Z")
    standing = Standing(row.state, row.holds_workspace)
    store.append(lease, row.sequence, [], time=row.created, stage="test", standing=standing, snapshot_state=snapshot)
    lease.release()


def test_a_snapshot_that_is_what_the_events_come_to_verifies(mission_id: str, store: SqliteStore) -> None:
    keep_snapshot(store, mission_id, snapshot_state(replay(store, mission_id)))
    assert verify(store, mission_id)


def test_a_snapshot_of_another_version_is_passed_over(mission_id: str, store: SqliteStore) -> None:
    keep_snapshot(store, mission_id, ("0-another", "{}"))
    assert verify(store, mission_id)


def test_a_snapshot_that_says_otherwise_than_the_events_is_told(mission_id: str, store: SqliteStore) -> None:
    mission = replay(store, mission_id)
    schema, state = snapshot_state(attrs.evolve(mission, cursor=0))
    for odd in (state, "{}", "not JSON"):
        keep_snapshot(store, mission_id, (schema, odd))
        with pytest.raises(JournalDamaged, match=f"the snapshot at event {mission.sequence} is not what"):
            verify(store, mission_id)


def test_all_that_is_wrong_is_told_at_once_the_first_bad_event_first(home: Path, mission_id: str) -> None:
    tamper(home, "UPDATE missions SET goal = 'another'")
    position = "(SELECT position FROM events ORDER BY position LIMIT 1 OFFSET 4)"
    tamper(home, f"UPDATE events SET time = '2001-01-01T00:00:00Z' WHERE position = {position}")  # noqa: S608
    with sqlite3.connect(home / "journal.db") as connection:
        connection.execute("DELETE FROM blobs WHERE digest <> (SELECT plan_digest FROM missions)")
    connection.close()
    told, first, *rest = damage(home, mission_id).splitlines()
    assert told == f"mission {mission_id} does not verify:"
    assert "event 5 " in first
    assert "listed with goal" in rest[-1]
    assert len([line for line in rest if "event " in line]) >= 5


def test_a_head_that_was_kept_is_found_again_with_how_much_came_after_it(mission_id: str, store: SqliteStore) -> None:
    events = list(store.read(mission_id))
    assert verify(store, mission_id).since_head is None
    for entry in (events[0], events[7], events[-1]):
        assert verify(store, mission_id, entry.hash).since_head == len(events) - entry.sequence


def test_an_end_that_was_cut_off_verifies_by_itself_and_not_against_a_head_that_was_kept(
    home: Path, mission_id: str, store: SqliteStore
) -> None:
    last = store.row(mission_id)
    before = replay(store, mission_id, last.sequence - 1)
    kept = list(store.read(mission_id))
    assert before.state is State.COMPLETE
    store.close()
    tamper(home, "DELETE FROM events WHERE position = (SELECT max(position) FROM events)")
    tamper(home, "UPDATE missions SET sequence = ?, head = ?", before.sequence, kept[-2].hash)
    shortened = SqliteStore.open(home)
    assert verify(shortened, mission_id, kept[-2].hash).since_head == 0
    with pytest.raises(JournalDamaged, match=f"has {before.sequence} events, and none has the hash {last.head}"):
        verify(shortened, mission_id, last.head)
    shortened.close()


def test_a_mission_that_was_written_anew_verifies_by_itself_and_not_against_a_head_that_was_kept(
    mission_id: str, store: SqliteStore
) -> None:
    row = store.row(mission_id)
    anew = forged(store, mission_id, [entry.event for entry in store.read(mission_id)])
    assert verify(anew, mission_id).events == row.sequence
    with pytest.raises(JournalDamaged, match=f"none has the hash {row.head}"):
        verify(anew, mission_id, row.head)


@pytest.mark.parametrize("odd", ["", "4f53", "g" * 64, "0" * 65])
def test_a_head_that_can_be_no_hash_is_a_request_that_makes_no_sense(
    mission_id: str, store: SqliteStore, odd: str
) -> None:
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        verify(store, mission_id, odd)


def test_what_is_appended_while_one_verifies_is_left_to_the_next_time(
    mission_id: str, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = store.check

    def check_and_let_another_append(mission_id: str) -> None:
        plain(mission_id)
        append(store, mission_id, e.ExecutionStopped("never looked at", "bob"))

    before = store.row(mission_id)
    monkeypatch.setattr(store, "check", check_and_let_another_append)
    assert verify(store, mission_id).head == before.head
    assert store.row(mission_id).sequence == before.sequence + 1


def test_a_mission_is_replayed_to_any_of_its_events(mission_id: str, store: SqliteStore) -> None:
    last = store.row(mission_id).sequence
    missions = [replay(store, mission_id, at) for at in range(1, last + 1)]
    assert [mission.sequence for mission in missions] == list(range(1, last + 1))
    assert missions[-1] == replay(store, mission_id)
    assert missions[0].state is State.IDLE
    for odd in (0, last + 1):
        with pytest.raises(UsageError, match=f"events 1 to {last}, and none with sequence {odd}"):
            replay(store, mission_id, odd)


def test_the_way_of_a_mission_is_traced_from_its_events(mission_id: str, store: SqliteStore) -> None:
    way = trace(store, mission_id)
    assert way.mission_id == mission_id
    assert way.states == (State.IDLE, State.RUNNING, State.AWAITING_APPROVAL, State.RUNNING, State.COMPLETE)
    assert way.counts["rollback", State.COMPLETE, State.COMPLETE] == 1


def evidence_of(event: e.Event, mission: Mission) -> str | None:
    def no_blob(digest: str) -> bytes:
        raise JournalDamaged(f"{digest} is missing")

    try:
        check_evidence(event, mission, no_blob)
    except JournalDamaged as error:
        return str(error)
    return None


def test_a_command_and_a_question_are_bound_to_their_own_digests(mission_id: str, store: SqliteStore) -> None:
    mission = replay(store, mission_id, at=10)
    spec = CommandSpec(("make", "check"))
    proposed = e.CommandProposed("check", command_digest(mission, spec), spec, "test", covered=True)
    assert evidence_of(proposed, mission) is None
    other = attrs.evolve(proposed, command=CommandSpec(("make", "mess")))
    assert evidence_of(other, mission) == "its digest is not that of its command"
    asked = e.ApprovalRequested("approval-9", "question", "", "Which?", choices=("a", "b"))
    asked = attrs.evolve(asked, digest=question_digest(asked.summary, asked.choices))
    assert evidence_of(asked, mission) is None
    assert evidence_of(attrs.evolve(asked, choices=("a",)), mission) == "its digest is not that of its question"


def test_proposals_and_patches_that_were_given_have_to_be_there(mission_id: str, store: SqliteStore) -> None:
    mission = replay(store, mission_id)
    assert evidence_of(e.InputReceived("fix", "p" * 64, "ada", "api"), mission) == f"{'p' * 64} is missing"
    begun = e.RepairStarted("repair-9", "fix", 1, "person", 1, patch="q" * 64)
    assert evidence_of(begun, mission) == f"{'q' * 64} is missing"
