"""A step's `with`: the stage's own options, the edits it binds, and both again at run time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.core.plan import Step
from mission_fsm.errors import InvalidPlan, PluginError, Problem, UsageError
from mission_fsm.planfile.load import LoadedPlan, load_plan
from mission_fsm.planfile.options import StepOptions, step_options
from mission_fsm.registry import Registry
from mission_fsm.stage import Completed, Editor, InlinedFile, NoOptions, Stage

Load = Callable[..., LoadedPlan]
Problems = Callable[..., list[Problem]]

PUT = [{"path": "src/a.py", "text": "x"}]


def document(stage: str, given: object, **scope: Any) -> dict[str, Any]:
    step = {"step_id": "a", "description": "As the stage says", "stage": stage, "with": given}
    return {"version": 1, "goal": "g", "steps": [step], "scope_contract": scope}


def test_an_edit_is_bound_by_the_name_of_its_editor(load: Load, registry: Registry) -> None:
    [step] = load(document("change", {"put": PUT})).plan.steps
    assert step.options == {"put": [{"path": "src/a.py", "text": "x"}]}
    bound = step_options(step, registry)
    assert bound.options == NoOptions()
    [(editor, options)] = bound.edits
    assert editor == "put"
    assert [(whole.path, whole.text) for whole in options] == [("src/a.py", "x")]


@pytest.mark.parametrize("given", [{}, None])
def test_a_step_that_binds_no_edit_is_unbound(load: Load, registry: Registry, given: object) -> None:
    [step] = load(document("change", given)).plan.steps
    assert step_options(step, registry) == StepOptions(NoOptions(), ())


def test_tries_bind_several_edits_in_their_order(load: Load, registry: Registry) -> None:
    given = {"tries": [{"put": PUT}, {"listing": "a\n"}, {"put": []}], "ratio": 1}
    [step] = load(document("mend", given)).plan.steps
    assert step.options == {
        "tries": [{"put": PUT}, {"listing": {"name": "", "text": "a\n", "base64": None}}, {"put": []}],
        "ratio": 1,
        "after": None,
    }
    bound = step_options(step, registry)
    assert [editor for editor, _ in bound.edits] == ["put", "listing", "put"]
    assert bound.edits[1][1] == InlinedFile(text="a\n")
    assert (bound.options.ratio, len(bound.options.tries)) == (1.0, 3)


def test_a_stage_that_takes_tries_may_bind_one_edit_instead(load: Load, registry: Registry) -> None:
    [step] = load(document("mend", {"listing": "a\n"})).plan.steps
    assert step_options(step, registry).edits == (("listing", InlinedFile(text="a\n")),)


def test_a_stage_that_binds_no_edits_takes_the_name_of_an_editor_for_an_unknown_key(problems: Problems) -> None:
    [problem] = problems(document("find", {"put": PUT}))
    assert (problem.place, problem.message) == ("steps[0].with.put", "unknown key 'put'")


@pytest.mark.parametrize(
    ("stage", "given", "place", "message"),
    [
        ("change", {"put": PUT, "listing": "a\n"}, "", "a step binds one edit, and here are put, listing"),
        ("change", {"puut": PUT}, ".puut", "unknown key 'puut': did you mean 'put'?"),
        ("change", {"tries": [{"put": PUT}]}, ".tries", "unknown key 'tries'"),
        ("change", {"put": {"path": "a"}}, ".put", "expected a list, found a mapping"),
        ("change", {"put": [{"text": "x"}]}, ".put[0].path", "is required"),
        ("change", {"put": [{"path": "a", "txt": "x"}]}, ".put[0].txt", "did you mean 'text'?"),
        ("change", {"put": [{"path": "a", "text": None}]}, ".put[0].text", "expected text, found nothing"),
        ("change", {"put": None}, ".put", "expected a list, found nothing"),
        ("change", {"listing": 5}, ".listing", "expected a path"),
        ("change", {"listing": {"text": ""}}, ".listing", "the listing is empty"),
        ("mend", {"tries": [{"put": PUT}], "put": PUT}, ".tries", "give either tries or put, not both"),
        ("mend", {"tries": {"put": PUT}}, ".tries", "expected a list, found a mapping"),
        ("mend", {"tries": ["put"]}, ".tries[0]", "expected a mapping"),
        ("mend", {"tries": [{"put": PUT, "listing": "a\n"}]}, ".tries[0]", "a mapping of one editor to its options"),
        ("mend", {"tries": [{}]}, ".tries[0]", "found an empty mapping"),
        ("mend", {"tries": [{"puut": PUT}]}, ".tries[0]", "unknown editor 'puut': did you mean 'put'?"),
        ("mend", {"tries": [{"zzzz": PUT}]}, ".tries[0]", "unknown editor 'zzzz'; there are listing, put"),
        ("mend", {"tries": [{"put": PUT}, {"put": [{}]}]}, ".tries[1].put[0].path", "is required"),
        ("mend", {"ratio": "1"}, ".ratio", "expected a number, found '1'"),
    ],
)
def test_what_is_wrong_with_an_edit_is_told_in_its_place(
    problems: Problems, stage: str, given: object, place: str, message: str
) -> None:
    [problem] = problems(document(stage, given))
    assert problem.place == f"steps[0].with{place}"
    assert message in problem.message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("lib/a.py", "path 'lib/a.py' is outside of scope_contract.paths, which are src/**"),
        ("../a.py", "leads out of its folder by .."),
        ("src/../../a.py", "leads out of its folder by .."),
        ("/etc/passwd", "is absolute"),
        (".git/config", "git's own folder"),
        ("src/.GIT/hooks/x", "git's own folder"),
        ("", "a path is empty"),
        ("src//a.py", "has an empty part"),
    ],
)
def test_a_path_that_no_step_may_touch_is_refused_when_the_plan_is_loaded(
    problems: Problems, path: str, message: str
) -> None:
    [problem] = problems(document("change", {"put": [*PUT, {"path": path}]}, paths=["src/**"]))
    assert problem.place == "steps[0].with.put"
    assert message in problem.message


def test_every_path_of_every_try_is_held_against_the_scope_contract(problems: Problems) -> None:
    tries = [{"put": PUT}, {"listing": "lib/a src/b lib/c\n"}]
    found = [
        (problem.place, problem.message) for problem in problems(document("mend", {"tries": tries}, paths=["src/"]))
    ]
    assert found == [
        ("steps[0].with.tries[1].listing", f"path 'lib/{name}' is outside of scope_contract.paths, which are src/")
        for name in "ac"
    ]


def test_a_path_through_a_link_that_leads_out_of_the_workspace_is_refused_where_the_workspace_is_known(
    problems: Problems, load: Load, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "src").mkdir(parents=True)
    (workspace / "inside").symlink_to("src")
    (workspace / "outside").symlink_to(tmp_path)
    (workspace / "loop").symlink_to("loop")

    def change(path: str) -> dict[str, Any]:
        return document("change", {"put": [{"path": path}]})

    [problem] = problems(change("outside/a.py"), workspace=workspace)
    assert problem.message == "path 'outside/a.py' leads out of the workspace through a symbolic link"
    for path in ("inside/a.py", "src/a.py", "new/a.py", "loop/a.py", "outside"):
        assert load(change(path), workspace=workspace)
    assert load(change("outside/a.py"))


# --- steps that are bound to others


def bound(*repairs: tuple[str, str | None]) -> dict[str, Any]:
    """A plan with a step `test`, and one that mends for each (id, the step that it names), and `end`."""
    steps: list[dict[str, Any]] = [{"step_id": "test", "description": "Test it", "stage": "find"}]
    for step_id, named in repairs:
        steps.append({"step_id": step_id, "description": "Mend it", "stage": "mend", "with": {"after": named}})
    steps.append({"step_id": "end", "description": "Find it", "stage": "find"})
    return {"version": 1, "goal": "g", "steps": steps}


def test_a_step_may_be_bound_to_any_one_before_it(load: Load) -> None:
    steps = load(bound(("one", "test"), ("two", "one"), ("three", None))).plan.steps
    assert [step.options.get("after") for step in steps] == [None, "test", "one", None, None]


@pytest.mark.parametrize(
    ("repairs", "place", "message"),
    [
        ([("one", "tset")], "steps[1]", "a step before this one, found 'tset': did you mean 'test'?"),
        ([("one", "zzzz")], "steps[1]", "a step before this one, found 'zzzz'"),
        ([("one", "one")], "steps[1]", "a step before this one, found its own, 'one'"),
        ([("one", "end")], "steps[1]", "a step before this one, found 'end'"),
        ([("one", "two"), ("two", "test")], "steps[1]", "a step before this one, found 'two'"),
        ([("one", "test"), ("two", "test")], "steps[2]", "steps[1] is bound to step 'test' already"),
    ],
)
def test_a_step_that_is_bound_to_none_before_it_or_to_another_one_s_is_refused(
    problems: Problems, repairs: list[tuple[str, str]], place: str, message: str
) -> None:
    [problem] = problems(bound(*repairs))
    assert problem.place == f"{place}.with.after"
    assert message in problem.message


def test_the_line_of_a_repair_that_is_bound_to_nothing_is_told(folder: Path, built_in: Registry) -> None:
    (folder / "plan.yaml").write_text(
        "version: 1\ngoal: g\nsteps:\n"
        "  - {step_id: check, description: Run the tests, with: {run: [make]}}\n"
        "  - step_id: mend\n    description: Repair it\n    with:\n      repairs: chekc\n"
    )
    with pytest.raises(InvalidPlan) as caught:
        load_plan(folder / "plan.yaml", built_in)
    [problem] = caught.value.problems
    assert (problem.place, problem.line) == ("steps[1].with.repairs", 8)


# --- at run time


def test_options_that_no_longer_fit_their_stage_are_told_in_a_sentence(registry: Registry) -> None:
    """The plugin was changed since the plan was approved: its step's options have another form now."""
    step = Step("a", "Find it", "find", {"query": "x", "depth": 3})
    with pytest.raises(PluginError, match=r"step 'a' does not fit stage 'find' any more: with.depth: unknown key"):
        step_options(step, registry)


def test_a_stage_that_is_no_longer_there_is_told(registry: Registry) -> None:
    with pytest.raises(UsageError, match="unknown stage 'deploy'"):
        step_options(Step("a", "Deploy it", "deploy"), registry)


class Clumsy(Editor):
    """An editor with a fault."""

    name = "clumsy"
    options = InlinedFile

    def edit(self, options: Any, workspace: Any, scratch: Path) -> tuple[()]:
        return ()

    def paths(self, options: Any) -> tuple[str, ...]:
        raise IndexError("out of range")


class Change(Stage):
    """Changes files."""

    name = "change"
    binds_edits = True

    def run(self, context: Any) -> Completed:
        return Completed("")


def test_an_editor_that_fails_on_its_own_is_named(folder: Path) -> None:
    (folder / "plan.yaml").write_text(
        "version: 1\ngoal: g\nsteps: [{step_id: a, description: d, stage: change, with: {clumsy: {text: x}}}]\n"
    )
    with pytest.raises(PluginError, match="editor 'clumsy' failed on a plan's options: IndexError: out of range"):
        load_plan(folder / "plan.yaml", Registry.of([Change], [Clumsy]))
