"""Writes what is made from the lifecycle table: `lifecycle.mmd` and `lifecycle.dot` here, and a block in README.md."""

from __future__ import annotations

import re
from pathlib import Path

from mission_fsm.core.diagram import dot, mermaid

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BLOCK = re.compile(r"(?<=<!-- lifecycle:begin -->\n).*?(?=<!-- lifecycle:end -->\n)", re.DOTALL)


def drawn() -> dict[Path, str]:
    """The files, and the text that each should have."""
    block = f"```mermaid\n{mermaid()}```\n"
    readme, blocks = BLOCK.subn(lambda _: block, README.read_text(encoding="utf-8"))
    if blocks != 1:
        raise SystemExit(f"{README} should have one block between lifecycle:begin and lifecycle:end, and has {blocks}")
    return {HERE / "lifecycle.mmd": mermaid(), HERE / "lifecycle.dot": dot(), README: readme}


if __name__ == "__main__":
    for path, text in drawn().items():
        path.write_text(text, encoding="utf-8")
