"""A mission with every kind of stage, struck at every call that leaves something behind.

After each: the journal verifies, what was acknowledged is there, and the mission goes on to an end that is byte for
byte the same, with nothing done twice and nothing left lying about.
"""

from __future__ import annotations

import pytest

from mission_fsm.testing.faults import why_no_strace
from tests.faults.attempt import Attempt
from tests.faults.conftest import EFFECTS, SEAM, TWICE

needs_strace = pytest.mark.skipif(why_no_strace() is not None, reason=f"{why_no_strace()}; the seam serves instead")


@pytest.mark.parametrize("effect", [*(pytest.param(effect, marks=needs_strace) for effect in (*EFFECTS, TWICE)), SEAM])
def test_a_mission_that_is_struck_anywhere_goes_on_to_the_same_end(
    effect: str, attempts: dict[str, list[Attempt]]
) -> None:
    made = attempts[effect]
    failed = [f"{each.place}\n  " + "\n  ".join(each.problems) for each in made if each.problems]
    assert not failed, f"{len(failed)} of {len(made)} points:\n" + "\n".join(failed)
