"""An endpoint for chat completions, as OpenAI's API has them and many servers do: a request, and the text it answers.

Which endpoint, model and key are used stands in the environment alone. What is raised here goes on record, and so it
holds none of the three.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from attrs import field, frozen

from mission_fsm.stage import AskedToEnd, EditFailed, visible

VARIABLES = {
    "OPENAI_BASE_URL": "The endpoint that the editor `openai` asks, such as `http://localhost:8080/v1`: whatever "
    "serves `chat/completions` below it, as OpenAI's API does. It must be set. `http_proxy`, `https_proxy` and "
    "`no_proxy` count.",
    "OPENAI_API_KEY": "The key for that endpoint, where it asks for one.",
    "MISSION_MODEL": "The model that the endpoint is asked for. It must be set.",
}
"""What each variable says."""

_LOOK_EVERY_S = 0.02
_MOST_WAIT_S = 60
_MOST_WAITS = 3
# Local servers take any word for a key, and such a word may well be in a file.
_SECRET_LENGTH = 12
# Not every model takes these; the request is then made without them.
_OPTIONAL = ("temperature", "seed", "max_tokens", "max_completion_tokens")

_REFUSALS = {
    401: "it does not accept the key: set OPENAI_API_KEY",
    403: "it does not let this key use the model",
    404: "it serves no chat/completions below OPENAI_BASE_URL, or does not know the model of MISSION_MODEL",
    413: "the request is too large for it: lower max_context_tokens",
    429: "it takes no more requests for now: try again later",
}


@frozen
class Endpoint:
    """Where requests go. key: None where it asks for none."""

    url: str = field(repr=False)
    model: str = field(repr=False)
    key: str | None = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Endpoint:
        """The one that the environment names. Raises EditFailed, with what is to be set."""
        base, key, model = (environment.get(name, "").strip() for name in VARIABLES)
        for name, value in (("OPENAI_BASE_URL", base), ("MISSION_MODEL", model)):
            if not value:
                raise EditFailed(f"the editor openai asks the endpoint and model that you name: set {name}")
        if not re.fullmatch(r"[!-~]*", key):
            raise EditFailed("OPENAI_API_KEY holds characters that no key has, such as a blank or a line break")
        try:
            parts = urlsplit(base if re.fullmatch(r"[!-~]+", base) else "")
            usable = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
            usable = usable and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable:
            raise EditFailed("OPENAI_BASE_URL is not the address of an endpoint, such as http://localhost:8080/v1")
        path = f"{parts.path.rstrip('/')}/chat/completions"
        return cls(urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")), model, key or None)

    def answer(
        self,
        messages: Sequence[Mapping[str, str]],
        max_answer_tokens: int,
        deadline_s: float,
        should_end: Callable[[], bool],
    ) -> str:
        """What the model answers to the messages of a conversation, each with a `role` and a `content`.

        Where the endpoint asks to be asked again later, and names a time of a minute at most, it is.

        max_answer_tokens: how long the answer may be.
        deadline_s: until when, on the monotonic clock, it may take.
        should_end: is asked again and again.
        Raises EditFailed where there is no whole answer, and AskedToEnd once it should end.
        """
        request: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            "temperature": 0,
            "seed": 0,
            "max_tokens": max_answer_tokens,
        }
        waits = 0
        while True:
            status, retry_after, content = self._post(json.dumps(request).encode("ascii"), deadline_s, should_end)
            if status == 200:
                return self._whole(_json(content))
            said = _said(_json(content))
            if status in {400, 422} and (refused := _refused(request, said)):
                for name in refused:
                    del request[name]
                if "max_tokens" in refused and "max_completion_tokens" in said:
                    request["max_completion_tokens"] = max_answer_tokens
                continue
            wait_s = _seconds(retry_after) if status in {429, 503} and waits < _MOST_WAITS else None
            if wait_s is None or wait_s > min(_MOST_WAIT_S, deadline_s - time.monotonic()):
                raise EditFailed(self._refusal(status, said, retry_after))
            _wait(wait_s, should_end)
            waits += 1

    def _post(self, body: bytes, deadline_s: float, should_end: Callable[[], bool]) -> tuple[int, str | None, bytes]:
        """The status, the header Retry-After and the content of what comes back. Raises EditFailed, AskedToEnd."""
        from http.client import HTTPException
        from urllib.request import Request

        from .exchange import MOST_BYTES, TooLarge, exchange

        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mission-fsm"}
        request = Request(self.url, body, headers, method="POST")  # noqa: S310 - http or https, as `of` has seen to
        if self.key is not None:
            request.add_unredirected_header("Authorization", f"Bearer {self.key}")
        try:
            came = exchange(request, deadline_s, should_end)
            return came.status, came.retry_after, came.content
        except TooLarge:
            raise EditFailed(f"the model's endpoint sends more than {MOST_BYTES >> 20} MiB") from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise EditFailed("the model did not answer in time: give the step a longer timeout") from None
            said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            raise EditFailed(f"the model's endpoint cannot be reached: {self._shown(said)}") from None
        except ValueError:
            raise EditFailed("OPENAI_BASE_URL, or a proxy's variable, holds no address that can be asked") from None

    def _whole(self, reply: object) -> str:
        """The text in a reply. Raises EditFailed where it is a refusal, is cut off, or is no reply."""
        match reply:
            case {"choices": [{"message": {"refusal": str(why)}}, *_]} if why:
                raise EditFailed(f"the model refused: {self._shown(why)}")
            case {"choices": [{"finish_reason": "content_filter"}, *_]}:
                raise EditFailed("the endpoint's filter held the answer back")
            case {"choices": [{"finish_reason": "length"}, *_]}:
                raise EditFailed("the answer was cut off: raise max_answer_tokens, or ask for less at once")
            case {"choices": [{"message": {"content": str() | None as text}}, *_]}:
                text = text or ""
                # It is not sent in what the model reads, but who answers has it.
                secret = self.key if self.key and len(self.key) >= _SECRET_LENGTH else None
                return text.replace(secret, "[OPENAI_API_KEY]") if secret else text
        said = _said(reply)
        more = f": {self._shown(said)}" if said else ", as OpenAI's API has them"
        raise EditFailed(f"the endpoint's reply is no chat completion{more}")

    def _refusal(self, status: int, said: str, retry_after: str | None) -> str:
        if 300 <= status < 400:
            return f"the model's endpoint sends elsewhere ({status}), where nobody follows: set OPENAI_BASE_URL anew"
        if status >= 500:
            why = "it is out of order, or busy: try again later"
        else:
            why = _REFUSALS.get(status, "it does not take the request")
        later = f" (after {self._shown(retry_after)})" if retry_after else ""
        more = f"; it says: {self._shown(said)}" if said else ""
        return f"the model's endpoint answers {status}: {why}{later}{more}"

    def _shown(self, said: str) -> str:
        """What somebody said, without what it may not tell."""
        host = urlsplit(self.url).hostname or ""
        secrets = {"OPENAI_API_KEY": self.key, "MISSION_MODEL": self.model}
        for name, secret in {**secrets, "OPENAI_BASE_URL": host}.items():
            if secret:
                said = re.sub(re.escape(secret), f"[{name}]", said, flags=re.IGNORECASE)
        return visible(" ".join(said.split())[:300])


def _wait(seconds: float, should_end: Callable[[], bool]) -> None:
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        if should_end():
            raise AskedToEnd("the model is not waited for any longer")
        time.sleep(min(left_s, _LOOK_EVERY_S))


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _said(reply: object) -> str:
    """What a reply complains of, in one of the forms that servers have for it."""
    match reply:
        case {"error": {"message": str(said)}} | {"error": str(said)} | {"message": str(said)} | {"detail": str(said)}:
            return said
    return ""


def _refused(request: Mapping[str, Any], said: str) -> list[str]:
    """The parts of the request that may be left out and are complained of."""
    return [name for name in _OPTIONAL if name in request and re.search(rf"\b{name}\b", said)]


def _seconds(retry_after: str | None) -> float | None:
    """How long to wait, where the header says so in seconds (RFC 9110, 10.2.3); a date goes by another clock."""
    return float(retry_after) if retry_after and re.fullmatch(r"\d{1,6}", retry_after.strip()) else None
