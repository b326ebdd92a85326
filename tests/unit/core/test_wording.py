"""How values, places and misspelt names are told to people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.wording import at, did_you_mean, keys_of, shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (5, "5"),
        (1.5, "1.5"),
        ("ten", "'ten'"),
        ("", "''"),
        ("x" * 61, f"'{'x' * 57}...'"),
        ([], "an empty list"),
        ((1, 2), "a list"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        (b"x", "a bytes"),
    ],
)
def test_a_value_is_called_what_a_person_would_call_it(value: object, words: str) -> None:
    assert shown(value) == words


def test_a_number_too_long_to_print_is_not_printed() -> None:
    assert shown(10**5000) == "a very long number"


KEYS = st.lists(st.integers(0, 10**6) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=6)


@given(KEYS)
def test_a_place_says_which_keys_lead_to_it(keys: list[str | int]) -> None:
    place = ""
    for key in keys:
        place = at(place, key)
    assert keys_of(place) == keys


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (["steps", 2, "with", "run", 0], "steps[2].with.run[0]"),
        (["env", "A B"], 'env["A B"]'),
        (["a.b"], '["a.b"]'),
        (["dry-run"], "dry-run"),
        ([0], "[0]"),
        ([""], '[""]'),
    ],
)
def test_a_place_is_written_as_in_code(keys: list[str | int], place: str) -> None:
    written = ""
    for key in keys:
        written = at(written, key)
    assert written == place


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("stgae", ": did you mean 'stage'?"),
        ("testt", ": did you mean 'test' or 'tests'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_a_misspelt_name_is_answered_with_those_that_are_close(word: str, said: str) -> None:
    assert did_you_mean(word, ["tests", "test", "stage"]) == said
