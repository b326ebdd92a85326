"""The inflections of English verbs: creates, creating, created.

Forms are generated from the verb, and a word is compared whole with them. Cutting endings off the word instead,
as a stemmer does, would take "edition" for "edit" and "already" for "read".
"""

from __future__ import annotations

import re
from functools import lru_cache

# Past and past participle where they are not made with -ed.
_IRREGULAR: dict[str, str] = {
    "begin": "began begun",
    "bind": "bound",
    "break": "broke broken",
    "bring": "brought",
    "build": "built",
    "buy": "bought",
    "cast": "cast",
    "catch": "caught",
    "choose": "chose chosen",
    "come": "came come",
    "cut": "cut",
    "deal": "dealt",
    "do": "did done",
    "draw": "drew drawn",
    "drive": "drove driven",
    "feed": "fed",
    "find": "found",
    "forget": "forgot forgotten",
    "freeze": "froze frozen",
    "get": "got gotten",
    "give": "gave given",
    "go": "went gone",
    "grow": "grew grown",
    "hide": "hid hidden",
    "hold": "held",
    "keep": "kept",
    "know": "knew known",
    "lead": "led",
    "learn": "learned learnt",
    "leave": "left",
    "let": "let",
    "lose": "lost",
    "make": "made",
    "mean": "meant",
    "meet": "met",
    "pay": "paid",
    "put": "put",
    "quit": "quit",
    "read": "read",
    "ride": "rode ridden",
    "rise": "rose risen",
    "run": "ran run",
    "say": "said",
    "see": "saw seen",
    "seek": "sought",
    "sell": "sold",
    "send": "sent",
    "set": "set",
    "show": "showed shown",
    "shut": "shut",
    "speak": "spoke spoken",
    "spend": "spent",
    "spin": "spun",
    "split": "split",
    "stand": "stood",
    "steal": "stole stolen",
    "stick": "stuck",
    "take": "took taken",
    "teach": "taught",
    "tell": "told",
    "think": "thought",
    "throw": "threw thrown",
    "troubleshoot": "troubleshot",
    "understand": "understood",
    "wind": "wound",
    "write": "wrote written",
}
# A verb with one of these before it is inflected as the verb itself: rewrite, override, undo.
_PREFIXES = ("re", "over", "un", "under", "out", "mis", "with")


@lru_cache(maxsize=1024)
def forms(verb: str) -> frozenset[str]:
    """Every form of a verb given in its base form, in lower case: itself, -s, -ing, and its past forms."""
    return frozenset({verb, third_person(verb), *gerunds(verb), *(_irregular(verb) or _pasts(verb))})


def third_person(verb: str) -> str:
    """The form in -s: creates, searches, modifies."""
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + ("es" if re.search(r"(s|x|z|ch|sh|o)$", verb) else "s")


def gerunds(verb: str) -> list[str]:
    """The forms in -ing: two where spelling does not tell which is right."""
    if verb.endswith("ie"):
        return [verb[:-2] + "ying"]
    if re.search(r"[^aeoy]e$", verb) and len(verb) > 2:
        return [verb[:-1] + "ing"]
    return [stem + "ing" for stem in _stems(verb)]


def _pasts(verb: str) -> list[str]:
    if verb.endswith("e"):
        return [verb + "d"]
    if re.search(r"[^aeiou]y$", verb):
        return [verb[:-1] + "ied"]
    return [stem + "ed" for stem in _stems(verb)]


def _stems(verb: str) -> list[str]:
    """With its last consonant doubled (plan, planned), single (add, added), or, past one syllable, either.

    Whether a longer verb doubles depends on its stress (debugged, edited) and its country (labelled, labeled),
    which spelling does not tell; the form that nobody writes does no harm.
    """
    if not re.search(r"([^aeiou]|qu|^)[aeiou][^aeiouwxy]$", verb):
        return [verb]
    doubled = verb + verb[-1]
    return [doubled] if len(re.findall(r"[aeiouy]+", verb.replace("qu", "q"))) == 1 else [verb, doubled]


def _irregular(verb: str) -> list[str]:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb].split()
    for prefix in _PREFIXES:
        if verb.startswith(prefix) and (plain := _IRREGULAR.get(verb.removeprefix(prefix))):
            return [prefix + past for past in plain.split()]
    return []
