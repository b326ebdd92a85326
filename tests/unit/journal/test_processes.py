"""Several processes share a home: they take turns, keep out of each other's missions, and may die at any instant."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mission_fsm.errors import Held, JournalError
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, started, take_lease

Program = Callable[..., "subprocess.Popen[str]"]

IMPORTS = """
import sys
from pathlib import Path
from mission_fsm.journal.sqlite import SqliteStore
from mission_fsm.testing.store_samples import append, begin, started, take_lease
store = SqliteStore.open(Path(sys.argv[1]))
"""

WRITER = f"""{IMPORTS}
name, rounds = sys.argv[2], int(sys.argv[3])
sys.stdin.readline()
begin(store, name, workspace=name)
lease = take_lease(store, name)
for sequence in range(1, rounds + 1):
    append(store, lease, sequence, started(sequence), snapshot_state=("1", "x" * 500))
    store.post(name, str(sequence))
    assert store.take(lease) == [str(sequence)]
    assert store.row(name).sequence == sequence + 1
lease.release()
store.close()
"""

HOLDER = f"""{IMPORTS}
lease = take_lease(store, runner="the other process")
print(lease.token, flush=True)
sys.stdin.readline()
"""

RUNNER = f"""{IMPORTS}
lease, sequence = take_lease(store, runner="the other process"), int(sys.argv[2])
while True:
    append(store, lease, sequence, started(sequence), started(sequence + 1), snapshot_state=("1", str(sequence + 2)))
    sequence += 2
    print(sequence, flush=True)
"""


def line(process: subprocess.Popen[str]) -> str:
    """The next line that a program prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_processes_that_write_at_once_take_turns_from_the_making_of_the_home_on(home: Path, program: Program) -> None:
    names = ["a", "b", "c", "d"]
    writers = [program(WRITER, home, name, 60) for name in names]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0, 0]
    store = SqliteStore.open(home)
    assert sorted(row.mission_id for row in store.rows()) == names
    for name in names:
        store.check(name)
        assert store.row(name).sequence == 61
        assert store.snapshot(name) is not None
    store.close()


def test_a_lease_keeps_other_processes_out_until_its_process_is_killed(
    store: SqliteStore, home: Path, program: Program
) -> None:
    begin(store)
    holder = program(HOLDER, home)
    token = int(line(holder))
    with pytest.raises(Held, match="mission m is held by the other process"):
        take_lease(store)
    assert store.holder("m") is not None
    holder.kill()
    holder.wait()
    assert store.holder("m") is None
    lease = take_lease(store)
    assert lease.token > token
    append(store, lease, 1, started(0))


def test_a_lease_is_not_inherited_by_a_program_that_its_holder_starts(
    store: SqliteStore, home: Path, program: Program
) -> None:
    begin(store)
    lease = take_lease(store)
    child = program("import sys; print('there', flush=True); sys.stdin.readline()")
    assert line(child) == "there"
    lease.release()
    take_lease(store)


@pytest.mark.parametrize("lines", [1, 2, 17, 40])
def test_a_runner_that_is_killed_while_it_appends_leaves_whole_appends(
    store: SqliteStore, home: Path, program: Program, lines: int
) -> None:
    begin(store)
    runner = program(RUNNER, home, 1)
    told = [int(line(runner)) for _ in range(lines)]
    runner.kill()
    rest, _ = runner.communicate()
    told += [int(number) for number in rest.split()]
    store.check("m")
    sequence = store.row("m").sequence
    kept = store.snapshot("m")
    assert sequence in (told[-1], told[-1] + 2)
    assert kept is not None
    assert (kept.sequence, kept.state) == (sequence, str(sequence))
    append(store, take_lease(store), sequence, started(0))
    store.check("m")


def test_what_another_process_asks_is_noticed_and_taken(store: SqliteStore, home: Path, program: Program) -> None:
    begin(store)
    store.changed()
    assert not store.changed()
    assert program(f"{IMPORTS}\nprint(store.post('m', 'pause'))", home).wait() == 0
    assert store.changed()
    assert store.take(take_lease(store)) == ["pause"]
    assert not store.changed()


def test_a_process_is_told_after_a_while_that_another_one_does_not_stop_writing(
    store: SqliteStore, home: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mission_fsm.journal.database.PATIENCE_S", 0.01)
    begin(store)
    text = f"{IMPORTS}\nwith store._database.writing():\n    print('writing', flush=True)\n    sys.stdin.readline()"
    assert line(program(text, home)) == "writing"
    with pytest.raises(JournalError, match="another process has been writing"):
        store.post("m", "pause")
    assert store.row("m").sequence == 1
