"""Grants: which rules there are, and what each of them decides."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.approvals import ApprovalKind, Grant
from mission_fsm.core.globs import matches
from mission_fsm.core.grants import check_rule, covering
from mission_fsm.errors import UsageError

DIFF, COMMAND = ApprovalKind.DIFF, ApprovalKind.COMMAND
STAGES = ("edit", "repair", "test", "lint")


def _grant(rule: str, number: int = 1) -> Grant:
    return Grant(f"grant-{number}", rule, "ann")


@pytest.mark.parametrize(
    "rule",
    [
        "edit",
        "test",
        "all",
        "edit:src/**",
        "edit:**/*.py",
        "edit:a.py",
        "edit:a -- b",
        "lint",
        "lint:a.py",
        "test -- make",
        "all -- a",
    ],
)
def test_a_rule_that_says_what_it_covers_is_taken(rule: str) -> None:
    check_rule(rule, {"edit", "lint"})


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("", "grant '' is not one of edit, test, all, a stage of the plan (lint), edit:GLOB, or test -- WORDS"),
        (
            "deploy",
            "grant 'deploy' is not one of edit, test, all, a stage of the plan (lint), edit:GLOB, or test -- WORDS",
        ),
        ("Edit", "grant 'Edit' is not one of"),
        ("test:src/**", "grant 'test:src/**': test takes no glob, as edit does: edit:src/**"),
        ("all:**", "grant 'all:**': all takes no glob"),
        ("edit:", "a glob is empty"),
        ("edit:/etc/**", "is absolute"),
        ("edit:../**", "leads out of its folder by .."),
        ("edit:src**", "** stands for whole parts of a path"),
        ("edit -- make", "grant 'edit -- make': edit is for changes of files, and runs no command"),
        ("test --", "grant 'test --' names no command"),
        ("test -- ''x'", "its command cannot be read as a shell would: No closing quotation"),
        ("deploy -- make", "grant 'deploy -- make' is not one of"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_a_sentence(rule: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_rule(rule, {"edit", "lint"})
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("rule", "covers"),
    [
        ("edit", {(DIFF, stage) for stage in STAGES}),
        ("edit:**", {(DIFF, stage) for stage in STAGES}),
        ("test", {(COMMAND, "test"), (DIFF, "test")}),
        ("lint", {(COMMAND, "lint"), (DIFF, "lint")}),
        ("lint:*.py", {(DIFF, "lint")}),
        ("all", {(kind, stage) for kind in (DIFF, COMMAND) for stage in STAGES}),
    ],
)
def test_each_rule_covers_what_its_stage_proposes_and_never_a_plan_or_a_question(
    rule: str, covers: set[tuple[ApprovalKind, str]]
) -> None:
    asked = [(kind, stage) for kind in ApprovalKind for stage in STAGES]
    paths = {DIFF: ("a.py",)}
    assert {ask for ask in asked if covering([_grant(rule)], *ask, paths.get(ask[0], ()))} == covers


def test_a_rule_with_a_glob_covers_a_change_only_where_every_path_matches() -> None:
    grant = _grant("edit:src/**")
    assert covering([grant], DIFF, "edit", ("src/a.py", "src/deep/b.py")) is grant
    assert covering([grant], DIFF, "edit", ("src/a.py", "setup.py")) is None


def test_a_rule_with_a_glob_covers_nothing_where_no_path_is_known() -> None:
    assert covering([_grant("edit:src/**")], DIFF, "edit") is None
    assert covering([_grant("edit")], DIFF, "edit") is not None


def test_the_first_grant_that_covers_is_the_one_that_decides() -> None:
    grants = [_grant("test", 1), _grant("edit:docs/**", 2), _grant("edit", 3), _grant("all", 4)]
    assert covering(grants, DIFF, "edit", ("src/a.py",)) is grants[2]
    assert covering(grants, COMMAND, "test") is grants[0]
    assert covering([], DIFF, "edit", ("a.py",)) is None


@pytest.mark.parametrize(
    ("rule", "argv", "covers"),
    [
        ("test -- python -m pytest", ("python", "-m", "pytest", "-q"), True),
        ("test -- python -m pytest", ("python", "-m", "pytest"), True),
        ("test -- python -m pytest", ("python", "-m"), False),
        ("test -- python -m pytest", ("python", "-m", "pytest-evil"), False),
        ("test -- python -m pytest", ("sh", "python", "-m", "pytest"), False),
        ("test -- 'a b' \"c:d\"", ("a b", "c:d", "e"), True),
        ("test -- 'a b'", ("a", "b"), False),
        ("all -- make", ("make", "check"), True),
        ("lint -- make", ("make", "check"), False),
        ("test -- *", ("make",), False),
        ("test -- make", (), False),
    ],
)
def test_a_rule_with_words_covers_the_commands_that_begin_with_them_word_for_word(
    rule: str, argv: tuple[str, ...], *, covers: bool
) -> None:
    assert (covering([_grant(rule)], COMMAND, "test", argv=argv) is not None) is covers
    assert covering([_grant(rule)], DIFF, "test", ("make",)) is None


def test_a_glob_is_no_command_whatever_it_holds() -> None:
    grant = _grant("edit:a -- b")
    assert covering([grant], DIFF, "edit", ("a -- b",)) is grant
    assert covering([grant], COMMAND, "edit", argv=("b",)) is None


def test_a_grant_that_was_revoked_covers_nothing() -> None:
    revoked = attrs.evolve(_grant("all", 1), revoked_by="bob")
    assert covering([revoked], DIFF, "edit", ("a.py",)) is None
    assert covering([revoked, _grant("edit", 2)], DIFF, "edit", ("a.py",)) is not None


paths = st.lists(st.sampled_from(["a.py", "src/a.py", "src/deep/b.py", "docs/x.md"]), min_size=1, unique=True)


@given(paths, st.sampled_from(["**", "src/**", "*.py", "src/*.py", "docs/*"]))
def test_no_path_is_granted_that_the_glob_does_not_match(named: list[str], glob: str) -> None:
    granted = covering([_grant(f"edit:{glob}")], DIFF, "edit", tuple(named)) is not None
    assert granted == all(matches(glob, path) for path in named)
