"""Every built-in editor keeps the contract that plugin authors' editors are held to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import InlinedFile
from mission_fsm.testing.editor_contract import EditCase, EditorContract
from stages.editors.command import Command, Program
from stages.editors.openai import OpenAI, Request
from stages.editors.patch import Patch
from stages.editors.replace import Replace, Replacement
from stages.editors.write import WholeFile, Write

PATCH = """\
diff --git a/a.txt b/b.txt
similarity index 50%
rename from a.txt
rename to b.txt
--- a/a.txt
+++ b/b.txt
@@ -1,2 +1,2 @@
-one
+two
 end
diff --git a/new.txt b/new.txt
new file mode 100755
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+made
"""


def workspace(tmp_path: Path) -> Path:
    """A folder with one file in it."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.txt").write_text("one\nend\n")
    return folder


class CommandSuite(EditorContract):
    editor = Command

    def cases(self, tmp_path: Path) -> Sequence[EditCase]:
        folder = workspace(tmp_path)

        def python(text: str) -> Program:
            return Program(run=(sys.executable, "-c", text))

        return [
            EditCase(folder, python("open('a.txt', 'a').write('more'); open('b.txt', 'w')")),
            EditCase(folder, python("pass"), fails=True),
            EditCase(folder, python("open('a.txt', 'w'); raise SystemExit(1)"), fails=True),
        ]


class OpenAISuite(EditorContract):
    editor = OpenAI

    @pytest.fixture(autouse=True)
    def answer(self, endpoint: Any) -> None:
        """What the model answers each time."""
        swap = "<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE"
        endpoint.says(f"FILE: a.txt\n{swap}\nFILE: sub/b.txt\n<<<<<<< WRITE\nb\n>>>>>>> WRITE")

    def cases(self, tmp_path: Path) -> Sequence[EditCase]:
        folder = workspace(tmp_path)
        (folder / "c.txt").write_text("one\n")
        return [
            EditCase(folder, Request("Count on", ("a.txt",))),
            EditCase(folder, Request("Count on", ("c.txt",)), fails=True),
            EditCase(folder, Request("Count on", ("no.txt",)), fails=True),
        ]


class PatchSuite(EditorContract):
    editor = Patch

    def cases(self, tmp_path: Path) -> Sequence[EditCase]:
        folder = workspace(tmp_path)
        broken = [PATCH.replace("-one", "-nine"), PATCH.replace("a.txt", "no.txt"), "no patch", PATCH[:-5]]
        failing = [EditCase(folder, InlinedFile(text=text), fails=True) for text in broken]
        return [EditCase(folder, InlinedFile(text=PATCH)), *failing]


class ReplaceSuite(EditorContract):
    editor = Replace

    def cases(self, tmp_path: Path) -> Sequence[EditCase]:
        folder = workspace(tmp_path)
        return [
            EditCase(folder, (Replacement("a.txt", "one", "two"), Replacement("a.txt", "end", "last"))),
            EditCase(folder, (Replacement("a.txt", "e", "f"),), fails=True),
            EditCase(folder, (Replacement("no.txt", "e", "f"),), fails=True),
        ]


class WriteSuite(EditorContract):
    editor = Write

    def cases(self, tmp_path: Path) -> Sequence[EditCase]:
        folder = workspace(tmp_path)
        return [
            EditCase(folder, (WholeFile("a.txt", delete=True), WholeFile("sub/b.sh", content="x\n", mode="755"))),
            EditCase(folder, (WholeFile("link", link_target="a.txt"),)),
            EditCase(folder, (WholeFile("a.txt", content="x"), WholeFile("a.txt", content="y")), fails=True),
        ]
