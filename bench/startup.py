"""How long it takes until Python code can begin: imports, and the command that only prints its help."""

from __future__ import annotations

from bench.effort import Effort
from bench.figures import Figure, Table, at_most
from bench.measure import in_turns, process, took

_TIMED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"
_GIVEN = "import attrs, cattrs, stevedore, structlog, transitions"
_ENGINE = "from mission_fsm import Engine"


_MEANING = """\
Whole processes, and imports inside them, with bytecode that is there. The five packages (attrs, cattrs, stevedore,
structlog, transitions) are what the engine stands on, imported without it."""


def measure(effort: Effort) -> Table:
    """The figures."""
    bare, help_, given, engine = in_turns(
        effort.repeats,
        lambda: took(lambda: process("-c", "pass")),
        lambda: took(lambda: process("-P", "-m", "mission_fsm", "--help")),
        lambda: float(process("-c", _TIMED.format(_GIVEN))),
        lambda: float(process("-c", _TIMED.format(_ENGINE))),
    )
    return Table(
        "Start",
        _MEANING,
        (
            Figure("a Python that does nothing", bare * 1e3, "ms"),
            Figure(
                "`mission --help`",
                help_ * 1e3,
                "ms",
                help_ / bare,
                "a Python that does nothing",
                at_most(help_ * 1e3, 150, "ms"),
            ),
            Figure("the five packages", given * 1e3, "ms"),
            Figure(
                f"`{_ENGINE}`",
                engine * 1e3,
                "ms",
                engine / given,
                "the five packages",
                at_most(engine * 1e3, 200, "ms"),
            ),
        ),
    )
