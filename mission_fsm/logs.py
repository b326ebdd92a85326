"""One structlog event `transition` for each move of a mission, and `pruned` for its removal, once that is durable.

A library never configures its host's logging: where the host has configured structlog, lines go where it says;
where not, to the standard logger `mission_fsm`, which is silent until the host wants it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from mission_fsm.core.moves import Transition

_STANDARD = logging.getLogger("mission_fsm")
_STANDARD.addHandler(logging.NullHandler())


def log_transitions(mission_id: str, transitions: Sequence[Transition]) -> None:
    """Log transitions that are durable."""
    logger = _logger()
    if logger is None:
        return
    for made in transitions:
        logger.info(
            "transition",
            mission_id=mission_id,
            sequence=made.sequence,
            trigger=made.trigger,
            **{"from": made.source.value, "to": made.dest.value},
            step_id=made.step_id,
            reason=made.reason,
        )


def log_pruned(mission_id: str, state: str, size_bytes: int) -> None:
    """Log that a mission was removed from its home, once that is durable."""
    logger = _logger()
    if logger is not None:
        logger.info("pruned", mission_id=mission_id, state=state, size_bytes=size_bytes)


def log_stage_error(mission_id: str, step_id: str, stage: str, error: BaseException) -> None:
    """Log the exception that a stage raised, with its traceback; the mission's event has the sentence."""
    logger = _logger()
    if logger is not None:
        logger.error("stage_error", mission_id=mission_id, step_id=step_id, stage=stage, exc_info=error)


def _logger() -> Any:
    # structlog is imported only where it is wanted: it takes longer than all the rest of the engine.
    if "structlog" in sys.modules or _STANDARD.isEnabledFor(logging.INFO):
        import structlog

        if structlog.is_configured():
            return structlog.get_logger("mission_fsm")
        if _STANDARD.isEnabledFor(logging.INFO):
            return _on_standard_logger()
    return None


def _on_standard_logger() -> Any:
    import structlog

    return structlog.wrap_logger(
        _STANDARD,
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer(key_order=["event"])],
        context_class=dict,
    )
