"""The quota: what has no room is refused before it is begun, and what has happened is kept all the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mission_fsm import Engine, State
from mission_fsm.core.events import CommandCompleted
from mission_fsm.errors import OverQuota, UsageError
from mission_fsm.home import default_quota
from mission_fsm.journal.memory import MemoryStore
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.registry import Registry
from mission_fsm.runner.digests import bytes_digest
from mission_fsm.runner.quota import Quota
from mission_fsm.runner.running import OUTPUT_CAP_BYTES
from mission_fsm.stage import (
    CommandOptions,
    CommandResult,
    Completed,
    FileEdit,
    Outcome,
    ProposeChange,
    RunCommand,
    Stage,
    StageContext,
    Tool,
)
from mission_fsm.testing.store_samples import begin

Make = Callable[..., str]
Steps = dict[str, dict[str, object]]

ROOM = 4 * OUTPUT_CAP_BYTES


@pytest.fixture
def limited(tmp_path: Path, engine: Engine) -> Iterator[Callable[[int], Engine]]:
    """Opens the same home again with room for so many bytes more than are used."""
    opened: list[Engine] = []

    def limit(room_bytes: int) -> Engine:
        quota_bytes = engine.size().used_bytes + room_bytes
        opened.append(Engine.open(tmp_path / "home", by="ada", quota_bytes=quota_bytes))
        return opened[-1]

    yield limit
    for each in opened:
        each.close()


def big(size_bytes: int) -> dict[str, object]:
    return {
        "step_id": "big",
        "description": "Write a lot",
        "with": {"write": [{"path": "big", "content": "0123456789abcdef" * (size_bytes // 16)}]},
    }


def test_an_edit_without_room_is_refused_before_it_is_proposed_and_goes_on_once_there_is_room(
    engine: Engine, approved: Make, limited: Callable[[int], Engine], workspace: Path
) -> None:
    mission_id = approved(big(800_000), grants=("all",))
    with pytest.raises(
        OverQuota, match=r"mission .* is paused: the home's quota is .* used.* this edit may need 1\.6 MB"
    ):
        limited(1_000_000).run(mission_id)
    mission = engine.state(mission_id)
    assert (mission.state, mission.pause_reason, mission.edits) == (State.PAUSED, "over_quota", ())
    assert not (workspace / "big").exists()
    assert engine.size().missions[mission_id].own_bytes < 900_000  # the plan's own copy, and no other
    assert limited(ROOM).run(mission_id).state is State.COMPLETE
    assert (workspace / "big").stat().st_size == 800_000
    engine.verify(mission_id)
    engine.checked_replay(mission_id)


def test_an_edit_whose_checkpoint_has_no_room_any_more_is_refused_before_the_first_write(
    engine: Engine, approved: Make, limited: Callable[[int], Engine], workspace: Path
) -> None:
    (workspace / "big").write_bytes(b"x" * 3_000_000)
    mission_id = approved(big(160))
    assert engine.run(mission_id).state is State.AWAITING_APPROVAL
    engine.approve(mission_id)
    with pytest.raises(OverQuota, match=r"the checkpoint of this edit may need 3\.0 MB"):
        limited(1_000_000).run(mission_id)
    assert (workspace / "big").read_bytes() == b"x" * 3_000_000
    mission = engine.state(mission_id)
    assert (mission.state, mission.pause_reason) == (State.PAUSED, "over_quota")
    # What was approved stays approved.
    assert limited(ROOM).run(mission_id).state is State.COMPLETE
    engine.rollback(mission_id)
    assert (workspace / "big").read_bytes() == b"x" * 3_000_000
    engine.checked_replay(mission_id)


@pytest.mark.parametrize("grants", [(), ("all",)])
def test_a_command_whose_output_may_have_no_room_is_not_run(
    engine: Engine, approved: Make, limited: Callable[[int], Engine], workspace: Path, grants: tuple[str, ...]
) -> None:
    code = "open('ran', 'w').close(); print('x' * 5_000_000)"
    step = {"step_id": "check", "description": "Run the check", "with": {"run": [sys.executable, "-c", code]}}
    mission_id = approved(step, grants=grants)
    with pytest.raises(OverQuota, match=r"the output of this command may need 2\.1 MB"):
        limited(2 * OUTPUT_CAP_BYTES - 100_000).run(mission_id)
    assert not (workspace / "ran").exists()
    assert engine.state(mission_id).pause_reason == "over_quota"
    assert limited(ROOM).run(mission_id).state is State.COMPLETE
    assert engine.size().missions[mission_id].own_bytes > 2 * OUTPUT_CAP_BYTES
    engine.checked_replay(mission_id)


def test_a_search_whose_result_has_no_room_is_made_again_once_there_is(
    engine: Engine, approved: Make, limited: Callable[[int], Engine], steps: Steps, workspace: Path
) -> None:
    for number in range(200):
        (workspace / f"double_{number}.py").write_text(f"double = {number}\n")
    mission_id = approved(steps["find"])
    with pytest.raises(OverQuota, match="what was found may need"):
        limited(1).run(mission_id)
    assert limited(ROOM).run(mission_id).state is State.COMPLETE
    engine.checked_replay(mission_id)


def test_what_people_bring_is_refused_before_anything_is_recorded(
    engine: Engine, approved: Make, limited: Callable[[int], Engine], workspace: Path, plan_file: Make, tmp_path: Path
) -> None:
    mission_id = approved({"step_id": "fix", "description": "Change double"})
    assert engine.run(mission_id).pause_reason == "awaiting_input"
    engine.export_mission(mission_id, tmp_path / "one.mission")
    head = engine.verify(mission_id).head
    full = limited(0)
    with pytest.raises(OverQuota, match="this patch"):
        full.propose(mission_id, b"--- a patch\n")
    with pytest.raises(OverQuota, match="this plan"):
        full.create(plan_file(big(160)), workspace)
    assert (engine.verify(mission_id).head, len(engine.missions())) == (head, 1)
    with Engine.open(tmp_path / "elsewhere", quota_bytes=1) as small:
        with pytest.raises(OverQuota, match="this mission"):
            small.import_mission(tmp_path / "one.mission")
        assert small.missions() == []


def test_a_rollback_and_a_decision_are_never_refused_for_want_of_room(
    engine: Engine, approved: Make, limited: Callable[[int], Engine], workspace: Path
) -> None:
    mission_id = approved(big(1600), grants=("all",))
    engine.run(mission_id)
    full = limited(0)
    full.rollback(mission_id)
    assert not (workspace / "big").exists()
    full.grant(approved(big(160)), "edit")
    engine.verify(mission_id)


class Toucher(Stage):
    """Runs a command that stands in no plan."""

    name = "toucher"
    touches = frozenset({Tool.READ, Tool.EXEC})

    def run(self, context: StageContext) -> Outcome:
        if isinstance(context.reply, CommandResult):
            return Completed("touched")
        return RunCommand((sys.executable, "-c", "open('ran', 'w').close()"), "to touch")


def test_a_command_that_was_approved_while_there_was_room_is_not_run_once_there_is_none(
    tmp_path: Path, workspace: Path, plan_file: Make
) -> None:
    registry = Registry.of([Toucher], [])
    step = {"step_id": "touch", "description": "Touch it", "stage": "toucher"}
    with Engine.open(tmp_path / "home", registry=registry) as engine:
        mission_id = engine.create(plan_file(step), workspace).mission_id
        engine.approve(mission_id)
        assert engine.run(mission_id).state is State.AWAITING_APPROVAL
        engine.approve(mission_id)
        small = Engine.open(tmp_path / "home", registry=registry, quota_bytes=OUTPUT_CAP_BYTES)
        with small, pytest.raises(OverQuota, match="the output of this command"):
            small.run(mission_id)
        assert not (workspace / "ran").exists()
        assert engine.run(mission_id).state is State.COMPLETE
        assert (workspace / "ran").exists()
        engine.checked_replay(mission_id)


class Codemod(Stage):
    """Runs a command, and then proposes a large change."""

    name = "codemod"
    touches = frozenset({Tool.READ, Tool.WRITE, Tool.EXEC})
    options = CommandOptions

    def run(self, context: StageContext) -> Outcome:
        if isinstance(context.reply, CommandResult):
            return ProposeChange((FileEdit("big", b"0" * 3_000_000),), "what it made")
        return context.options.command("command", context.step.timeout_s)  # type: ignore[no-any-return]


def test_what_came_of_a_command_is_kept_though_the_change_that_follows_has_no_room(
    tmp_path: Path, workspace: Path, plan_file: Make
) -> None:
    registry = Registry.of([Codemod], [])
    step = {
        "step_id": "mod",
        "description": "Run the codemod",
        "stage": "codemod",
        "with": {"run": [sys.executable, "-c", "print('done')"]},
    }
    with Engine.open(tmp_path / "home", registry=registry, quota_bytes=2 * OUTPUT_CAP_BYTES + 200_000) as engine:
        mission = engine.create(plan_file(step), workspace, grants=("all",))
        engine.approve(mission.mission_id)
        mission = engine.run(mission.mission_id)
        assert mission.state is State.FAILED
        assert mission.failure is not None
        assert (mission.failure.kind, "this edit may need" in mission.failure.message) == ("over_quota", True)
        (entry,) = engine.events(mission.mission_id, types={"command_completed"})
        assert isinstance(entry.event, CommandCompleted)
        assert engine.artifact(entry.event.artifact or "") == b"done\n"
        assert not (workspace / "big").exists()
        engine.verify(mission.mission_id)


def test_the_environment_says_how_much_a_home_may_hold_unless_the_caller_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MISSION_QUOTA", raising=False)
    assert default_quota() is None
    monkeypatch.setenv("MISSION_QUOTA", "64 MiB")
    with Engine.open(tmp_path / "home") as engine:
        assert engine.size().quota_bytes == 64 << 20
    with Engine.open(tmp_path / "home", quota_bytes=7) as engine:
        assert engine.size().quota_bytes == 7
    monkeypatch.setenv("MISSION_QUOTA", "much")
    with pytest.raises(UsageError, match="MISSION_QUOTA: expected a number of bytes"):
        Engine.open(tmp_path / "home")


def test_only_what_is_not_kept_already_counts(tmp_path: Path) -> None:
    content = b"x" * 9
    digest = bytes_digest(content)
    with closing(SqliteStore.open(tmp_path / "home")) as store:
        assert Quota(store).bytes_of({digest: content}) == 0
        assert Quota(store, 0).bytes_of({digest: content}) == 9
        begin(store, blobs={digest: content})
        assert Quota(store, 0).bytes_of({digest: content}) == 0
        Quota(store, 0).require(0, "nothing")
        Quota(store).require(9, "a home without a quota takes it")
        Quota(store, store.used_bytes() + 9).require(9, "it fits")
        with pytest.raises(OverQuota, match="this may need 9 bytes"):
            Quota(store, store.used_bytes() + 8).require(9, "this")
    assert MemoryStore().used_bytes() == 0
