"""Whether others have written since a thread last asked: what lets a runner look for requests at no cost."""

from __future__ import annotations

import threading


class Changes:
    """Counts the writes through one store, and remembers for each thread what it saw last.

    writes: how many there were.
    """

    def __init__(self) -> None:
        self.writes = 0
        self._counting = threading.Lock()
        self._here = threading.local()

    def wrote(self, *, also_for_me: bool = False) -> None:
        """Note a write by this thread. also_for_me: whether this thread, too, is to be told of it."""
        with self._counting:
            self.writes += 1
        if not also_for_me:
            self._here.own = getattr(self._here, "own", 0) + 1

    def changed(self, outside: object = None) -> bool:
        """Whether others wrote since this thread last asked; True when it asks for the first time.

        outside: a value that is another one once somebody has written by another way than through this store.
        """
        now = (outside, self.writes - getattr(self._here, "own", 0))
        before = getattr(self._here, "seen", None)
        self._here.seen = now
        return now != before
