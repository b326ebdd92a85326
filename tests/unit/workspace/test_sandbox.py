"""What a command can reach in a sandbox, tried by real commands; those are skipped where no sandbox can be made."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mission_fsm.core.replies import CommandResult, CommandSpec
from mission_fsm.workspace.isolated import run_isolated
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.process import run
from mission_fsm.workspace.sandbox import Folders, arguments, lacking, needed_with
from mission_fsm.workspace.supervisor import processes

contained = pytest.mark.skipif(lacking("auto") is not None, reason=str(lacking("auto")))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = tmp_path / "work space"
    (made / ".git" / "hooks").mkdir(parents=True)
    (made / ".git" / "config").write_text("[core]\n")
    return made


def tried(
    workspace: Path, code: str | tuple[str, ...], *, sandbox: str = "auto", network: bool = False, cwd: str = "."
) -> CommandResult:
    """How the Python code, or the command, ends in the workspace."""
    argv = (sys.executable, "-c", code) if isinstance(code, str) else code
    spec = CommandSpec(argv, cwd, timeout_s=30, sandbox=sandbox, network=network)
    home = workspace.parent / "home"
    home.mkdir(exist_ok=True)
    (home / "secret").write_text("secret")
    return run(spec, root=workspace, cap_bytes=65536, hidden=(home,))[0]


# --- what it can reach


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


@contained
def test_the_repository_is_used_and_neither_replaced_nor_taken_away(workspace: Path) -> None:
    fresh = workspace.parent / "fresh"
    subprocess.run(["git", "init", "-q", str(fresh)], check=True)
    (fresh / "a").write_text("a")
    assert tried(fresh, ("git", "add", "a")).exit_status == 0
    assert tried(fresh, ("git", "status", "--porcelain")).output == "A  a\n"
    assert tried(fresh, "import os; os.rename('.git', 'git')").exit_status != 0
    assert tried(fresh, "import shutil; shutil.rmtree('.git')").exit_status != 0
    assert (fresh / ".git" / "config").exists()


@contained
def test_the_file_of_a_work_tree_that_says_where_its_repository_is_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    assert tried(tmp_path, "open('.git', 'w')").exit_status != 0
    assert tried(tmp_path, "import os; os.remove('.git'); os.mkdir('.git')").exit_status != 0
    assert (tmp_path / ".git").read_text() == "gitdir: /elsewhere\n"


@contained
def test_what_the_interpreter_has_installed_is_there_and_so_is_memory_to_share(workspace: Path) -> None:
    code = "import attrs, multiprocessing as m; p = m.Pool(2); print(p.map(abs, [-1, -2]))"
    result = tried(workspace, code)
    assert (result.exit_status, result.output) == (0, "[1, 2]\n")


@contained
def test_the_kernel_s_settings_and_the_supervisor_are_beyond_reach_for_root_too(workspace: Path) -> None:
    tries = (
        "open('/proc/sys/kernel/core_pattern', 'r+')",
        "open('/proc/1/environ').read()",
        "import os; os.listdir('/proc/1/cwd/')",
        "import os; os.stat('/proc/1/fd/0')",
    )
    for code in tries:
        assert "Error" in tried(workspace, code).output, code
    # As the first process it takes no signal that it does not want, so the command ends as if nothing were.
    assert tried(workspace, "import os; os.kill(1, 9); print('on')").output == "on\n"
    assert tried(workspace, "import os; os.kill(1, 9)").kind == "exited"


@contained
def test_the_program_of_an_editor_writes_in_its_copy_and_what_is_beside_it_and_not_in_the_workspace(
    workspace: Path,
) -> None:
    (workspace / "a").write_text("a")
    (workspace / "out").symlink_to(workspace / "a")
    code = "import os; open('b', 'w'); open(os.environ['TOLD']).read(); print(os.path.exists('a')); open('out', 'w')"
    spec = CommandSpec((sys.executable, "-c", code), isolated=True, sandbox="auto")

    def hand_over(folder: Path) -> dict[str, str]:
        (folder / "told").write_text("told")
        return {"TOLD": str(folder / "told")}

    with Root(workspace) as root:
        places = (workspace.parent,)
        ran = run_isolated(spec, root=root, places=places, purpose="copy", hand_over=hand_over, cap_bytes=4096)
    assert ran.result.sandbox == "bubblewrap"
    assert "True" in ran.result.output
    assert "FileNotFoundError" in ran.result.output
    assert (workspace / "a").read_text() == "a"


# --- where it runs


@contained
@pytest.mark.parametrize("name", ["plain", "with a space", "n\u00e4me", "line\nfeed", "odd\udcff"])
def test_it_runs_in_the_folder_that_the_plan_says_whatever_the_workspace_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    (folder / "sub").mkdir(parents=True)
    assert tried(folder, "open('made', 'w')", cwd="sub").problem is None
    assert (folder / "sub" / "made").exists()


@contained
def test_a_workspace_that_is_named_by_a_link_is_where_the_link_leads(tmp_path: Path) -> None:
    (tmp_path / "real" / "bin").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    program = tmp_path / "real" / "bin" / "tool"
    program.write_text("#!/bin/sh\npwd\n")
    program.chmod(0o755)
    spec = CommandSpec(("tool",), env={"PATH": "bin:/usr/bin:/bin"}, sandbox="auto")
    result, _ = run(spec, root=tmp_path / "link", cap_bytes=4096)
    assert (result.exit_status, result.output) == (0, f"{tmp_path / 'real'}\n")


# --- how it ends: as without a sandbox


@contained
@pytest.mark.parametrize(
    ("line", "status", "problem"),
    [
        ("exit 77", 77, None),
        ("kill -SEGV $$", 128 + signal.SIGSEGV, None),
        ("sleep 100 & exit 3", 3, "it left 1 process running, which was ended"),
    ],
)
def test_it_ends_with_the_status_of_the_command(workspace: Path, line: str, status: int, problem: str | None) -> None:
    result = tried(workspace, ("sh", "-c", line))
    assert (result.kind, result.exit_status, result.problem) == ("exited", status, problem)


@contained
def test_a_program_that_is_not_there_is_not_found(workspace: Path) -> None:
    assert [tried(workspace, (name,)).kind for name in ("no-such-program", "./no-such-program")] == ["not_found"] * 2


@contained
def test_a_sandbox_that_cannot_be_made_is_a_reason_not_to_start(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing falls back to running without one once there was to be one."""
    monkeypatch.setattr("mission_fsm.workspace.sandbox._KERNEL", ("/no-such-folder",))
    monkeypatch.setattr("mission_fsm.workspace.sandbox._SOCKETS", (Path("/proc/self"),))
    result = tried(workspace, "open('made', 'w')")
    assert (result.kind, result.exit_status, result.sandbox) == ("not_started", None, "")
    assert result.problem is not None
    assert "the sandbox for the program" in result.problem
    assert not (workspace / "made").exists()


class UnderWay:
    """A command that runs, with a child that has left its session; both hold a pipe in the workspace open."""

    line = "exec 3> alive; setsid sleep 300 & echo ready >&3; read go < go; kill $!; exit 7"

    def __init__(self, workspace: Path) -> None:
        os.mkfifo(workspace / "alive")
        os.mkfifo(workspace / "go")
        self.workspace = workspace
        self._alive = os.open(workspace / "alive", os.O_RDONLY | os.O_NONBLOCK)

    def wait_until_ready(self) -> None:
        assert self._read() == b"ready\n"

    def is_none_left(self) -> bool:
        return self._read() == b""

    def go_on(self) -> None:
        (self.workspace / "go").write_text("go\n")

    def _read(self) -> bytes:
        assert select.select([self._alive], [], [], 20)[0], "nothing happened within 20 s"
        return os.read(self._alive, 100)

    def close(self) -> None:
        os.close(self._alive)


@pytest.fixture
def under_way(workspace: Path) -> Iterator[UnderWay]:
    pipes = UnderWay(workspace)
    yield pipes
    pipes.close()


def _children(parent: int) -> list[int]:
    return [pid for pid, (its, _) in processes().items() if its == parent]


def _ended(under_way: UnderWay, then: Callable[[int], None]) -> CommandResult:
    """How the command ends where that is done while it runs. then: is given the process id of bwrap."""
    results: list[CommandResult] = []
    before = _children(os.getpid())
    argv = ("sh", "-c", under_way.line)
    runner = threading.Thread(target=lambda: results.append(tried(under_way.workspace, argv)))
    runner.start()
    under_way.wait_until_ready()
    [bwrap] = set(_children(os.getpid())) - {*before}
    then(bwrap)
    runner.join(timeout=30)
    return results[0]


@contained
def test_nothing_of_it_outlives_a_supervisor_that_is_killed(under_way: UnderWay) -> None:
    def kill(bwrap: int) -> None:
        [supervisor] = _children(bwrap)
        os.kill(supervisor, signal.SIGKILL)

    result = _ended(under_way, kill)
    assert under_way.is_none_left()
    assert result.problem == "the process that watches over the command was killed, and so the command was ended"


@contained
def test_a_command_whose_bwrap_is_killed_is_still_watched_to_its_end(under_way: UnderWay) -> None:
    def kill(bwrap: int) -> None:
        os.kill(bwrap, signal.SIGKILL)
        under_way.go_on()

    result = _ended(under_way, kill)
    assert under_way.is_none_left()
    assert (result.kind, result.exit_status) == ("exited", 7)


@contained
def test_nothing_of_it_outlives_a_runner_that_is_killed(under_way: UnderWay) -> None:
    code = f"""
        from pathlib import Path
        from mission_fsm.core.replies import CommandSpec
        from mission_fsm.workspace.process import run
        spec = CommandSpec(("sh", "-c", {under_way.line!r}), sandbox="required")
        run(spec, root=Path({str(under_way.workspace)!r}), cap_bytes=1000)
    """
    runner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    under_way.wait_until_ready()
    runner.kill()
    runner.wait()
    assert under_way.is_none_left()


@contained
@pytest.mark.parametrize("reason", ["timed_out", "ended"])
def test_nothing_of_it_outlives_its_time_or_a_wish_to_end_it(under_way: UnderWay, reason: str) -> None:
    spec = CommandSpec(("sh", "-c", under_way.line), timeout_s=1 if reason == "timed_out" else 30, sandbox="auto")
    ready: list[bool] = []

    def should_end() -> bool:
        if not ready:
            under_way.wait_until_ready()
            ready.append(True)
        return reason == "ended"

    result, _ = run(spec, root=under_way.workspace, cap_bytes=1000, should_end=should_end)
    assert result.kind == reason
    assert under_way.is_none_left()


# --- where there is none


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


def test_what_is_lacking_is_said_in_the_result(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(workspace, "", sandbox="off").sandbox == "none: the plan has `sandbox: off`"
    monkeypatch.setenv("PATH", "bin:.")
    (workspace / "bwrap").write_text("#!/bin/sh\n")
    (workspace / "bwrap").chmod(0o755)
    monkeypatch.chdir(workspace)
    said = tried(workspace, "").sandbox
    assert said.startswith("none: ")
    assert ("bwrap" in said) == (sys.platform == "linux")


# --- what bwrap is told, without telling it

HOME = Path("/emptied/tests/one/home")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/usr/bin", None),
        ("/emptied/venv/bin", "/emptied/venv"),
        ("/emptied/venv", "/emptied/venv"),
        ("/emptied/bin", "/emptied/bin"),
        ("/emptied/tests/one/bin", "/emptied/tests/one/bin"),
        ("/emptied/tests/one", None),
        ("/emptied/tests/one/home", None),
        ("/emptied/tests/one/home/bin", None),
        ("/emptied", None),
        ("/emptied-not/bin", None),
        ("/run/user/7/shells/1/bin", "/run/user/7/shells/1"),
    ],
)
def test_of_what_is_hidden_a_tool_is_shown_with_what_it_needs_and_nothing_of_the_home(
    path: str, shown: str | None
) -> None:
    found = needed_with(Path(path), (Path("/emptied"), Path("/run")), (HOME,))
    assert found == (None if shown is None else Path(shown))


def test_the_workspace_is_mounted_after_all_that_could_hide_it_and_git_s_own_after_that() -> None:
    work, git = Path("/emptied/work"), Path("/emptied/work/.git")
    folders = Folders(
        cwd=work / "sub",
        writable=work,
        guarded=(git,),
        kept=(git / "config",),
        temporary=(Path("/emptied"),),
        sockets=(Path("/run"),),
        hidden=(Path("/home/ada/missions"),),
        needed=(Path("/emptied/venv"),),
    )
    told = [argument.words for argument in arguments(folders, network=True, as_root=False)]
    assert told[0] == ("--ro-bind", "/", "/")
    assert told[-8:] == [
        ("--perms", "1777", "--tmpfs", "/emptied"),
        ("--tmpfs", "/run"),
        ("--tmpfs", "/home/ada/missions"),
        ("--ro-bind", "/emptied/venv", "/emptied/venv"),
        ("--bind", "/emptied/work", "/emptied/work"),
        ("--bind", "/emptied/work/.git", "/emptied/work/.git"),
        ("--ro-bind", "/emptied/work/.git/config", "/emptied/work/.git/config"),
        ("--chdir", "/emptied/work/sub"),
    ]
    assert ("--unshare-net",) not in told
    assert ("--unshare-net",) in [one.words for one in arguments(folders, network=False, as_root=False)]


def test_root_may_do_with_files_what_it_could_and_nothing_else() -> None:
    folders = Folders(cwd=Path("/w"), writable=Path("/w"))
    told = [word for one in arguments(folders, network=False, as_root=True) for word in one.words]
    assert told.index("--cap-drop") < told.index("--cap-add")
    kept = {word for word in told if word.startswith("CAP_")}
    assert kept == {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETGID", "CAP_SETUID"}
    assert not any("--cap-add" in one.words for one in arguments(folders, network=False, as_root=False))
