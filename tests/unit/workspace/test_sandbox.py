"""What a command can reach in a sandbox, tried by real commands; those are skipped where no sandbox can be made."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from mission_fsm.core.replies import CommandResult, CommandSpec
from mission_fsm.workspace.process import run
from mission_fsm.workspace.sandbox import lacking

contained = pytest.mark.skipif(lacking("auto") is not None, reason=str(lacking("auto")))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = tmp_path / "work space"
    (made / ".git" / "hooks").mkdir(parents=True)
    (made / ".git" / "config").write_text("[core]\n")
    return made


def tried(workspace: Path, code: str, *, sandbox: str = "auto", network: bool = False) -> CommandResult:
    spec = CommandSpec((sys.executable, "-c", code), timeout_s=30, sandbox=sandbox, network=network)
    home = workspace.parent / "home"
    home.mkdir(exist_ok=True)
    (home / "secret").write_text("secret")
    return run(spec, root=workspace, cap_bytes=65536, hidden=(home,))[0]


@contained
def test_the_workspace_is_written_and_nothing_else(workspace: Path) -> None:
    aside = workspace.parent / "aside"
    aside.mkdir()
    result = tried(workspace, f"open('made', 'w').write('x'); open({str(aside / 'made')!r}, 'w')")
    assert result.exit_status != 0
    assert (workspace / "made").read_text() == "x"
    assert list(aside.iterdir()) == []
    assert tried(workspace, "open('/etc/made-by-a-test', 'w')").exit_status != 0
    assert result.sandbox == "bubblewrap"


@contained
def test_the_home_of_missions_is_out_of_sight(workspace: Path) -> None:
    assert "FileNotFoundError" in tried(workspace, f"open({str(workspace.parent / 'home' / 'secret')!r})").output


@contained
def test_a_command_leaves_no_hook_that_git_would_run(workspace: Path) -> None:
    for path in (".git/hooks/pre-commit", ".git/config"):
        assert tried(workspace, f"open({path!r}, 'w').write('x')").exit_status != 0
    assert (workspace / ".git" / "config").read_text() == "[core]\n"
    assert list((workspace / ".git" / "hooks").iterdir()) == []


@contained
def test_the_network_is_reached_where_the_plan_says_so_and_nowhere_else(workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        assert tried(workspace, code).exit_status != 0
        assert tried(workspace, code, network=True).exit_status == 0
    own = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname(), 5)"
    assert tried(workspace, own).exit_status == 0


@contained
def test_temporary_files_are_its_own_and_go_with_it(workspace: Path) -> None:
    left = "import tempfile; print(tempfile.NamedTemporaryFile(delete=False, prefix='left-').name)"
    result = tried(workspace, left)
    assert result.exit_status == 0
    assert not Path(result.output.strip()).exists()


@contained
def test_a_child_that_leaves_its_session_ends_with_the_command(workspace: Path) -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '61.7'], start_new_session=True); print('left')"
    result = tried(workspace, code)
    assert "left" in result.output
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(b"61.7" in words.split(b"\0") for words in running)


def test_where_none_can_be_made_one_that_is_required_is_a_reason_not_to_start(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = tried(workspace, "open('made', 'w')", sandbox="required")
    assert (result.kind, result.exit_status) == ("not_started", None)
    assert result.problem is not None
    assert "bwrap" in result.problem
    assert not (workspace / "made").exists()
    assert tried(workspace, "open('made', 'w')").exit_status == 0
    assert (workspace / "made").exists()
