"""The main job, to be watched: a plan that finds, edits, tests, fails and is repaired, on a small real project.

Everything is done by the `mission` command, as a person would give it, and each command is shown before it runs.
"""

from __future__ import annotations

from pathlib import Path

from mission_fsm.demo.scenes import BACK, ENDING, FORTH, OPENING, RUN
from mission_fsm.demo.theatre import Theatre, say
from mission_fsm.errors import MissionError


def main(folder: Path | None = None) -> int:
    """Play the demo in that folder, `demo` if None, and leave it there to be looked at; gives the exit status.

    A folder that holds something already gets a fresh one inside.
    Raises UsageError where the folder cannot be made, MissionError where a command ends as it should not.
    """
    theatre = Theatre.built_in(folder or Path("demo"))
    before = theatre.contents()
    say(OPENING)
    theatre.show_where()
    theatre.play(RUN)
    theatre.known["mission"] = theatre.told("mission show --json")["mission_id"]
    (theatre.folder / "mission.mmd").write_text(theatre.told("mission diagram {mission} --json")["diagram"])
    theatre.play(BACK)
    if theatre.contents() != before:
        raise MissionError(f"the files in {theatre.workspace} are not what they were before the mission")
    theatre.known["undo"] = theatre.told("mission log {mission} --json")["data"]["undo_checkpoint"]
    theatre.play(FORTH)
    say(ENDING.format(**theatre.known))
    return 0
