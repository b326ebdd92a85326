"""What can be done with a mission now, as commands to type."""

from __future__ import annotations

from mission_fsm.core.approvals import ApprovalKind, Request
from mission_fsm.core.guards import SHORT_DIGEST
from mission_fsm.core.mission import Mission, State

PATCH = "--patch FILE"


def advice(mission: Mission, legal: tuple[str, ...]) -> list[tuple[str, str]]:
    """(command, what it does) for each trigger that is legal now, the likeliest first."""
    lines: list[tuple[str, str]] = []
    name = mission.mission_id
    for trigger in _LIKELIEST_FIRST:
        if trigger not in legal:
            continue
        if trigger == "resume" and mission.pause_reason == "awaiting_input" and mission.pending is None:
            lines.append((f"mission propose {name} {PATCH}", "gives it the change that it asks for"))
        elif trigger == "recover" and mission.at_rest:
            lines.append((f"mission run {name}", "carries on"))
        elif trigger == "rollback":
            lines += _rollbacks(mission)
        elif trigger == "approve" and mission.pending is not None:
            lines.append(_approval(name, mission.pending))
        else:
            lines += [(f"mission {command.format(name=name)}", does) for command, does in _COMMANDS[trigger]]
    if mission.state is State.AWAITING_APPROVAL and mission.pending and mission.pending.kind is ApprovalKind.DIFF:
        lines.insert(0, (f"mission diff {name}", "shows the change that is waiting"))
        if "approve" not in legal:
            lines.insert(0, (f"mission run {name}", "has it made anew, and asks again"))
    if mission.rollback_due is not None:
        lines[:0] = [
            (f"mission run {name}", "takes back what the repair changed, as the plan has it"),
            (f"mission rollback {name} {mission.rollback_due} --overwrite", "does so over what others have changed"),
        ]
    if mission.state is State.PAUSED and mission.pause_reason == "over_quota":
        lines.insert(0, ("mission prune --older-than 30d --dry-run", "shows how room could be made"))
    return lines


def _approval(name: str, request: Request) -> tuple[str, str]:
    command = f"mission approve {name}"
    if request.kind is ApprovalKind.QUESTION:
        return f"{command} --answer TEXT", "answers the question, and carries on"
    # The plan is bound to its file; these may be other ones by the time that this is typed.
    bound = request.kind in {ApprovalKind.DIFF, ApprovalKind.COMMAND, ApprovalKind.SCOPE}
    return f"{command} --digest {request.digest[:SHORT_DIGEST]}" if bound else command, "approves it, and carries on"


def _rollbacks(mission: Mission) -> list[tuple[str, str]]:
    live = [edit for edit in mission.edits if edit.undone_by is None]
    edits = [edit for edit in live if edit.kind != "rollback"]
    command = f"mission rollback {mission.mission_id}"
    lines = [(command, "takes its last edit back")] if edits else []
    lines += [(f"{command} --to start", "takes all of its edits back")] if len(edits) > 1 else []
    lines += [(f"{command} {live[-1].checkpoint_id}", "undoes the rollback")] if live[-1].kind == "rollback" else []
    return lines


_LIKELIEST_FIRST = ("approve", "reject", "start", "recover", "resume", "repair", "retry", "rollback", "pause", "stop")

_COMMANDS: dict[str, tuple[tuple[str, str], ...]] = {
    "reject": (("reject {name} --reason TEXT", "rejects it"),),
    "start": (("run {name}", "runs it"),),
    "recover": (("run {name}", "takes over from a runner that is gone, and carries on"),),
    "resume": (("resume {name}", "carries on"),),
    "repair": (("repair {name}", "applies the repair that the plan holds, and runs the step again"),),
    "retry": (("retry {name}", "runs the step again"),),
    "pause": (("pause {name}", "pauses it at its next safe point"),),
    "stop": (("stop {name}", "ends it for good"),),
}
