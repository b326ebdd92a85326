"""Searches whose answer is known: from the history of packages that anyone can get, by rules, with none picked by hand.

The source archives of consecutive releases tell what people wrote about a change and which files it touched. A search
is made in the release before, for what the changelog of the next one says is new; to be found are the files that it
changed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import click
from attrs import frozen

# Pure Python, with a changelog in the archive. For each the newest release that is used, which keeps the figures the
# same.
PACKAGES = {
    "attrs": "26.1.0",
    "boltons": "26.2.0",
    "celery": "5.7.0",
    "click": "8.5.1",
    "django": "5.2.19",
    "flask": "3.1.3",
    "jedi": "0.20.1",
    "jinja2": "3.1.6",
    "marshmallow": "4.4.0",
    "pygments": "2.21.0",
    "requests": "2.34.2",
    "sphinx": "9.0.4",
    "sqlparse": "0.6.1",
    "urllib3": "2.8.0",
    "werkzeug": "3.1.9",
}
RELEASES = 16
# Only releases with so few entries in their changelog, and so few changed files: there the one is about the other.
MOST_ENTRIES, MOST_FILES = 3, 5

_RELEASE = re.compile(r"\d+(\.\d+)*")
_CHANGELOG = re.compile(
    r"(^|/)(change(s|log)|history|news)(\.(rst|md|txt))?$|(^|/)docs/releases/[\d.]+\.(rst|md|txt)$", re.IGNORECASE
)
_BULLET = re.compile(r"[ \t]*[-*+•][ \t]+(?=\S)")
# What a change is made in: source, and neither tests, documentation nor what a release always changes.
_SOURCE = re.compile(r"\.(py|pyx|pyi|js|c|h)$")
_NOT_SOURCE = re.compile(
    r"(^|/)(tests?|testing|docs?|examples?|locale|\.\w+)/|(^|/)(test_\w+|conftest|setup|_*version_*)\.py$"
)
# Where an entry is discussed, and by whom: nobody would search for that.
_REFERENCE = re.compile(r"https?://[^\s>)\]]+|:(issue|pr|ghsa|user|cve):`[^`]*`|\(?#\d+\)?|Patch by .*|Thanks .*")
_OF_A_RELEASE = re.compile(rb"version|copyright|released|\d+\.\d+\.\d+", re.IGNORECASE)


@frozen
class KnownSearch:
    """A search whose answer is known.

    package: whose files are searched.
    archive: of the release that is searched.
    query: what the changelog of the next release says is new.
    changed: the paths of the files that it changed.
    """

    package: str
    archive: Path
    query: str
    changed: frozenset[str]


def known_searches(archives: Path) -> Iterator[KnownSearch]:
    """The searches that the archives in that folder give, by package and release."""
    for package in PACKAGES:
        found = sorted((path for path in archives.iterdir() if _is_of(path, package)), key=_release)
        contents = map(files_in, found)
        for (archive, before), (_, after) in pairwise(zip(found, contents, strict=True)):
            entries = new_entries(before, after)
            changed = changed_sources(before, after)
            if 1 <= len(entries) <= MOST_ENTRIES and 1 <= len(changed) <= MOST_FILES:
                yield KnownSearch(package, archive, _REFERENCE.sub("", " ".join(entries)), changed)


def files_in(archive: Path) -> dict[str, bytes]:
    """The files in a source archive, by their paths below its one folder."""
    with tarfile.open(archive) as opened:
        members = [member for member in opened if member.isfile()]
        return {member.name.partition("/")[2]: _content(opened, member) for member in members}


def new_entries(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """The entries of the changelog that the release before does not have, each once."""
    entries: dict[str, None] = {}
    for path in filter(_CHANGELOG.search, after):
        old = set(_entries(before.get(path, b"")))
        entries.update((entry, None) for entry in _entries(after[path]) if entry not in old)
    return list(entries)


def changed_sources(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> frozenset[str]:
    """The source files of which more has changed than the number and the date of the release."""
    return frozenset(
        path
        for path in before.keys() & after.keys()
        if _SOURCE.search(path) and not _NOT_SOURCE.search(path) and _says_more(before[path], after[path])
    )


def fetch(archives: Path) -> None:
    """Have pip put the archives into that folder, those that are not there yet."""
    archives.mkdir(parents=True, exist_ok=True)
    for package, newest in PACKAGES.items():
        told = _pip("index", "versions", package)
        listed = re.search(r"Available versions: (.*)", told)
        releases = [each for each in (listed[1].split(", ") if listed else []) if _RELEASE.fullmatch(each)]
        if newest not in releases:
            raise click.ClickException(f"pip's index has no {package} {newest}, which the figures begin with")
        for release in releases[releases.index(newest) :][:RELEASES]:
            if not any(
                _is_of(path, package) and path.name.endswith(f"-{release}.tar.gz") for path in archives.iterdir()
            ):
                click.echo(f"fetching {package} {release}")
                _pip(
                    "download",
                    "--quiet",
                    "--no-deps",
                    f"--no-binary={package}",
                    f"--dest={archives}",
                    f"{package}=={release}",
                )


def _entries(changelog: bytes) -> Iterator[str]:
    """Its list items, each as one line."""
    entry: list[str] = []
    for line in changelog.decode("utf-8", "replace").splitlines():
        bullet = _BULLET.match(line)
        if bullet or (line.strip() and not line[0].isspace()):
            if entry:
                yield " ".join(entry)
            entry = [line[bullet.end() :].strip()] if bullet else []
        elif entry and line.strip():
            entry.append(line.strip())
    if entry:
        yield " ".join(entry)


def _says_more(before: bytes, after: bytes) -> bool:
    lines = set(before.splitlines()) ^ set(after.splitlines())
    return any(line.strip() and not _OF_A_RELEASE.search(line) for line in lines)


def _content(opened: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = opened.extractfile(member)
    return file.read() if file is not None else b""


def _is_of(archive: Path, package: str) -> bool:
    return archive.name.lower().startswith(f"{package}-") and archive.name.endswith(".tar.gz")


def _release(archive: Path) -> tuple[int, ...]:
    return tuple(map(int, archive.name.removesuffix(".tar.gz").rpartition("-")[2].split(".")))


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
