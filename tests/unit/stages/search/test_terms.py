"""From a query to its terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.search.terms import PART, WHOLE, WORD, by_key, fold, keys_of, parts_of, terms_in, terms_of

VERBS = ("find", "research", "read")


@pytest.mark.parametrize(
    "forms",
    [
        "parse parses parsed parsing",
        "copy copies copied copying",
        "class classes",
        "use uses used using",
        "run runs running",
        "add adds added adding",
        "roll rolls rolled rolling",
        "round rounds rounded rounding",
        "size sizes sized sizing",
        "process processes processed processing",
        "match matches matched matching",
        "key keys",
        "byte bytes",
        "fix fixes fixed fixing",
    ],
)
def test_a_word_s_plural_and_verb_endings_fold_to_one(forms: str) -> None:
    assert len({fold(word) for word in forms.split()}) == 1


@pytest.mark.parametrize("pair", ["string str", "need ne", "class clay", "add address", "read ready", "bus bu"])
def test_other_words_stay_apart(pair: str) -> None:
    first, second = pair.split()
    assert fold(first) != fold(second)


@given(st.text())
def test_any_word_folds_to_something_no_longer_than_it_is(word: str) -> None:
    assert len(fold(word)) <= len(word)
    assert bool(fold(word)) == bool(word)


@pytest.mark.parametrize(
    ("identifier", "parts"),
    [
        ("OrderedMultiDict", ("ordered", "multi", "dict")),
        ("parse_kv_pairs", ("parse", "kv", "pairs")),
        ("bytes2human", ("bytes", "2", "human")),
        ("HTMLParser", ("html", "parser")),
        ("parseURLs", ("parse", "urls")),
        ("__init__", ("init",)),
        ("größe_ändern", ("größe", "ändern")),
    ],
)
def test_identifiers_come_apart_where_people_see_words(identifier: str, parts: tuple[str, ...]) -> None:
    assert parts_of(identifier) == parts


def test_an_identifier_is_searched_for_whole_first_then_in_parts() -> None:
    terms = [(term.text, term.weight) for term in terms_of("Research where bytes2human rounds", VERBS)]
    assert terms == [("bytes2human", WHOLE), ("rounds", WORD), ("bytes", PART), ("human", PART)]


def test_a_verb_that_only_asks_is_left_out_where_it_leads() -> None:
    assert [term.text for term in terms_of("Read the config", VERBS)] == ["config"]
    assert [term.text for term in terms_of("config that is read", VERBS)] == ["config", "read"]


@pytest.mark.parametrize(("query", "texts"), [("find it", ["it"]), ("???", []), ("", []), ("Find", ["find"])])
def test_a_query_of_nothing_but_common_words_is_searched_for_as_it_is(query: str, texts: list[str]) -> None:
    assert [term.text for term in terms_of(query, VERBS)] == texts


@given(st.text(max_size=60))
def test_any_query_has_terms_that_each_can_be_found(query: str) -> None:
    """No empty key, and no term twice."""
    terms = terms_of(query, VERBS)
    assert all(term.weight > 0 and all(key.strip("=") for key in term.keys) for term in terms)
    assert len({term.keys[0] for term in terms}) == len(terms)


@pytest.mark.parametrize("word", ["URLs", "ipv6", "v5", "__init__", "_name"])
def test_a_word_of_one_part_is_a_word_and_no_identifier(word: str) -> None:
    assert [term.weight for term in terms_of(f"where {word} is")] == [WORD]


@pytest.mark.parametrize("written", ["parse_kv_pairs", "parseKvPairs", "ParseKVPairs", "PARSE_KV_PAIRS"])
def test_an_identifier_is_found_however_its_parts_are_joined(written: str) -> None:
    (whole, *_) = terms_of("look at parse_kv_pairs")
    assert terms_in(written.encode(), by_key([whole])) == (whole,)


@pytest.mark.parametrize(
    ("word", "written"), [("timezone", "TimeZone"), ("timezone", "time_zone"), ("TimeZone", "timezone")]
)
def test_a_word_finds_the_identifier_that_is_that_word_in_parts(word: str, written: str) -> None:
    terms = terms_of(f"the {word}")
    assert terms[0] in terms_in(written.encode(), by_key(terms))


@given(st.binary(max_size=200))
def test_any_bytes_have_keys(identifier: bytes) -> None:
    assert all(keys_of(identifier))


def test_what_a_query_says_twice_weighs_twice() -> None:
    terms = {term.text: term.weight for term in terms_of("horses, and a horse with a zebra")}
    assert terms == {"horses": 2 * WORD, "zebra": WORD}
