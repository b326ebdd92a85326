"""The inflections of verbs."""

from __future__ import annotations

import pytest

from mission_fsm.core.mapping.inflection import forms


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("create", "create creates creating created"),
        ("test", "test tests testing tested"),
        ("fix", "fix fixes fixing fixed"),
        ("search", "search searches searching searched"),
        ("verify", "verify verifies verifying verified"),
        ("study", "study studies studying studied"),
        ("deploy", "deploy deploys deploying deployed"),
        ("plan", "plan plans planning planned"),
        ("drop", "drop drops dropping dropped"),
        ("add", "add adds adding added"),
        ("review", "review reviews reviewing reviewed"),
        ("explain", "explain explains explaining explained"),
        ("agree", "agree agrees agreeing agreed"),
        ("tie", "tie ties tying tied"),
        ("quiz", "quiz quizes quizzing quizzed"),
        ("write", "write writes writing wrote written"),
        ("rewrite", "rewrite rewrites rewriting rewrote rewritten"),
        ("read", "read reads reading"),
        ("run", "run runs running ran"),
        ("find", "find finds finding found"),
        ("build", "build builds building built"),
        ("rebuild", "rebuild rebuilds rebuilding rebuilt"),
        ("choose", "choose chooses choosing chose chosen"),
        ("undo", "undo undoes undoing undid undone"),
        ("go", "go goes going went gone"),
        ("override", "override overrides overriding overrode overridden"),
    ],
)
def test_a_verb_has_exactly_these_forms(verb: str, expected: str) -> None:
    assert forms(verb) == frozenset(expected.split())


@pytest.mark.parametrize(
    ("verb", "form"),
    [("edit", "edited"), ("debug", "debugged"), ("commit", "committing"), ("label", "labelled"), ("label", "labeled")],
)
def test_a_longer_verb_may_double_its_last_consonant_or_not(verb: str, form: str) -> None:
    assert form in forms(verb)


@pytest.mark.parametrize(
    ("verb", "other"),
    [
        ("edit", "edition"),
        ("edit", "editor"),
        ("read", "already"),
        ("read", "ready"),
        ("test", "latest"),
        ("fix", "prefix"),
        ("plan", "plane"),
        ("plan", "planed"),
        ("check", "checkout"),
        ("create", "creation"),
        ("build", "builder"),
        ("find", "finder"),
        ("run", "runner"),
        ("design", "designate"),
        ("add", "address"),
        ("port", "portable"),
        ("validate", "validation"),
        ("change", "changelog"),
        ("write", "writer"),
        ("read", "thread"),
    ],
)
def test_a_word_that_only_looks_like_a_verb_is_no_form_of_it(verb: str, other: str) -> None:
    assert other not in forms(verb)
