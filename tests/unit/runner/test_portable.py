"""A mission travels as one file: whole, and as it was written, or not at all."""

from __future__ import annotations

import json
import os
import stat
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import attrs
import pytest

from mission_fsm.core import events as e
from mission_fsm.core.events import Recorded
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.errors import Held, JournalDamaged, JournalError, JournalNewer, MissionError, Refused, UsageError
from mission_fsm.journal.chain import Entry
from mission_fsm.journal.codec import CODEC
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.journal.store import Standing
from mission_fsm.runner import archive as archives
from mission_fsm.runner.archive import Archive

Change = Callable[[Archive], Archive]
Writer = Callable[..., object]

STEPS = [
    {"step_id": "find", "description": "Research who greets", "with": {"query": "hello"}},
    {
        "step_id": "fix",
        "description": "Change the greeting",
        "with": {"replace": [{"path": "greet.py", "search": "world", "replace": "wörld"}]},
    },
    {
        "step_id": "check",
        "description": "Run the program",
        "stage": "test",
        "with": {"run": [sys.executable, "-c", "print('ran')"]},
    },
]


def begin(engine: Engine, folder: Path, *, grants: tuple[str, ...] = ("edit",), run: bool = True) -> str:
    """A mission of three steps in a workspace of its own, run as far as its grants carry it."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    (workspace / "greet.py").write_text("print('hello world')\n")
    (folder / "plan.json").write_text(json.dumps({"version": 1, "goal": "greet, naïvely", "steps": STEPS}))
    mission_id = engine.create(folder / "plan.json", workspace, grants=grants).mission_id
    engine.approve(mission_id)
    if run:
        engine.run(mission_id)
    return mission_id


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The export of a mission that completed and was rolled back, and the mission's id."""
    folder = tmp_path_factory.mktemp("sender")
    with Engine.open(folder / "home", by="ada") as engine:
        mission_id = begin(engine, folder)
        engine.rollback(mission_id, "start")
        engine.export_mission(mission_id, folder / "sent.mission")
    return folder, mission_id


@pytest.fixture
def exported(sent: tuple[Path, str]) -> Path:
    return sent[0] / "sent.mission"


@pytest.fixture
def mission_id(sent: tuple[Path, str]) -> str:
    return sent[1]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Engine]:
    """An engine over another home, which is empty."""
    with Engine.open(tmp_path / "here", by="bob") as engine:
        yield engine


def refused(engine: Engine, path: Path, kind: type[MissionError]) -> str:
    """What is said of a file that is not taken in, and leaves nothing behind."""
    with pytest.raises(kind) as caught:
        engine.import_mission(path)
    assert engine.missions() == []
    return str(caught.value)


# --- there and back


def test_a_mission_arrives_as_it_was_and_can_be_looked_at_in_every_way(
    sent: tuple[Path, str], exported: Path, mission_id: str, here: Engine
) -> None:
    imported = here.import_mission(exported)
    assert (imported.mission_id, imported.was_there, imported.state) == (mission_id, False, "complete")
    with Engine.open(sent[0] / "home", by="ada") as there:
        assert here.verify(mission_id, imported.head) == there.verify(mission_id, imported.head)
        assert list(here.events(mission_id)) == list(there.events(mission_id))
        assert here.replay(mission_id) == there.replay(mission_id) == here.state(mission_id)
        assert here.trace(mission_id) == there.trace(mission_id)
        assert here.missions() == there.missions()


def test_the_same_mission_gives_the_same_bytes_from_either_home(
    exported: Path, mission_id: str, here: Engine, tmp_path: Path
) -> None:
    here.import_mission(exported)
    told = here.export_mission(mission_id, tmp_path / "again.mission")
    again = tmp_path / "again.mission"
    assert again.read_bytes() == exported.read_bytes()
    assert told.size_bytes == again.stat().st_size
    assert stat.S_IMODE(again.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.mission", "here"]


def test_ordinary_tools_read_it(exported: Path, mission_id: str, here: Engine) -> None:
    with tarfile.open(exported) as tar:
        names = tar.getnames()
        contents = {name: file.read() for name in names if (file := tar.extractfile(name)) is not None}
    assert names[:2] == ["manifest.json", "events.jsonl"]
    assert all(name == f"blobs/{sha256(contents[name]).hexdigest()}" for name in names[2:])
    here.import_mission(exported)
    lines = [json.loads(line) for line in contents["events.jsonl"].splitlines()]
    assert [line["hash"] for line in lines] == [entry.hash for entry in here.events(mission_id)]
    assert json.loads(lines[0]["data"])["goal"] == "greet, naïvely"
    assert json.loads(contents["manifest.json"])["head"] == lines[-1]["hash"]


def test_the_same_file_a_second_time_is_said_to_be_there_and_writes_nothing(
    exported: Path, here: Engine, tmp_path: Path
) -> None:
    first = here.import_mission(exported)
    before = (tmp_path / "here" / "journal.db-wal").read_bytes()
    assert here.import_mission(exported) == attrs.evolve(first, was_there=True)
    assert (tmp_path / "here" / "journal.db-wal").read_bytes() == before


def test_another_mission_of_that_id_is_never_written_over(sent: tuple[Path, str], here: Engine, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "there", by="ada") as there:
        mission_id = begin(there, tmp_path, grants=())
        there.export_mission(mission_id, tmp_path / "early.mission")
        there.approve(mission_id)
        there.run(mission_id)
        there.export_mission(mission_id, tmp_path / "late.mission")
        with pytest.raises(Refused, match=r"stands at event .*, which began as it did"):
            there.import_mission(tmp_path / "early.mission")
        here.import_mission(tmp_path / "early.mission")
        early = list(here.events(mission_id))
        with pytest.raises(Refused, match=r"stands at event .*, which began as it did"):
            here.import_mission(tmp_path / "late.mission")
        here.reject(mission_id, "not here")
        with pytest.raises(Refused, match="it is not the one in the file"):
            here.import_mission(tmp_path / "late.mission")
        assert list(here.events(mission_id))[: len(early)] == early


# --- what can be done with a mission that had not ended


def test_a_mission_that_waits_holds_no_workspace_until_it_is_carried_on_and_then_runs_to_its_end(
    here: Engine, tmp_path: Path
) -> None:
    with Engine.open(tmp_path / "there", by="ada") as there:
        mission_id = begin(there, tmp_path, grants=())
        there.export_mission(mission_id, tmp_path / "waits.mission")
    here.import_mission(tmp_path / "waits.mission")
    (row,) = here.missions()
    assert (row.state, row.holds_workspace, here.holder(mission_id)) == ("awaiting_approval", False, None)
    assert here.verify(mission_id).head == row.head
    here.approve(mission_id)
    assert here.missions()[0].holds_workspace
    assert here.run(mission_id).state is State.COMPLETE
    assert "wörld" in (tmp_path / "workspace" / "greet.py").read_text()
    here.rollback(mission_id, "start")
    assert "world" in (tmp_path / "workspace" / "greet.py").read_text()
    here.verify(mission_id)


def test_a_mission_that_waits_is_refused_its_workspace_while_another_holds_it(here: Engine, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "there", by="ada") as there:
        mission_id = begin(there, tmp_path, grants=())
        there.export_mission(mission_id, tmp_path / "waits.mission")
    other = begin(here, tmp_path, grants=())
    here.import_mission(tmp_path / "waits.mission")
    before = list(here.events(mission_id))
    with pytest.raises(Held, match=f"mission {other}, which is awaiting approval, holds the workspace"):
        here.approve(mission_id)
    assert list(here.events(mission_id)) == before


def test_a_mission_without_its_workspace_can_be_looked_at_and_not_carried_on_or_rolled_back(
    exported: Path, mission_id: str, here: Engine, sent: tuple[Path, str]
) -> None:
    here.import_mission(exported)
    workspace = sent[0] / "workspace"
    away = workspace.rename(workspace.with_name("away"))
    try:
        assert here.verify(mission_id).events == here.replay(mission_id).sequence
        with pytest.raises(MissionError, match=str(workspace)):
            here.rollback(mission_id, "start")
    finally:
        away.rename(workspace)


def test_a_mission_under_way_is_exported_as_its_last_commit_left_it(here: Engine, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "there", by="ada") as there:
        mission_id = begin(there, tmp_path, run=False)
        file = tmp_path / "running.mission"

        def export(entry: Recorded, _: Mission) -> None:
            if entry.type == "checkpoint_secured":
                there.export_mission(mission_id, file)

        there.subscribe(export)
        there.run(mission_id)
        imported = here.import_mission(file)
        assert imported.state == "running"
        assert there.verify(mission_id, imported.head).since_head
    assert here.verify(mission_id).head == imported.head
    assert here.state(mission_id).edits == ()  # secured, and not applied yet


# --- where it is written


def test_a_file_that_is_there_is_not_written_over_unless_one_says_so(
    exported: Path, mission_id: str, here: Engine, tmp_path: Path
) -> None:
    here.import_mission(exported)
    there = tmp_path / "notes"
    there.write_text("notes")
    writers: tuple[Writer, ...] = (partial(here.export_mission, mission_id), here.backup)
    for write in writers:
        there.write_text("notes")
        with pytest.raises(UsageError, match="is there already"):
            write(there)
        assert there.read_text() == "notes"
        write(there, force=True)
        assert there.stat().st_size > 1000
        assert stat.S_IMODE(there.stat().st_mode) == 0o600


def test_a_file_is_not_put_into_the_home_nor_into_a_folders_place(
    exported: Path, mission_id: str, here: Engine, tmp_path: Path
) -> None:
    here.import_mission(exported)
    (tmp_path / "link").symlink_to(tmp_path / "here")
    for path, said in [
        (tmp_path / "here" / "journal.db", "is in the home"),
        (tmp_path / "link" / "new", "is in the home"),
        (tmp_path, "is a folder"),
    ]:
        with pytest.raises(UsageError, match=said):
            here.backup(path, force=True)
        with pytest.raises(UsageError, match=said):
            here.export_mission(mission_id, path, force=True)
    with pytest.raises(JournalError, match=r"cannot write .*: No such file or directory"):
        here.backup(tmp_path / "nowhere" / "file")


def test_a_mission_that_does_not_verify_is_not_exported(exported: Path, mission_id: str, tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "there")
    with Engine(store, home=tmp_path / "there", by="ada") as there:
        there.import_mission(exported)
        lease = store.acquire(mission_id, "nobody", "2024-01-01T00:00:00Z")
        again = e.Final(success=True, steps_completed=3, duration_s=0.1)
        store.append(
            lease,
            store.row(mission_id).sequence,
            [again],
            time="2024-01-01T00:00:00Z",
            stage="test",
            standing=Standing("complete", holds_workspace=False),
        )
        lease.release()
        with pytest.raises(JournalDamaged, match=f"event {store.row(mission_id).sequence} of mission"):
            there.export_mission(mission_id, tmp_path / "bad.mission")
    assert not (tmp_path / "bad.mission").exists()


# --- what was done to it on the way


def test_every_change_of_a_single_byte_is_found(here: Engine, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "there", by="ada") as there:
        mission_id = begin(there, tmp_path, run=False)
        there.export_mission(mission_id, tmp_path / "small.mission")
    whole = (tmp_path / "small.mission").read_bytes()
    with tarfile.open(tmp_path / "small.mission") as tar:
        contents = {at: member.name for member in tar for at in extent(member)}
    assert {"manifest.json", "events.jsonl"} < set(contents.values())
    changed = tmp_path / "changed.mission"
    # Of the headers and the padding, some: each is compared with its like as a whole.
    for at in sorted({*contents, *range(0, len(whole), 17)}):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << (at % 8)
        changed.write_bytes(damaged)
        with pytest.raises((JournalDamaged, UsageError, JournalNewer)) as caught:
            here.import_mission(changed)
        if contents.get(at) == "events.jsonl":
            assert isinstance(caught.value, JournalDamaged)
            assert "event " in str(caught.value)
    assert here.missions() == []


def extent(member: tarfile.TarInfo) -> range:
    return range(member.offset_data, member.offset_data + member.size)


def test_a_file_that_was_cut_short_or_goes_on_is_found(exported: Path, here: Engine, tmp_path: Path) -> None:
    whole = exported.read_bytes()
    other = tmp_path / "other.mission"
    for size in [14, 511, 512, *range(600, len(whole), 1999), len(whole) - 1]:
        other.write_bytes(whole[:size])
        refused(here, other, JournalDamaged)
    other.write_bytes(whole + bytes(512))
    assert "its end, from byte" in refused(here, other, JournalDamaged)


@pytest.mark.parametrize("content", [b"", b"notes\n", b"\x1f\x8b\x08", bytes(10240), b"SQLite format 3\0" * 99])
def test_what_is_no_export_is_said_to_be_none(here: Engine, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign").write_bytes(content)
    assert "is not the export of a mission" in refused(here, tmp_path / "foreign", UsageError)


def test_what_cannot_be_read_is_said_to_be_so(here: Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for odd in ("nowhere", "pipe", "."):
        refused(here, tmp_path / odd, UsageError)


def tar_of(path: Path, *members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    """An archive that somebody else made."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.type = len(content), 0o600, kind
            tar.addfile(info, BytesIO(content))
    return path


def test_another_archive_with_a_manifest_is_not_taken_for_an_export(here: Engine, tmp_path: Path) -> None:
    for manifest in (b"{}", b'{"format":"another","version":1}'):
        other = tar_of(tmp_path / "other.tar", ("manifest.json", manifest))
        assert "but another archive" in refused(here, other, UsageError)
    for manifest in (b"[]", b"", b"{", b"[" * 100_000):
        other = tar_of(tmp_path / "other.tar", ("manifest.json", manifest))
        assert "manifest.json is not as it was written" in refused(here, other, JournalDamaged)


def test_a_later_versions_export_is_said_to_be_one(here: Engine, exported: Path, tmp_path: Path) -> None:
    later = refused(here, listed(exported, tmp_path, version=2), JournalNewer)
    assert "is an export of version 2, and 1 is the last that is known" in later
    refused(here, listed(exported, tmp_path, version=0), JournalDamaged)


def test_a_file_that_claims_or_has_more_than_is_ever_taken_is_refused_unread(here: Engine, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    with bomb.open("wb") as file:
        file.write(b"manifest.json\0")
        file.truncate(archives.MAX_BYTES + 1)  # sparse: it takes no room
    assert "an export no more than" in refused(here, bomb, UsageError)
    info = tarfile.TarInfo("manifest.json")
    info.size, info.mode = (8 << 30) - 1, 0o600
    bomb.write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(10240))
    assert "it is cut short" in refused(here, bomb, JournalDamaged)


def test_a_mission_larger_than_is_ever_taken_is_not_exported(
    exported: Path, mission_id: str, here: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.import_mission(exported)
    monkeypatch.setattr(archives, "MAX_BYTES", exported.stat().st_size - 1)
    with pytest.raises(UsageError, match="back the home up instead"):
        here.export_mission(mission_id, tmp_path / "large.mission")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("name", ["blobs/../../escape", "/etc/passwd", "blobs/short", "extra.txt"])
def test_no_member_leads_anywhere_else(here: Engine, exported: Path, tmp_path: Path, name: str) -> None:
    with tarfile.open(exported) as tar:
        members = [(member.name, file.read()) for member in tar if (file := tar.extractfile(member)) is not None]
    tar_of(tmp_path / "tricky", *members, (name, b"content"))
    assert f"{name} is not what was written under that name" in refused(here, tmp_path / "tricky", JournalDamaged)
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.GNUTYPE_SPARSE):
        tar_of(tmp_path / "tricky", members[0], kind=kind)
        assert "the header at byte 0" in refused(here, tmp_path / "tricky", JournalDamaged)


# --- what somebody wrote who knows the form


def edited(path: Path, folder: Path, change: Change) -> Path:
    """The export, with a change that its form does not show."""
    return wrote(change(archives.read(path)), folder)


def wrote(archive: Archive, folder: Path) -> Path:
    to = folder / "edited.mission"
    to.unlink(missing_ok=True)
    archives.write(archive, to)
    return to


def listed(path: Path, folder: Path, **changes: object) -> Path:
    """The export, with another manifest."""

    def change(found: Archive) -> Archive:
        return attrs.evolve(found, manifest=attrs.evolve(found.manifest, **changes))  # type: ignore[arg-type]

    return edited(path, folder, change)


def chained(found: Archive, events: list[e.Event]) -> Archive:
    """The same mission with other events, and hashes that are right."""
    entries: list[Entry] = []
    for event, kept in zip(events, [*found.entries, *found.entries], strict=False):
        previous = entries[-1].hash if entries else "0" * 64
        made, _ = CODEC.seal(
            found.manifest.mission_id, len(entries), previous, [event], time=kept.time, stage=kept.stage
        )
        entries += made
    listed = attrs.evolve(found.manifest, sequence=len(entries), head=entries[-1].hash)
    return attrs.evolve(found, manifest=listed, entries=tuple(entries))


def events_of(found: Archive) -> list[e.Event]:
    return [CODEC.decode(found.manifest.mission_id, entry) for entry in found.entries]


def test_an_event_that_was_edited_is_named_by_its_position(here: Engine, exported: Path, tmp_path: Path) -> None:
    def edit(found: Archive) -> Archive:
        entries = list(found.entries)
        entries[4] = entries[4]._replace(time="2001-01-01T00:00:00.000000Z")
        return attrs.evolve(found, entries=tuple(entries))

    assert "event 5 of mission" in refused(here, edited(exported, tmp_path, edit), JournalDamaged)


def test_events_that_were_taken_away_or_put_elsewhere_are_named(here: Engine, exported: Path, tmp_path: Path) -> None:
    swaps: list[tuple[Callable[[list[Entry]], list[Entry]], str]] = [
        (lambda kept: kept[:-1], "is missing"),
        (lambda kept: kept[:3] + kept[4:], "event 4 of mission .* is missing"),
        (lambda kept: [*kept[:3], kept[4], kept[3], *kept[5:]], "event 4 of mission .* is missing"),
        (lambda kept: [*kept, kept[-1]], "event .* of mission"),
        (lambda _: [], "event 1 of mission"),
    ]
    found = archives.read(exported)
    for swap, said in swaps:
        other = attrs.evolve(found, entries=tuple(swap(list(found.entries))))
        with pytest.raises(JournalDamaged, match=said):
            here.import_mission(wrote(other, tmp_path))


def test_events_with_right_hashes_that_could_not_have_come_about_are_named(
    here: Engine, exported: Path, tmp_path: Path
) -> None:
    def approve_nothing(found: Archive) -> Archive:
        return chained(found, [event for event in events_of(found) if not isinstance(event, e.ApprovalResolved)])

    refusal = refused(here, edited(exported, tmp_path, approve_nothing), JournalDamaged)
    assert "event " in refusal
    assert "what rests on it was not looked at" in refusal


def test_a_listing_that_says_otherwise_than_the_events_is_told(here: Engine, exported: Path, tmp_path: Path) -> None:
    for name, value in {"workspace": "/elsewhere", "goal": "another", "state": "running", "source": None}.items():
        other = listed(exported, tmp_path, **{name: value})
        assert f"listed with {name} {value}" in refused(here, other, JournalDamaged)


def test_blobs_that_are_missing_or_that_nobody_speaks_of_are_named(
    here: Engine, exported: Path, tmp_path: Path
) -> None:
    found = archives.read(exported)

    def with_blobs(blobs: dict[str, bytes]) -> Path:
        return edited(exported, tmp_path, lambda found: attrs.evolve(found, blobs=blobs))

    for digest in found.blobs:
        without = with_blobs({name: content for name, content in found.blobs.items() if name != digest})
        assert digest in refused(here, without, JournalDamaged)
    stranger = sha256(b"stranger").hexdigest()
    more = with_blobs({**found.blobs, stranger: b"stranger"})
    assert f"no event speaks of the blob {stranger}" in refused(here, more, JournalDamaged)


def test_an_id_that_could_be_no_missions_is_refused(here: Engine, exported: Path, tmp_path: Path) -> None:
    def rename(found: Archive) -> Archive:
        renamed = attrs.evolve(found, manifest=attrs.evolve(found.manifest, mission_id="../x"))
        return chained(renamed, events_of(found))

    assert "cannot be a mission's id" in refused(here, edited(exported, tmp_path, rename), UsageError)


def test_a_home_that_cannot_be_written_takes_nothing_in(exported: Path, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "elsewhere") as engine:
        (tmp_path / "elsewhere").write_text("in the way")
        with pytest.raises(JournalError, match="elsewhere"):
            engine.import_mission(exported)
