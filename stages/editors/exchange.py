"""One request over HTTP and what comes back, which can be broken off at any moment.

The exchange is made in a thread of its own, because nothing else can be asked while a socket is waited for. Whoever
waits for the thread breaks it off by shutting the socket down, upon which it ends at once.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from attrs import frozen

from mission_fsm.stage import AskedToEnd

# Sooner than a person notices, and seldom beside what an answer takes.
_LOOK_EVERY_S = 0.02
# A name that is being looked up is nothing that can be broken off: its thread ends by itself.
_MOST_WAIT_S = 0.05
MOST_BYTES = 8 << 20
"""How much of what comes back is read."""


class TooLarge(Exception):
    """More than MOST_BYTES came back."""


@frozen
class Response:
    """What came back. retry_after: as the header says."""

    status: int
    retry_after: str | None
    content: bytes


def exchange(request: Request, deadline_s: float, should_end: Callable[[], bool]) -> Response:
    """Send the request and read all that comes back; no redirect is followed.

    deadline_s: until when, on the monotonic clock, it may take. should_end: is asked again and again.
    Raises AskedToEnd, TimeoutError, TooLarge, OSError or HTTPException, and ValueError for an address that is none.
    """
    line = _Line(deadline_s)
    thread = threading.Thread(target=line.run, args=(request,), name="exchange", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            if should_end():
                raise AskedToEnd("the model is not waited for any longer")
            line.left_s()
            thread.join(_LOOK_EVERY_S)
    finally:
        line.cut()
        thread.join(_MOST_WAIT_S)
    return line.response()


class _Line:
    """The connection of an exchange, and what came over it."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False
        self._came: Response | BaseException = TimeoutError()

    def run(self, request: Request) -> None:
        """Make the exchange, in whichever thread."""
        try:
            self._came = self._made(request)
        except BaseException as error:
            self._came = error

    def response(self) -> Response:
        """What came of it. Raises what went wrong."""
        if isinstance(self._came, BaseException):
            raise self._came
        return self._came

    def left_s(self) -> float:
        """How many seconds are left. Raises TimeoutError where none are, or the line is cut."""
        left_s = self._deadline_s - time.monotonic()
        if self._is_cut or left_s <= 0:
            raise TimeoutError
        return left_s

    def cut(self) -> None:
        """Let whoever waits for the line wait no longer. It stays cut."""
        with self._lock:
            self._is_cut = True
            for held in self._sockets:
                with suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)
                held.close()
            self._sockets.clear()

    def connect(self, address: tuple[str, int], timeout_s: float, *_: object) -> socket.socket:
        """A socket that is connected to the first place of that address that can be reached."""
        problem = OSError(errno.EADDRNOTAVAIL, "it has no address")
        for family, kind, protocol, _name, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            made = socket.socket(family, kind, protocol)
            try:
                self._reach(made, place)
                made.settimeout(timeout_s)
                return made
            except OSError as error:
                problem = error
                made.close()
        raise problem

    def _reach(self, made: socket.socket, place: Any) -> None:
        made.settimeout(0)
        status = made.connect_ex(place)
        with selectors.DefaultSelector() as waiting:
            waiting.register(made, selectors.EVENT_WRITE)
            while status == errno.EINPROGRESS:
                # Shutting down what is not connected yet does not wake who waits for it everywhere.
                if waiting.select(_LOOK_EVERY_S):
                    status = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                else:
                    self.left_s()
        if status != 0:
            raise OSError(status, os.strerror(status))
        with self._lock:
            self.left_s()
            # Another descriptor of the same connection: TLS takes the first one away.
            self._sockets.append(made.dup())

    def _made(self, request: Request) -> Response:
        # No other handlers: a redirect is an answer like any other, and nobody else ever gets the key.
        opener = OpenerDirector()
        for handler in (ProxyHandler(), _Http(self), _Https(self)):
            opener.add_handler(handler)
        with opener.open(request, timeout=self.left_s()) as response:
            content = bytearray()
            while chunk := response.read1(1 << 16):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise TooLarge
                self.left_s()
            return Response(response.status, response.headers.get("Retry-After"), bytes(content))


class _Http(HTTPHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: Request) -> Any:
        return self.do_open(partial(_connection, HTTPConnection, self._line), req)


class _Https(HTTPSHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, req: Request) -> Any:
        return self.do_open(partial(_connection, HTTPSConnection, self._line), req)


def _connection(kind: type[HTTPConnection], line: _Line, host: str, **more: Any) -> HTTPConnection:
    made = kind(host, **more)
    made._create_connection = line.connect  # type: ignore[attr-defined]  # noqa: SLF001 - where they all get their socket
    return made
