"""The environment that the libraries are installed in: never the project's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from bench.peers.catalogue import Contender

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-peers"
PYTHON = FOLDER / "bin" / "python"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def installed(contender: Contender) -> str | None:
    """Install what a library needs, in an environment that is made at need. Gives what is wrong, or None."""
    if not _missing(contender.packages):
        return None
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", str(REQUIREMENTS))
    try:
        if not PYTHON.exists():
            _quietly([sys.executable, "-m", "venv", str(FOLDER)])
        _quietly([str(PYTHON), *install, *contender.packages])
    except subprocess.CalledProcessError as error:
        return last_line(error.stderr or error.stdout)
    return None


def last_line(text: str) -> str:
    """The last line of what a program said."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def versions() -> dict[str, str]:
    """The versions of those of the required packages that are there."""
    found = {distribution.name: distribution.version for distribution in _there()}
    return {name: found[name] for name in _required() if name in found}


def _missing(packages: Sequence[str]) -> bool:
    found, required = versions(), _required()
    return any(found.get(name) != required[name] for name in packages)


def _required() -> dict[str, str]:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    pinned = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in pinned}


def _there() -> list[Distribution]:
    return list(distributions(path=[str(folder) for folder in FOLDER.glob("lib/python*/site-packages")]))


def _quietly(command: Sequence[str]) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)
