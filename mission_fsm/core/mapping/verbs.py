"""The verbs that stages list, in all their forms: one table for all stages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import frozen

from mission_fsm.core.mapping.inflection import forms, gerunds, third_person
from mission_fsm.errors import PluginError


@frozen
class Listed:
    """A form of a listed verb. form: `base`, `third`, `gerund` or `past`."""

    stage: str
    verb: str
    form: str


@frozen
class Table:
    """Every form of every listed verb. Build it with `Table.of`."""

    forms: Mapping[str, Listed]

    @classmethod
    def of(cls, words: Iterable[tuple[str, Iterable[str]]]) -> Table:
        """From pairs of a stage's name and its verbs.

        Raises PluginError when two stages claim one word, in whatever form, or when a word is not a single verb.
        """
        claimed: dict[str, Listed] = {}
        for stage, verbs in words:
            for verb in verbs:
                if not re.fullmatch(r"[a-z]+", verb):
                    raise PluginError(f"stage {stage!r} lists {verb!r}: words are single verbs, in small letters")
                for form, listed in _forms(stage, verb).items():
                    other = claimed.setdefault(form, listed)
                    if other.stage != stage:
                        raise PluginError(
                            f"stages {other.stage!r} and {stage!r} both claim the word {form!r}: "
                            f"take {other.verb!r} or {verb!r} from one of them"
                        )
        return cls(claimed)

    def find(self, word: str) -> Listed | None:
        """The listed verb that a word, in small letters, is a form of; "re-run" is a form of "run"."""
        return self.forms.get(word) or self.forms.get(re.sub(r"^(re|double|cross)-", "", word))


def _forms(stage: str, verb: str) -> dict[str, Listed]:
    found = {form: Listed(stage, verb, "past") for form in sorted(forms(verb))}
    found |= {form: Listed(stage, verb, "gerund") for form in gerunds(verb)}
    found[third_person(verb)] = Listed(stage, verb, "third")
    found[verb] = Listed(stage, verb, "base")
    return found
