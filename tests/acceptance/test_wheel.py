"""The wheel that is built from the sources, installed by itself in a fresh environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("LICENSE", "README.md", "mission_fsm", "pyproject.toml", "setup.cfg", "stages")


def ran(*command: object, cwd: Path) -> str:
    """What the command prints. Nothing that Python is told from outside reaches it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources and of nothing else, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "sources").mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "sources" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / "sources" / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    ran(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "sources", cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The programs' folder of a fresh environment with the wheel, and with the dependencies that are here."""
    environment = wheel.parent / "environment"
    ran(sys.executable, "-m", "venv", "--without-pip", environment, cwd=wheel.parent)
    bin_folder = environment / "bin"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", bin_folder / "python")
    ran(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=wheel.parent)
    # A plain line adds a folder; what makes this project importable from its sources is not read from there.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_folder


def modules(folder: str, under: str) -> set[str]:
    paths = (path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file())
    return {f"{under}/{path.as_posix()}" for path in paths if "__pycache__" not in path.parts}


def test_it_holds_every_file_of_the_package_and_of_the_stages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == modules("mission_fsm", "mission_fsm") | modules("stages", "mission_fsm/stages")
    assert {PurePosixPath(name).parts[0] for name in held} == {"mission_fsm"}
    assert {"mission_fsm/py.typed", "mission_fsm/demo/project/sizes/formatting.py"} <= held


def test_the_command_says_its_version_and_finds_its_stages_whatever_lies_in_the_folder(
    installed: Path, tmp_path: Path
) -> None:
    for name in ("stages", "click", "mission_fsm"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('a package of the workspace was imported')\n")
    assert ran(installed / "mission", "--version", cwd=tmp_path).strip().endswith("0.1.0")
    listed = json.loads(ran(installed / "mission", "stages", "--json", cwd=tmp_path))
    assert {"retrieve", "edit", "test", "repair", "plan"} <= {entry["name"] for entry in listed["stages"]}


def test_every_entry_point_loads_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    program = """
from importlib.metadata import distribution
for entry in distribution("mission-fsm").entry_points:
    print(entry.group, entry.name, entry.load().__module__)
"""
    lines = ran(installed / "python", "-I", "-c", program, cwd=tmp_path).splitlines()
    assert {line.split()[0] for line in lines} == {"console_scripts", "mission_fsm.stages", "mission_fsm.editors"}
    assert all(line.split()[2].startswith("mission_fsm.") for line in lines)


def test_type_checkers_see_the_package_and_no_package_is_called_stages(installed: Path, tmp_path: Path) -> None:
    program = """
import importlib.util, mission_fsm, pathlib
print(pathlib.Path(mission_fsm.__file__).parent.joinpath("py.typed").exists(), importlib.util.find_spec("stages"))
"""
    assert ran(installed / "python", "-I", "-c", program, cwd=tmp_path).split() == ["True", "None"]
