"""How the properties are tried: quickly on a developer's machine, and the same way each time on a CI's. And a model's
endpoint on this machine, for whoever asks one.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from attrs import define, field
from hypothesis import settings

pytest_plugins = ("tests.faults.tally",)

# No deadline: on a busy machine an example may take long without being wrong.
settings.register_profile("developer", max_examples=60, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "developer")


@define
class Scripted:
    """An endpoint that gives its replies in turn, the last one again and again, and keeps what it was sent."""

    url: str = ""
    replies: list[tuple[int, Mapping[str, str], bytes]] = field(factory=list)
    bodies: list[dict[str, Any]] = field(factory=list)
    headers: list[Mapping[str, str]] = field(factory=list)
    paths: list[str] = field(factory=list)
    asked: threading.Event = field(factory=threading.Event)
    silent: threading.Event | None = None

    def says(self, *contents: str, **choice: Any) -> Scripted:
        """Answers with these texts, each a whole answer unless `choice` has it otherwise."""
        for content in contents:
            message = {"role": "assistant", "content": content}
            self.gives({"choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}]})
        return self

    def gives(self, reply: object, status: int = 200, **headers: str) -> Scripted:
        """Answers with that JSON, or those bytes."""
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.replies.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, content))
        return self


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A scripted endpoint that the environment names."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.asked.set()
            if script.silent is not None:
                script.silent.wait(10)
            script.paths.append(self.path)
            script.headers.append(dict(self.headers))
            script.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers, content = script.replies.pop(0) if len(script.replies) > 1 else script.replies[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who asked may have heard enough
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_port}"
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{script.url}/v1/")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
        monkeypatch.setenv("MISSION_MODEL", "little-model")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield script
        if script.silent is not None:
            script.silent.set()
        server.shutdown()
        thread.join()
