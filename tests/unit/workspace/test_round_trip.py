"""For any tree and any edits: they are made exactly, and taken back exactly."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from mission_fsm.core.outcomes import FileEdit
from mission_fsm.errors import EditFailed, UnsafePath
from mission_fsm.workspace.apply import apply
from mission_fsm.workspace.changeset import build
from mission_fsm.workspace.checkpoint import Manifest, from_json, pre_images, rollback_manifest, secure, to_json
from mission_fsm.workspace.names import parents, replaced_in
from mission_fsm.workspace.paths import Root

Tree = dict[str, tuple[str, int, bytes]]

GONE = FileEdit("", None)
LINK = FileEdit("", None, link_target="b")

names = st.sampled_from(["a", "b", "ü", "c d"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
contents = st.binary(max_size=30) | st.just(b"line\n" * 50)
files = st.builds(FileEdit, st.just(""), contents, st.sampled_from([0o600, 0o644, 0o755]))
links = st.builds(lambda target: FileEdit("", None, link_target=target), paths)


def _consistent(by_path: dict[str, FileEdit]) -> dict[str, FileEdit]:
    """Without the files that others would lie below."""
    above = replaced_in([path for path, edit in by_path.items() if edit.content is not None or edit.link_target])
    return {path: edit for path, edit in by_path.items() if path not in above}


changed = st.one_of(st.builds(FileEdit, st.just(""), contents), files, links, st.just(GONE))
trees = st.dictionaries(paths, files | links, max_size=8).map(_consistent)
edits = st.dictionaries(paths, changed, min_size=1, max_size=6).map(_consistent)
folders = st.dictionaries(paths, st.sampled_from([0o700, 0o755]), max_size=2)


def _write(top: Path, tree: Mapping[str, FileEdit], empty: Mapping[str, int]) -> None:
    for path, file in tree.items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.link_target is not None:
            place.symlink_to(file.link_target)
        else:
            place.write_bytes(file.content or b"")
            place.chmod(file.mode or 0o644)
    for path, mode in empty.items():
        (top / path).mkdir(parents=True, exist_ok=True)
        (top / path).chmod(mode)


def _expected(tree: Tree, wanted: Mapping[str, FileEdit]) -> Tree:
    """The files and links that are to stand after the edits."""
    after = {path: node for path, node in tree.items() if node[0] != "folder"}
    for path, edit in wanted.items():
        if edit.link_target is not None:
            after[path] = ("link", 0, edit.link_target.encode())
        elif edit.content is not None:
            kept = after[path][1] if path in after and after[path][0] == "file" else 0o644
            after[path] = ("file", edit.mode or kept, edit.content)
        else:
            after.pop(path, None)
    return after


def _without_folders(tree: Tree) -> Tree:
    return {path: node for path, node in tree.items() if node[0] != "folder"}


class _Missions:
    """What a runner keeps: bytes by digest, and the manifests as they are stored."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.blobs: dict[str, bytes] = {}

    def edit(self, wanted: Mapping[str, FileEdit]) -> Manifest:
        placed = [FileEdit(path, edit.content, edit.mode, edit.link_target) for path, edit in wanted.items()]
        change_set, after = build(self.root, placed, {})
        manifest, before = secure(self.root, change_set)
        self.blobs |= {**after, **before}
        return self._apply(manifest)

    def roll_back(self, *manifests: Manifest) -> Manifest:
        manifest = rollback_manifest(self.root, manifests)
        self.blobs |= pre_images(self.root, manifest)
        return self._apply(manifest)

    def _apply(self, manifest: Manifest) -> Manifest:
        stored = from_json(to_json(manifest))
        apply(self.root, stored, self.blobs.__getitem__, "tag")
        return stored


@settings(max_examples=100, deadline=None)
@given(start=trees, empty=folders, steps=st.lists(edits, min_size=1, max_size=3), at_once=st.booleans())
@example(  # a link takes the place of a folder that an earlier edit made
    start={}, empty={}, at_once=True, steps=[{"a/a": FileEdit("", b"")}, {"a/a": GONE, "a": LINK}]
)
@example(  # and of one that had been empty
    start={}, empty={"a": 0o700}, at_once=True, steps=[{"a/a": FileEdit("", b"")}, {"a/a": GONE, "a": LINK}]
)
def test_edits_are_made_and_taken_back_exactly_and_so_are_rollbacks(
    tree: Callable[[Path], Tree],
    in_memory: Path,
    start: dict[str, FileEdit],
    empty: dict[str, int],
    steps: list[dict[str, FileEdit]],
    at_once: bool,  # noqa: FBT001  drawn by Hypothesis, by name
) -> None:
    empty = {path: mode for path, mode in empty.items() if not {path, *parents(path)} & set(start)}
    with tempfile.TemporaryDirectory(dir=in_memory) as name, Root(Path(name)) as root:
        top = Path(name)
        _write(top, start, empty)
        missions = _Missions(root)
        stages = [tree(top)]
        stack: list[Manifest] = []
        for wanted in steps:
            try:
                stack.append(missions.edit(wanted))
            except (UnsafePath, EditFailed) as refusal:
                event(f"refused: {type(refusal).__name__}")
                assert tree(top) == stages[-1]
                continue
            event("made")
            stages.append(tree(top))
            assert _without_folders(stages[-1]) == _expected(stages[-2], wanted)
        if at_once:
            undo = missions.roll_back(*reversed(stack))
            assert tree(top) == stages[0]
            missions.roll_back(undo)
            assert tree(top) == stages[-1]
        else:
            for before, manifest in zip(stages[-2::-1], reversed(stack), strict=True):
                missions.roll_back(manifest)
                assert tree(top) == before
