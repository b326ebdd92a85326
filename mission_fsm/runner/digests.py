"""Digests: SHA-256, hexadecimal; of JSON values, over their canonical form (RFC 8785)."""

from __future__ import annotations

import hashlib

from mission_fsm.core.mission import Mission
from mission_fsm.core.replies import CommandSpec


def bytes_digest(data: bytes) -> str:
    """The digest under which a blob is kept."""
    return hashlib.sha256(data).hexdigest()


def json_digest(value: object) -> str:
    """The digest of a JSON value."""
    import rfc8785  # here, because only a request needs it

    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()  # type: ignore[arg-type]


def command_digest(mission: Mission, spec: CommandSpec) -> str:
    """The digest of a command as it is to be run in a step of a mission's plan."""
    return json_digest(
        {
            "plan": mission.plan.digest,
            "step": mission.cursor,
            "argv": list(spec.argv),
            "cwd": spec.cwd,
            "env": dict(spec.env),
            "timeout_s": spec.timeout_s,
            "report": spec.report,
        }
    )
