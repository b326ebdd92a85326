"""The formats of plans: what each value is read as, what is refused, and on which line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from mission_fsm.errors import InvalidPlan, Problem
from mission_fsm.planfile.formats import READERS, read_json, read_toml, read_yaml
from mission_fsm.planfile.load import load_plan
from mission_fsm.planfile.tree import Tree, UnreadableError
from mission_fsm.registry import Registry

Read = Callable[[str], Tree]

SCALARS = [
    ("true", True),
    ("True", True),
    ("false", False),
    ("FALSE", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("5", 5),
    ("-5", -5),
    ("+5", 5),
    ("010", 10),
    ("0o17", 15),
    ("0x1F", 31),
    ("1.5", 1.5),
    (".5", 0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
    ("-1.5E-3", -0.0015),
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("No", "No"),
    ("y", "y"),
    ("1:30", "1:30"),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("2024-01-31", "2024-01-31"),
    ("1.2.3", "1.2.3"),
    ("0x", "0x"),
    ("<<", "<<"),
    ("nan", "nan"),
    ("truE", "truE"),
    ('"5"', "5"),
    ("'true'", "true"),
    ('""', ""),
    ("a b", "a b"),
    ("ü", "ü"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_only_what_yaml_1_2_says_is_anything_but_text(text: str, value: object) -> None:
    found = read_yaml(f"key: {text}").value["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "value"), [("|\n  a\n  b\n", "a\nb\n"), (">\n  a\n  b\n", "a b\n"), ("|-\n  5", "5")])
def test_block_text_is_text(text: str, value: str) -> None:
    assert read_yaml(f"key: {text}").value["key"] == value


@pytest.mark.parametrize(
    ("read", "text", "line", "place", "message"),
    [
        (read_yaml, "a: &x 1\nb: *x\n", 2, "", "aliases such as *x are not allowed"),
        (read_yaml, "a: &x [1]\nb: {<<: *x}\n", 2, "", "aliases"),
        (read_yaml, "a: 1\nb: !!python/object:os.system x\n", 2, "", "tags such as tag:yaml.org,2002:python/object"),
        (read_yaml, "a: !!str 5\n", 1, "", "tags"),
        (read_yaml, "a: ! 5\n", 1, "", "tags"),
        (read_yaml, "a: !x {}\n", 1, "", "tags"),
        (read_yaml, "a: 1\n---\nb: 2\n", 2, "", "a second one begins here"),
        (read_yaml, "a:\n  b: 1\n c: 2\n", 3, "", "is not valid YAML"),
        (read_yaml, "a: [1, 2\nb: 3\n", 2, "", "is not valid YAML"),
        (read_yaml, "a: 'x\n", 2, "", "is not valid YAML"),
        (read_yaml, "a: \x07\n", None, "", "is not valid YAML"),
        (read_yaml, "a: 1\n\tb: 2\n", 2, "", "is not valid YAML"),
        (read_yaml, "1: a\n", 1, "", "a key must be text, found 1"),
        (read_yaml, "x:\n  true: a\n", 2, "x", "a key must be text, found true"),
        (read_yaml, "x:\n  ? [a]\n  : b\n", 2, "x", "a key must be text, found a list"),
        (read_yaml, "? {a: 1}\n: b\n", 1, "", "a key must be text, found a mapping"),
        (read_yaml, f"{'k' * 1001}: a\n", 1, "", "a key is longer than 1000 characters"),
        (read_json, '{"%s": 1}' % ("k" * 1001), 1, "", "a key is longer than 1000 characters"),
        (read_yaml, "x: " + "[" * 40 + "\n", 1, "x" + "[0]" * 31, "nested more than 32 levels deep"),
        (read_json, "[" * 100_000, 1, "", "nested more than 32 levels deep"),
        (read_json, '{"a":\n' * 100_000, 33, "", "nested more than 32 levels deep"),
        (read_json, '{"a": 1,\n "b": }', 2, "", "is not valid JSON: Expecting value"),
        (read_json, '{"a": 1,}', 1, "", "is not valid JSON"),
        (read_json, "{'a': 1}", 1, "", "is not valid JSON"),
        (read_json, '{"a": 01}', 1, "", "is not valid JSON"),
        (read_json, '{"a": .5}', 1, "", "is not valid JSON"),
        (read_json, '{"a": NaN}', None, "", "NaN is no number there"),
        (read_json, '{"a": -Infinity}', None, "", "-Infinity is no number there"),
        (read_json, '{"a": 1} {"b": 2}', 1, "", "is not valid JSON: Extra data"),
        (read_json, '{"a": 1 // x\n}', 1, "", "is not valid JSON"),
        (read_json, '{"a": "x\ny"}', 1, "", "is not valid JSON: Invalid control character"),
        (read_toml, "a = 1\nb = \n", 2, "", "is not valid TOML: Invalid value"),
        (read_toml, "a = 1\na = 2\n", 2, "", "is not valid TOML: Cannot overwrite a value"),
        (read_toml, "a = " + "[" * 100_000, None, "", "nested more than 32 levels deep"),
        (read_toml, "a = " + "[" * 40 + "]" * 40, None, "a" + "[0]" * 31, "nested more than 32 levels deep"),
        (read_toml, ".".join("a" * 33) + " = 1", None, "", "nested more than 32 levels deep"),
        (read_toml, "x = {" + " . ".join("a" * 500_000) + " = 1}", None, "", "nested more than 32 levels deep"),
        (read_toml, f"[{'.'.join('a' * 100_000)}]", None, "", "nested more than 32 levels deep"),
        (read_toml, "a = " + "9" * 5000, None, "", "is not valid TOML"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    read: Read, text: str, line: int | None, place: str, message: str
) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(text)
    assert message in caught.value.problem.message
    assert caught.value.problem.line == line
    assert caught.value.problem.place == place


@pytest.mark.parametrize(
    ("read", "text", "line", "place", "message"),
    [
        (read_yaml, "a: 1\nb: 2\na: 3\n", 3, "a", "key 'a' is there twice"),
        (read_yaml, "x:\n  - {b: 1, b: 2}\n", 2, "x[0].b", "key 'b' is there twice"),
        (read_json, '{"a": 1,\n "b": [{"c": 1,\n "c": 2}]}', 3, "b[0].c", "key 'c' is there twice"),
        (read_json, '{"a": 1, "\\u0061": 2}', 1, "a", "key 'a' is there twice"),
        (read_yaml, "a: .inf\n", 1, "a", "is not a finite number"),
        (read_yaml, "a: -.INF\n", 1, "a", "is not a finite number"),
        (read_yaml, "a: .NaN\n", 1, "a", "is not a finite number"),
        (read_yaml, "a: 1e999\n", 1, "a", "is not a finite number"),
        (read_json, '{"a": 1e999}', 1, "a", "is not a finite number"),
        (read_yaml, "a: 9007199254740992\n", 1, "a", "is too large a number"),
        (read_json, '{"a": -9007199254740992}', 1, "a", "is too large a number"),
        (read_json, '{"a": %s}' % ("9" * 10_000), 1, "a", "is too large a number"),
        (read_yaml, "a: " + "9" * 10_000, 1, "a", "is too large a number"),
        (read_toml, "a = 9007199254740992", None, "a", "is too large a number"),
        (read_yaml, "a: 1e30", 1, "a", "is too large a number"),
        (read_toml, "a = inf", None, "a", "is not a finite number"),
        (read_toml, "a = 2024-01-31", None, "a", "is a date, which a plan cannot hold: put it in quotes"),
        (read_toml, "a = [1, 07:30:00]", None, "a[1]", "is a time, which a plan cannot hold"),
        (read_json, '{"a": "x\\u0000y"}', 1, "a", "holds a NUL character"),
        (read_json, '{"a": "\\ud800"}', 1, "a", "half of a surrogate pair"),
        (read_json, '{"\\ud800": 1}', 1, '["\ud800"]', "a key holds half of a surrogate pair"),
        (read_yaml, 'a: "x\\0y"', 1, "a", "holds a NUL character"),
        (read_toml, 'a = "x\\u0000y"', None, "a", "holds a NUL character"),
    ],
)
def test_what_is_wrong_with_one_value_does_not_hide_the_others(
    read: Read, text: str, line: int | None, place: str, message: str
) -> None:
    tree = read(text)
    [problem] = tree.problems
    assert message in problem.message
    assert (problem.line, problem.place) == (line, place)


def test_a_text_full_of_faults_is_given_up_in_time() -> None:
    with pytest.raises(UnreadableError, match="more of this kind"):
        read_yaml("".join("a: 1\n" for _ in range(200)))


def test_every_part_knows_its_line() -> None:
    text = "a: 1\nsteps:\n  - with:\n      run: [x,\n        y]\n  - 5\n'odd key': {}\n"
    as_json = '{"a": 1,\n"steps": [\n{"with":\n{"run": ["x",\n"y"]}},\n5],\n"odd key": {}}'
    for read, written in ((read_yaml, text), (read_json, as_json)):
        tree = read(written)
        lines = [
            tree.line(place) for place in ("a", "steps", "steps[0].with.run", "steps[0].with.run[1]", '["odd key"]')
        ]
        assert lines == [1, 2, 4, 5, 7]
        assert tree.line("steps[0].with.missing") == tree.line("steps[0].with")
        assert tree.line("") == 1


def test_tabs_and_escapes_of_json_are_read_as_json_has_them() -> None:
    value = read_json('{\t"a\\/b":\t"\\ud83d\\ude00\\t",\t"c":\t[1.5e3,\t-0]}').value
    assert value == {"a/b": "\U0001f600\t", "c": [1500.0, 0]}


def test_keys_of_toml_may_be_dotted_and_text_in_it_may_hold_dots() -> None:
    dots = ".".join("a" * 100)
    assert read_toml(f'a.b = 1\nc = "{dots}" # {dots}\nd = """\n{dots}\n"""\n').value == {
        "a": {"b": 1},
        "c": dots,
        "d": f"{dots}\n",
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abc"), JSON, min_size=1), st.sampled_from([None, 1]))
def test_json_is_read_as_the_standard_library_reads_it(value: dict[str, object], indent: int | None) -> None:
    assert read_json(json.dumps(value, indent=indent)).value == value
    assert read_json(json.dumps(value, ensure_ascii=False)).value == value


@given(st.dictionaries(st.sampled_from("abc"), JSON, min_size=1))
def test_quoted_yaml_is_read_as_it_was_written(value: dict[str, object]) -> None:
    texts = yaml.safe_dump(_as_text(value), default_style='"')
    assert read_yaml(texts).value == _as_text(value)


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    return [_as_text(inner) for inner in value] if isinstance(value, list) else str(value)


@pytest.mark.parametrize(
    ("read", "part"),
    [
        (read_yaml, "- "),
        (read_yaml, "? "),
        (read_yaml, "{"),
        (read_yaml, "a: "),
        (read_yaml, "'a"),
        (read_yaml, "&a "),
        (read_yaml, "#"),
        (read_json, '{"a":'),
        (read_json, '"\\'),
        (read_json, '"'),
        (read_toml, '"""'),
        (read_toml, '"""\\'),
        (read_toml, "'''a"),
        (read_toml, "a."),
        (read_toml, "a b"),
        (read_toml, "["),
        (read_toml, '\\"'),
    ],
)
def test_no_text_takes_long_to_refuse(read: Read, part: str) -> None:
    began = time.process_time()
    with pytest.raises(UnreadableError):
        read(part * (400_000 // len(part)))
    assert time.process_time() - began < 2


# --- anything at all


PIECES = st.sampled_from(
    [
        *"[]{}:,-\"'#&*!|>%@`=.\n\t ",
        "a",
        "true",
        "1",
        "\\",
        '"""',
        "'''",
        "---",
        "steps",
        "version: 1\n",
        "- {",
        "\u2028",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200) | st.lists(PIECES, max_size=60).map(lambda parts: "".join(parts).encode()),
    suffix=st.sampled_from(sorted(READERS)),
)
@example(content=b"[", suffix=".toml")
@example(content=b"%", suffix=".yaml")
def test_no_bytes_raise_anything_but_invalid_plan(
    folder: Path, registry: Registry, content: bytes, suffix: str
) -> None:
    path = folder / f"plan{suffix}"
    path.write_bytes(content)
    with pytest.raises(InvalidPlan) as caught:
        load_plan(path, registry)
    assert all(isinstance(problem, Problem) and problem.message for problem in caught.value.problems)


NAMES = (
    "version goal steps step_id description stage with timeout max_attempts scope_contract paths allowed_tools "
    "approval_timeout put listing tries run env input text base64 name path query limit"
)
KEYS = st.sampled_from(NAMES.split())
LEAVES = JSON | st.sampled_from(["find", "change", "check", "mend", "Find it", "Modify it", "10m", "src/a", "../a", 1])
SHAPES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=20
)
STEPS = st.fixed_dictionaries({"step_id": LEAVES, "description": LEAVES}, optional={"stage": LEAVES, "with": SHAPES})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries({"version": st.just(1), "goal": LEAVES, "steps": st.lists(STEPS | SHAPES, max_size=4)})
    | st.dictionaries(KEYS, SHAPES, max_size=5)
    | SHAPES
)
def test_no_json_raises_anything_but_invalid_plan(folder: Path, registry: Registry, document: object) -> None:
    path = folder / "plan.json"
    path.write_text(json.dumps(document))
    problems: tuple[Problem, ...] = ()
    try:
        load_plan(path, registry)
    except InvalidPlan as error:
        problems = error.problems
        event(f"{len(problems)} problems")
    assert all(problem.message and "sub-exception" not in problem.message for problem in problems)
