"""How much is measured: enough for figures that hold, or just enough to see that each program works."""

from __future__ import annotations

from attrs import frozen


@frozen
class Effort:
    """Sizes of what is measured.

    lengths: plans, in steps.
    block: steps, or commits, that are timed together.
    repeats: how often something short is timed; something long, a third as often.
    missions: of 10 steps, run one after the other.
    held: missions that one process holds at the same time.
    gates: answers to a gate.
    files: in the large folder.
    """

    lengths: tuple[int, ...] = (100, 1_000, 5_000)
    block: int = 200
    repeats: int = 9
    missions: int = 200
    held: int = 10_000
    gates: int = 50
    files: int = 100_000

    @property
    def few(self) -> int:
        """How often something long is timed."""
        return max(1, self.repeats // 3)


FULL = Effort()
QUICK = Effort(lengths=(5, 10), block=10, repeats=1, missions=5, held=50, gates=3, files=200)
