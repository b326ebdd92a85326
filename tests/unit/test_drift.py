"""What is generated is checked in, and is what would be generated now: `make diagrams schema` brings it up to date."""

from __future__ import annotations

import runpy
from importlib.metadata import distribution
from pathlib import Path

from mission_fsm.planfile.schema import schema_text
from mission_fsm.registry import EDITORS, STAGES, Registry

ROOT = Path(__file__).parents[2]


def test_the_lifecycle_is_drawn_as_the_table_has_it_in_the_diagrams_and_in_the_readme() -> None:
    drawn = runpy.run_path(str(ROOT / "diagrams" / "write.py"))["drawn"]()
    assert {path.relative_to(ROOT).as_posix() for path in drawn} == {
        "README.md",
        "diagrams/lifecycle.dot",
        "diagrams/lifecycle.mmd",
    }
    for path, text in drawn.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not up to date; run `make diagrams`"


def test_the_schema_of_plans_is_that_of_the_built_in_stages_and_editors() -> None:
    entries = distribution("mission-fsm").entry_points
    stages, editors = ([entry.load() for entry in entries if entry.group == group] for group in (STAGES, EDITORS))
    written = (ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(Registry.of(stages, editors)), "the schema is not up to date; run `make schema`"
