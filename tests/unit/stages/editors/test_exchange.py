"""What the editor `openai` waits for is broken off when it is asked to end: at once, wherever it stands."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import AskedToEnd, EditFailed
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from stages.editors.openai import OpenAI, Request

REQUEST = Request("Make double double.", ("*.py",))
PROMPTLY_S = 1.0
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

# The fixture `endpoint`, which the tests' conftest makes.
Scripted = Any
Edit = Callable[[Callable[[], bool]], object]


@pytest.fixture
def edit(endpoint: Scripted, tmp_path: Path, make_workspace: Callable[..., Path]) -> Edit:
    """Runs the editor until it is to end."""
    folder = make_workspace({"double.py": "def double(n):\n    return n + n + 1\n"})

    def run(should_end: Callable[[], bool]) -> object:
        with Root(folder) as root:
            return OpenAI().edit_until(should_end, {"timeout_s": 60}, REQUEST, Reader(root), tmp_path)

    return run


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch, endpoint: Scripted) -> Iterator[socket.socket]:
    """An endpoint that accepts nobody by itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server


def ended(edit: Edit, should_end: Callable[[], bool]) -> float:
    """How long it goes on once it is asked to end; nothing of it is left then."""
    asked_s: list[float] = []

    def timed() -> bool:
        if should_end() and not asked_s:
            asked_s.append(time.monotonic())
        return bool(asked_s)

    with pytest.raises(AskedToEnd):
        edit(timed)
    assert [thread.name for thread in threading.enumerate() if thread.name == "exchange"] == []
    return time.monotonic() - asked_s[0]


@pytest.mark.parametrize(
    ("scheme", "said"),
    [("https", b""), ("http", b""), ("http", HEADERS[:20]), ("http", HEADERS + b"{")],
    ids=["no handshake", "nothing", "some of its headers", "a part"],
)
def test_an_answer_that_does_not_come_is_not_waited_for_and_its_connection_is_closed(
    edit: Edit, listening: socket.socket, monkeypatch: pytest.MonkeyPatch, scheme: str, said: bytes
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{scheme}://127.0.0.1:{listening.getsockname()[1]}")
    waiting = threading.Event()

    def serve() -> bytes:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(10)
            got = connection.recv(1 << 16)
            connection.sendall(said)
            waiting.set()
            while more := connection.recv(1 << 16):
                got += more
            return got

    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        assert ended(edit, waiting.is_set) < PROMPTLY_S
        assert served.result(10)


def test_who_does_not_take_the_connection_is_not_waited_for(edit: Edit, listening: socket.socket) -> None:
    full = [socket.socket() for _ in range(3)]
    for held in full:
        held.setblocking(False)  # noqa: FBT003 - as Python calls it
        held.connect_ex(listening.getsockname())
    looks = iter(range(1_000_000))
    assert ended(edit, lambda: next(looks) >= 3) < PROMPTLY_S
    for held in full:
        held.close()


def test_the_time_that_an_endpoint_asks_for_is_not_waited_for(edit: Edit, endpoint: Scripted) -> None:
    endpoint.gives({}, 429, Retry_After="50")
    assert ended(edit, lambda: bool(endpoint.bodies)) < PROMPTLY_S


def test_who_is_asked_to_end_before_it_begins_asks_nobody(edit: Edit, endpoint: Scripted) -> None:
    endpoint.silent = threading.Event()
    ended(edit, lambda: True)


def test_an_endpoint_that_is_not_there_is_said_not_to_be(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://localhost:{port}")
    with pytest.raises(EditFailed, match=r"cannot be reached: Connection refused"):
        edit(lambda: False)
