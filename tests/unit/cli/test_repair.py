"""`mission repair`: by a patch, by a program after `--`, or by what the plan binds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Type = Callable[..., Any]

MEND = "p = open('greet.py').read(); open('greet.py', 'w').write(p.replace('Hey', 'Hello'))"


def test_what_stands_after_two_dashes_is_a_program_that_makes_the_repair(
    mission: Type, plan_file: Callable[..., Path], workspace: Path
) -> None:
    """Its options are its own, and the mission may be named before it or left out."""
    check = "import greet; assert greet.greet('you') == 'Hello you'"
    step = {"step_id": "check", "description": "Run the check", "with": {"run": [sys.executable, "-c", check]}}
    assert mission("run", plan_file(step), "--approve").status == 5
    broken = mission("repair", "--", sys.executable, "-c", "raise SystemExit(7)")
    assert broken.status == 7
    assert "gave no change: it exited with 7" in broken.err
    both = mission("repair", "--patch", plan_file(step), "--", "true")
    assert (both.status, "with a patch or by a program, not both" in both.err) == (2, True)
    assert mission("repair", "--no-run", "--", sys.executable, "-c", MEND).status == 0
    assert "Hey" in (workspace / "greet.py").read_text()
    assert mission("run").status == 3
    assert mission("approve").status == 0
    assert "Hello" in (workspace / "greet.py").read_text()
