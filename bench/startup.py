"""How long it takes until Python code can begin: imports, and the command that only prints its help."""

from __future__ import annotations

from bench.measure import figure, heading, in_turns, process, took

_TIMED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"
_GIVEN = "import attrs, cattrs, stevedore, structlog, transitions"
_ENGINE = "from mission_fsm import Engine"


def measure() -> None:
    """Print the figures."""
    heading("Start, whole processes and imports in them, with bytecode")
    bare, help_, engine, given = in_turns(
        9,
        lambda: took(lambda: process("-c", "pass")),
        lambda: took(lambda: process("-P", "-m", "mission_fsm", "--help")),
        lambda: float(process("-c", _TIMED.format(_ENGINE))),
        lambda: float(process("-c", _TIMED.format(_GIVEN))),
    )
    figure("a Python that does nothing", bare * 1e3, "ms")
    figure("mission --help", help_ * 1e3, "ms", "(aim: 150 at most)")
    figure("the five given packages", given * 1e3, "ms")
    figure(_ENGINE, engine * 1e3, "ms", "(aim: 200 at most)")
