"""Making room from the command line: what is asked for, shown, and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mission_fsm import Engine
    from tests.unit.cli.conftest import Step, Type


@pytest.fixture
def complete(mission: Type, steps: dict[str, Step], plan_file: Callable[..., Path]) -> str:
    """A mission that has ended; gives its id."""
    done = mission("run", plan_file(steps["note"]), "--approve", "--grant", "all", "--json")
    assert done.status == 0
    return str(done.json["mission_id"])


def test_one_has_to_say_which_missions_may_go(mission: Type, complete: str) -> None:
    refused = mission("prune")
    assert refused.status == 2
    assert "--older-than, --state or --keep-size" in refused.err
    assert mission("show", complete).status == 0


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--older-than", "30", "12h or 30d"),
        ("--older-than", "-1d", "12h or 30d"),
        ("--keep-size", "lots", "500MB"),
        ("--state", "failed", "'complete', 'stopped'"),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would(mission: Type, option: str, value: str, said: str) -> None:
    refused = mission("prune", f"{option}={value}")
    assert refused.status == 2
    assert said in refused.err


def test_a_dry_run_shows_what_would_go_and_what_is_given_up_and_removes_nothing(mission: Type, complete: str) -> None:
    shown = mission("prune", "--state", "complete", "--dry-run")
    assert shown.status == 0
    for words in (complete, "complete", "greet politely", "1 mission", "cannot be rolled back"):
        assert words in shown.out
    told = mission("prune", complete, "--dry-run", "--json").json
    assert (told["dry_run"], [gone["mission_id"] for gone in told["missions"]]) == (True, [complete])
    assert told["freed_bytes"] >= told["missions"][0]["size_bytes"] > 0
    assert mission("show", complete).status == 0


def test_without_a_person_to_ask_it_takes_their_word_beforehand(mission: Type, complete: str) -> None:
    refused = mission("prune", "--older-than", "0s")
    assert refused.status == 2
    assert "--yes" in refused.err
    assert mission("show", complete).status == 0
    done = mission("prune", "--older-than", "0s", "--yes")
    assert done.status == 0
    assert "removed 1 mission" in done.out
    assert mission("show", complete).status == 2
    nothing = mission("prune", "--older-than", "0s", "--yes")
    assert (nothing.status, nothing.out) == (0, "nothing is to be removed\n")


def test_the_answer_for_scripts_is_one_object(mission: Type, complete: str) -> None:
    told = mission("prune", "--keep-size", "0", "--yes", "--json").json
    assert [gone["mission_id"] for gone in told["missions"]] == [complete]
    assert (told["dry_run"], told["kept"], told["not_compacted"]) == (False, [], None)
    assert told["freed_bytes"] > 0
    assert told["disk_bytes"] > 0


def test_a_mission_that_was_named_and_has_not_ended_stays_and_the_exit_status_says_so(
    mission: Type, complete: str, steps: dict[str, Step], plan_file: Callable[..., Path]
) -> None:
    waiting = mission("run", plan_file(steps["fix"]), "--approve", "--json").json["mission_id"]
    done = mission("prune", complete, waiting, "--yes")
    assert done.status == 7
    assert "removed 1 mission" in done.out
    assert f"{waiting}  stays: it is awaiting approval" in done.out
    assert mission("show", waiting).status == 0


def test_the_sizes_of_missions_and_of_the_home_are_listed(mission: Type, complete: str, engine: Engine) -> None:
    plain = mission("list").out
    assert " kB" not in plain
    shown = mission("list", "--size").out
    assert " kB  greet politely" in shown
    assert "the home uses " in shown
    told = mission("list", "--size", "--json").json
    size = engine.size()
    assert told["missions"][0]["size"]["own_bytes"] == size.missions[complete].own_bytes > 0
    assert told["size"] == {
        "shared_bytes": 0,
        "used_bytes": size.used_bytes,
        "disk_bytes": size.disk_bytes,
        "quota_bytes": None,
    }
    assert "size" not in mission("list", "--json").json


def test_a_refusal_for_want_of_room_says_how_to_make_some_and_how_to_go_on(
    mission: Type,
    complete: str,
    steps: dict[str, Step],
    plan_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    engine: Engine,
) -> None:
    made = mission("run", plan_file(steps["fix"]), "--approve", "--no-run", "--json")
    monkeypatch.setenv("MISSION_QUOTA", str(engine.size().used_bytes + 1))
    mission_id = made.json["mission_id"]
    refused = mission("run", mission_id)
    assert refused.status == 7
    for words in (f"mission {mission_id} is paused", "quota", "mission prune", "MISSION_QUOTA"):
        assert words in refused.err
    page = mission("show", mission_id).out
    assert "over quota" in page
    assert "mission prune" in page
    assert f"mission resume {mission_id}" in page
    assert "its quota is" in mission("list", "--size").out
    assert mission("prune", complete, "--yes").status == 0
    monkeypatch.setenv("MISSION_QUOTA", "1MB")
    assert mission("resume", mission_id).status == 3
