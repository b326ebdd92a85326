"""The system calls of a process, and the faults that may befall them: data, and no more."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from attrs import frozen

WRITES = ("write", "pwrite64", "pwritev", "pwritev2", "fallocate", "ftruncate", "truncate")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "msync")
MAKES = ("mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat")
MOVES = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir")
MODES = ("chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "utimensat")
SPAWNS = ("fork", "vfork", "clone", "clone3", "execve")
OPENS = ("openat", "open", "creat")
CALLS = (*WRITES, *SYNCS, *MAKES, *MOVES, *MODES, *SPAWNS, *OPENS)

# What a full disk refuses. Opening is not among them, because most of it makes no file and must go on.
NEED_ROOM = frozenset({*WRITES, *SYNCS, *MAKES})

_ON_STANDARD_STREAM = re.compile(r"\w+\([012][<,)]")


@frozen
class Call:
    """A call that a process made.

    nth: which of its calls of that name, from 1.
    text: with its arguments and what it came to, as strace shows it.
    """

    name: str
    nth: int
    text: str

    @property
    def failed(self) -> bool:
        """Whether it came to nothing."""
        return " = -1 " in self.text


@frozen
class Fault:
    """What befalls a process, and where.

    effect: the name of a signal, sent before the call is made, or of an error, which comes in the call's place.
    at: names of calls, each with the number of the one that it befalls.
    lasting: whether it befalls all those after it, too.
    """

    effect: str
    at: tuple[tuple[str, int], ...]
    lasting: bool = False

    @property
    def is_signal(self) -> bool:
        """Whether the effect is a signal."""
        return self.effect.startswith("SIG")

    def befalls(self, name: str, nth: int) -> bool:
        """Whether it befalls that call."""
        return any(name == each and (nth >= first if self.lasting else nth == first) for each, first in self.at)


def once(call: Call, effect: str) -> Fault:
    """At that call, once."""
    return Fault(effect, ((call.name, call.nth),))


def from_then_on(calls: Sequence[Call], call: Call, error: str) -> Fault:
    """From that call on, at all that need room on a disk. calls: all that the work makes, in order."""
    made = calls[: calls.index(call)]
    names = sorted({each.name for each in calls} & NEED_ROOM)
    return Fault(error, tuple((name, 1 + sum(each.name == name for each in made)) for name in names), lasting=True)


def durable(calls: Iterable[Call], but: str = "") -> list[Call]:
    """Those that leave something behind: on a disk, in a pipe to another process, or a process.

    Passed over are those on standard streams, those that failed anyhow, and those on a path in which `but` occurs.
    """
    return [
        call
        for call in calls
        if not call.failed
        and not _ON_STANDARD_STREAM.match(call.text)
        and not (but and but in call.text)
        and (call.name not in OPENS or "O_CREAT" in call.text)
    ]


def calls_in(log: str, names: Collection[str]) -> tuple[Call, ...]:
    """The calls of those names in a log with a line for each, in order."""
    made: dict[str, int] = {}
    calls = []
    for line in log.splitlines():
        name = line.partition("(")[0]
        if name in names:
            made[name] = made.get(name, 0) + 1
            calls.append(Call(name, made[name], line))
    return tuple(calls)


def spread(calls: Sequence[Call], most: int) -> list[int]:
    """The places of so many of the calls, at most, spread evenly from the first to the last.

    Of writes that follow each other only the first may be among them: most calls are SQLite's, page by page.
    """
    names = ["", *(call.name for call in calls)]
    places = [at for at, call in enumerate(calls) if call.name not in WRITES or names[at] != call.name]
    if most >= len(places):
        return places
    return [places[round(step * (len(places) - 1) / max(most - 1, 1))] for step in range(most)]
