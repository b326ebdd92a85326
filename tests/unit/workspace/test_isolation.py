"""A program in a copy of the workspace: what it changes there is taken home, and the workspace stays as it was."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mission_fsm.core.outcomes import FileEdit
from mission_fsm.core.replies import CommandSpec
from mission_fsm.workspace import harvest
from mission_fsm.workspace.isolated import Isolated, run_isolated
from mission_fsm.workspace.isolation import copy_workspace
from mission_fsm.workspace.listing import folders
from mission_fsm.workspace.paths import Root

Run = Callable[..., Isolated]
Tree = Callable[[Path], dict[str, tuple[str, int, bytes]]]

BEFORE: dict[str, bytes] = {"a.txt": b"one\n", "b/c.txt": b"see\n", "b/run.sh": b"#!\n", "empty": b""}


@pytest.fixture
def filled(folder: Path) -> Path:
    """The workspace with some files, a link, an empty folder and a repository."""
    for path, content in BEFORE.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "b/run.sh").chmod(0o755)
    (folder / "link").symlink_to("a.txt")
    (folder / "hollow").mkdir()
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("[core]\n")
    return folder


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Where copies are made."""
    made = tmp_path / "copies"
    made.mkdir()
    return made


@pytest.fixture
def run(filled: Path, places: Path) -> Run:
    """Runs a Python program in a copy of the workspace."""

    def start(program: str, **options: object) -> Isolated:
        spec = CommandSpec((sys.executable, "-c", f"import os, pathlib\n{program}"), timeout_s=20, isolated=True)
        with Root(filled) as root:
            given = {"places": [places], "purpose": "copy", "cap_bytes": 10_000, **options}
            return run_isolated(spec, root=root, **given)  # type: ignore[arg-type]

    return start


def test_the_copy_is_the_workspace_without_git_and_shares_no_inode_with_it(
    filled: Path, places: Path, tree: Tree
) -> None:
    os.link(filled / "a.txt", filled / "second name")
    (filled / "secret.sh").write_bytes(b"#!\n")
    (filled / "secret.sh").chmod(0o700)
    (filled / "large").write_bytes(os.urandom(300_000))
    os.utime(filled / "large", ns=(1, 2))
    with Root(filled) as root:
        copied = copy_workspace(root, places / "copy", lambda: True)
    expected = {path: node for path, node in tree(filled).items() if not path.startswith(".git")}
    assert tree(places / "copy") == expected
    assert {path for path, node in expected.items() if node[0] != "folder"} == set(copied)
    inodes = [{path.lstat().st_ino for path in top.rglob("*")} for top in (filled, places / "copy")]
    assert not inodes[0] & inodes[1]
    assert (places / "copy/large").stat().st_mtime_ns == 2


def test_where_blocks_cannot_be_shared_the_bytes_are_copied(
    filled: Path, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(200_000)
    (filled / "large").write_bytes(content)
    calls = []

    def fails_after_some(source: int, target: int, count: int) -> int:
        calls.append(count)
        if len(calls) > 1:
            raise OSError(errno.EXDEV, "other file systems")
        return os.write(target, os.read(source, 70_000))

    monkeypatch.setattr(os, "copy_file_range", fails_after_some, raising=False)
    with Root(filled) as root:
        copy_workspace(root, places / "copy", lambda: True)
    assert (places / "copy/large").read_bytes() == content
    assert len(calls) == 2


def test_what_cannot_be_read_or_is_no_file_is_left_out_and_never_taken_for_deleted(filled: Path, run: Run) -> None:
    os.mkfifo(filled / "pipe")
    ran = run("assert not os.path.exists('pipe'); open('a.txt', 'a').write('two')")
    assert [edit.path for edit in ran.result.edits or ()] == ["a.txt"]


CHANGES: dict[str, tuple[str, tuple[FileEdit, ...]]] = {
    "content": ("open('a.txt', 'w').write('two\\n')", (FileEdit("a.txt", b"two\n"),)),
    "content of the same size and time": (
        "t = os.stat('a.txt'); open('a.txt', 'r+').write('two'); os.utime('a.txt', ns=(t.st_atime_ns, t.st_mtime_ns))",
        (FileEdit("a.txt", b"two\n"),),
    ),
    "mode": ("os.chmod('a.txt', 0o755)", (FileEdit("a.txt", b"one\n", 0o755),)),
    "the mode is kept where the content changes": (
        "open('b/run.sh', 'a').write('x')",
        (FileEdit("b/run.sh", b"#!\nx"),),
    ),
    "new file in a new folder": (
        "os.makedirs('n/m'); open('n/m/f', 'wb').write(bytes(4)); os.chmod('n/m/f', 0o600)",
        (FileEdit("n/m/f", bytes(4), 0o600),),
    ),
    "deleted": ("os.remove('empty')", (FileEdit("empty", None),)),
    "renamed": (
        "os.rename('b/c.txt', 'd.txt')",
        (FileEdit("b/c.txt", None), FileEdit("d.txt", b"see\n", 0o644)),
    ),
    "replaced by a rename": (
        "open('t', 'w').write('new\\n'); os.chmod('t', 0o644); os.replace('t', 'a.txt')",
        (FileEdit("a.txt", b"new\n"),),
    ),
    "link made": ("os.symlink('c.txt', 'b/l')", (FileEdit("b/l", None, link_target="c.txt"),)),
    "link pointed elsewhere": (
        "os.remove('link'); os.symlink('b', 'link')",
        (FileEdit("link", None, link_target="b"),),
    ),
    "link becomes a file": ("os.remove('link'); open('link', 'w').write('x')", (FileEdit("link", b"x", 0o644),)),
    "folder becomes a file": (
        "import shutil; shutil.rmtree('b'); open('b', 'w').write('x')",
        (FileEdit("b", b"x", 0o644), FileEdit("b/c.txt", None), FileEdit("b/run.sh", None)),
    ),
    "written again as it was": ("open('a.txt', 'w').write('one\\n'); os.utime('empty')", ()),
    "its repository": ("os.mkdir('.git'); open('.git/hooks', 'w').write('x')", ()),
    "what git ignores": (
        """
open('.gitignore', 'w').write('*.log\\n'); open('x.log', 'w').write('x')
os.makedirs('b/cache/deep'); open('b/cache/.gitignore', 'w').write('*'); open('b/cache/deep/x', 'w').write('')
""",
        (FileEdit(".gitignore", b"*.log\n", 0o644),),
    ),
}


@pytest.mark.parametrize("shape", CHANGES)
def test_what_a_program_changes_in_its_copy_is_what_is_proposed(
    shape: str, filled: Path, run: Run, places: Path, tree: Tree
) -> None:
    """The workspace is as it was, and the copy is gone."""
    program, expected = CHANGES[shape]
    before = tree(filled)
    ran = run(program)
    assert ran.result.problem is None
    assert ran.result.edits == expected
    assert set(ran.seen) == {edit.path for edit in expected}
    assert tree(filled) == before
    assert list(places.iterdir()) == []


@given(wanted=st.dictionaries(st.sampled_from(["a", "b", "c/d", "c/e", "f/g/h"]), st.none() | st.binary(max_size=3)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_a_copy_is_found_whole(
    wanted: dict[str, bytes | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The edits make of the original what the copy is."""
    top = tmp_path_factory.mktemp("any")
    before: dict[str, bytes] = {"a": b"", "c/d": b"1", "f/g/h": b"22"}
    (top / "workspace").mkdir()
    _fill(top / "workspace", before)
    with Root(top / "workspace") as root:
        copied = copy_workspace(root, top / "copy", lambda: True)
        _fill(top / "copy", wanted)
        with Root(top / "copy") as copy:
            made = harvest.harvest(root, copy, copied)
    after = {path: content for path, content in {**before, **wanted}.items() if content is not None}
    carried = {**before, **{edit.path: edit.content for edit in made.edits}}
    assert {path: content for path, content in carried.items() if content is not None} == after
    assert all(before.get(edit.path) != edit.content for edit in made.edits)


def _fill(top: Path, files: dict[str, bytes] | dict[str, bytes | None]) -> None:
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            (top / path).unlink(missing_ok=True)
        else:
            (top / path).write_bytes(content)


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("os.mkfifo('pipe')", "the program left 'pipe', which is neither a file, a folder nor a symbolic link"),
        ("[open(f'n{i}', 'w').close() for i in range(4)]", "changed more than 3 files"),
        ("open('big', 'wb').write(bytes(2001))", "what the program wrote is larger than 0 MiB in all"),
        ("open('huge', 'wb').truncate(65 * 1024**2)", "'huge' is larger than 64 MiB"),
    ],
)
def test_what_cannot_be_proposed_is_told_in_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, program: str, sentence: str
) -> None:
    monkeypatch.setattr(harvest, "MAX_FILES", 3)
    monkeypatch.setattr(harvest, "MAX_BYTES", 2000)
    result = run(program).result
    assert (result.kind, result.exit_status, result.edits) == ("not_taken", 0, ())
    assert sentence in str(result.problem)


def test_a_file_that_changes_in_the_workspace_meanwhile_is_a_conflict(filled: Path, run: Run) -> None:
    """Also where it is the program that writes outside of its copy."""
    result = run(f"open('a.txt', 'a').write('mine'); open({str(filled / 'a.txt')!r}, 'w').write('one\\n')").result
    assert result.kind == "not_taken"
    assert "changed in the workspace while the program worked on its copy: a.txt" in str(result.problem)
    untouched = run(f"open('empty', 'a').write('mine'); open({str(filled / 'a.txt')!r}, 'w').write('theirs')").result
    assert [edit.path for edit in untouched.edits or ()] == ["empty"]


def test_a_program_that_fails_gives_no_edits(run: Run, places: Path) -> None:
    failed = run("open('a.txt', 'w').close(); raise SystemExit(3)").result
    assert (failed.kind, failed.exit_status, failed.edits) == ("exited", 3, ())
    ended = run("open('a.txt', 'w').close()", should_end=lambda: True).result
    assert (ended.kind, ended.edits) == ("ended", ())
    assert list(places.iterdir()) == []


def test_what_it_is_told_lies_beside_its_copy_and_is_no_change(run: Run) -> None:
    def hand_over(folder: Path) -> dict[str, str]:
        (folder / "task").write_text("do it")
        return {"TASK": str(folder / "task")}

    ran = run("print(open(os.environ['TASK']).read(), os.environ['GIT_CEILING_DIRECTORIES'])", hand_over=hand_over)
    assert ran.output.startswith(b"do it ")
    assert ran.result.edits == ()


def test_without_room_for_a_copy_nothing_is_run(run: Run, filled: Path, tmp_path: Path) -> None:
    for places in ([tmp_path / "absent"], [filled], [filled / "b"]):
        result = run("open('a.txt', 'w').close()", places=places).result
        assert result.kind == "not_started"
        assert f"MB on the disk, for which none of {places[0]} has room" in str(result.problem)


def test_a_copy_that_a_killed_runner_left_is_removed_by_the_next(run: Run, places: Path) -> None:
    left = places / "copy-left"
    (left / "locked").mkdir(parents=True)
    (left / "locked/file").write_text("x")
    (left / "locked").chmod(0)
    other = places / "another-left"
    other.mkdir()
    run("os.mkdir('n'); open('n/f', 'w').close(); os.chmod('n', 0o500)")
    assert list(places.iterdir()) == [other]


def test_a_very_deep_folder_is_neither_a_crash_nor_left_there(run: Run, places: Path) -> None:
    """Deeper than a path may be long."""
    name = "d" * 100
    program = f"for _ in range(60):\n    os.mkdir({name!r}); os.chdir({name!r})\nopen('bottom', 'w').close()"
    result = run(program).result
    assert result.edits == (FileEdit(f"{name}/" * 60 + "bottom", b"", 0o644),)
    assert list(places.iterdir()) == []


def test_folders_come_from_the_top_down_without_git(filled: Path) -> None:
    (filled / "b" / ".GIT").mkdir()
    with Root(filled) as root:
        found = [base for base, _, _ in folders(root)]
    assert found[0] == ""
    assert sorted(found) == ["", "b/", "hollow/"]
