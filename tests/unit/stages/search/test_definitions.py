"""Which names a file is found to define, by the language it is written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.search.definitions import definitions


@pytest.mark.parametrize(
    ("path", "source", "names"),
    [
(
            "a.py",
            ("def one(): ...\n    async def two(): ...\n"
            "class Three:\nFOUR: int = 4\nfive == 5\n"),
            "one two Three FOUR",
        ),
        (
            "a.js",
            ("function one() {\nexport default class Two {\n"
            "const three = 3\n  four(a) {\n  if (five) {\n"),
            "one Two three four",
        ),
        (
            "a.ts",
            ("export interface One {\n"
            "export type Two = 2\n  private async three(a: string): Promise<void> {\n"),
            "One Two three",
        ),
        ("a.go", "func one() {\nfunc (r *R) two() {\ntype Three struct {\n\treturn four()\n", "one two Three"),
        ("a.rs", "pub fn one() {\npub(crate) struct Two;\n    async fn three() {\nimpl Four {\n", "one Two three"),
        ("a.c", "static int one(int a)\n{\n#define TWO 2\nstruct three {\n    return four(a);\n", "one TWO three"),
        ("A.java", "public class One {\n    public static void two(String a) {\n    } else if (three) {\n", "One two"),
        ("a.rb", "def one\n  def self.two\nmodule Three\n", "one two Three"),
        (
            "a.sql",
            ("CREATE TABLE one (\n"
            "create or replace function two()\ncreate table if not exists three\n"),
            "one two three",
        ),
        ("a.sh", "one() {\nfunction two() {\nTHREE=3\n", "one two THREE"),
        ("a.kt", "fun one() {\nprivate val two = 2\n", "one two"),
        ("README.md", "class one\ndef two\n", ""),
    ],
)  # fmt: skip
def test_the_names_that_a_language_defines_are_seen(path: str, source: str, names: str) -> None:
    found = list(definitions(path, source.encode()))
    assert " ".join(name.decode() for name, _ in found) == names
    assert all(source.encode()[at : at + len(name)] == name for name, at in found)


@given(st.sampled_from(["a.py", "a.js", "a.c", "a.go", "a"]), st.binary(max_size=300))
def test_any_bytes_are_read(path: str, content: bytes) -> None:
    assert all(name for name, _ in definitions(path, content))
