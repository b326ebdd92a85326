"""What `git apply` complains of, in sentences: which file, which line, and what is the matter with it."""

from __future__ import annotations

import re

from mission_fsm.stage import visible

_MOST = 5

# `--verbose` puts the lines that git looked for before it says where.
_MISFIT = re.compile(
    r"^error: while searching for:\n(?P<sought>.*?)\nerror: patch failed: (?P<file>.+):(?P<line>\d+)$",
    re.MULTILINE | re.DOTALL,
)
_COMPLAINT = re.compile(r"^(?:error|fatal): (.+)$", re.MULTILINE)

# In the order in which they are tried; no words for what only repeats another complaint.
_SENTENCES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?P<file>.+): patch does not apply", ""),
        (r"patch failed: (?P<file>.+):(?P<line>\d+)", "{file}: the hunk for line {line} does not fit"),
        (r"(?P<file>.+): No such file or directory", "{file} is not in the workspace"),
        (
            r"(?P<file>.+): already exists in working directory",
            "{file} is there already, and the patch would create it",
        ),
        (
            r"(?P<file>.+): wrong type",
            "{file} is a symbolic link where the patch expects a file, or the other way round",
        ),
        (r"invalid path '(?P<file>.+)'", "{file} is a path that may not be written"),
        (r"affected file '(?P<file>.+)' is beyond a symbolic link", "{file} lies behind a symbolic link"),
        (
            r"cannot apply binary patch to '(?P<file>.+)' without full index line",
            "{file} is binary and the patch does not hold its bytes: make it with git diff --binary",
        ),
        (
            r"the patch applies to '(?P<file>.+)' \(.*\), which does not match the current contents",
            "{file} is binary and is not the file that the patch was made from",
        ),
        (
            r"corrupt (?:binary )?patch at \D*(?P<line>\d+)",
            "line {line}: the patch is malformed: it breaks off, or its numbers of lines are wrong",
        ),
        (
            r"patch fragment without header at \D*(?P<line>\d+)",
            "line {line}: a hunk stands below no file's header",
        ),
        (
            r"git diff header lacks filename information .*\(line (?P<line>\d+)\)",
            "line {line}: the header does not say which file it is about",
        ),
        (r"No valid patches in input", "the patch holds no hunk of a unified or git diff"),
        (r"(?P<complaint>.+)", "git apply: {complaint}"),
    )
)


def sentence(stderr: bytes) -> str:
    """What git complained of, its complaints parted by semicolons."""
    text = stderr.decode("utf-8", "replace")
    said = [_misfit(found) for found in _MISFIT.finditer(text)]
    said += [words for complaint in _COMPLAINT.findall(_MISFIT.sub("", text)) if (words := _said(complaint))]
    shown = "; ".join(said[:_MOST]) or "git apply failed and did not say why"
    return f"{shown}; and {len(said) - _MOST} more" if len(said) > _MOST else shown


def _misfit(found: re.Match[str]) -> str:
    first = next((line.strip() for line in found["sought"].splitlines() if line.strip()), "")
    sought = f", from {visible(first)[:120]!r} on" if first else ""
    return f"{visible(found['file'])}: the hunk for line {found['line']} does not fit: its lines are not there{sought}"


def _said(complaint: str) -> str:
    for pattern, words in _SENTENCES:
        found = pattern.match(complaint)
        if found:
            return words.format(**{name: visible(value) for name, value in found.groupdict().items()})
    return visible(complaint)
