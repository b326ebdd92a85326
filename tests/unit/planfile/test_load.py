"""Plans from files: what they come to, and everything that can be wrong with them, told at once and in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.core.plan import Plan, ScopeContract, Step, Tool
from mission_fsm.errors import InvalidPlan, PluginError, Problem
from mission_fsm.planfile.canonical import canonical_json, plan_from_json
from mission_fsm.planfile.load import LoadedPlan, MappedStep, load_plan
from mission_fsm.registry import Registry
from mission_fsm.stage import Completed, Editor, Stage

Load = Callable[..., LoadedPlan]
Problems = Callable[..., list[Problem]]

YAML = """\
version: 1
goal: sizes roll over at exact powers
assumptions: [the tests are green]
success_criteria:
  - exact powers roll over
risks: []
scope_contract:
  paths: ["src/**"]
  max_files: 4
  max_lines: 120
  allowed_tools: [read, write, exec]
approval_timeout: 2h
steps:
  - step_id: where
    description: Research where sizes are rounded
    with: {query: rounding}
  - step_id: fix.1
    description: Modify the rounding
    with: {put: [{path: src/sizes.py, text: "x = 1"}]}
    max_attempts: 3
  - step_id: test_it
    description: The string tests
    stage: check
    with: {run: [python, -m, pytest]}
    timeout: 10m
"""

TOML = """\
version = 1
goal = "sizes roll over at exact powers"
assumptions = ["the tests are green"]
success_criteria = ["exact powers roll over"]
risks = []
approval_timeout = 7200

[scope_contract]
paths = ["src/**"]
max_files = 4
max_lines = 120
allowed_tools = ["read", "write", "exec"]

[[steps]]
step_id = "where"
description = "Research where sizes are rounded"
with.query = "rounding"

[[steps]]
step_id = "fix.1"
description = "Modify the rounding"
max_attempts = 3
[[steps.with.put]]
path = "src/sizes.py"
text = "x = 1"

[[steps]]
step_id = "test_it"
description = "The string tests"
stage = "check"
timeout = "600s"
with = {run = ["python", "-m", "pytest"]}
"""

JSON = """\
{"version": 1, "goal": "sizes roll over at exact powers", "assumptions": ["the tests are green"],
 "success_criteria": ["exact powers roll over"],
 "scope_contract": {"paths": ["src/**"], "max_files": 4, "max_lines": 120},
 "approval_timeout": "120m",
 "steps": [
  {"step_id": "where", "description": "Research where sizes are rounded", "with": {"query": "rounding"}},
  {"step_id": "fix.1", "description": "Modify the rounding", "max_attempts": 3,
   "with": {"put": [{"path": "src/sizes.py", "text": "x = 1"}]}},
  {"step_id": "test_it", "description": "The string tests", "stage": "check", "timeout": 600,
   "with": {"run": ["python", "-m", "pytest"], "env": {}, "input": null}}]}
"""


def minimal(**changes: Any) -> dict[str, Any]:
    """A document with one step, changed."""
    step = {"step_id": "a", "description": "Find it", **changes.pop("step", {})}
    document = {"version": 1, "goal": "g", "steps": [step], **changes}
    return {key: value for key, value in document.items() if value is not ...}


def test_a_plan_is_complete_once_it_is_loaded(load: Load) -> None:
    plan = load(YAML).plan
    assert plan == Plan(
        goal="sizes roll over at exact powers",
        digest=plan.digest,
        scope=ScopeContract(("src/**",), 4, 120, (Tool.READ, Tool.WRITE, Tool.EXEC)),
        assumptions=("the tests are green",),
        success_criteria=("exact powers roll over",),
        approval_timeout_s=7200,
        steps=(
            Step("where", "Research where sizes are rounded", "find", {"query": "rounding", "limit": 20}),
            Step(
                "fix.1",
                "Modify the rounding",
                "change",
                {"put": [{"path": "src/sizes.py", "text": "x = 1"}]},
                max_attempts=3,
            ),
            Step(
                "test_it",
                "The string tests",
                "check",
                {"run": ["python", "-m", "pytest"], "env": {}, "input": None},
                timeout_s=600,
            ),
        ),
    )


def test_the_word_that_chose_a_stage_is_told_unless_the_stage_was_named(load: Load) -> None:
    assert load(YAML).mapped == (
        MappedStep("where", "find", "Research"),
        MappedStep("fix.1", "change", "Modify"),
        MappedStep("test_it", "check", None),
    )


@pytest.mark.parametrize(
    ("text", "name"), [(TOML, "plan.toml"), (JSON, "plan.json"), (JSON, "p.YAML"), (YAML, "p.yml")]
)
def test_the_same_plan_has_the_same_digest_in_every_format(load: Load, text: str, name: str) -> None:
    assert load(text, name) == load(YAML)


def test_what_is_not_said_is_filled_in(load: Load) -> None:
    plan = load(minimal()).plan
    assert plan.scope == ScopeContract()
    assert plan.steps == (Step("a", "Find it", "find", {"query": None, "limit": 20}),)
    assert (plan.assumptions, plan.risks, plan.approval_timeout_s) == ((), (), None)


def test_saying_the_defaults_changes_nothing(load: Load) -> None:
    said = minimal(
        assumptions=[],
        approval_timeout=None,
        scope_contract={"paths": ["**"], "max_files": None},
        step={"with": {"limit": 20}, "timeout": None, "max_attempts": 10, "stage": None},
    )
    assert load(said).plan.digest == load(minimal()).plan.digest


def test_a_plan_comes_back_from_its_own_bytes(load: Load) -> None:
    plan = load(YAML).plan
    assert plan_from_json(canonical_json(plan)) == plan


@pytest.mark.parametrize(
    ("given", "seconds"), [(90, 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), (1, 1), ("365d", 31536000)]
)
def test_a_duration_is_seconds_or_a_number_with_its_unit(load: Load, given: object, seconds: int) -> None:
    assert load(minimal(step={"timeout": given})).plan.steps[0].timeout_s == seconds


@pytest.mark.parametrize("given", [0, -1, "0s", "1.5h", "10 m", "10min", "ten", True, 1.5, [], "366d", 10**9, "9" * 99])
def test_anything_else_is_no_duration(problems: Problems, given: object) -> None:
    [problem] = problems(minimal(step={"timeout": given}))
    assert problem.place == "steps[0].timeout"
    assert "such as 90s, 10m, 2h or 1d" in problem.message


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (minimal(version=...), "version", "is required"),
    (minimal(version=2), "version", "expected 1, the only version there is, found 2"),
    (minimal(version="1"), "version", "expected a whole number, found '1'"),
    (minimal(version=True), "version", "expected a whole number, found true"),
    (minimal(goal=...), "goal", "is required"),
    (minimal(goal=" \n"), "goal", "text that is not empty"),
    (minimal(goal=5), "goal", "expected text, found 5: put it in quotes"),
    (minimal(gaol="x"), "gaol", "unknown key 'gaol': did you mean 'goal'?"),
    (minimal(steps=...), "steps", "is required"),
    (minimal(steps=[]), "steps", "a list of 1 to 10000 steps"),
    (minimal(steps={"a": 1}), "steps", "expected a list, found a mapping"),
    (minimal(steps=["find"]), "steps[0]", "expected a mapping, found 'find'"),
    (minimal(steps=None), "steps", "expected a list, found nothing"),
    (minimal(risks="many"), "risks", "expected a list, found 'many'"),
    (minimal(risks=[""]), "risks[0]", "text that is not empty"),
    (minimal(assumptions=[1]), "assumptions[0]", "expected text"),
    (minimal(approval_timeout="soon"), "approval_timeout", "seconds, or a number with its unit"),
    (minimal(scope_contract=[]), "scope_contract", "expected a mapping"),
    (minimal(scope_contract={"max_files": -1}), "scope_contract.max_files", "a whole number that is not negative"),
    (minimal(scope_contract={"max_lines": "9"}), "scope_contract.max_lines", "expected a whole number, found '9'"),
    (minimal(scope_contract={"paths": "src"}), "scope_contract.paths", "expected a list, found 'src'"),
    (minimal(scope_contract={"paths": ["a", "/b"]}), "scope_contract.paths[1]", "is absolute"),
    (minimal(scope_contract={"paths": ["../b"]}), "scope_contract.paths[0]", "leads out"),
    (minimal(scope_contract={"allowed_tools": ["rm"]}), "scope_contract.allowed_tools[0]", "one of read, write, exec"),
    (minimal(scope_contract={"path": []}), "scope_contract.path", "did you mean 'paths'?"),
    (minimal(step={"stgae": "find"}), "steps[0].stgae", "unknown key 'stgae': did you mean 'stage'?"),
    (minimal(step={"step_id": "a b"}), "steps[0].step_id", "letters, digits, dots, underscores or dashes"),
    (minimal(step={"step_id": "a\n"}), "steps[0].step_id", "letters, digits, dots, underscores or dashes"),
    (minimal(step={"step_id": "x" * 65}), "steps[0].step_id", "1 to 64"),
    (minimal(step={"step_id": 7}), "steps[0].step_id", "expected text, found 7"),
    (minimal(step={"max_attempts": 0}), "steps[0].max_attempts", "a whole number from 1 to 1000"),
    (minimal(step={"max_attempts": 1001}), "steps[0].max_attempts", "a whole number from 1 to 1000"),
    (minimal(step={"stage": "chekc"}), "steps[0].stage", "unknown stage 'chekc': did you mean 'check'?"),
    (minimal(step={"stage": "zzz"}), "steps[0].stage", "there are change, check, find, mend"),
    (minimal(step={"stage": ""}), "steps[0].stage", "text that is not empty"),
    (minimal(step={"stage": ["find"]}), "steps[0].stage", "expected text, found a list"),
    (minimal(step={"description": "Unit tests for it"}), "steps[0].description", "name it, as in stage: change"),
    (minimal(step={"description": ""}), "steps[0].description", "text that is not empty"),
    (minimal(step={"with": []}), "steps[0].with", "expected a mapping, found an empty list"),
    (minimal(step={"with": {"qeury": "x"}}), "steps[0].with.qeury", "did you mean 'query'?"),
    (minimal(step={"with": {"limit": "9"}}), "steps[0].with.limit", "expected a whole number, found '9'"),
    (minimal(step={"with": {"limit": 0}}), "steps[0].with.limit", "must be >= 1"),
    (minimal(step={"stage": "check"}), "steps[0].with.run", "is required"),
    (minimal(step={"stage": "check", "with": {"run": "make"}}), "steps[0].with.run", "expected a list, found 'make'"),
    (
        minimal(step={"stage": "check", "with": {"run": ["a", 1]}}),
        "steps[0].with.run[1]",
        "expected text, found 1: put it in quotes",
    ),
    (
        minimal(step={"stage": "check", "with": {"run": ["a"], "env": {"A B": 1}}}),
        'steps[0].with.env["A B"]',
        "expected text",
    ),
]


@pytest.mark.parametrize(("document", "place", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place_and_what_was_expected(
    problems: Problems, document: dict[str, Any], place: str, message: str
) -> None:
    [problem] = problems(document)
    assert problem.place == place
    assert message in problem.message


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_its_lines(problems: Problems) -> None:
    text = """\
version: 3
gaol: x
scope_contract:
  paths: [src/**]
  allowed_tools: [read]
steps:
  - step_id: one
    description: Find it
    with:
      limit: lots
      where: here
  - step_id: two
    description: The thing
    timeout: soon
  - step_id: two
    stage: change
    description: Modify it
    with:
      put:
        - {path: lib/a.py}
"""
    assert [(problem.line, problem.place) for problem in problems(text)] == [
        (1, "version"),
        (1, "goal"),
        (2, "gaol"),
        (10, "steps[0].with.limit"),
        (11, "steps[0].with.where"),
        (13, "steps[1].description"),
        (14, "steps[1].timeout"),
        (15, "steps[2].step_id"),
        (16, "steps[2].stage"),
        (19, "steps[2].with.put"),
    ]


def test_the_error_names_the_file_the_count_and_every_line(load: Load, folder: Path) -> None:
    with pytest.raises(InvalidPlan) as caught:
        load("version: 1\nsteps:\n  - step_id: a\n    description: Find it\n    tiemout: 3\n")
    first, *others = str(caught.value).splitlines()
    assert first == f"{folder / 'plan.yaml'} has 2 problems:"
    assert others == [
        "  line 1, goal: is required",
        "  line 5, steps[0].tiemout: unknown key 'tiemout': did you mean 'timeout'?",
    ]


def test_the_second_step_with_an_id_is_told_where_the_first_is(problems: Problems) -> None:
    step = {"step_id": "a", "description": "Find it"}
    [problem] = problems(minimal(steps=[step, {**step, "step_id": "b"}, step]))
    assert (problem.place, problem.message) == ("steps[2].step_id", "step id 'a' is that of steps[0] already")


def test_a_stage_may_not_touch_what_the_scope_contract_does_not_allow(problems: Problems, load: Load) -> None:
    scope = {"allowed_tools": ["read"]}
    [problem] = problems(minimal(scope_contract=scope, step={"description": "Modify it"}))
    assert problem.place == "steps[0].stage"
    assert problem.message == "stage 'change' needs write, which scope_contract.allowed_tools does not allow"
    assert load(minimal(scope_contract=scope)).plan.scope.allowed_tools == (Tool.READ,)


def test_a_description_that_maps_to_nothing_is_answered_with_the_stages_there_are(problems: Problems) -> None:
    [problem] = problems(minimal(step={"description": "Tests for the parser"}))
    assert problem.message == (
        "no verb in 'Tests for the parser' says which stage performs the step: "
        "name it, as in stage: change (there are change, check, find, mend)"
    )


# --- files that are no plans


@pytest.mark.parametrize("name", ["plan.txt", "plan", "plan.yaml.bak", "yaml"])
def test_a_file_of_another_suffix_is_refused_with_those_there_are(problems: Problems, name: str) -> None:
    [problem] = problems(YAML, name)
    assert "ends in .yaml, .yml, .json, .toml" in problem.message


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", None, "is empty"),
        (b"  \n\n", None, "is empty"),
        (b"# only a comment\n", None, "is empty"),
        (b"version: 1\ngoal: \xff\xfe\n", 2, "is not UTF-8"),
        ("version: 1".encode("utf-16"), 1, "is not UTF-8"),
        (b"version: 1\ngoal: a\0b\n", 2, "NUL byte"),
        (b"x" * (1024 * 1024 + 1), None, "larger than 1 MiB"),
        (b"- version: 1\n", 1, "expected a mapping, found a list"),
        (b"just text\n", 1, "expected a mapping, found 'just text'"),
        (b"5\n", 1, "expected a mapping, found 5"),
    ],
)
def test_a_file_that_holds_no_plan_is_refused_in_a_sentence(
    problems: Problems, content: bytes, line: int | None, message: str
) -> None:
    [problem] = problems(content)
    assert (problem.place, problem.line) == ("", line)
    assert message in problem.message


def test_a_byte_order_mark_is_passed_over(load: Load) -> None:
    assert load(b"\xef\xbb\xbf" + YAML.encode()) == load(YAML)


def test_what_is_no_readable_file_is_refused_in_a_sentence(folder: Path, registry: Registry) -> None:
    (folder / "folder.yaml").mkdir()
    (folder / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(folder / "pipe.yaml")
    for name, message in {
        "missing.yaml": "is not there",
        "folder.yaml": "is a folder",
        "loop.yaml": "cannot be read",
        "pipe.yaml": "not a regular file",
        "folder.yaml/plan.yaml": "is not there",
        "pipe.yaml/plan.yaml": "cannot be read",
        "nul\0.yaml": "cannot be read",
        f"{'x' * 300}.yaml": "cannot be read",
    }.items():
        with pytest.raises(InvalidPlan) as caught:
            load_plan(folder / name, registry)
        assert message in caught.value.problems[0].message, name


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused_in_a_sentence(folder: Path, registry: Registry) -> None:
    (folder / "plan.yaml").write_text(YAML)
    (folder / "plan.yaml").chmod(0)
    with pytest.raises(InvalidPlan, match="cannot be read: Permission denied"):
        load_plan(folder / "plan.yaml", registry)


def test_the_largest_plan_is_loaded_and_a_larger_one_is_refused(load: Load, problems: Problems) -> None:
    def steps(count: int) -> str:
        return "version: 1\ngoal: g\nsteps:\n" + "".join(
            f"- {{step_id: s{number}, description: Find it}}\n" for number in range(count)
        )

    assert len(load(steps(10_000)).plan.steps) == 10_000
    [problem] = problems(steps(10_001))
    assert problem.message == "expected a list of 1 to 10000 steps, found 10001"


# --- broken plugins


def test_a_broken_plugin_is_no_fault_of_the_plan(folder: Path) -> None:
    class Rude(Editor):
        name = "rude"
        options = dict

        def edit(self, options: Any, workspace: Any, scratch: Path) -> tuple[()]:
            return ()

    with pytest.raises(PluginError, match="must be an attrs class"):
        Registry.of([], [Rude])

    class Clumsy(Stage):
        name = "clumsy"
        words = ("find",)

        def run(self, context: Any) -> Completed:
            return Completed("")

    class Careless(Clumsy):
        name = "careless"

    (folder / "plan.json").write_text('{"version": 1, "goal": "g", "steps": [{"step_id": "a", "description": "Find"}]}')
    with pytest.raises(PluginError, match="both claim the word"):
        load_plan(folder / "plan.json", Registry.of([Clumsy, Careless]))
