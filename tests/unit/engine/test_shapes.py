"""Every shape that a change can have, by every editor that can make it: proposed, approved, applied and rolled back."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from mission_fsm import Engine, State
from mission_fsm.journal.memory import MemoryStore


@frozen
class Node:
    """What stands at a path: a file's bytes and mode, or where a link leads."""

    content: bytes = b""
    mode: int = 0o644
    leads_to: str | None = None


Tree = Mapping[str, Node]
Make = Callable[[Tree, Tree, Path], dict[str, Any]]

LINES = b"".join(b"line %d\n" % number for number in range(1, 41))
CRLF = LINES.replace(b"\n", b"\r\n")


def file(content: bytes, mode: int = 0o644) -> Node:
    """A file."""
    return Node(content, mode)


def link(leads_to: str) -> Node:
    """A symbolic link."""
    return Node(leads_to=leads_to)


A = file(LINES)
SHAPES: dict[str, tuple[Tree, Tree]] = {
    "create": ({"a": A}, {"a": A, "new/b": file(b"made\n")}),
    "delete": ({"a": A, "b/c": file(b"see\n")}, {"a": A}),
    "rename": ({"a": A}, {"deep/er/b": A}),
    "copy": ({"a": A}, {"a": A, "b": file(LINES.replace(b"line 9\n", b"nine\n"))}),
    "mode": ({"run.sh": file(b"#!\n"), "a": file(b"x", 0o755)}, {"run.sh": file(b"#!\n", 0o755), "a": file(b"x")}),
    "symlink": ({"a": A, "b": A, "l": link("a")}, {"a": A, "b": link("a"), "l": link("b"), "d/n": link("../a")}),
    "link becomes file": ({"a": A, "l": link("a")}, {"a": A, "l": file(b"now a file\n")}),
    "binary": ({"i": file(bytes(range(256)))}, {"i": file(bytes(reversed(range(256)))), "j": file(bytes(300))}),
    "CRLF": ({"a": file(CRLF)}, {"a": file(CRLF.replace(b"line 3\r", b"three\r"))}),
    "mixed line ends": ({"a": file(b"one\r\ntwo\nthree\r\nfour\r")}, {"a": file(b"one\ntwo\nTHREE\r\nfour\r")}),
    "no newline at end": ({"a": file(b"one\ntwo")}, {"a": file(b"one\ntwo\nthree")}),
    "newline at end added": ({"a": file(b"one\ntwo")}, {"a": file(b"one\ntwo\n")}),
    "form feed": ({"a": file(b"1\n\x0c\n2\x0b\x85\n")}, {"a": file("1\n\x0c\nTWO\x0b\u2028\n".encode())}),
    "unicode names": ({"größe/日本.txt": A}, {"größe/日本.txt": file("schön\n".encode() + LINES)}),
    "spaced and quoted names": (
        {"with space": A, 'quo"ted\\name\t': A, " around ": file(b"x\n")},
        {"with space": file(LINES[:-8]), 'quo"ted\\name\t': file(LINES[8:]), " around ": file(b"y\n")},
    ),
    "several hunks": (
        {"a": A, "b/c": A},
        {"a": file(LINES.replace(b"line 2\n", b"two\n").replace(b"line 39\n", b"")), "b/c": file(LINES[7:] + b"end\n")},
    ),
    "file becomes folder": ({"a": file(b"file\n")}, {"a/b": file(b"below\n")}),
    "folder becomes file": ({"a/b": file(b"below\n"), "a/c/d": A}, {"a": file(b"file\n")}),
}


def build(top: Path, tree: Tree) -> None:
    """Make the tree below the folder."""
    for path, node in tree.items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.leads_to is not None:
            place.symlink_to(node.leads_to)
        else:
            place.write_bytes(node.content)
            place.chmod(node.mode)


def standing(top: Path) -> dict[str, tuple[int, bytes]]:
    """All that stands below the folder: kind and mode, and bytes or target."""
    found = {}
    for path in sorted(top.rglob("*")):
        mode = path.lstat().st_mode
        content = b""
        if stat.S_ISLNK(mode):
            mode, content = stat.S_IFLNK, os.fsencode(path.readlink())
        elif stat.S_ISREG(mode):
            content = path.read_bytes()
        found[path.relative_to(top).as_posix()] = (mode, content)
    return found


# --- the editors' options for a change


def by_patch(before: Tree, after: Tree, beside: Path) -> dict[str, Any]:
    """As git has it."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(folder: Path, *arguments: str) -> bytes:
        command = ["git", f"--git-dir={beside / 'repository'}", f"--work-tree={folder}", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True).stdout

    for name, tree in (("before", before), ("after", after)):
        (beside / name).mkdir()
        build(beside / name, tree)
    git(beside, "init", "--quiet")
    git(beside / "before", "add", "--all", "--force")
    old = git(beside / "before", "write-tree").decode().strip()
    git(beside / "after", "add", "--all", "--force")
    patch = git(beside / "after", "diff", "--cached", "--binary", "-M", "-C", "--find-copies-harder", old)
    (beside / "fix.patch").write_bytes(patch)
    return {"patch": "fix.patch"}


def by_write(before: Tree, after: Tree, beside: Path) -> dict[str, Any]:
    """Whole files."""
    writes: list[dict[str, Any]] = [{"path": path, "delete": True} for path in before if path not in after]
    for number, (path, node) in enumerate(after.items()):
        if node == before.get(path):
            continue
        if node.leads_to is not None:
            writes.append({"path": path, "link_target": node.leads_to})
            continue
        (beside / f"content-{number}").write_bytes(node.content)
        writes.append({"path": path, "file": f"content-{number}", "mode": f"{node.mode:o}"})
    return {"write": writes}


def by_replace(before: Tree, after: Tree, beside: Path) -> dict[str, Any]:
    """All that a file holds by all that it is to hold."""
    changed = {path: node for path, node in after.items() if node != before[path]}
    texts = {path: (before[path].content.decode(), node.content.decode()) for path, node in changed.items()}
    return {"replace": [{"path": path, "search": old, "replace": new} for path, (old, new) in texts.items()]}


def by_command(before: Tree, after: Tree, beside: Path) -> dict[str, Any]:
    """A program that makes everything anew, also what stays as it is."""
    (beside / "made").mkdir()
    build(beside / "made", after)
    program = (
        "import os, shutil, sys\n"
        "for name in os.listdir('.'):\n"
        "    shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.remove(name)\n"
        "shutil.copytree(sys.argv[1], '.', symlinks=True, dirs_exist_ok=True, copy_function=shutil.copy)\n"
    )
    # In a sandbox it would not see the folder that it copies.
    return {"command": {"run": [sys.executable, "-c", program, str(beside / "made")], "sandbox": "off"}}


EDITORS: dict[str, Make] = {"patch": by_patch, "write": by_write, "replace": by_replace, "command": by_command}


def _makes(editor: str, before: Tree, after: Tree) -> bool:
    """Whether the editor can make that change: `replace` knows no other than of UTF-8 text in place."""
    if editor != "replace":
        return True
    same_files = before.keys() == after.keys()
    return same_files and all(
        node == before[path] or (_is_text(node, before[path]) and node.mode == before[path].mode)
        for path, node in after.items()
    )


def _is_text(*nodes: Node) -> bool:
    try:
        return all(node.leads_to is None and node.content.decode() for node in nodes)
    except UnicodeDecodeError:
        return False


CASES = [(shape, editor) for shape, trees in SHAPES.items() for editor in EDITORS if _makes(editor, *trees)]


def there_and_back(
    engine: Engine,
    workspace: Path,
    before: Tree,
    after: Tree,
    options: dict[str, Any],
    given: Mapping[str, bytes | None] | None = None,
) -> None:
    """See that the change is made exactly once it is approved, and not before, and that it is taken back exactly.

    given: the files that are proposed for a step that is left open.
    """
    build(workspace, before)
    first = standing(workspace)
    plan = workspace.parent / "plan.json"
    step = {"step_id": "fix", "description": "Change it", "with": options}
    plan.write_text(json.dumps({"version": 1, "goal": "another shape", "steps": [step]}))
    mission = engine.create(plan, workspace)
    engine.approve(mission.mission_id, digest=mission.plan.digest)
    mission = engine.run(mission.mission_id)
    if given is not None:
        engine.propose(mission.mission_id, files=given)
        mission = engine.run(mission.mission_id)
    assert mission.failure is None, mission.failure
    assert (mission.state, standing(workspace)) == (State.AWAITING_APPROVAL, first)
    engine.approve(mission.mission_id)
    assert engine.run(mission.mission_id).state is State.COMPLETE
    made = workspace.parent / "as it is to be"
    made.mkdir()
    build(made, after)
    assert _files(standing(workspace)) == _files(standing(made))
    engine.rollback(mission.mission_id, "start")
    assert standing(workspace) == first


def _files(found: Mapping[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    return {path: node for path, node in found.items() if not stat.S_ISDIR(node[0])}


@pytest.mark.parametrize(("shape", "editor"), CASES)
def test_a_change_is_made_exactly_and_taken_back_exactly(shape: str, editor: str, tmp_path: Path) -> None:
    """Bytes, modes, links and, when it is taken back, folders."""
    before, after = SHAPES[shape]
    beside, workspace = tmp_path, tmp_path / "workspace"
    workspace.mkdir()
    with Engine(MemoryStore(), by="ada") as engine:
        there_and_back(engine, workspace, before, after, EDITORS[editor](before, after, beside))


names = st.sampled_from(["a", "b", "ü", "c d"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
modes = st.sampled_from([0o644, 0o755])
nodes = st.builds(file, st.binary(max_size=20) | st.just(LINES), modes) | st.builds(
    link, st.sampled_from(["a", "b", "ü/a"])
)


def _consistent(tree: dict[str, Node]) -> dict[str, Node]:
    """Without the files that others would lie below."""
    above = {above for path in tree for above in _above(path)}
    return {path: node for path, node in tree.items() if path not in above}


def _above(path: str) -> list[str]:
    return [path[:at] for at, char in enumerate(path) if char == "/"]


trees = st.dictionaries(paths, nodes, max_size=6).map(_consistent)


def _files_given(before: Tree, after: Tree) -> Tree:
    """As near to that tree as files that are given can come: bytes alone, for files that keep the mode they have."""
    kept = {path: node.mode for path, node in before.items() if node.leads_to is None}
    return {path: file(node.content, kept.get(path, 0o644)) for path, node in after.items() if node.leads_to is None}


@given(before=trees, after=trees, editor=st.sampled_from(["patch", "write", "command", "files"]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_tree_becomes_any_other_and_comes_back(before: Tree, after: Tree, editor: str) -> None:
    """Through the whole engine, from the plan to the rollback, by an editor, or by files that a host proposes."""
    if editor == "files":
        after = _files_given(before, after)
    if {path: before.get(path) for path in after} == dict(after) and before.keys() == after.keys():
        event("the same")
        return
    turned = {above for path in after for above in _above(path)} & {
        path for path, node in before.items() if node.leads_to
    }
    # git looks at what lies in the new folder through the link that is still in its place, and may refuse.
    assume(editor != "patch" or not turned)
    event(editor)
    with tempfile.TemporaryDirectory() as name, Engine(MemoryStore(), by="ada") as engine:
        workspace = Path(name, "workspace")
        workspace.mkdir()
        if editor == "files":
            changed = {path: node.content for path, node in after.items() if node != before.get(path)}
            there_and_back(engine, workspace, before, after, {}, dict.fromkeys(before.keys() - after.keys()) | changed)
        else:
            there_and_back(engine, workspace, before, after, EDITORS[editor](before, after, Path(name)))


# A plan holds no NUL.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20) | st.just(
    LINES.decode()
)


@given(changes=st.dictionaries(paths, st.tuples(texts, texts, modes), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_texts_become_any_others_and_come_back(changes: dict[str, tuple[str, str, int]]) -> None:
    """By `replace`, which makes and removes no files."""
    before = _consistent({path: file(old.encode(), mode) for path, (old, _, mode) in changes.items()})
    after = {path: file(changes[path][1].encode(), node.mode) for path, node in before.items()}
    assume(before != after)
    with tempfile.TemporaryDirectory() as name, Engine(MemoryStore(), by="ada") as engine:
        workspace = Path(name, "workspace")
        workspace.mkdir()
        there_and_back(engine, workspace, before, after, by_replace(before, after, Path(name)))
