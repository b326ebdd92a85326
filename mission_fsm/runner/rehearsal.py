"""What is given from outside, tried before it is taken: the stage that will have it is run, and nothing of that kept.

What would only fail later, and use up an attempt, is so refused at once, by the same code and in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from mission_fsm.core import events as e
from mission_fsm.core.commands import ReceiveInput, RepairStep
from mission_fsm.core.decide import Decision
from mission_fsm.errors import GuardRefused
from mission_fsm.registry import Registry
from mission_fsm.runner.control import Control, Interruption
from mission_fsm.runner.effects import Effects
from mission_fsm.runner.pen import Pen
from mission_fsm.runner.quota import Quota
from mission_fsm.runner.session import Session


class Rehearsal(Session):
    """A session that goes on as the one that it was made from, and writes nothing down."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.store, session.lease, session.clock, lambda *_: None, session.loaded)
        self.events: list[e.Event] = []

    def rehearse(
        self, command: ReceiveInput | RepairStep, blobs: Mapping[str, bytes], pen: Pen, registry: Registry, quota: Quota
    ) -> None:
        """See what comes of a command that gives the mission something. Raises GuardRefused where its step would fail.

        blobs: what is given, by digest.
        """
        self.decide(command)
        Effects(self, registry, pen, _Undisturbed(self), quota).act(blobs)
        failed = next((event for event in self.events if isinstance(event, e.FailureDetected)), None)
        if failed is not None:
            trigger = "repair" if isinstance(command, RepairStep) else "propose"
            raise GuardRefused(trigger, "patch_fits", failed.message)

    def _append(self, decision: Decision, blobs: Mapping[str, bytes] | None) -> None:  # noqa: ARG002 - none is kept
        self._loaded = evolve(self._loaded, mission=decision.mission)
        self.events += decision.events


class _Undisturbed(Control):
    """What is asked of the mission is left for the runner that carries it."""

    def wanted(self) -> Interruption | None:
        return None
