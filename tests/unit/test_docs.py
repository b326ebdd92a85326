"""What the documentation shows works as it stands there, and its reference pages are those of the code."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mission_fsm.core import risk
from mission_fsm.engine import Engine
from mission_fsm.errors import GuardRefused

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIAL = (DOCS / "tutorial.md").read_text(encoding="utf-8")
EXAMPLES = dict(
    re.findall(
        r"<!-- tested: (\S+) -->\n```python\n(.*?)```", (DOCS / "how-to.md").read_text(encoding="utf-8"), re.DOTALL
    )
)


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_reference_pages_are_what_would_be_written_now() -> None:
    written = runpy.run_path(str(DOCS / "write.py"))["written"]()
    assert set(written) == set((DOCS / "reference").glob("*.md"))
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not up to date; run docs/write.py"


def test_the_reference_of_risk_lists_every_kind_of_file_that_the_rules_know() -> None:
    page = (DOCS / "reference" / "risk.md").read_text(encoding="utf-8")
    kinds = [globs for name, globs in vars(risk).items() if name.endswith("_FILES") and isinstance(globs, tuple)]
    assert len(kinds) == 4
    for globs in kinds:
        assert ", ".join(f"`{glob}`" for glob in globs) in page


def test_the_reference_of_the_environment_names_every_variable_that_the_code_reads() -> None:
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    package = ROOT / "mission_fsm"
    files = [path for path in package.rglob("*.py") if not {"demo", "testing"} & {*path.relative_to(package).parts}]
    sources = [path.read_text(encoding="utf-8") for path in files]
    read = {name for source in sources for name in re.findall(r"""environ\.get\("([A-Z_]+)""", source)}
    assert "MISSION_HOME" in read
    assert [name for name in sorted(read) if f"| `{name}` |" not in page] == []


def test_every_link_between_the_pages_leads_to_a_file_and_a_heading() -> None:
    for page in [*DOCS.glob("*.md"), *(DOCS / "reference").glob("*.md")]:
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            name, _, heading = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), f"{page.name} links to {link}"
            if heading:
                assert heading in _anchors(target), f"{page.name} links to {link}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_tutorial_says_what_its_commands_print(tmp_path: Path) -> None:
    script = "set -u\n" + "\n".join(_blocks(TUTORIAL, "shell"))
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "MISSION_HOME": str(tmp_path / "home"),
        "LOGNAME": "ada",
    }
    (tmp_path / "empty").mkdir()
    ran = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path / "empty",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    printed = _steady(ran.stdout)
    for block in [*_blocks(TUTORIAL, "text"), *_blocks(TUTORIAL, "diff")]:
        assert _steady(block) in printed
    assert "checkpoint-30 undoes" in ran.stderr


def _steady(text: str) -> str:
    """The text with what differs from run to run made the same."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"(?<=head )[0-9a-f]{64}", "HEAD", text)
    return re.sub(r"(mission (?:diff |approve |reject |pause |stop |rollback )?)[a-z0-9]{10}\b", r"\1ID", text)


def test_the_embedding_example_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = _project(tmp_path, "write: [{path: hello.txt, content: hello}]", "Write hello.txt")
    monkeypatch.chdir(tmp_path)
    exec(EXAMPLES["embed"], {"home": tmp_path / "home", "workspace": workspace})  # noqa: S102  what readers copy
    assert (workspace / "hello.txt").read_text() == "hello"
    assert capsys.readouterr().out.splitlines()[-1].endswith("final complete")


def test_the_control_example_pauses_a_mission_while_its_test_runs(tmp_path: Path) -> None:
    workspace = _project(tmp_path, 'run: [sleep, "60"]', "Run for long")
    with Engine.open(tmp_path / "home") as engine:
        mission = engine.create(tmp_path / "plan.yaml", workspace)
        engine.approve(mission.mission_id)
        names: dict[str, object] = {"engine": engine, "mission_id": mission.mission_id}
        exec(EXAMPLES["control"], names)  # noqa: S102  what readers copy
        assert engine.state(mission.mission_id).pause_reason == "manual"


def _project(folder: Path, options: str, description: str) -> Path:
    workspace = folder / "project"
    workspace.mkdir()
    step = f"  - step_id: only\n    description: {description}\n    with: {{{options}}}\n"
    (folder / "plan.yaml").write_text(f"version: 1\ngoal: a goal\nsteps:\n{step}")
    return workspace


def test_the_stage_and_the_editor_that_are_shown_keep_their_contracts(tmp_path: Path) -> None:
    names = ["lint.py", "test_lint.py", "sort.py", "test_sort.py"]
    for name in names:
        (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", *names[1::2]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(re.findall(r"(\d+) passed", ran.stdout)[-1]) >= 15


def test_the_conflict_that_is_shown_is_what_a_rollback_meets(tmp_path: Path) -> None:
    workspace = _project(tmp_path, "write: [{path: a.txt, content: hello}]", "Write a.txt")
    with Engine.open(tmp_path / "home") as engine:
        mission = engine.create(tmp_path / "plan.yaml", workspace, grants=["edit"])
        engine.approve(mission.mission_id)
        engine.run(mission.mission_id)
        (workspace / "a.txt").write_text("mine")
        with pytest.raises(GuardRefused, match=r"a\.txt was changed"):
            engine.rollback(mission.mission_id, "start")
        rolled = engine.rollback(mission.mission_id, "start", overwrite=True)
        assert not (workspace / "a.txt").exists()
        engine.rollback(mission.mission_id, rolled.edits[-1].checkpoint_id)
        assert (workspace / "a.txt").read_text() == "mine"
