"""The editor `openai`, against a scripted endpoint on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_fsm.stage import EditFailed, FileEdit
from mission_fsm.workspace.paths import Root
from mission_fsm.workspace.reader import Reader
from stages.editors.openai import OpenAI, Request

FAULTY = "def double(n):\n    return n + n + 1\n"
SWAP = "FILE: double.py\n<<<<<<< SEARCH\n    return n + n + 1\n=======\n    return n + n\n>>>>>>> REPLACE\n"
FIXED = (FileEdit("double.py", FAULTY.replace(" + 1", "").encode()),)
KEY = "sk-0123456789abcdef"
MODEL = "little-model"
REQUEST = Request("Make double double.", ("*.py",))


# The fixture `endpoint`, which the tests' conftest makes.
Scripted = Any
Edit = Callable[..., tuple[FileEdit, ...]]


@pytest.fixture
def edit(tmp_path: Path, make_workspace: Callable[..., Path]) -> Edit:
    """Runs the editor on a workspace with a fault."""
    folder = make_workspace({"double.py": FAULTY, "other.txt": "other\n"})

    def run(options: Request = REQUEST, **task: Any) -> tuple[FileEdit, ...]:
        with Root(folder) as root:
            return OpenAI().edit_for(task, options, Reader(root), tmp_path)

    return run


def failure(edit: Edit, options: Request = REQUEST, **task: Any) -> str:
    """Why it fails; nothing in it tells the key, the model or the host."""
    with pytest.raises(EditFailed) as failed:
        edit(options, **task)
    said = str(failed.value)
    assert [secret for secret in (KEY, MODEL, "127.0.0.1") if secret in said] == []
    return said


# --- what is sent


def test_the_model_is_asked_with_the_files_and_its_edits_are_the_change(endpoint: Scripted, edit: Edit) -> None:
    endpoint.says(SWAP)
    assert edit(goal="Right numbers", paths=["*.py"]) == FIXED
    (body,) = endpoint.bodies
    assert endpoint.paths == ["/v1/chat/completions"]
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert {name: value for name, value in body.items() if name != "messages"} == {
        "model": MODEL,
        "temperature": 0,
        "seed": 0,
        "max_tokens": 4000,
    }
    system, *_, user = (message["content"] for message in body["messages"])
    assert "<<<<<<< SEARCH" in system
    for part in ("Right numbers", "Make double double.", "Only these files may be changed: *.py", FAULTY):
        assert part in user
    assert "other" not in user


def test_no_key_is_sent_where_there_is_none(endpoint: Scripted, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    endpoint.says(SWAP)
    edit()
    assert "Authorization" not in endpoint.headers[0]


def test_a_repair_is_told_the_failing_tests_and_shown_what_was_found(endpoint: Scripted, edit: Edit) -> None:
    endpoint.says(SWAP)
    hits = [{"path": "gone.py", "ranges": []}, {"path": "double.py", "ranges": [{"start": 1, "end": 2}]}]
    test = {"success": False, "failing": ["test_two"], "output": "noise\n" * 500 + "AssertionError: 5 != 4\n"}
    task = {"description": "Run the check", "repair_attempt": 1, "last_test": test, "retrieved": {"hits": hits}}
    assert edit(Request(), **task) == FIXED
    user = endpoint.bodies[0]["messages"][-1]["content"]
    for part in (
        "Do this now: repair what fails in this step: Run the check",
        "- test_two",
        "AssertionError: 5 != 4",
        f"FILE: double.py\n<<<<<<< CONTENT\n{FAULTY}",
    ):
        assert part in user
    assert user.count("noise") < 80


def test_what_was_found_is_shown_in_part_where_it_is_large_and_named_where_it_does_not_fit(
    endpoint: Scripted, edit: Edit, tmp_path: Path
) -> None:
    (tmp_path / "workspace" / "long.py").write_text("x = 1\n" * 3000 + FAULTY)
    (tmp_path / "workspace" / "wide.py").write_text("y" * 20_000)
    hits = [
        {"path": "long.py", "ranges": [{"start": 3001, "end": 3002}]},
        {"path": "wide.py", "ranges": [{"start": 1, "end": 1}]},
        {"path": "double.py", "ranges": []},
    ]
    endpoint.says(SWAP.replace("double.py", "long.py"))
    (changed,) = edit(Request("Mend it", max_context_tokens=2000), retrieved={"hits": hits})
    assert changed == FileEdit("long.py", ("x = 1\n" * 3000).encode() + (FIXED[0].content or b""))
    body = endpoint.bodies[0]
    user = body["messages"][-1]["content"]
    assert f"Lines 3001 to 3002:\n<<<<<<< CONTENT\n{FAULTY}" in user
    assert "not shown, for want of room: wide.py" in user
    assert "FILE: double.py" in user
    assert len("".join(message["content"] for message in body["messages"])) <= 2000 * 2.5
    endpoint.says("no")
    endpoint.replies.pop(0)
    said = failure(edit, Request("Mend it", max_context_tokens=2000), retrieved={"hits": hits})
    assert "It was not shown wide.py, for want of room" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Request("Mend it", ("*.c",)), r"no file of the workspace matches *.c"),
        (Request("Mend it", ("*.py",), max_context_tokens=10), "the task alone is more than max_context_tokens, 10"),
        (Request("Mend it", ("big", "double.py"), 900), "do not fit into max_context_tokens, 900, from big on"),
        (Request("Mend it", ("binary",)), "binary is not text in UTF-8"),
        (Request(), "give an instruction"),
    ],
)
def test_what_cannot_be_shown_fails_before_anything_is_sent(
    endpoint: Scripted, edit: Edit, tmp_path: Path, options: Request, says: str
) -> None:
    (tmp_path / "workspace" / "big").write_text("z" * 10_000)
    (tmp_path / "workspace" / "binary").write_bytes(b"\xff\x00")
    assert says in failure(edit, options)
    assert endpoint.bodies == []


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("OPENAI_BASE_URL", "", "set OPENAI_BASE_URL"),
        ("MISSION_MODEL", " ", "set MISSION_MODEL"),
        ("OPENAI_API_KEY", f"{KEY}\n{KEY}", "OPENAI_API_KEY holds characters that no key has"),
        ("OPENAI_BASE_URL", "file:///etc/passwd", "OPENAI_BASE_URL is not the address of an endpoint"),
        ("OPENAI_BASE_URL", "http://user:word@host/v1", "OPENAI_BASE_URL is not the address of an endpoint"),
        ("OPENAI_BASE_URL", "http://[::1", "OPENAI_BASE_URL is not the address of an endpoint"),
        ("OPENAI_BASE_URL", "http://host:port/v1", "OPENAI_BASE_URL is not the address of an endpoint"),
        ("OPENAI_BASE_URL", f"http://{'a' * 80}/v1", "holds no address that can be asked"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1", "cannot be reached: Connection refused"),
    ],
)
def test_an_environment_that_names_no_endpoint_is_told_what_to_set(
    endpoint: Scripted, edit: Edit, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert says in failure(edit)
    assert endpoint.bodies == []


# --- what comes back


def test_an_answer_that_cannot_be_used_is_asked_for_once_more_with_what_is_wrong(
    endpoint: Scripted, edit: Edit
) -> None:
    endpoint.says(SWAP.replace("n + n + 1", "n + 2"), SWAP)
    assert edit() == FIXED
    again = endpoint.bodies[1]["messages"]
    assert again[:-2] == endpoint.bodies[0]["messages"]
    assert again[-2] == {"role": "assistant", "content": SWAP.replace("n + n + 1", "n + 2")}
    assert "double.py: the lines of SEARCH are not there" in again[-1]["content"]


def test_two_answers_that_cannot_be_used_fail_with_the_beginning_of_the_last(endpoint: Scripted, edit: Edit) -> None:
    endpoint.says("no", f"\x1b[31mNever. {KEY}\u202e" + "!" * 5000)
    said = failure(edit)
    assert len(endpoint.bodies) == 2
    assert said.startswith(
        "the model's answer cannot be used: it holds no edit in the form that was asked for; nor could"
    )
    assert "Never. [OPENAI_API_KEY]⟦U+202E⟧!!!" in said
    assert len(said) < 2500


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ({"choices": [{"message": {"content": SWAP}, "finish_reason": "length"}]}, "cut off: raise max_answer_tokens"),
        ({"choices": [{"message": {"content": "", "refusal": "I'd rather not"}}]}, "the model refused: I'd rather not"),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}, "filter held the answer back"),
        ({"choices": []}, "is no chat completion, as"),
        ({"error": {"message": f"no credit for {KEY}"}}, "no chat completion: no credit for [OPENAI_API_KEY]"),
        (b"<html>hello", "is no chat completion"),
        (b"[" * 200_000, "is no chat completion"),
        (b" " * (9 << 20), "sends more than 8 MiB"),
    ],
)  # fmt: skip
def test_a_reply_without_a_whole_answer_fails_at_once(endpoint: Scripted, edit: Edit, reply: object, says: str) -> None:
    endpoint.gives(reply)
    assert says in failure(edit)
    assert len(endpoint.bodies) == 1


def test_an_empty_answer_is_asked_for_once_more(endpoint: Scripted, edit: Edit) -> None:
    endpoint.says("")
    assert failure(edit).endswith("It answered nothing")
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, {}, "it does not accept the key: set OPENAI_API_KEY"),
        (401, {"error": {"message": f"Wrong key: {KEY}"}}, "it says: Wrong key: [OPENAI_API_KEY]"),
        (403, {}, "it does not let this key use the model"),
        (404, {}, "serves no chat/completions below OPENAI_BASE_URL, or does not know the model of MISSION_MODEL"),
        (404, {"error": f"no {MODEL} on 127.0.0.1"}, "it says: no [MISSION_MODEL] on [OPENAI_BASE_URL]"),
        (400, {"message": "the prompt is\n too long"}, "it does not take the request; it says: the prompt is too long"),
        (429, {}, "it takes no more requests for now: try again later"),
        (500, b"\xff", "it is out of order, or busy"),
        (502, {"detail": "x" * 999}, "x" * 300),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_a_sentence_and_not_tried_again(
    endpoint: Scripted, edit: Edit, status: int, error: object, says: str
) -> None:
    endpoint.gives(error, status)
    said = failure(edit)
    assert said.startswith(f"the model's endpoint answers {status}: ")
    assert says in said
    assert "x" * 301 not in said
    assert len(endpoint.bodies) == 1


def test_a_redirect_is_not_followed_and_so_nobody_else_gets_the_key(endpoint: Scripted, edit: Edit) -> None:
    endpoint.gives({}, 307, Location=f"{endpoint.url}/elsewhere").says(SWAP)
    assert "sends elsewhere (307), where nobody follows" in failure(edit)
    assert endpoint.paths == ["/v1/chat/completions"]


def test_an_endpoint_that_names_a_short_time_is_asked_again_then_and_not_for_ever(
    endpoint: Scripted, edit: Edit
) -> None:
    endpoint.gives({}, 429, Retry_After="0").gives({}, 503, Retry_After="0").says(SWAP)
    assert edit() == FIXED
    endpoint.replies.clear()
    endpoint.bodies.clear()
    endpoint.gives({}, 429, Retry_After="0")
    assert "429" in failure(edit)
    assert len(endpoint.bodies) == 4


@pytest.mark.parametrize("later", ["3600", "61", "-1", "Wed, 21 Oct 2099 07:28:00 GMT", "9" * 400])
def test_an_endpoint_that_wants_to_be_asked_much_later_fails_with_when(
    endpoint: Scripted, edit: Edit, later: str
) -> None:
    endpoint.gives({}, 429, Retry_After=later)
    assert f"(after {later[:300]})" in failure(edit)
    assert len(endpoint.bodies) == 1


def test_what_a_model_does_not_take_is_left_out(endpoint: Scripted, edit: Edit) -> None:
    for complaint in ("'temperature' is not supported, nor is 'seed'", "Use max_completion_tokens, not max_tokens"):
        endpoint.gives({"error": {"message": complaint}}, 400)
    endpoint.says(SWAP)
    assert edit() == FIXED
    assert {*endpoint.bodies[-1]} == {"model", "messages", "max_completion_tokens"}


def test_an_endpoint_that_says_nothing_is_given_up_when_the_step_s_time_is_over(endpoint: Scripted, edit: Edit) -> None:
    endpoint.silent = threading.Event()
    endpoint.says(SWAP)
    began_s = time.monotonic()
    assert "the model did not answer in time" in failure(edit, timeout_s=0.2)
    assert time.monotonic() - began_s < 5


def test_the_proxy_of_the_environment_is_used(endpoint: Scripted, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", endpoint.url)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://models.invalid/v1")
    endpoint.says(SWAP)
    assert edit() == FIXED
    assert endpoint.paths == ["http://models.invalid/v1/chat/completions"]
