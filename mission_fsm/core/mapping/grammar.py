"""Which stage performs a step whose plan names none: decided by the verb of its description.

A description is an instruction, and an instruction's verb says what is to be done; every other word only says to
what. So the first listed verb in the sentence that stands where an instruction's verb stands wins:

1. Words are compared whole, in every inflection of the listed verbs (`inflection`): "edition" is not "edit".
2. A verb stands at the opening: after list markers, checkboxes, ticket numbers and brackets, and after words such as
   "please", "first", "we should", "need to", "carefully". A gerund or a past form may stand there too.
3. After a clause that only says when, where or why ("After the merge, run ..."), it stands after the comma; after a
   label ("Backend: add ...", "Tests - write ..."), after the colon or dash. A label may itself be a listed verb: in
   "Tests: add ..." what follows decides, and in "Verify: the page loads" the label does.
4. Every sentence, and every clause after a semicolon or "then", is looked at in turn. After "and" or a comma, a verb
   counts where the clause began with some other verb ("Open the settings and change the title").
5. What a negation covers does not count: "Do not change X; verify Y" is a test.
6. A noun is not a verb: "test suite", "search bar", "a design for", "email verification", "Tests for the parser".
   Words that can be either are told apart by what follows them (`english`).
7. Nothing else decides. A description that is a noun phrase ("Unit tests for the parser") or whose verb no stage lists
   maps to nothing, and its author is asked to name the stage. A guess would be approved unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from mission_fsm.core.mapping import english
from mission_fsm.core.mapping.sentence import Kind, Token, tokens
from mission_fsm.core.mapping.verbs import Listed, Table


@frozen
class Mapped:
    """The stage that a description maps to, the word that decided, as it stands there, and the verb it is a form of."""

    stage: str
    word: str
    verb: str


def map_description(description: str, table: Table) -> Mapped | None:
    """The stage that a description maps to, or None where its author must say. Deterministic; never raises."""
    found = (_in_sentence(sentence, table) for sentence in _split(tokens(description), Kind.STOP))
    return next((mapped for mapped in found if mapped), None)


def _split(sentence: list[Token], separator: Kind) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in sentence:
        if token.kind is separator:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _in_sentence(sentence: list[Token], table: Table) -> Mapped | None:
    label: Mapped | None = None
    for number, clause in enumerate(_split(sentence, Kind.COLON)):
        start, negated = _opening(clause, 0, table)
        if negated:
            return label or _after_negation(clause, start, table)
        found = _verb_at(clause, start, table, in_list=number > 0)
        if found and number == 0 and start == len(clause) - 1:
            label = found
        elif found:
            return found
        elif label is None and (later := _later(clause, start, table)):
            return later
    return label


def _opening(clause: list[Token], start: int, table: Table) -> tuple[int, bool]:
    """Where the instruction's verb would stand, and whether a negation stands before it."""
    index, negated = start, False
    while index < len(clause):
        if length := _introduction_at(clause, index, start, table):
            index += length
        elif length := _phrase_at(clause, index, english.NEGATIONS):
            index, negated = index + length, True
        else:
            break
    return index, negated


def _introduction_at(clause: list[Token], index: int, start: int, table: Table) -> int:
    """How many tokens there only lead to the verb; 0 where none does."""
    token, word = clause[index], clause[index].word
    following = clause[index + 1] if index + 1 < len(clause) else None
    if length := _phrase_at(clause, index, english.PHRASES):
        return length
    if token.kind in (Kind.MARK, Kind.COMMA):
        return 1
    if table.find(word):
        return 0
    if word in english.PRONOUNS:
        return 1
    if word in english.FILLERS:
        return int(following is None or following.word not in ("of", "than"))  # "instead of ..." says why not
    if word in english.UNITS and following and _is_number(following):
        return 2
    is_modal = word in english.MODALS and (_follows_pronoun(clause, index) or _is_elliptical(clause, index, start))
    is_aspect = word in english.ASPECTS and _is_gerund(clause, index + 1, table)
    return int(is_modal or is_aspect or _is_adverb(word))


def _follows_pronoun(clause: list[Token], index: int) -> bool:
    return index > 0 and clause[index - 1].word in english.PRONOUNS


def _phrase_at(clause: list[Token], index: int, phrases: frozenset[tuple[str, ...]]) -> int:
    """The length of the longest of the phrases that stands there, or 0."""
    words = tuple(token.word for token in clause[index : index + 5])
    return next((length for length in range(len(words), 0, -1) if words[:length] in phrases), 0)


def _is_elliptical(clause: list[Token], index: int, start: int) -> bool:
    """Whether a modal opens a sentence without a subject: "Must validate the input", not "Should we validate it?"."""
    following = clause[index + 1].word if index + 1 < len(clause) else ""
    return clause[index].word in english.BARE_MODALS and index == start and following not in english.PRONOUNS


def _is_gerund(clause: list[Token], index: int, table: Table) -> bool:
    listed = table.find(clause[index].word) if index < len(clause) else None
    return listed is not None and listed.form == "gerund"


def _is_number(token: Token) -> bool:
    return token.kind in (Kind.MARK, Kind.OTHER) and any(character.isdigit() for character in token.text)


def _is_adverb(word: str) -> bool:
    return len(word) > 4 and word.endswith("ly") and word not in english.NOT_ADVERBS


def _verb_at(clause: list[Token], index: int, table: Table, *, in_list: bool = False) -> Mapped | None:
    """What stands at that place, where it is a listed verb and is used as one.

    in_list: whether what stands here may be a list of things ("Permissions: read, write") rather than a clause.
    """
    if index >= len(clause) or (listed := table.find(clause[index].word)) is None:
        return None
    after = clause[index + 1] if index + 1 < len(clause) else None
    if not _is_verb(listed, after) or _differs(clause, index, table):
        return None
    if in_list and listed.verb in english.NOUNISH and _is_listed(clause, index):
        return None
    return Mapped(listed.stage, clause[index].text, listed.verb)


def _is_listed(clause: list[Token], index: int) -> bool:
    """Whether a word is one of a list, and not the first of two verbs with one object ("edit and test it")."""
    kinds = [token.kind for token in clause[index + 1 : index + 2]]
    object_follows = index + 3 < len(clause) and _begins_object(clause[index + 3])
    return kinds == [Kind.COMMA] or (kinds == [Kind.AND] and not object_follows)


def _begins_object(token: Token | None) -> bool:
    return token is not None and (token.kind is Kind.OTHER or token.word in english.OBJECT_SIGNS)


def _differs(clause: list[Token], index: int, table: Table) -> bool:
    """Whether the verb is joined by a slash with one of another stage ("Read/write ...")."""
    if index + 2 >= len(clause) or clause[index + 1].kind is not Kind.SLASH:
        return False
    one, other = table.find(clause[index].word), table.find(clause[index + 2].word)
    return one is not None and other is not None and one.stage != other.stage


def _is_verb(listed: Listed, after: Token | None) -> bool:
    """Whether a form of a verb is used as a verb, going by what follows it."""
    word = after.word if after else ""
    if word == "of" or word in english.AUXILIARIES:
        return False
    match listed.form:
        case "base" if listed.verb in english.NOUNISH and word == "for":
            return listed.verb in english.VERBS_WITH_FOR
        case "base":
            return word not in english.COMPOUNDS.get(listed.verb, ())
        case "third" if listed.verb in english.NOUNISH:
            return _begins_object(after)
        case "gerund" if listed.verb in english.NOUNISH:
            return word not in english.GERUND_HEADS
    return True


def _later(clause: list[Token], start: int, table: Table) -> Mapped | None:
    """A verb that is not at the opening and yet is the instruction's: after a comma, or joined by "and"."""
    lead = clause[start].word if start < len(clause) else ""
    if lead in english.SUBORDINATORS:
        return _after_subordinate(clause, start, table)
    if lead not in english.OTHER_VERBS:
        return None
    main = clause[: _end_of_main_part(clause, start, table)]
    found = (_joined(main, place, table) for place, negated in _places(main, start, table, _is_joint) if not negated)
    return next((mapped for mapped in found if mapped), None)


def _end_of_main_part(clause: list[Token], start: int, table: Table) -> int:
    """Where a part begins in which a verb is no instruction of the plan's ("a script that ...", "CI to build ...")."""
    for index in range(start + 1, len(clause)):
        following = clause[index + 1].word if index + 1 < len(clause) else ""
        is_infinitive = clause[index].word == "to" and (table.find(following) or following in english.OTHER_VERBS)
        if clause[index].word in english.MARKERS or is_infinitive:
            return index
    return len(clause)


def _joined(clause: list[Token], index: int, table: Table) -> Mapped | None:
    """A verb after "and" or a comma: in its base form, and no noun by any reading."""
    found = _verb_at(clause, index, table, in_list=True)
    if found is None or found.word.casefold() != found.verb:
        return None
    certain = index + 1 < len(clause) and _begins_object(clause[index + 1])
    return found if certain or found.verb not in english.NOUNISH else None


def _after_subordinate(clause: list[Token], start: int, table: Table) -> Mapped | None:
    places = list(_places(clause, start, table, _is_comma))
    for place, negated in places:
        if negated:
            return _after_negation(clause, place, table)
        if found := _verb_at(clause, place, table, in_list=True):
            return found
    # "To verify the totals", with nothing after it, is itself the instruction.
    return _verb_at(clause, start + 1, table) if clause[start].word == "to" and not places else None


def _after_negation(clause: list[Token], start: int, table: Table) -> Mapped | None:
    """A verb after "but", or after a comma and "just" or "only": there the negation ends."""
    for place, negated in _places(clause, start, table, _ends_negation):
        if not negated and (found := _verb_at(clause, place, table, in_list=True)):
            return found
    return None


def _places(
    clause: list[Token], start: int, table: Table, is_joint: Callable[[list[Token], int], bool]
) -> Iterator[tuple[int, bool]]:
    """Where a verb would stand after each joint, and whether it is negated there."""
    index = start
    while index < len(clause):
        if is_joint(clause, index):
            index, negated = _opening(clause, index + 1, table)
            yield index, negated
        else:
            index += 1


def _is_comma(clause: list[Token], index: int) -> bool:
    return clause[index].kind is Kind.COMMA


def _is_joint(clause: list[Token], index: int) -> bool:
    return clause[index].kind in (Kind.COMMA, Kind.AND)


def _ends_negation(clause: list[Token], index: int) -> bool:
    following = clause[index + 1].word if index + 1 < len(clause) else ""
    return clause[index].word == "but" or (_is_comma(clause, index) and following in ("just", "only", "instead"))
