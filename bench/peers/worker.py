"""One operation of one library, in a process of its own: `python -m bench.peers.worker MODULE VARIANT WHAT N FOLDER`.

It prints one line of JSON. It runs in the libraries' environment, so it imports nothing but the standard library.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from bench.peak import peak_mib
from bench.peers.protocol import Peer, die_at, first_step

Open = Callable[[], Peer]

_STEPS_OF_MANY = 10


def steps(opened: Open, n: int) -> dict[str, Any]:
    """N steps of one piece of work."""
    peer = opened()
    seconds = _took(lambda: peer.run("one", n))
    peer.close()
    return {"seconds": seconds}


def prepare(opened: Open, n: int) -> dict[str, Any]:
    """The same, which dies when the last of N steps begins."""
    peer = opened()
    die_at(n - 1, lambda: peer.run("one", n))
    raise SystemExit(f"the last of {n} steps never began")


def resume(opened: Open, n: int) -> dict[str, Any]:
    """What was prepared, from opening it to the first step that begins; how many of those done are done again."""
    held: list[Peer] = []

    def open_and_go_on() -> None:
        held.append(opened())
        held[0].go_on("one", n)

    step, seconds = first_step(open_and_go_on)
    held[0].close()
    return {"seconds": seconds, "redone": n - 1 - step}


def gate(opened: Open, n: int) -> dict[str, Any]:
    """From the answer to the next step, the median of N times."""
    peer = opened()
    times = []
    for name in (f"gate-{number}" for number in range(n)):
        peer.ask(name)
        times.append(first_step(partial(peer.answer, name))[1])
    peer.close()
    return {"seconds": median(times)}


def many(opened: Open, n: int) -> dict[str, Any]:
    """N pieces of work of ten steps, one after the other."""
    peer = opened()
    peer.run("first", _STEPS_OF_MANY)

    def run_all() -> None:
        for number in range(n):
            peer.run(f"work-{number}", _STEPS_OF_MANY)

    seconds = _took(run_all)
    peer.close()
    return {"seconds": seconds}


def _took(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


OPERATIONS = {"steps": steps, "prepare": prepare, "resume": resume, "gate": gate, "many": many}


def main(module: str, variant: str, what: str, n: str, folder: str) -> None:
    """Do the one operation, and print what came of it."""
    opened = import_module(f"bench.peers.{module}").opened
    found = OPERATIONS[what](lambda: opened(Path(folder), variant), int(n))
    sys.stdout.write(json.dumps({**found, "peak_mib": peak_mib()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
