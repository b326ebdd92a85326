"""What is said and done in the demo, in order.

In commands and words, `{folder}` is the folder of the demo, `{mission}` the mission's id and `{undo}` the checkpoint
of the rollback.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Scene:
    """Something said, and the command that follows on it, as a person would type it.

    ends_with: the exit status that it has to have.
    """

    words: str
    command: str
    ends_with: int = 0


OPENING = """\
This is a small Python library, `sizes`, that writes sizes for people to read: 1536 as 1.5 KiB. It has a fault.
You will watch a plan put it right: an approved one, step by step, with every change shown before it is made and
every change ready to be taken back. Each command below is one that you could type yourself.
"""

RUN = (
    Scene("The library's own tests show the fault: sizes at a power of 1024 stay in the smaller unit.",
          "python3 -B -m unittest", 1),
    Scene("Somebody has written a plan to fix it. What does it come to? Nothing is run yet.",
          "mission check ../plan.yaml"),
    Scene("The plan is yours to approve; `--approve` does. What you approve is the digest of all of it, the patch "
          "included. The mission searches, then stops at the first change: nothing is written without your word.",
          "mission run ../plan.yaml --approve", 3),
    Scene("This is the change that waits. With `--grant 'edit:sizes/**'` you would have decided it in advance, and the "
          "journal would say so.",
          "mission diff"),
    Scene("It looks right, so approve it: exactly what was shown, by its digest. The old file is saved, the new one "
          "is written, and the plan goes on to the tests. They fail, since the fix is not whole: 1048575 bytes are "
          "rounded to `1024.0 KiB`. A failure always stops a mission; it never tries its luck.",
          "mission approve", 5),
    Scene("The plan has a repair bound to that step. It is not made unasked either, and waits at the same gate.",
          "mission repair", 3),
    Scene("It rounds before it compares. That was it.",
          "mission diff"),
    Scene("Approve it: the failed step runs again, and the mission completes.",
          "mission approve"),
    Scene("Every event on the way was on disk before its effect. Is the journal what was written, each hash in its "
          "place, and every file that it speaks of still there?",
          "mission verify"),
)  # fmt: skip

BACK = (
    Scene("Now change your mind: put the whole folder back to where it was before the mission.",
          "mission rollback {mission} --to start"),
)  # fmt: skip

FORTH = (
    Scene("Every file is now byte for byte what it was. A rollback has its own checkpoint, so it can be taken back.",
          "mission rollback {mission} {undo}"),
    Scene("And the fix is there again.",
          "python3 -B -m unittest"),
)  # fmt: skip

ENDING = """\
That was all of it. The folder {folder} is yours to look at:

  sizes/        the library, mended
  plan.yaml     the plan, and its patch rollover.patch
  home/         the journal: every event and every version of every file that was touched
  mission.mmd   the way that the mission took, as a Mermaid diagram

To look on, in {folder}/sizes:

  export MISSION_HOME={folder}/home
  mission log             what happened, event by event
  mission show            where the mission stands, and what can be done now
  mission replay --at 20  the mission as it stood after its twentieth event
"""
