"""What is ignored, by the texts of the .gitignore files that hold in a folder, whoever has kept those texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from attrs import evolve, frozen

from mission_fsm.core.paths import is_git_name
from mission_fsm.workspace.caches import cache_lines
from mission_fsm.workspace.ignore import IgnoreRules, is_ignored, parse_rules

_CACHES = ("", cache_lines())


@frozen
class Ground:
    """A folder, and which rules hold in it.

    base: its path, with a `/` at its end; empty for the workspace.
    texts: of the .gitignore files above and in it, the farthest first, each with the folder that it lies in.
    ignored: whether all in it is.
    gits: whether it is git's own.
    """

    base: str
    texts: tuple[tuple[str, bytes], ...] = ()
    ignored: bool = False
    gits: bool = False

    def holding(self, text: bytes) -> Ground:
        """The same folder, with a .gitignore of that text in it."""
        return evolve(self, texts=(*self.texts, (self.base, text))) if text and not self.ignored else self

    def below(self, name: str, *, ignored: bool) -> Ground:
        """The folder of that name in it."""
        if ignored:
            return Ground(f"{self.base}{name}/", ignored=True)
        if self.gits or is_git_name(name):
            return Ground(f"{self.base}{name}/", gits=True)
        return Ground(f"{self.base}{name}/", self.texts)

    def ignores(self, entries: Sequence[tuple[str, bool]]) -> bytes:
        """For each entry, by name and whether it is a folder, a 1 where it is ignored, else a 0.

        Caches are ignored whatever the rules say, and git's own is not.
        """
        if self.ignored or self.gits:
            return bytes([self.ignored]) * len(entries)
        rules = _parsed(self.texts)
        return bytes(
            not is_git_name(name) and is_ignored(rules, self.base + name, is_folder=is_folder)
            for name, is_folder in entries
        )


def _parsed(texts: Iterable[tuple[str, bytes]]) -> tuple[IgnoreRules, ...]:
    every = (_rules(base, text) for base, text in (*texts, _CACHES))
    return tuple(rules for rules in every if rules)


@lru_cache(maxsize=256)
def _rules(base: str, text: bytes) -> IgnoreRules | None:
    return parse_rules(text, base)
