"""Digests: SHA-256, hexadecimal; of JSON values, over their canonical form (RFC 8785)."""

from __future__ import annotations

import hashlib
from typing import Any

from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import CommandSpec


def bytes_digest(data: bytes) -> str:
    """The digest under which a blob is kept."""
    return hashlib.sha256(data).hexdigest()


def json_digest(value: Any) -> str:
    """The digest of a JSON value."""
    import rfc8785  # here, because only a request needs it

    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def question_digest(question: str, choices: tuple[str, ...]) -> str:
    """The digest of what an answer to a question is bound to."""
    return json_digest({"question": question, "choices": list(choices)})


def command_digest(mission: Mission, spec: CommandSpec) -> str:
    """The digest of a command as it is to be run in a step of a mission's plan."""
    return json_digest(
        {
            "plan": mission.plan.digest,
            "step": mission.cursor,
            "attempt": mission.attempts(mission.cursor),
            "argv": list(spec.argv),
            "cwd": spec.cwd,
            "env": dict(spec.env),
            "timeout_s": spec.timeout_s,
            "report": spec.report,
            **({"isolated": True} if spec.isolated else {}),
            **({"sandbox": spec.sandbox, "network": spec.network} if spec.sandbox != "off" else {}),
        }
    )
