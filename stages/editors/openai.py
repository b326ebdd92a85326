"""The editor `openai`: a language model, behind any endpoint that speaks OpenAI's chat completions, proposes the edit.

What it answers is text from outside. It is read strictly, becomes post-images like those of any editor, and goes
through the same gate.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from mission_fsm.stage import (
    EditFailed,
    FileEdit,
    InterruptibleEditor,
    Tool,
    WorkspaceReader,
    all_globs,
    at_least_one,
    option,
    visible,
)

from .answers import UnusableAnswer, post_images, read_answer
from .endpoint import Endpoint
from .prompt import prompt

_TIMEOUT_S = 600
_SHOWN_CHARACTERS = 2000


@frozen
class Request:
    """What the model is asked, and what it is shown. The endpoint, the model and the key stand in the environment."""

    instruction: str | None = option("What it is to do; the step's description if it is left out.", default=None)
    files: tuple[str, ...] = option(
        "Globs of the files that it is shown, whole; what the last search found if it is left out.",
        default=(),
        validator=all_globs,
    )
    max_context_tokens: int = option(
        "How many tokens it is shown at most, taken as 2.5 bytes each.", default=8000, validator=at_least_one
    )
    max_answer_tokens: int = option("How many tokens it may answer with.", default=4000, validator=at_least_one)


class OpenAI(InterruptibleEditor):
    """Asks a language model for the edit, at any endpoint that serves chat completions as OpenAI's API does."""

    name = "openai"
    options = Request
    # It reaches beyond the workspace, over the network: a plan that allows no more than to read and write, forbids it.
    touches = frozenset({Tool.EXEC})

    def edit_until(
        self,
        should_end: Callable[[], bool],
        task: Mapping[str, Any],
        options: Request,
        workspace: WorkspaceReader,
        scratch: Path,  # noqa: ARG002 - it needs none
    ) -> tuple[FileEdit, ...]:
        """The edits that the model answers with. Once it is told what is wrong with its answer, and asked again.

        Raises EditFailed, with the last answer as evidence where no edit can be made of it; and AskedToEnd.
        """
        endpoint = Endpoint.of(os.environ)
        deadline_s = time.monotonic() + (task.get("timeout_s") or _TIMEOUT_S)
        asked = prompt(task, options.instruction, options.files, workspace, options.max_context_tokens)
        messages = [*asked.messages]
        scope = tuple(task.get("paths", ("**",)))
        problems = []
        while True:
            answer = endpoint.answer(messages, options.max_answer_tokens, deadline_s, should_end)
            try:
                return post_images(read_answer(answer), asked.shown, workspace, scope)
            except UnusableAnswer as unusable:
                problems.append(str(unusable))
            if len(problems) == 2:
                raise EditFailed(_unusable(problems, answer, asked.left_out), answer.encode("utf-8", "replace"))
            messages += [
                {"role": "assistant", "content": answer},
                {"role": "user", "content": f"That cannot be used: {problems[-1]}. Answer anew, with all edits."},
            ]


def _unusable(problems: list[str], answer: str, left_out: tuple[str, ...]) -> str:
    first, second = map(visible, problems)
    room = f". It was not shown {', '.join(map(visible, left_out))}, for want of room" if left_out else ""
    cut = answer if len(answer) <= _SHOWN_CHARACTERS else f"{answer[:_SHOWN_CHARACTERS]}…"
    shown = f". It answered:\n{visible(cut)}" if answer.strip() else ". It answered nothing"
    return f"the model's answer cannot be used: {second}; nor could its first one: {first}{room}{shown}"
