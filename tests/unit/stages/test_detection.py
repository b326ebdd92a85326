"""How a project's test command is found: by which files, in which order, and with which reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from stages.detection import TABLE, TOOLS, Detected, detect

MakeWorkspace = Callable[..., Path]

PYTEST = ("python3", "-m", "pytest")
NODE = json.dumps({"name": "x", "scripts": {"lint": "eslint {a,b}", "test": "jest"}})
NO_TEST = json.dumps({"scripts": {"test": 'echo "Error: no test specified" && exit 1'}})


def found(folder: Path, below: str = ".") -> Detected | None:
    with Root(folder) as root:
        return detect(Reader(root), below)


@pytest.mark.parametrize(
    ("files", "argv", "reason"),
    [
        ({"pytest.ini": ""}, PYTEST, "pytest: pytest.ini is there"),
        ({"pyproject.toml": "[project]\n[tool.pytest.ini_options]\n"}, PYTEST,
         "pytest: pyproject.toml has [tool.pytest.ini_options]"),
        ({"pyproject.toml": "[tool.pytest]\n"}, PYTEST, "pytest: pyproject.toml has [tool.pytest]"),
        ({"tox.ini": "[testenv]\n[pytest]\n"}, PYTEST,
         "pytest: tox.ini has [pytest]; there are signs of tox too"),
        ({"setup.cfg": "[tool:pytest]\naddopts = -q\n"}, PYTEST, "pytest: setup.cfg has [tool:pytest]"),
        ({"setup.cfg": "[tool:pytest]\n", ".venv/pyvenv.cfg": ""}, (".venv/bin/python", "-m", "pytest"),
         "pytest: setup.cfg has [tool:pytest] and .venv/pyvenv.cfg is there"),
        ({"conftest.py": ""}, PYTEST, "pytest: conftest.py is there"),
        ({"tests/conftest.py": ""}, PYTEST, "pytest: tests/conftest.py is there"),
        ({"tox.ini": "[tox]\r\n"}, ("tox",), "tox: tox.ini has [tox]"),
        ({"tox.ini": "[testenv]\n"}, ("tox",), "tox: tox.ini has [testenv]"),
        ({"tox.toml": ""}, ("tox",), "tox: tox.toml is there"),
        ({"pyproject.toml": "[tool.tox]\n"}, ("tox",), "tox: pyproject.toml has [tool.tox]"),
        ({"noxfile.py": ""}, ("nox",), "nox: noxfile.py is there"),
        ({"package.json": NODE}, ("npm", "test"), "npm: package.json has a script test"),
        ({"package.json": NODE, "yarn.lock": ""}, ("yarn", "test"),
         "yarn: package.json has a script test and yarn.lock is there; there are signs of npm too"),
        ({"package.json": NODE, "pnpm-lock.yaml": ""}, ("pnpm", "test"),
         "pnpm: package.json has a script test and pnpm-lock.yaml is there; there are signs of npm too"),
        ({"Cargo.toml": ""}, ("cargo", "test"), "cargo: Cargo.toml is there"),
        ({"go.mod": ""}, ("go", "test", "./..."), "go: go.mod is there"),
        ({"pom.xml": ""}, ("mvn", "--batch-mode", "test"), "maven: pom.xml is there"),
        ({"pom.xml": "", "mvnw": ""}, ("./mvnw", "--batch-mode", "test"),
         "maven: pom.xml is there and mvnw is there"),
        ({"build.gradle": ""}, ("gradle", "test"), "gradle: build.gradle is there"),
        ({"build.gradle.kts": ""}, ("gradle", "test"), "gradle: build.gradle.kts is there"),
        ({"build.gradle": "", "gradlew": ""}, ("./gradlew", "test"), "gradle: gradlew is there"),
        ({"Makefile": "all:\n\ntest: all\n\t./run\n"}, ("make", "test"), "make: Makefile has a target test"),
        ({"GNUmakefile": "check:\n"}, ("make", "check"), "make: GNUmakefile has a target check"),
        ({"Makefile": "check:\ntest:\n"}, ("make", "test"), "make: Makefile has a target test"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_tool_is_told_by_its_files(
    files: dict[str, str], argv: tuple[str, ...], reason: str, make_workspace: MakeWorkspace
) -> None:
    detected = found(make_workspace(files))
    assert detected is not None
    assert (detected.argv, detected.reason) == (argv, reason)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": "[project]\n# [tool.pytest.ini_options]\n", "setup.cfg": "[metadata]\n", "tox.ini": ""},
        {"package.json": NO_TEST},
        {"package.json": "{"},
        {"package.json": "[" * 100_000},
        {"package.json": '{"scripts": ["test"]}', "yarn.lock": ""},
        {"package.json": '{"scripts": {"test": 1}}'},
        {"Makefile": "tests:\ntest := 1\n\ttest: x\ncheck-all:\n"},
        {"sub/pytest.ini": "", ".venv/pyvenv.cfg": ""},
    ],
    ids=["nothing", "other sections", "npm init", "no JSON", "deep JSON", "a list", "a number", "targets", "below"],
)
def test_where_nothing_speaks_for_a_tool_none_is_found(files: dict[str, str], make_workspace: MakeWorkspace) -> None:
    assert found(make_workspace(files)) is None


def test_the_first_row_whose_signs_are_there_wins_and_the_others_are_named(make_workspace: MakeWorkspace) -> None:
    everything = {sign.file: "" for sign in chain.from_iterable(row.signs for row in TABLE)}
    everything |= {"package.json": NODE, "Makefile": "test:\n"}
    detected = found(make_workspace(everything))
    assert detected is not None
    assert detected.argv == (".venv/bin/python", "-m", "pytest")
    assert detected.reason.startswith("pytest: pytest.ini is there and .venv/pyvenv.cfg is there; ")
    assert detected.reason.endswith(" of tox, nox, pnpm, yarn, npm, cargo, go, maven, gradle, make too")
    assert TOOLS == ("pytest", "tox", "nox", "pnpm", "yarn", "npm", "cargo", "go", "maven", "gradle", "make")


def test_it_is_the_folder_to_run_in_that_is_looked_at(make_workspace: MakeWorkspace) -> None:
    folder = make_workspace({"pytest.ini": "", "java/pom.xml": ""})
    detected = found(folder, "java")
    assert detected == Detected(
        ("mvn", "--batch-mode", "test"), "java/**/target/surefire-reports/*.xml", "maven: pom.xml is there"
    )


def test_what_cannot_be_read_is_no_sign(make_workspace: MakeWorkspace) -> None:
    folder = make_workspace({"real.ini": ""})
    (folder / "pytest.ini").symlink_to("real.ini")
    (folder / "tox.toml").mkdir()
    (folder / "Makefile").write_bytes(b"\xff\xfe\ntest:\n")
    detected = found(folder)
    assert detected is not None
    assert detected.argv == ("make", "test")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(["pyproject.toml", "tox.ini", "setup.cfg", "package.json", "Makefile"]), st.binary(max_size=100)
    )
)
def test_whatever_is_in_the_files_something_or_nothing_is_found(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name in ("pyproject.toml", "tox.ini", "setup.cfg", "package.json", "Makefile"):
        (tmp_path / name).unlink(missing_ok=True)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    detected = found(tmp_path)
    assert detected is None or detected.reason
