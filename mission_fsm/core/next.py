"""What a running mission does next: read from where it stands, and from nothing else."""

from __future__ import annotations

from attrs import frozen

from mission_fsm.core.mission import Active, Mission
from mission_fsm.core.replies import CommandSpec


@frozen
class BeginStep:
    """Begin the plan's next step."""


@frozen
class AskScope:
    """Ask for the scope contract to be widened for what commands have changed."""


@frozen
class AskChange:
    """Ask about the change that was proposed, now that the scope contract is wide enough for it."""


@frozen
class RunStage:
    """Run the stage that performs."""

    active: Active


@frozen
class SecureChange:
    """Save what the approved change set, known by its digest, will overwrite."""

    change_set: str


@frozen
class ApplyChange:
    """Write the change set whose manifest, known by its digest, is secured."""

    diff_id: str
    manifest: str


@frozen
class StartCommand:
    """Put the start of the approved command on record."""


@frozen
class RunCommand:
    """Run the command whose start is on record."""

    spec: CommandSpec


# Between any two of these lies a safe point.
Next = BeginStep | AskScope | AskChange | RunStage | SecureChange | ApplyChange | StartCommand | RunCommand


def next_of(mission: Mission) -> Next:
    """The next effect of a mission that is running."""
    active = mission.active
    if mission.breaches:
        return AskScope()
    if active is None:
        return BeginStep()
    if active.change is not None:
        if not active.change.approved:
            return AskChange()
        if active.change.manifest is None:
            return SecureChange(active.change.digest)
        return ApplyChange(active.change.diff_id, active.change.manifest)
    if active.command is not None:
        return StartCommand() if active.command.run_id is None else RunCommand(active.command.spec)
    return RunStage(active)
