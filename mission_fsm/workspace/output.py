"""A command's output, of which only the beginning and the end are kept, however much it is."""

from __future__ import annotations


class HeadAndTail:
    """Keeps the first and the last bytes of a stream.

    cap_bytes: how many of each; no more than three times as many are ever held.
    """

    def __init__(self, cap_bytes: int) -> None:
        self._cap_bytes = cap_bytes
        self._head = bytearray()
        self._tail = bytearray()
        self.total_bytes = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total_bytes += len(data)
        room = self._cap_bytes - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._cap_bytes:
            del self._tail[: -self._cap_bytes]

    def kept(self) -> bytes:
        """The bytes that are kept; where some were left out, a line in between says how many."""
        tail = self._tail[-self._cap_bytes :]
        left_out = self.total_bytes - len(self._head) - len(tail)
        note = f"\n[... {left_out:,} bytes left out ...]\n".encode() if left_out else b""
        return bytes(self._head) + note + bytes(tail)
