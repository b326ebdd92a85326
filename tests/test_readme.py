"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mission_fsm.planfile.load import load_plan
from mission_fsm.registry import Registry

README = (Path(__file__).parent.parent / "README.md").read_text()
EXAMPLE = re.search(r"<!-- example:begin -->\n```python\n(.*?)```", README, re.DOTALL)
PLAN = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)


def test_the_embedding_example_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert EXAMPLE is not None
    workspace = tmp_path / "project"
    workspace.mkdir()
    (tmp_path / "plan.yaml").write_text(
        "version: 1\ngoal: say hello\nsteps:\n"
        "  - step_id: hello\n    description: Write hello.txt\n"
        "    with: {write: [{path: hello.txt, content: hello}]}\n"
    )
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"home": tmp_path / "home", "workspace": workspace}
    exec(EXAMPLE[1], names)  # noqa: S102  the very text that readers copy
    assert (workspace / "hello.txt").read_text() == "hello"
    assert capsys.readouterr().out.splitlines()[-1].endswith("final")


def test_the_plan_that_is_shown_loads_and_maps_as_it_says(tmp_path: Path) -> None:
    assert PLAN is not None
    (tmp_path / "fix.patch").write_text("--- a/sizes/x.py\n+++ b/sizes/x.py\n@@ -1 +1 @@\n-a\n+b\n")
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN[1])
    plan = load_plan(path, Registry.installed()).plan
    stages = {step.step_id: step.stage for step in plan.steps}
    assert stages == {"find": "retrieve", "fix": "edit", "check": "test", "mend": "repair"}
