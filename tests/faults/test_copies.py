"""An export, a backup and an import that are cut off: the file, or the mission, is there whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mission_fsm.testing.faults import EVERY_POINT, Ended, Fault, durable, in_workers, once, spread, why_no_strace
from tests.faults.scene import Scene

EFFECTS = ("SIGKILL", "ENOSPC", "EIO")


class Copies:
    """A mission that has come to its end, and a file of it."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder, by_strace=True)
        self.scene.rehearse()
        self.home = self.scene.home
        mission = self.scene.stand().mission
        assert mission is not None
        self.mission_id = mission.mission_id
        assert self.run("export", self.mission_id, "given").status == 0
        self._saved = folder / "saved"
        shutil.copytree(self.scene.live, self._saved, symlinks=True)

    def run(self, *argv: str, home: str = "home", fault: Fault | None = None, watched: bool = False) -> Ended:
        """Run that command, in that home."""
        self.scene.home = self.scene.live / home
        return self.scene.command(list(argv), fault, watched=watched)

    def set_back(self) -> None:
        """Put everything back to where it was."""
        shutil.rmtree(self.scene.live)
        shutil.copytree(self._saved, self.scene.live, symlinks=True)

    def exported(self) -> str:
        """What is wrong with the file `made`, if it is there."""
        made = self.scene.live / "made"
        taken_in = self.run("import", "made", home="elsewhere") if made.exists() else None
        return taken_in.err if taken_in is not None and taken_in.status != 0 else ""

    def backed_up(self) -> str:
        """What is wrong with the home that the file `made` is a backup of, if it is there."""
        made, restored = self.scene.live / "made", self.scene.live / "restored"
        if not made.exists():
            return ""
        restored.mkdir(exist_ok=True)
        shutil.copy(made, restored / "journal.db")
        return self.run("verify", self.mission_id, home="restored").err

    def taken_in(self) -> str:
        """What is wrong with the home that the mission was taken into."""
        return self.run("verify", "--all", home="other").err


def _struck(folder: Path, command: str) -> list[str]:
    copies = Copies(folder)
    argv, home, look = {
        "export": (("export", copies.mission_id, "made"), "home", copies.exported),
        "backup": (("backup", "made"), "home", copies.backed_up),
        "import": (("import", "given"), "other", copies.taken_in),
    }[command]
    calls = durable(copies.run(*argv, home=home, watched=True).calls, but=str(copies.scene.log))
    problems = []
    for effect in EFFECTS:
        for place in range(len(calls)) if EVERY_POINT else spread(calls, 4):
            copies.set_back()
            struck = copies.run(*argv, home=home, fault=once(calls[place], effect), watched=True)
            found = [look()]
            if struck.status not in ({-9} if effect == "SIGKILL" else {0, 1}) or "unexpected" in struck.err:
                found.append(f"it ended with {struck.status}: {struck.err}")
            force = ("--force",) if (copies.scene.live / "made").exists() else ()
            again = copies.run(*argv, *force, home=home)
            found += [again.err if again.status != 0 else "", look()]
            problems += [f"{effect} at {calls[place].text[:120]}: {problem}" for problem in found if problem]
    return problems


@pytest.mark.skipif(why_no_strace() is not None, reason=f"this needs strace: {why_no_strace()}")
@pytest.mark.parametrize("command", ["export", "backup", "import"])
def test_a_copy_is_whole_or_not_there_and_can_be_made_again(tmp_path: Path, command: str) -> None:
    problems = in_workers(lambda _: _struck(tmp_path / "scene", command), 1)
    assert not problems, "\n".join(problems)
