"""The editor `write`: whole files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import EditFailed, FileEdit, InlinedFile
from stages.editors.write import WholeFile, Write

RunEditor = Callable[..., tuple[FileEdit, ...]]


def test_each_path_is_to_hold_what_the_options_say(make_workspace: Callable[..., Path], run_editor: RunEditor) -> None:
    options = (
        WholeFile("text", content="schön\n"),
        WholeFile("script", content="#!/bin/sh\n", mode="0755"),
        WholeFile("binary", file=InlinedFile.of(b"\x00\xff")),
        WholeFile("link", link_target="text"),
        WholeFile("gone", delete=True),
        WholeFile("empty", content=""),
    )
    assert run_editor(Write(), make_workspace({"gone": "x"}), options) == (
        FileEdit("text", "schön\n".encode()),
        FileEdit("script", b"#!/bin/sh\n", 0o755),
        FileEdit("binary", b"\x00\xff"),
        FileEdit("link", None, link_target="text"),
        FileEdit("gone", None),
        FileEdit("empty", b""),
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "a: give one of content, file, link_target and delete, found none"),
        ({"content": "x", "delete": True}, "found content and delete"),
        ({"link_target": "b", "mode": "755"}, "mode goes with content or file"),
        ({"content": "x", "mode": "rwx"}, "mode: expected three octal digits in quotes, such as \"755\", found 'rwx'"),
        ({"content": "x", "mode": "4755"}, "mode: expected three octal digits"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        WholeFile("a", **options)


def test_a_path_that_is_written_twice_is_refused_when_the_plan_is_loaded() -> None:
    with pytest.raises(EditFailed, match="b is written twice"):
        Write().paths((WholeFile("a", content=""), WholeFile("b", content=""), WholeFile("b", delete=True)))
    assert Write().paths((WholeFile("b", content=""), WholeFile("a", delete=True))) == ("b", "a")
