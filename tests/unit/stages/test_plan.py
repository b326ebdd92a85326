"""The stage `plan`: a person decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mission_fsm.stage import Answer, AskQuestion, Completed, Step
from mission_fsm.testing.context import StageProbe
from stages.plan import Plan, Question

Make = Callable[..., StageProbe]


def test_the_question_is_asked_with_its_choices(make_workspace: Callable[..., Path], make_probe: Make) -> None:
    probe = make_probe(make_workspace({}), options=Question("Which database?", ("sqlite", "postgres")))
    assert Plan().run(probe) == AskQuestion("Which database?", ("sqlite", "postgres"))


def test_the_description_is_the_question_where_there_is_none(
    make_workspace: Callable[..., Path], make_probe: Make
) -> None:
    probe = make_probe(make_workspace({}), options=Question(), step=Step("s", "Decide on a name", "plan"))
    assert Plan().run(probe) == AskQuestion("Decide on a name", ())


def test_the_answer_goes_on_record_with_who_gave_it(make_workspace: Callable[..., Path], make_probe: Make) -> None:
    probe = make_probe(make_workspace({}), options=Question(), reply=Answer("sqlite", by="ann"))
    assert Plan().run(probe) == Completed("sqlite", {"answer": "sqlite", "by": "ann"})
