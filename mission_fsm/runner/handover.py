"""What an editor is told of its task; its program, in variables, and in full in a JSON file beside its copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mission_fsm.core.events import RetrievalCompleted, type_of
from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import LastTest
from mission_fsm.journal.store import Store

# Linux takes no variable above 128 KiB; what is cut here is whole in the file.
_MOST_CHARACTERS = 16_000

VARIABLES = {
    "MISSION_TASK": "The path of a JSON file that holds all of this, and more: see the how-to guides.",
    "MISSION_STEP_ID": "The step that is worked on.",
    "MISSION_DESCRIPTION": "What that step is to do.",
    "MISSION_FAILING_TESTS": "The names of the tests that failed last, one a line; empty where none did.",
    "MISSION_TEST_OUTPUT": "The path of a file with what that test printed; empty where no test has run.",
}
"""What each variable says."""


def task_of(mission: Mission, store: Store) -> Mapping[str, Any]:
    """What an editor is told of its task, as JSON values. Raises JournalDamaged where what is told is missing."""
    step = mission.plan.steps[mission.cursor]
    test = mission.last_test
    return {
        "goal": mission.plan.goal,
        "step_id": step.step_id,
        "description": step.description,
        "timeout_s": step.timeout_s,
        "attempt": mission.attempts(mission.cursor),
        "repair_attempt": mission.repair.attempt if mission.repair is not None else 0,
        "paths": list(mission.plan.scope.paths),
        "last_test": None
        if test is None
        else {
            "step_id": test.step_id,
            "success": test.success,
            "command": list(test.command),
            "failing": list(test.failing),
            "output": _output(test, store).decode("utf-8", "replace"),
        },
        "retrieved": _retrieved(mission, store),
    }


def handed_over(mission: Mission, store: Store, folder: Path) -> Mapping[str, str]:
    """Write what the program is told into the folder, and give the variables that say so.

    Raises OSError where it cannot be written, and JournalDamaged where what is told is missing.
    """
    step = mission.plan.steps[mission.cursor]
    test = mission.last_test
    failed = test if test is not None and not test.success else None
    output_path = folder / "test-output.txt" if test is not None and test.artifact is not None else None
    if output_path is not None and test is not None:
        output_path.write_bytes(_output(test, store))
    task_path = folder / "task.json"
    task_path.write_text(json.dumps(task_of(mission, store), indent=2), encoding="utf-8")
    told = {
        "MISSION_TASK": str(task_path),
        "MISSION_STEP_ID": step.step_id,
        "MISSION_DESCRIPTION": step.description,
        "MISSION_FAILING_TESTS": "\n".join(failed.failing) if failed is not None else "",
        "MISSION_TEST_OUTPUT": "" if output_path is None else str(output_path),
    }
    return {name: text.replace("\0", "")[:_MOST_CHARACTERS] for name, text in told.items()}


def _output(test: LastTest, store: Store) -> bytes:
    """What that test printed, as it was kept."""
    return b"" if test.artifact is None else store.blob(test.artifact)


def _retrieved(mission: Mission, store: Store) -> object:
    """The ranked result of the mission's last search, None where it has made none."""
    found = None
    for entry in store.read(mission.mission_id, types={type_of(RetrievalCompleted)}):
        found = entry.event
    return json.loads(store.blob(found.artifact)) if isinstance(found, RetrievalCompleted) else None
