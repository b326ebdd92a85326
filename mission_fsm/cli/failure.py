"""Errors as the command line tells them: a sentence on standard error, an exit status, and never a traceback."""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from mission_fsm.core.text import visible
from mission_fsm.errors import GuardRefused, IllegalTransition, InvalidPlan, MissionError, UsageError

INTERRUPTED = 130


def tell(error: BaseException, *, as_json: bool) -> int:
    """Tell the error, and give the exit status that it comes to."""
    match error:
        case SystemExit(code=int(status)):
            return status
        case click.exceptions.Exit(exit_code=status):
            return status
        case click.ClickException():
            return _say(error, error.format_message(), error.exit_code, as_json=as_json, hint=_hint(error))
        case click.Abort() | KeyboardInterrupt():
            return _say(error, "interrupted", INTERRUPTED, as_json=as_json)
        case MissionError():
            sentence = "; ".join([str(error), *getattr(error, "__notes__", ())])
            return _say(error, sentence, error.exit_status, as_json=as_json)
        case OSError(filename=None, errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO):
            # Of the files that are written, each of which has its own errors, only this one has no name.
            return _say(error, f"cannot write to standard output: {error.strerror}", 1, as_json=as_json)
        case FileNotFoundError() if not _is_somewhere():
            nowhere = "the current folder does not exist any more; change to one that does"
            return _say(error, nowhere, UsageError.exit_status, as_json=as_json)
        case _:
            if os.environ.get("MISSION_DEBUG"):
                raise error
            what = f"unexpected {type(error).__name__}: {error}; MISSION_DEBUG=1 shows where, for a bug report"
            return _say(error, what, 1, as_json=as_json)


def _is_somewhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _say(error: BaseException, sentence: str, status: int, *, as_json: bool, hint: str = "") -> int:
    with suppress(OSError):
        click.echo(f"mission: {visible(sentence)}{hint}", err=True)
        if as_json:
            click.echo(json.dumps({"error": _as_object(error, sentence, status)}))
    return status


def _hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"\nTry '{context.command_path} --help'." if context else ""


def _as_object(error: BaseException, sentence: str, status: int) -> dict[str, Any]:
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    told: dict[str, Any] = {"kind": kind, "message": sentence, "exit_status": status}
    match error:
        case InvalidPlan(problems=problems):
            told["problems"] = [
                {"place": problem.place, "line": problem.line, "message": problem.message} for problem in problems
            ]
        case IllegalTransition(trigger=trigger, state=state, legal=legal):
            told |= {"trigger": trigger, "state": state, "legal": list(legal)}
        case GuardRefused(trigger=trigger, guard=guard, reason=reason):
            told |= {"trigger": trigger, "guard": guard, "reason": reason}
    return told
