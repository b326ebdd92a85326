"""A real git repository to make patches in, apart from the user's own configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from attrs import frozen

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


@frozen
class Repository:
    """A git repository in a folder."""

    folder: Path

    def git(self, *arguments: str) -> bytes:
        """What git prints."""
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=_ENVIRONMENT, check=True, capture_output=True
        ).stdout

    def commit(self) -> None:
        """Commit all that is there."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", "state")

    def diff(self, *arguments: str) -> bytes:
        """The patch from the last commit to all that is there."""
        self.git("add", "--all", "--force")
        return self.git("diff", "--cached", "--binary", "--find-renames", "--find-copies-harder", *arguments, "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    folder = tmp_path / "repository"
    folder.mkdir()
    made = Repository(folder)
    made.git("init", "--quiet")
    return made
